//! Sources that listen and sinks that connect.

mod log;
mod types;

pub(super) use log::LogHost;
pub use types::*;
