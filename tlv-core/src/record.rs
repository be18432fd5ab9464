//! Records: `id: u16 | len: u32 | value`, the unit of the wire.
//!
//! ```text
//!  0    2          6        6 + len
//!  +----+----------+--------+
//!  | id |   len    | value  |    little-endian
//!  +----+----------+--------+
//! ```
//!
//! These parsers are nom's in streaming mode: where bytes are missing they answer `Incomplete`
//! with how many, and nothing is consumed. They judge no id and no length: what is too long is for
//! who knows the type, and [`header`] lets it refuse before the value has arrived.

use nom::{
    Parser as _,
    bytes::streaming::take,
    number::streaming::{le_u16, le_u32},
};

use crate::{
    error::{DecodeError, DecodeErrorKind},
    parse::IResult,
};

/// Length of a record's id and length, in bytes.
pub const HEADER_LEN: usize = 6;

/// What stands before a record's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the value is.
    pub id: u16,
    /// Length of the value in bytes.
    pub len: u32,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What the value is.
    pub id: u16,
    /// The value.
    pub value: &'a [u8],
}

impl Header {
    /// Length of the whole record in bytes, header included.
    pub fn record_len(self) -> usize {
        // Saturating: on a 16-bit machine no such record can exist.
        usize::try_from(self.len).unwrap_or(usize::MAX).saturating_add(HEADER_LEN)
    }

    /// The header's bytes.
    #[inline]
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b] = self.id.to_le_bytes();
        let [c, d, e, f] = self.len.to_le_bytes();
        [a, b, c, d, e, f]
    }
}

/// Reads a header from a stream.
///
/// # Errors
///
/// `Incomplete` until [`HEADER_LEN`] bytes are there; nothing else.
#[inline]
pub fn header(input: &[u8]) -> IResult<'_, Header> {
    (le_u16, le_u32).map(|(id, len)| Header { id, len }).parse(input)
}

/// Reads a whole record from a stream.
///
/// # Errors
///
/// `Incomplete` until the record is whole; nothing else.
#[inline]
pub fn frame(input: &[u8]) -> IResult<'_, Record<'_>> {
    let (rest, header) = header(input)?;
    let (rest, value) = take(header.len)(rest)?;
    Ok((rest, Record { id: header.id, value }))
}

/// Reads the record at the start of a region that is all there.
///
/// # Errors
///
/// `Truncated` where the region ends within the record.
#[inline]
pub fn nested(input: &[u8]) -> IResult<'_, Record<'_>> {
    let (rest, header) = nested_header(input)?;
    nested_value(rest, header)
}

/// Reads the header at the start of a region that is all there.
#[inline]
pub(crate) fn nested_header(input: &[u8]) -> IResult<'_, Header> {
    let Some((head, rest)) = input.split_first_chunk::<HEADER_LEN>() else {
        return truncated(HEADER_LEN, input.len());
    };
    let [a, b, c, d, e, f] = *head;
    let (id, len) = (u16::from_le_bytes([a, b]), u32::from_le_bytes([c, d, e, f]));
    Ok((rest, Header { id, len }))
}

/// Reads the value behind a header.
#[inline]
pub(crate) fn nested_value(input: &[u8], header: Header) -> IResult<'_, Record<'_>> {
    let len = usize::try_from(header.len).unwrap_or(usize::MAX);
    let Some((value, rest)) = input.split_at_checked(len) else {
        return truncated(len, input.len());
    };
    Ok((rest, Record { id: header.id, value }))
}

#[cold]
fn truncated<'a, T>(wanted: usize, found: usize) -> IResult<'a, T> {
    Err(nom::Err::Error(DecodeError::new(DecodeErrorKind::Truncated { wanted, found }, found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 9] = [2, 1, 3, 0, 0, 0, b'a', b'b', b'c'];

    #[test]
    fn a_record_is_read_when_it_is_whole_and_not_before() {
        for end in 0..BYTES.len() {
            assert!(matches!(frame(&BYTES[..end]), Err(nom::Err::Incomplete(_))), "{end} bytes");
        }
        assert_eq!(frame(&BYTES), Ok((&[][..], Record { id: 0x0102, value: b"abc" })));
    }

    #[test]
    fn a_header_is_read_before_its_value_is_there() {
        let huge = [0, 0, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(header(&huge), Ok((&[][..], Header { id: 0, len: u32::MAX })));
        assert_eq!(Header { id: 0, len: u32::MAX }.to_bytes(), huge);
        assert!(matches!(frame(&huge), Err(nom::Err::Incomplete(_))));
    }

    #[test]
    fn a_nested_record_that_ends_early_is_an_error() {
        for end in 0..BYTES.len() {
            assert!(matches!(nested(&BYTES[..end]), Err(nom::Err::Error(_))), "{end} bytes");
        }
        assert_eq!(nested(&BYTES), frame(&BYTES));
    }
}
