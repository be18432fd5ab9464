//! Why a value cannot be written: the spec, or the format, has no encoding for it.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt::{self, Display, Write as _};

use crate::error::Segment;

/// A value that has no encoding. One pointer wide: the detail is on the heap.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodeError(Box<Detail>);

#[derive(Clone, PartialEq, Eq)]
struct Detail {
    kind: EncodeErrorKind,
    message: &'static str,
    /// Innermost first.
    path: Vec<Segment>,
}

/// What the format or the spec does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// An IPv6 socket address with a scope or flow, which the format does not carry.
    #[error("the format does not carry an IPv6 address's scope and flow")]
    AddressDetail,
    /// A value against a constraint of the spec.
    #[error("{rule} does not hold")]
    Constraint {
        /// The rule, as people read it.
        rule: &'static str,
    },
    /// A duration of more than 2^64 - 1 nanoseconds (584 years).
    #[error("the duration is longer than 2^64 nanoseconds")]
    DurationTooLong,
    /// A record kept as unknown, whose id is known here, or even.
    #[error("id {id} cannot be that of an unknown record here")]
    NotUnknown {
        /// The id.
        id: u16,
    },
    /// A length or count beyond the spec's bound.
    #[error("length {found} is beyond the bound of {bound}")]
    OverBound {
        /// The spec's bound.
        bound: u32,
        /// The length.
        found: usize,
    },
    /// A value longer than its type allows.
    #[error("{found} bytes are beyond the largest length of {max}")]
    TooLong {
        /// Largest length in bytes.
        max: u32,
        /// The value's length in bytes.
        found: usize,
    },
}

impl EncodeError {
    /// An error of this kind.
    #[cold]
    #[inline(never)]
    pub fn new(kind: EncodeErrorKind) -> Self {
        Self(Box::new(Detail { kind, message: "", path: Vec::new() }))
    }

    /// What is not allowed.
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.0.kind
    }

    /// Name of the message.
    pub fn message(&self) -> &'static str {
        self.0.message
    }

    /// What was being written: `Changes.joined[3].name`.
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

    /// The error as seen from what contains the field `name`.
    #[must_use]
    #[cold]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Segment::Field(name));
        self
    }

    /// The error as seen from what contains the element `index`.
    #[must_use]
    #[cold]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    /// The finished error.
    #[must_use]
    #[cold]
    pub fn in_message(mut self, message: &'static str) -> Self {
        self.0.message = message;
        self
    }
}

impl core::error::Error for EncodeError {}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        let what = if path.is_empty() { "value" } else { &path };
        write!(f, "{what}: {}", self.0.kind)
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodeError")
            .field("kind", &self.0.kind)
            .field("path", &self.path())
            .finish()
    }
}
