//! Slots that account for every value, across threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst};

use partita::model::Value;

/// What the values stand for, and how often the engine owes each. A test gets one for its messages
/// and one for its states.
pub struct Slots {
    data: Box<[AtomicU64]>,
    due: Box<[AtomicI32]>,
    next: AtomicUsize,
    outstanding: AtomicI64,
    most: AtomicI64,
    /// Values that were handed back once too often.
    wrong: AtomicUsize,
    lent: AtomicUsize,
    released: AtomicUsize,
}

impl Slots {
    pub fn new(capacity: usize) -> Arc<Slots> {
        Arc::new(Slots {
            data: (0..capacity).map(|_| AtomicU64::new(0)).collect(),
            due: (0..capacity).map(|_| AtomicI32::new(0)).collect(),
            next: AtomicUsize::new(0),
            outstanding: AtomicI64::new(0),
            most: AtomicI64::new(0),
            wrong: AtomicUsize::new(0),
            lent: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
        })
    }

    /// The engine gets a value, to hand it back once.
    pub fn give(&self, data: u64) -> Value {
        let slot = self.next.fetch_add(1, SeqCst);
        self.data[slot].store(data, SeqCst);
        self.due[slot].store(1, SeqCst);
        let outstanding = self.outstanding.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(outstanding, SeqCst);
        Value(slot as u64)
    }

    /// The engine hands a value back.
    pub fn take(&self, value: Value) -> u64 {
        let slot = value.0 as usize;
        let due = self.due[slot].fetch_sub(1, SeqCst);
        self.wrong.fetch_add(usize::from(due < 1), SeqCst);
        self.outstanding.fetch_sub(1, SeqCst);
        self.data[slot].load(SeqCst)
    }

    /// Each of these values will be handed back so many times.
    pub fn share(&self, values: &[Value], times: usize) {
        let more = times as i32 - 1;
        for value in values {
            self.due[value.0 as usize].fetch_add(more, SeqCst);
        }
        let in_all = i64::from(more) * values.len() as i64;
        self.outstanding.fetch_add(in_all, SeqCst);
    }

    /// A host is lent to the engine, to be let go once.
    pub fn lend_host(&self) {
        self.lent.fetch_add(1, SeqCst);
    }

    pub fn let_host_go(&self) {
        self.released.fetch_add(1, SeqCst);
    }

    pub fn take_all(&self, values: &[Value]) {
        for &value in values {
            self.take(value);
        }
    }

    pub fn data(&self, value: Value) -> &AtomicU64 {
        &self.data[value.0 as usize]
    }

    pub fn outstanding(&self) -> i64 {
        self.outstanding.load(SeqCst)
    }

    /// The most that were outstanding at one time.
    pub fn most(&self) -> i64 {
        self.most.load(SeqCst)
    }

    /// Everything was handed back exactly as often as it should, and every host let go once.
    #[track_caller]
    pub fn assert_all_is_back(&self) {
        assert_eq!(
            self.wrong.load(SeqCst),
            0,
            "values were handed back once too often"
        );
        assert_eq!(self.outstanding(), 0, "values were not handed back");
        assert!(self.due.iter().all(|due| due.load(SeqCst) == 0));
        assert_eq!(
            self.released.load(SeqCst),
            self.lent.load(SeqCst),
            "hosts let go"
        );
    }
}
