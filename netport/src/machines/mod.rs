//! The state machines of [`core`](crate::core) under any sequence of events, against models of what
//! they promise. Each module checks one script of bytes.
//!
//! The tests below run each check over scripts that follow from seeds; the fuzz targets of the same
//! names run it over any. For the latter this is public, behind the feature `machines`.

pub mod directory_ops;
pub mod link_events;
pub mod mesh_ops;
mod script;
#[cfg(test)]
mod tests;

pub use self::script::seeds;
