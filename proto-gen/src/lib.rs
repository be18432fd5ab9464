//! Compiles a netport spec.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod dynamic;
pub mod schema;
