//! What a seed came by, so that a run of many seeds can tell that it tested something.

/// What happened in a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    /// Two steps with keys, one behind the other, both computed.
    pub two_keyed_steps: bool,
    /// Two steps computed with the same partition.
    pub shared_partition: bool,
    /// A shard held outputs back because the queue of a sink was full.
    pub stall: bool,
    /// A message failed and was skipped.
    pub skip: bool,
    /// A state was built anew because a message failed.
    pub reset: bool,
    /// Messages were sent through a buffer; and some left it behind their send.
    pub buffered: bool,
    pub left_later: bool,
    /// Messages were pushed in the order of the shards that compute them.
    pub arranged: bool,
    /// Steps without a state computed: some in senders, some behind a step with a state, and some parallel.
    pub in_senders: bool,
    pub in_shards: bool,
    pub parallel: bool,
    /// A step with threads of its own computed.
    pub blocking: bool,
    /// A message failed on its way through several steps that are run in one call.
    pub fallen: bool,
    /// A key was put in quarantine because a message failed.
    pub quarantine: bool,
    /// A message was computed of a key that was released.
    pub release: bool,
    /// A message that failed was done when it was tried again, at a step and at a sink.
    pub retry: bool,
    pub retry_of_sink: bool,
    /// The application failed.
    pub failure: bool,
    /// It was closed with messages in flight.
    pub close_in_flight: bool,
    /// Fan-out overdrew the credits.
    pub overdraft: bool,
    /// A completion was reported.
    pub completed: bool,
    /// A completion without messages was asked for.
    pub watched: bool,
    /// A caller was answered.
    pub answered: bool,
    /// Nothing was lost to a failure or a close: outputs, states and deaths were compared in full.
    pub compared: bool,
}
