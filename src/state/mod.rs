//! Keys and the state parts they lead to.

pub mod hash;
mod key_map;
mod parts;
mod prefetch;
mod table;

pub(crate) use key_map::KeyMap;
pub(crate) use parts::{KeyRef, Parts, Routing};
pub(crate) use table::Cursor;
