//! How each type of the spec is read, skipped, sized and written.
//!
//! A type of the spec is a Rust type here: [`Str<64>`] is `Str(64)`, [`List<Peer, 4>`] is
//! `List(Peer, 4)`, a struct or enum is the generated type itself. These types are names for
//! encodings; the values are [`Wire::Owned`] and [`Wire::Ref`]. The traits are implemented by this
//! crate and by generated code; user code meets them only as bounds.

mod array;
mod fixed;
mod list;
mod map;
mod net;
mod number;
mod option;
mod text;
mod time;

use alloc::vec::Vec;
use core::fmt::Debug;

pub use array::{Array, BigArray, VarArray};
pub use fixed::{Fixed, Plain, debug_flags, plain_many, unknown_value};
pub use list::{List, ListIter, ListRef, PeekIter};
pub use map::{Key, Map, MapIter, MapRef};
pub(crate) use text::utf8;
pub use text::{Blob, Str};

use crate::{EncodeError, choices::Choices, error::DecodeError, parse::IResult, write};

/// A type of the spec: its values, and its one encoding.
///
/// Parsers are of nom's shape and in complete mode; none panics on any input.
pub trait Wire: 'static {
    /// The value by itself.
    type Owned: Clone + Debug + PartialEq + Send + Sync + 'static;
    /// The value in the received bytes.
    type Ref<'a>: Copy + Debug + PartialEq + Send + Sync;

    /// Smallest size in bytes; at least 1 for what may stand in a list.
    const MIN: usize;

    /// Reads the value in place. Elements of lists, arrays and maps are checked when walked.
    ///
    /// # Errors
    ///
    /// Where the bytes are not an encoding of the type.
    fn read_ref(input: &[u8]) -> IResult<'_, Self::Ref<'_>>;

    /// Reads the value and owns it.
    ///
    /// # Errors
    ///
    /// Where the bytes are not an encoding of the type.
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, Self::Owned>;

    /// Finds the end of the value, judging no more than that takes.
    ///
    /// # Errors
    ///
    /// Where the end cannot be found.
    fn skip(input: &[u8]) -> IResult<'_, ()>;

    /// Owns what was borrowed.
    ///
    /// # Errors
    ///
    /// Where elements that were not walked before are not encodings of their types.
    fn own(value: Self::Ref<'_>) -> Result<Self::Owned, DecodeError>;

    /// Size of the encoding in bytes.
    ///
    /// # Errors
    ///
    /// Where the value has none. After success [`write`](Self::write) cannot fail.
    fn size(value: &Self::Owned) -> Result<usize, EncodeError>;

    /// Writes the value, and hands back what is left.
    fn write<'o>(value: &Self::Owned, out: &'o mut [u8]) -> &'o mut [u8];

    /// A value made of choices, for tests and fuzzers.
    fn generate(choices: &mut Choices<'_>) -> Self::Owned;

    /// Reads the value of an `Opt`, if it is `there`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[inline]
    fn read_option<'a>(
        input: &'a [u8],
        there: bool,
        source: Source<'_>,
    ) -> IResult<'a, Option<Self::Owned>> {
        if !there {
            return Ok((input, None));
        }
        let (rest, value) = Self::read(input, source)?;
        Ok((rest, Some(value)))
    }

    /// Writes an `Opt`: whether the value is there, and the value.
    #[inline]
    fn write_option<'o>(value: &Option<Self::Owned>, out: &'o mut [u8]) -> &'o mut [u8] {
        match value {
            Some(value) => Self::write(value, write::chunk(out, [1])),
            None => write::chunk(out, [0]),
        }
    }

    /// Reads `count` values. The caller has held `count` to the bytes left.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with the element's index.
    #[inline]
    fn read_many<'a>(
        input: &'a [u8],
        count: usize,
        source: Source<'_>,
    ) -> IResult<'a, Vec<Self::Owned>> {
        let mut values = Vec::with_capacity(count);
        let mut input = input;
        for index in 0..count {
            let (rest, value) = element(Self::read(input, source), index)?;
            values.push(value);
            input = rest;
        }
        Ok((input, values))
    }

    /// Finds the end of `count` values.
    ///
    /// # Errors
    ///
    /// As [`skip`](Self::skip), with the element's index.
    #[inline]
    fn skip_many(input: &[u8], count: usize) -> IResult<'_, ()> {
        let mut input = input;
        for index in 0..count {
            (input, ()) = element(Self::skip(input), index)?;
        }
        Ok((input, ()))
    }

    /// Size of the values' encodings in bytes.
    ///
    /// # Errors
    ///
    /// As [`size`](Self::size), with the element's index.
    #[inline]
    fn size_many(values: &[Self::Owned]) -> Result<usize, EncodeError> {
        let mut size = 0;
        for (index, value) in values.iter().enumerate() {
            match Self::size(value) {
                Ok(more) => size += more,
                Err(error) => return Err(error.in_element(index)),
            }
        }
        Ok(size)
    }

    /// Writes the values, and hands back what is left.
    #[inline]
    fn write_many<'o>(values: &[Self::Owned], out: &'o mut [u8]) -> &'o mut [u8] {
        values.iter().fold(out, |out, value| Self::write(value, out))
    }
}

