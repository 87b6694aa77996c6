//! Keys and the state parts they lead to.

pub mod hash;
mod parts;
mod prefetch;
mod table;

pub(crate) use parts::{Cursor, KeyRef, Parts, Routing};
