//! Faults that a test can plant in the engine, to show that its tests catch them. Without the
//! feature `faults` there are none.

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    CreditLost = 1,
    GateOpen,
    MailboxSwapped,
    ValueDroppedTwice,
    ValueForgotten,
    OutputLost,
    SegmentReversed,
    WrongShard,
    NotifyLost,
    UnknownKeyIgnored,
    StallForgotten,
    StateReset,
    QuarantineIgnored,
    RetryOvertaken,
    IdleOverlooked,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 15] = [
        Fault::CreditLost,
        Fault::GateOpen,
        Fault::MailboxSwapped,
        Fault::ValueDroppedTwice,
        Fault::ValueForgotten,
        Fault::OutputLost,
        Fault::SegmentReversed,
        Fault::WrongShard,
        Fault::NotifyLost,
        Fault::UnknownKeyIgnored,
        Fault::StallForgotten,
        Fault::StateReset,
        Fault::QuarantineIgnored,
        Fault::RetryOvertaken,
        Fault::IdleOverlooked,
    ];
}

#[cfg(feature = "faults")]
mod switch {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plants a fault on this thread, or none.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    pub(crate) fn planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}

#[cfg(feature = "faults")]
pub use switch::plant;
#[cfg(feature = "faults")]
pub(crate) use switch::planted;

#[cfg(not(feature = "faults"))]
#[inline(always)]
pub(crate) fn planted(_fault: Fault) -> bool {
    false
}
