//! Fields in their order, and the rules on their values.

use super::{Meta, Reserved, Ty};

/// Head and tail: the value of a message, of an extensible struct, of a union's variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Required fields, in order, without ids.
    pub head: Vec<Field>,
    /// Optional fields, ids strictly ascending.
    pub tail: Vec<TailField>,
    /// What becomes of unknown odd tail ids.
    pub unknown: UnknownPolicy,
    /// Tail ids that must not be used again.
    pub reserved_ids: Vec<Reserved<u16>>,
    /// Field names that must not be used again.
    pub reserved_names: Vec<Reserved<String>>,
}

impl Body {
    /// Every field, head first.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.head.iter().chain(self.tail.iter().map(|tail| &tail.field))
    }
}

/// What becomes of unknown odd tail ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// Dropped, and reported.
    #[default]
    Skip,
    /// Kept, and written back in sorted place.
    Retain,
}

/// A required field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name and doc.
    pub meta: Meta,
    /// Its type.
    pub ty: Ty,
    /// What the format alone cannot express.
    pub constraint: Option<Constraint>,
}

/// An optional field.
#[derive(Clone, Debug, PartialEq)]
pub struct TailField {
    /// Record id, never 0.
    pub id: u16,
    /// The field; its type is never `Opt`.
    pub field: Field,
}

/// A rule on a field's value, checked on decode and on encode.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// Integer in an inclusive range, both ends within the type.
    IntRange {
        /// Smallest value allowed.
        min: i128,
        /// Largest value allowed; `u128` values above `i128::MAX` cannot be bounds.
        max: i128,
    },
    /// Float in an inclusive range; NaN fails.
    FloatRange {
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
    /// At least one element or byte.
    NonEmpty,
    /// The length is one of these, ascending.
    Lengths(Vec<u32>),
}
