//! Why a value was refused, where in it, and what stood there.
//!
//! Success pays nothing for that: a parser knows no position. An error is born with the number of
//! bytes that were left where it happened; each region that ends earlier adds what follows it
//! ([`DecodeError::before`]), and the entry point turns the sum into an offset. Names of fields are
//! added while the error travels up.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt::{self, Display, Write as _};

/// A value that the spec does not allow. One pointer wide: the detail is on the heap.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Detail>);

#[derive(Clone, PartialEq, Eq)]
struct Detail {
    kind: DecodeErrorKind,
    /// Bytes that were left where it happened, counted to the end of the outermost region so far.
    left: usize,
    offset: usize,
    message: &'static str,
    /// Innermost first.
    path: Vec<Segment>,
}

/// One step from a value to what it contains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    Field(&'static str),
    Index(usize),
}

/// What was wanted, and what was there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// An address family other than 4 and 6.
    #[error("address family {found} is neither 4 nor 6")]
    BadFamily {
        /// The byte that was there.
        found: u8,
    },
    /// A value against a constraint of the spec.
    #[error("{rule} does not hold")]
    Constraint {
        /// The rule, as people read it.
        rule: &'static str,
    },
    /// More elements announced than fit in the bytes that are left.
    #[error("{count} elements cannot fit in the {left} bytes left")]
    CountTooLarge {
        /// Elements announced.
        count: u32,
        /// Bytes left for them.
        left: usize,
    },
    /// A `Bool`, or the first byte of an `Opt`, that is neither 0 nor 1.
    #[error("{found} is neither 0 nor 1")]
    InvalidBool {
        /// The byte that was there.
        found: u8,
    },
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8 after {valid_up_to} bytes")]
    InvalidUtf8 {
        /// Bytes of the text that are right.
        valid_up_to: usize,
    },
    /// Keys of a map that do not ascend.
    #[error("the keys do not ascend")]
    MapOrder,
    /// A refusal by one of nom's own combinators.
    #[error("nom's {0:?} refuses")]
    Nom(nom::error::ErrorKind),
    /// A length or count beyond the spec's bound.
    #[error("length {found} is beyond the bound of {bound}")]
    OverBound {
        /// The spec's bound.
        bound: u32,
        /// What was announced.
        found: u32,
    },
    /// The same tail id twice.
    #[error("tail id {id} stands twice")]
    TailDuplicate {
        /// The id.
        id: u16,
    },
    /// Tail ids that do not ascend.
    #[error("tail id {id} stands after {previous}")]
    TailOrder {
        /// The id that stands too late.
        id: u16,
        /// The id before it.
        previous: u16,
    },
    /// A message's value longer than its type allows.
    #[error("{found} bytes are beyond the largest length of {max}")]
    TooLong {
        /// Largest length in bytes.
        max: u32,
        /// Bytes there.
        found: usize,
    },
    /// Bytes after the end of a value, within its region.
    #[error("{left} bytes are left over")]
    TrailingBytes {
        /// How many.
        left: usize,
    },
    /// The bytes end too early.
    #[error("{wanted} bytes wanted, {found} left")]
    Truncated {
        /// Bytes wanted.
        wanted: usize,
        /// Bytes there.
        found: usize,
    },
    /// A union's variant longer than the union allows.
    #[error("a variant of {found} bytes is beyond the union's largest length of {max}")]
    UnionLength {
        /// Largest length in bytes.
        max: u32,
        /// Bytes announced.
        found: u32,
    },
    /// An unknown even id of a tail record or a union's variant: its writer says that it must not
    /// be ignored.
    #[error("unknown critical id {id}")]
    UnknownCritical {
        /// The id.
        id: u16,
    },
    /// A value that a closed enum does not name.
    #[error("{found} is not a value of this closed enum")]
    UnknownValue {
        /// The number that was there.
        found: u32,
    },
}

