//! Partita: state partitioning.
//!
//! A program declares what its state is made of and how a message finds its part of it
//! ([`topology`]); the engine runs the parts in parallel, one message at a time for each key, in
//! order ([`engine`]). The host's side is a handful of traits ([`host`]); the C ABI implements them with
//! function pointers (`ffi`).

#[cfg(not(loom))]
pub mod connect;
pub mod engine;
pub mod fault;
#[cfg(not(loom))]
pub mod ffi;
pub mod host;
pub mod metrics;
pub mod model;
pub mod state;
mod sync;
pub mod topology;
