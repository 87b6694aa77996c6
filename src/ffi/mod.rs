//! The C ABI: handles, ownership, status codes, and the funnel that catches panics. The only
//! room that sees C.
#![allow(unsafe_code, non_camel_case_types)]

mod app;
mod buffer;
mod callbacks;
mod cancel;
mod chain;
mod completion;
mod entry;
mod error;
mod frame;
mod handles;
#[cfg(all(test, not(miri)))]
mod header_tests;
mod later;
mod loan;
mod pipeline;
mod quarantine;
mod reader;
#[cfg(all(test, not(miri)))]
mod recorded_tests;
mod run;
mod sender;
mod signals;
mod sink;
mod slab;
mod status;
mod status_of;
mod stepping;
mod tcp;
mod types;
mod version;
