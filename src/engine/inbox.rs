//! Where threads leave messages for an actor: any thread appends, the actor takes all there is.
//!
//! Messages are copied into a buffer under a lock, many together, so that the cost for each is that
//! of a copy; they share a buffer wherever they came from, so that many small batches cost the actor no
//! more than one large one. Buffers go round between the inbox and its actor, and are not allocated anew.
//! What one thread appends keeps its order.

use super::segment::{Messages, Origins, Segment};
use crate::model::{ByteKeys, Value};
use crate::sync::{Mutex, lock};

/// A buffer that has as many messages takes no more, so that it need not grow much further.
const SEGMENT_FULL: usize = 4096;

/// How many empty buffers are kept.
const SPARE_MAX: usize = 4;

#[derive(Default)]
struct Content {
    segments: Vec<Segment>,
    spare: Vec<Messages>,
}

#[derive(Default)]
pub(crate) struct Inbox {
    content: Mutex<Content>,
}

/// Messages to append: their keys are words, or bytes with their hashes in `words`, or none.
#[derive(Clone, Copy)]
pub(crate) struct Mail<'a> {
    pub(crate) values: &'a [Value],
    pub(crate) origins: Origins<'a>,
    pub(crate) words: &'a [u64],
    /// The keys, and which of them belong to the messages.
    pub(crate) bytes: Option<(&'a ByteKeys, &'a [u32])>,
}

impl<'a> Mail<'a> {
    /// Messages without keys.
    pub(crate) fn keyless(values: &'a [Value], origins: Origins<'a>) -> Mail<'a> {
        Mail {
            values,
            origins,
            words: &[],
            bytes: None,
        }
    }
}

impl Inbox {
    pub(crate) fn append(&self, mail: Mail<'_>) {
        let mut content = lock(&self.content);
        let Content { segments, spare } = &mut *content;
        let fits = segments
            .last()
            .is_some_and(|last| last.messages.values.len() < SEGMENT_FULL);
        if !fits {
            segments.push(Segment::new(spare.pop().unwrap_or_default()));
        }
        if let Some(last) = segments.last_mut() {
            last.messages.append(mail);
        }
    }

    /// Takes everything into `into`, and takes empty buffers back.
    pub(crate) fn take(&self, into: &mut Vec<Segment>, empty: &mut Vec<Messages>) {
        debug_assert!(into.is_empty());
        let mut content = lock(&self.content);
        std::mem::swap(&mut content.segments, into);
        while content.spare.len() < SPARE_MAX {
            let Some(messages) = empty.pop() else { break };
            content.spare.push(messages);
        }
        drop(content);
        empty.clear();
    }
}
