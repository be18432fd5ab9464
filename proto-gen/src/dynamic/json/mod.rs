//! Values as JSON, without loss, both ways.
//!
//! The form is the one of `spec/vectors/`, whose `README.md` describes it for other languages.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{JsonError, from_json, unhex};
pub use write::{hex, leaf_to_json, to_json};

/// Integers up to here, and their negatives, are JSON numbers; beyond, strings: many readers of
/// JSON know only doubles.
const EXACT_MAX: u128 = 1 << 53;
