//! Sources that listen and sinks that connect.

mod hosts;
mod log;
mod sink;
mod source;
mod types;

pub(super) use log::LogHost;
pub use types::*;
