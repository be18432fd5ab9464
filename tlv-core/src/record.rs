//! Records: `id: u16 | len: u32 | value`, the unit of the wire.
//!
//! ```text
//!  0    2          6        6 + len
//!  +----+----------+--------+
//!  | id |   len    | value  |    little-endian
//!  +----+----------+--------+
//! ```
//!
//! [`header`] and [`frame`] are nom's parsers in streaming mode: where bytes are missing they answer
//! `Incomplete` with how many, and nothing is consumed. They are shaped by hand, as those of
//! [`parse`](crate::parse) are: a heartbeat is nothing but a header, and nom's combinators took half
//! of the instructions that reading one costs. No id and no length is judged here: what is too long
//! is for who knows the type, and `header` lets it refuse before the value has arrived.

use crate::parse::{IResult, too_few};

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
        self.value_len().saturating_add(HEADER_LEN)
    }

    /// The header's bytes.
    #[inline]
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b] = self.id.to_le_bytes();
        let [c, d, e, f] = self.len.to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// The header in front of `input`, and what follows it; `None` where `input` ends before.
    #[inline]
    fn split(input: &[u8]) -> Option<(Self, &[u8])> {
        let ([a, b, c, d, e, f], rest) = input.split_first_chunk::<HEADER_LEN>()?;
        let (id, len) = (u16::from_le_bytes([*a, *b]), u32::from_le_bytes([*c, *d, *e, *f]));
        Some((Self { id, len }, rest))
    }

    /// Length of the value in bytes; on a 16-bit machine, where no such record can exist, too many.
    #[inline]
    fn value_len(self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }
}

/// Reads a header from a stream.
///
/// # Errors
///
/// `Incomplete` until [`HEADER_LEN`] bytes are there; nothing else.
#[inline]
pub fn header(input: &[u8]) -> IResult<'_, Header> {
    match Header::split(input) {
        Some((header, rest)) => Ok((rest, header)),
        None => missing(HEADER_LEN - input.len()),
    }
}

/// Reads a whole record from a stream.
///
/// # Errors
///
/// `Incomplete` until the record is whole; nothing else.
#[inline]
pub fn frame(input: &[u8]) -> IResult<'_, Record<'_>> {
    let (rest, header) = header(input)?;
    match rest.split_at_checked(header.value_len()) {
        Some((value, rest)) => Ok((rest, Record { id: header.id, value })),
        None => missing(header.value_len() - rest.len()),
    }
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
    match Header::split(input) {
        Some((header, rest)) => Ok((rest, header)),
        None => Err(nom::Err::Error(too_few(HEADER_LEN, input.len()))),
    }
}

/// Reads the value behind a header.
#[inline]
pub(crate) fn nested_value(input: &[u8], header: Header) -> IResult<'_, Record<'_>> {
    match input.split_at_checked(header.value_len()) {
        Some((value, rest)) => Ok((rest, Record { id: header.id, value })),
        None => Err(nom::Err::Error(too_few(header.value_len(), input.len()))),
    }
}

/// A streaming parser's answer where so many bytes have not arrived.
#[inline(always)]
fn missing<'a, T>(bytes: usize) -> IResult<'a, T> {
    Err(nom::Err::Incomplete(nom::Needed::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 9] = [2, 1, 3, 0, 0, 0, b'a', b'b', b'c'];

    #[test]
    fn a_record_is_read_when_it_is_whole_and_not_before() {
        for end in 0..BYTES.len() {
            // First for the header, then for the value that it announces.
            let whole = if end < HEADER_LEN { HEADER_LEN } else { BYTES.len() };
            assert_eq!(frame(&BYTES[..end]), missing(whole - end), "{end} bytes");
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
