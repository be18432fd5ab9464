//! `Str` and `Bytes`: a length, then that many bytes.

use alloc::string::String;

use bytes::Bytes;

use super::{Counted, Source, Wire};
use crate::{
    EncodeError, EncodeErrorKind,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult},
    write,
};

/// `Str(MAX)`: UTF-8 of at most `MAX` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Str<const MAX: u32>;

/// `Bytes(MAX)`: at most `MAX` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Blob<const MAX: u32>;

impl<const MAX: u32> Wire for Str<MAX> {
    type Owned = String;
    type Ref<'a> = &'a str;

    const MIN: usize = parse::prefix_len(MAX);

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, &str> {
        let (rest, len) = parse::length::<MAX>(input)?;
        utf8(rest, len)
    }

    #[inline]
    fn read<'a>(input: &'a [u8], _: Source<'_>) -> IResult<'a, String> {
        let (rest, text) = Self::read_ref(input)?;
        Ok((rest, String::from(text)))
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        Blob::<MAX>::skip(input)
    }

    #[inline]
    fn own(value: &str) -> Result<String, DecodeError> {
        Ok(String::from(value))
    }

    #[inline]
    fn size(value: &String) -> Result<usize, EncodeError> {
        bounded::<MAX>(value.len())
    }

    #[inline]
    fn write<'o>(value: &String, out: &'o mut [u8]) -> &'o mut [u8] {
        write::slice(write::length::<MAX>(out, value.len()), value.as_bytes())
    }

    fn generate(choices: &mut Choices<'_>) -> String {
        choices.text(MAX)
    }
}

impl<const MAX: u32> Wire for Blob<MAX> {
    type Owned = Bytes;
    type Ref<'a> = &'a [u8];

    const MIN: usize = parse::prefix_len(MAX);

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, &[u8]> {
        let (rest, len) = parse::length::<MAX>(input)?;
        parse::take(rest, len)
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, Bytes> {
        let (rest, bytes) = Self::read_ref(input)?;
        Ok((rest, source.bytes(bytes)))
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        let (rest, len) = parse::length::<MAX>(input)?;
        match rest.get(len..) {
            Some(rest) => Ok((rest, ())),
            None => parse::take(rest, len).map(|(rest, _)| (rest, ())),
        }
    }

    #[inline]
    fn own(value: &[u8]) -> Result<Bytes, DecodeError> {
        Ok(Bytes::copy_from_slice(value))
    }

    #[inline]
    fn size(value: &Bytes) -> Result<usize, EncodeError> {
        bounded::<MAX>(value.len())
    }

    #[inline]
    fn write<'o>(value: &Bytes, out: &'o mut [u8]) -> &'o mut [u8] {
        write::slice(write::length::<MAX>(out, value.len()), value)
    }

    fn generate(choices: &mut Choices<'_>) -> Bytes {
        let len = choices.count(MAX, 1);
        choices.blob(len)
    }
}

impl<const MAX: u32> Counted for Str<MAX> {
    const MAX: u32 = MAX;
    const ELEMENT_MIN: usize = 1;

    fn generate_count(choices: &mut Choices<'_>, count: usize) -> String {
        choices.text_of(count)
    }
}

impl<const MAX: u32> Counted for Blob<MAX> {
    const MAX: u32 = MAX;
    const ELEMENT_MIN: usize = 1;

    fn generate_count(choices: &mut Choices<'_>, count: usize) -> Bytes {
        choices.blob(count)
    }
}

/// Reads `len` bytes that have to be UTF-8.
#[inline]
pub(crate) fn utf8(input: &[u8], len: usize) -> IResult<'_, &str> {
    let (rest, bytes) = parse::take(input, len)?;
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok((rest, text)),
        Err(error) => not_utf8(error.valid_up_to(), input.len()),
    }
}

/// Size of `len` bytes behind their length prefix.
#[inline]
fn bounded<const MAX: u32>(len: usize) -> Result<usize, EncodeError> {
    if len > MAX as usize {
        return Err(over_bound(MAX, len));
    }
    Ok(parse::prefix_len(MAX) + len)
}

/// A length or count that the spec does not allow.
#[cold]
#[inline(never)]
pub(super) fn over_bound(bound: u32, found: usize) -> EncodeError {
    EncodeError::new(EncodeErrorKind::OverBound { bound, found })
}

#[inline(always)]
fn not_utf8<'a, T>(valid_up_to: usize, left: usize) -> IResult<'a, T> {
    parse::fail(DecodeErrorKind::InvalidUtf8 { valid_up_to }, left - valid_up_to)
}
