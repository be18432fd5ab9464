//! What a decode read, step by step: for the tree that `proto-gen decode` prints, for the worked
//! examples of the reference, and for the tests of the dissector.

use std::ops::Range;

use super::value::Value;
use crate::schema::Ty;

/// One thing that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How deep it is nested; a message's own fields are at 0.
    pub depth: usize,
    /// The field's name; `[3]`, `key` or `value` for what a list or map holds; a variant's name.
    pub name: String,
    /// The path from the message: `Changes.joined[3].name`.
    pub path: String,
    /// The bytes, counted from the start of the message's value. A group spans what it holds; in
    /// a decode that failed, only up to the failure.
    pub range: Range<usize>,
    /// What it was.
    pub what: What,
}

/// What a step read.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A length in bytes, of the string, bytes or extensible struct that follows.
    Length(u32),
    /// A count of elements or pairs.
    Count(u32),
    /// Whether an optional value follows.
    Present(bool),
    /// The header of a tail field that the schema knows.
    TailHeader {
        /// Its id.
        id: u16,
        /// Length of its value.
        len: u32,
    },
    /// The header of a union's variant; `Step::name` is the variant's, or `#7` for an unknown one.
    VariantHeader {
        /// Its id.
        id: u16,
        /// Length of its value.
        len: u32,
        /// Whether the schema knows it.
        known: bool,
    },
    /// An unknown odd tail record, header included.
    UnknownTail {
        /// Its id.
        id: u16,
        /// Whether it is kept.
        retained: bool,
    },
    /// The value of an unknown variant.
    UnknownVariant(Vec<u8>),
    /// A struct, list, array, map or union: what it holds follows, one deeper.
    Group(Ty),
    /// A value of a type that holds no other. Where a length precedes it, that was its own step.
    Leaf(Ty, Value),
}
