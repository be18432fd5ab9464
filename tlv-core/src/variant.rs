//! Unions: one of several variants, each a record.

use crate::{
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult},
    record::{self, HEADER_LEN, Record},
};

/// Reads the record of a union's variant, whose value is at most `max` bytes.
#[inline]
pub fn read(input: &[u8], max: u32) -> IResult<'_, Record<'_>> {
    let (rest, header) = record::nested_header(input)?;
    // Judged before the value, as a frame's length is.
    if header.len > max {
        return parse::fail(DecodeErrorKind::UnionLength { max, found: header.len }, input.len());
    }
    record::nested_value(rest, header)
}

/// The value of the variant `name`, which was consumed exactly; `rest` follows it.
#[inline]
pub fn inner<T>(
    result: IResult<'_, T>,
    name: &'static str,
    rest: &[u8],
) -> Result<T, nom::Err<DecodeError>> {
    match parse::exact(result) {
        Ok(value) => Ok(value),
        error => parse::field(parse::before(error, rest.len()), name),
    }
}

/// Judges a variant of unknown id: an odd one is kept.
#[inline]
pub fn unknown<'a>(record: Record<'a>, rest: &[u8]) -> Result<Record<'a>, nom::Err<DecodeError>> {
    if record.id.is_multiple_of(2) {
        let left = rest.len() + record.value.len() + HEADER_LEN;
        return parse::fail(DecodeErrorKind::UnknownCritical { id: record.id }, left);
    }
    Ok(record)
}
