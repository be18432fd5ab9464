//! From text to a tree that remembers where every item stood.
//!
//! The language is a subset of RON: `ron` accepts whatever this accepts, and reads the same values
//! from it. Unlike `ron` it keeps names and places, and goes on after a mistake, so that one run
//! reports all of them. It never panics, and nests at most [`DEPTH_MAX`] brackets deep.

mod cursor;
mod foreign;
mod lexer;
mod literal;
mod parser;
mod refusals;
#[cfg(test)]
mod tests;
mod token;
mod tree;

pub(crate) use self::foreign::{applied as foreign_type, word as foreign_word};
pub(crate) use self::parser::parse;
pub(crate) use self::tree::{Entry, Kind, Node, Number};

/// Deepest nesting of brackets; a type nests at most 32 deep, and `ron` refuses beyond 128.
pub(crate) const DEPTH_MAX: usize = 64;
