//! Why bytes do not decode, and why a value does not encode.

use std::fmt;

use thiserror::Error;

/// Why bytes are refused, and where: the first reason in reading order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {class} at byte {offset}: {detail}")]
pub struct Fault {
    /// The class, the same in every implementation.
    pub class: FaultClass,
    /// Where, in bytes from the start of the message's value; `spec/WIRE.md` says which byte.
    pub offset: usize,
    /// What was being read: `Changes.joined[3].name`.
    pub path: String,
    /// What was wanted and what was there, for people.
    pub detail: String,
}

macro_rules! classes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every class, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The class's stable name, as vectors and other languages write it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

classes! {
    /// The classes of faults.
    FaultClass {
        /// A `Bool`, or the presence byte of an `Opt`, is neither 0 nor 1.
        BadBool = "bad-bool",
        /// An address family is neither 4 nor 6.
        BadFamily = "bad-family",
        /// A `Str` is not UTF-8.
        BadUtf8 = "bad-utf8",
        /// A field's value is outside what the spec allows.
        Constraint = "constraint",
        /// A count announces more than the bytes left can hold.
        CountTooLarge = "count-too-large",
        /// A map's key is not greater than the one before it.
        MapOrder = "map-order",
        /// A length or count exceeds its bound.
        OverBound = "over-bound",
        /// A tail id stands twice.
        TailDuplicate = "tail-duplicate",
        /// A tail id is smaller than the one before it.
        TailOrder = "tail-order",
        /// The message's value is longer than its `max_len`.
        TooLong = "too-long",
        /// Bytes are left in a tail record after its field.
        TrailingBytes = "trailing-bytes",
        /// An item does not fit in what is left.
        Truncated = "truncated",
        /// A union's variant is longer than the union's `max_len`.
        UnionLength = "union-length",
        /// An unknown even tail or variant id.
        UnknownCritical = "unknown-critical",
        /// A number that a closed enum does not name.
        UnknownValue = "unknown-value",
    }
}

/// Why a value is refused by `encode`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {class}: {detail}")]
pub struct Refusal {
    /// The class.
    pub class: RefusalClass,
    /// What was being written: `Changes.joined[3].name`.
    pub path: String,
    /// What was wanted and what was there, for people.
    pub detail: String,
}

classes! {
    /// The classes of refusals.
    RefusalClass {
        /// A field's value is outside what the spec allows.
        Constraint = "constraint",
        /// A map's keys are not strictly ascending.
        MapOrder = "map-order",
        /// A length or count exceeds its bound.
        OverBound = "over-bound",
        /// A value of another type than the schema says, or outside the type's range.
        Shape = "shape",
        /// Tail ids are not strictly ascending.
        TailOrder = "tail-order",
        /// The message's value, or an extensible struct's, is longer than its length allows.
        TooLong = "too-long",
        /// A union's variant is longer than the union's `max_len`.
        UnionLength = "union-length",
        /// An unknown tail or variant id that no decode keeps.
        UnknownCritical = "unknown-critical",
        /// A number that a closed enum does not name.
        UnknownValue = "unknown-value",
    }
}

/// A path to an item, kept while walking: `Changes.joined[3].name`.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    text: String,
}

impl Path {
    pub(super) fn new(root: &str) -> Self {
        Self { text: root.to_owned() }
    }

    /// Runs `work` with `segment` at the end of the path. On success the path is as before; on
    /// failure the error has taken it already.
    pub(super) fn mark(&self) -> usize {
        self.text.len()
    }

    pub(super) fn push(&mut self, segment: fmt::Arguments<'_>) {
        use fmt::Write as _;
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(segment);
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.text.truncate(mark);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
