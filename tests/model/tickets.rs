//! What was sent with a completion: how much of it the engine owes, and what it reported.

use std::collections::BTreeMap;

use partita::host::Completion;

use super::world::Checked;

/// One completion that is asked for.
#[derive(Default)]
struct Ticket {
    pipeline: usize,
    /// How many messages that descend from it the engine owes.
    due: usize,
    /// How many messages were accepted.
    accepted: u64,
    reported: Option<u64>,
    /// It has no messages, and none can die.
    watch: bool,
}

/// Every completion that is asked for, by its token.
#[derive(Default)]
pub struct Tickets {
    tokens: u64,
    all: BTreeMap<u64, Ticket>,
    /// The tokens of what each pipeline admitted, one for each message.
    lines: BTreeMap<usize, Vec<u64>>,
}

impl Tickets {
    pub fn new_token(&mut self, pipeline: usize) -> u64 {
        self.tokens += 1;
        let token = self.tokens.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let ticket = Ticket {
            pipeline,
            ..Ticket::default()
        };
        self.all.insert(token, ticket);
        token
    }

    /// The engine owes so many messages more.
    pub fn owed(&mut self, token: Option<u64>, more: usize) {
        if let Some(ticket) = token.and_then(|token| self.all.get_mut(&token)) {
            ticket.due += more;
        }
    }

    /// The engine handed one back.
    pub fn handed_back(&mut self, token: Option<u64>) -> Checked {
        let Some(ticket) = token.and_then(|token| self.all.get_mut(&token)) else {
            return Ok(());
        };
        ticket.due -= 1;
        match ticket.reported {
            None => Ok(()),
            Some(_) => Err(format!("completion {token:?} was reported too early")),
        }
    }

    pub fn accepted(&mut self, token: Option<u64>) {
        if let Some(token) = token
            && let Some(ticket) = self.all.get_mut(&token)
        {
            ticket.accepted += 1;
            self.lines.entry(ticket.pipeline).or_default().push(token);
        }
    }

    /// A completion without messages was accepted.
    pub fn watched(&mut self, token: u64) {
        if let Some(ticket) = self.all.get_mut(&token) {
            (ticket.accepted, ticket.watch) = (1, true);
        }
    }

    /// A send is over: of what was not accepted nothing is reported.
    pub fn forget_refused(&mut self) {
        self.all.retain(|_, ticket| ticket.accepted > 0);
    }

    pub fn reported(&mut self, completion: &Completion) -> Checked {
        let ticket = self.all.get_mut(&completion.token);
        let ticket = ticket.ok_or_else(|| format!("nobody asked for {completion:?}"))?;
        if ticket.reported.is_some() || ticket.due > 0 {
            let (due, before) = (ticket.due, ticket.reported);
            return Err(format!("{completion:?} with {due} left, after {before:?}"));
        }
        if (completion.dead > 0) != completion.first.is_some() {
            return Err(format!("{completion:?} does not say which died first"));
        }
        if ticket.watch && completion.dead > 0 {
            return Err(format!("{completion:?} had no messages"));
        }
        ticket.reported = Some(completion.dead);
        Ok(())
    }

    /// How many messages a pipeline admitted.
    pub fn position(&self, pipeline: usize) -> u64 {
        self.lines.get(&pipeline).map_or(0, Vec::len) as u64
    }

    /// How far a pipeline is done.
    pub fn watermark(&self, pipeline: usize) -> u64 {
        let line = self.lines.get(&pipeline).into_iter().flatten();
        line.take_while(|token| self.all[token].due == 0).count() as u64
    }

    /// Every completion is reported. Gives how many died of each that has messages.
    pub fn all_reported(&self) -> Checked<BTreeMap<u64, u64>> {
        let tickets = self.all.iter();
        let told = tickets.map(|(&token, ticket)| match ticket.reported {
            Some(dead) => Ok((token, ticket.watch, dead)),
            None => Err(format!("completion {token} was never reported")),
        });
        let told = told.collect::<Checked<Vec<_>>>()?;
        let of_messages = told.into_iter().filter(|&(_, watch, _)| !watch);
        Ok(of_messages.map(|(token, _, dead)| (token, dead)).collect())
    }
}
