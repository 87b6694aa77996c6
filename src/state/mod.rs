//! Keys and the state parts they lead to.

pub mod hash;
mod parts;
mod prefetch;
mod table;

pub(crate) use parts::{KeyRef, Parts, Routing};
pub(crate) use table::Cursor;