/// A struct whose fields can be read one at a time.
pub trait Peek: Wire {
    /// The struct in the received bytes, of which no more is checked than where it ends.
    type Peek<'a>: Copy + Debug;

    /// Finds where the struct ends.
    ///
    /// # Errors
    ///
    /// Where the end cannot be found.
    fn peek(input: &[u8]) -> IResult<'_, Self::Peek<'_>>;
}

/// A type with a count or length in front.
pub trait Counted: Wire {
    /// A value of exactly `count` elements or bytes, which are already taken off the budget.
    fn generate_count(choices: &mut Choices<'_>, count: usize) -> Self::Owned;

    /// The bound.
    const MAX: u32;
    /// Smallest size of an element in bytes.
    const ELEMENT_MIN: usize;

    /// A value of at least one element.
    fn generate_some(choices: &mut Choices<'_>) -> Self::Owned {
        let more = choices.count(Self::MAX.saturating_sub(1), Self::ELEMENT_MIN);
        choices.afford(Self::ELEMENT_MIN);
        Self::generate_count(choices, more + 1)
    }

    /// A value whose length is one of these.
    fn generate_one_of<const N: usize>(
        choices: &mut Choices<'_>,
        lengths: &[u32; N],
    ) -> Self::Owned {
        let length = choices.pick(lengths) as usize;
        choices.afford(length.saturating_mul(Self::ELEMENT_MIN));
        Self::generate_count(choices, length)
    }
}

/// The received buffer that decoded `Bytes` may share, where there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'s>(Option<&'s bytes::Bytes>);

impl<'s> Source<'s> {
    /// No buffer: `Bytes` are copied.
    pub const COPY: Self = Self(None);

    /// `Bytes` share `buffer`, which holds everything that is parsed.
    #[inline]
    pub fn shared(buffer: &'s bytes::Bytes) -> Self {
        Self(Some(buffer))
    }

    /// `part` of what is parsed, as `Bytes`.
    #[inline]
    pub fn bytes(self, part: &[u8]) -> bytes::Bytes {
        match self.0 {
            Some(buffer) if within(buffer, part) => buffer.slice_ref(part),
            _ => bytes::Bytes::copy_from_slice(part),
        }
    }
}

/// Whether `part` is a part of `buffer`, the place of it and not only its bytes.
#[inline]
fn within(buffer: &[u8], part: &[u8]) -> bool {
    let (buffer, part) = (buffer.as_ptr_range(), part.as_ptr_range());
    buffer.start <= part.start && part.end <= buffer.end
}

/// The bytes of one value, of which no more is checked than where it ends.
#[inline]
pub fn extent<T: Wire>(input: &[u8]) -> IResult<'_, &[u8]> {
    let (rest, ()) = T::skip(input)?;
    Ok((rest, input.get(..input.len() - rest.len()).unwrap_or_default()))
}

/// Adds to an error the index of the element.
#[inline]
fn element<T>(
    result: Result<T, nom::Err<DecodeError>>,
    index: usize,
) -> Result<T, nom::Err<DecodeError>> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(in_element(error, index)),
    }
}

#[cold]
#[inline(never)]
fn in_element(error: nom::Err<DecodeError>, index: usize) -> nom::Err<DecodeError> {
    error.map(|error| error.in_element(index))
}
