//! From the engine's refusals to status codes.

use super::status::*;
use crate::engine::Refusal;

/// The status of a refusal.
pub(super) fn status_of(refusal: Refusal) -> partita_status {
    match refusal {
        Refusal::WouldBlock => PARTITA_WOULD_BLOCK,
        Refusal::Timeout => PARTITA_TIMEOUT,
        Refusal::Cancelled => PARTITA_CANCELLED,
        Refusal::Deadlock | Refusal::WouldDeadlock => PARTITA_WOULD_DEADLOCK,
        Refusal::Stopped => PARTITA_STOPPED,
        Refusal::Failed => PARTITA_FAILED,
        Refusal::Closed => PARTITA_CLOSED,
        Refusal::Busy => PARTITA_BUSY,
        Refusal::NoSuchWorker => PARTITA_INVALID_ARGUMENT,
    }
}