impl DecodeErrorKind {
    /// The class of the refusal: a stable name, for vectors, metrics and logs.
    ///
    /// `spec/WIRE.md` lists the classes; every implementation of the protocol gives the same one,
    /// with the same offset, for the same bytes. Only `nom`, the class of what a combinator of nom
    /// refuses in a hand-written parser, is none of them.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::BadFamily { .. } => "bad-family",
            Self::Constraint { .. } => "constraint",
            Self::CountTooLarge { .. } => "count-too-large",
            Self::InvalidBool { .. } => "bad-bool",
            Self::InvalidUtf8 { .. } => "bad-utf8",
            Self::MapOrder => "map-order",
            Self::Nom(_) => "nom",
            Self::OverBound { .. } => "over-bound",
            Self::TailDuplicate { .. } => "tail-duplicate",
            Self::TailOrder { .. } => "tail-order",
            Self::TooLong { .. } => "too-long",
            Self::TrailingBytes { .. } => "trailing-bytes",
            Self::Truncated { .. } => "truncated",
            Self::UnionLength { .. } => "union-length",
            Self::UnknownCritical { .. } => "unknown-critical",
            Self::UnknownValue { .. } => "unknown-value",
        }
    }
}

impl DecodeError {
    /// An error where `left` bytes of the region that is being read were left.
    ///
    /// For hand-written parsers: `offset` is computed from `left` where the whole value is known.
    #[cold]
    #[inline(never)]
    pub fn new(kind: DecodeErrorKind, left: usize) -> Self {
        Self(Box::new(Detail { kind, left, offset: 0, message: "", path: Vec::new() }))
    }

    /// What was wanted, and what was there.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// Where it happened, in bytes from the start of the value (for an element of a borrowed list
    /// that is being walked: from the start of the list's first element).
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Name of the message; empty where the error comes from a part that was parsed by itself.
    pub fn message(&self) -> &'static str {
        self.0.message
    }

    /// What was being read: `Changes.joined[3].name`.
    pub fn path(&self) -> String {
        let mut path = String::from(self.0.message);
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Segment::Index(index) => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        path
    }

    /// The same error, seen from a region that goes on for `after` bytes behind this one.
    #[must_use]
    #[cold]
    pub fn before(mut self, after: usize) -> Self {
        self.0.left = self.0.left.saturating_add(after);
        self
    }

    /// The same error, seen from what contains the field `name`.
    #[must_use]
    #[cold]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Segment::Field(name));
        self
    }

    /// The same error, seen from what contains the element `index`.
    #[must_use]
    #[cold]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    /// The finished error: the value is a `message` of `len` bytes.
    #[must_use]
    #[cold]
    pub fn in_value(mut self, message: &'static str, len: usize) -> Self {
        self.0.message = message;
        self.0.offset = len.saturating_sub(self.0.left);
        self
    }
}

impl core::error::Error for DecodeError {}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        let what = if path.is_empty() { "value" } else { &path };
        write!(f, "{what}, byte {}: {}", self.0.offset, self.0.kind)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.0.kind)
            .field("offset", &self.0.offset)
            .field("path", &self.path())
            .finish()
    }
}

impl<'a> nom::error::ParseError<&'a [u8]> for DecodeError {
    fn from_error_kind(input: &'a [u8], kind: nom::error::ErrorKind) -> Self {
        Self::new(DecodeErrorKind::Nom(kind), input.len())
    }

    fn append(_: &'a [u8], _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a, E> nom::error::FromExternalError<&'a [u8], E> for DecodeError {
    fn from_external_error(input: &'a [u8], kind: nom::error::ErrorKind, _: E) -> Self {
        Self::new(DecodeErrorKind::Nom(kind), input.len())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_so_is_a_result_of_nothing() {
        assert_eq!(size_of::<DecodeError>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), DecodeError>>(), size_of::<usize>());
    }

    #[test]
    fn it_says_in_one_sentence_where_and_what() {
        let error = DecodeError::new(DecodeErrorKind::InvalidBool { found: 7 }, 2)
            .in_field("name")
            .in_element(3)
            .before(5)
            .in_field("joined")
            .in_value("Changes", 100);
        assert_eq!(error.offset(), 93);
        assert_eq!(error.to_string(), "Changes.joined[3].name, byte 93: 7 is neither 0 nor 1");
    }
}
