//! Parsers of nom's shape, and what generated parsers are made of.
//!
//! They are shaped by hand where nom's combinators do not inline to nothing: the number parsers of
//! nom, one call and one bounds check each, measured ten times slower on lists of numbers. All of
//! them compose with nom's combinators. They work in complete mode: a value is parsed when it is
//! all there, so they never answer `Incomplete`. Nothing here panics on any input.

use crate::error::{DecodeError, DecodeErrorKind};

/// What a parser answers: what is left, and what was read.
pub type IResult<'a, T> = nom::IResult<&'a [u8], T, DecodeError>;

/// A refusal of this kind, where `left` bytes were left.
///
/// Inlined, unlike what it calls: a caller that cannot see that this is never `Ok` would go on from
/// here as from a success, and keep in memory what it could have kept in registers.
#[inline(always)]
pub fn fail<T>(kind: DecodeErrorKind, left: usize) -> Result<T, nom::Err<DecodeError>> {
    Err(nom::Err::Error(DecodeError::new(kind, left)))
}

/// Reads `len` bytes.
#[inline]
pub fn take(input: &[u8], len: usize) -> IResult<'_, &[u8]> {
    match input.split_at_checked(len) {
        Some((bytes, rest)) => Ok((rest, bytes)),
        None => Err(nom::Err::Error(too_few(len, input.len()))),
    }
}

/// Reads `N` bytes.
#[inline]
pub fn chunk<const N: usize>(input: &[u8]) -> IResult<'_, &[u8; N]> {
    match input.split_first_chunk() {
        Some((bytes, rest)) => Ok((rest, bytes)),
        None => Err(nom::Err::Error(too_few(N, input.len()))),
    }
}

/// Length in bytes of the prefix that holds lengths or counts up to `bound`.
pub const fn prefix_len(bound: u32) -> usize {
    match bound {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

/// Reads a length or count prefix as wide as `BOUND` makes it, and holds it to `BOUND`.
#[inline]
pub fn length<const BOUND: u32>(input: &[u8]) -> IResult<'_, usize> {
    length_up_to(input, BOUND)
}

/// Reads a length or count prefix as wide as `bound` makes it, and holds it to `bound`.
#[inline(always)]
pub(crate) fn length_up_to(input: &[u8], bound: u32) -> IResult<'_, usize> {
    let (rest, found) = match prefix_len(bound) {
        1 => {
            let (rest, bytes) = chunk::<1>(input)?;
            (rest, u32::from(bytes[0]))
        }
        2 => {
            let (rest, bytes) = chunk::<2>(input)?;
            (rest, u32::from(u16::from_le_bytes(*bytes)))
        }
        _ => {
            let (rest, bytes) = chunk::<4>(input)?;
            (rest, u32::from_le_bytes(*bytes))
        }
    };
    if found > bound {
        return Err(nom::Err::Error(over_bound(bound, found, input.len())));
    }
    Ok((rest, found as usize))
}

/// Reads a count prefix of elements of at least `min` bytes, and holds it to what is left.
///
/// So nothing that is reserved for the elements can exceed what the sender has paid for.
#[inline]
pub fn count<const BOUND: u32>(input: &[u8], min: usize) -> IResult<'_, usize> {
    let (rest, count) = length::<BOUND>(input)?;
    if count.saturating_mul(min) > rest.len() {
        return Err(nom::Err::Error(too_many(count, rest.len(), input.len())));
    }
    Ok((rest, count))
}

/// Splits off a region that a length of `WIDTH` bytes announces: what follows it, and the region.
#[inline]
pub fn region<const WIDTH: usize>(input: &[u8]) -> IResult<'_, &[u8]> {
    let (rest, len) = match WIDTH {
        2 => {
            let (rest, bytes) = chunk::<2>(input)?;
            (rest, usize::from(u16::from_le_bytes(*bytes)))
        }
        _ => {
            let (rest, bytes) = chunk::<4>(input)?;
            (rest, usize::try_from(u32::from_le_bytes(*bytes)).unwrap_or(usize::MAX))
        }
    };
    take(rest, len)
}

/// What was read in a region, where the region was consumed exactly.
#[inline]
pub fn exact<T>(result: IResult<'_, T>) -> Result<T, nom::Err<DecodeError>> {
    match result {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err(nom::Err::Error(trailing(rest.len()))),
        Err(error) => Err(error),
    }
}

/// Adds to an error what follows its region.
#[inline]
pub fn before<T>(
    result: Result<T, nom::Err<DecodeError>>,
    after: usize,
) -> Result<T, nom::Err<DecodeError>> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.map(|error| error.before(after))),
    }
}

/// Adds to an error the name of the field.
#[inline]
pub fn field<T>(
    result: Result<T, nom::Err<DecodeError>>,
    name: &'static str,
) -> Result<T, nom::Err<DecodeError>> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(in_field(error, name)),
    }
}

/// Adds to an error, made while a value was owned, the name of the field.
#[inline]
pub fn own_field<T>(result: Result<T, DecodeError>, name: &'static str) -> Result<T, DecodeError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}

/// Refuses a field that does not hold to a constraint; `left` bytes were left where it began.
#[inline]
pub fn hold(
    holds: bool,
    rule: &'static str,
    name: &'static str,
    left: usize,
) -> Result<(), nom::Err<DecodeError>> {
    match hold_part(holds, rule, name, left) {
        Ok(()) => Ok(()),
        Err(error) => Err(nom::Err::Error(error)),
    }
}

/// Refuses a field of a struct of fixed size that does not hold to a constraint; `left` bytes were
/// left of the struct where the field began.
#[inline]
pub fn hold_part(
    holds: bool,
    rule: &'static str,
    name: &'static str,
    left: usize,
) -> Result<(), DecodeError> {
    if holds {
        return Ok(());
    }
    Err(DecodeError::new(DecodeErrorKind::Constraint { rule }, left).in_field(name))
}

/// Refuses a field that does not hold to a constraint, in an error to which the caller adds the name;
/// `left` bytes were left where the field began.
#[inline]
pub fn hold_here(
    holds: bool,
    rule: &'static str,
    left: usize,
) -> Result<(), nom::Err<DecodeError>> {
    if holds {
        return Ok(());
    }
    fail(DecodeErrorKind::Constraint { rule }, left)
}

/// Reads one field of a struct, whose fields begin where `fields` does.
///
/// # Errors
///
/// What `parser` refuses; offsets count from the start of `fields`.
#[inline]
pub fn peek<'a, T>(
    fields: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> Result<T, nom::Err<DecodeError>>,
) -> Result<T, DecodeError> {
    match parser(fields) {
        Ok(value) => Ok(value),
        Err(error) => Err(finish(error, fields.len(), "")),
    }
}

/// Nothing, at the end of `input`.
#[inline]
pub fn end(input: &[u8]) -> &[u8] {
    input.get(input.len()..).unwrap_or_default()
}

/// Reads a region that a length of `WIDTH` bytes announces, all of it, with `parser`.
#[inline]
pub fn bounded<'a, const WIDTH: usize, T>(
    input: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> IResult<'a, T>,
) -> IResult<'a, T> {
    let (rest, region) = region::<WIDTH>(input)?;
    let value = before(exact(parser(region)), rest.len())?;
    Ok((rest, value))
}

// The refusals of what stands in every parser are made out of line, from numbers: the less code a
// parser brings along for them, the more of it is inlined where it is called.

/// The refusal of fewer bytes than are needed.
#[cold]
#[inline(never)]
pub fn too_few(wanted: usize, found: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Truncated { wanted, found }, found)
}

#[cold]
#[inline(never)]
fn over_bound(bound: u32, found: u32, left: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::OverBound { bound, found }, left)
}

#[cold]
#[inline(never)]
fn too_many(count: usize, room: usize, left: usize) -> DecodeError {
    // `length` has held it to a `u32`.
    DecodeError::new(DecodeErrorKind::CountTooLarge { count: count as u32, left: room }, left)
}

#[cold]
#[inline(never)]
fn trailing(left: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::TrailingBytes { left }, left)
}

#[cold]
#[inline(never)]
fn in_field(error: nom::Err<DecodeError>, name: &'static str) -> nom::Err<DecodeError> {
    error.map(|error| error.in_field(name))
}

/// Parses the whole value of a `message`.
///
/// # Errors
///
/// What `parser` refuses, with its offset; `TrailingBytes` where it does not read to the end.
#[inline]
pub fn whole<'a, T>(
    value: &'a [u8],
    message: &'static str,
    parser: impl FnOnce(&'a [u8]) -> IResult<'a, T>,
) -> Result<T, DecodeError> {
    exact(parser(value)).map_err(|error| finish(error, value.len(), message))
}

/// The error in nom's wrapping, finished.
#[cold]
#[inline(never)]
pub(crate) fn finish(
    error: nom::Err<DecodeError>,
    len: usize,
    message: &'static str,
) -> DecodeError {
    match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => error.in_value(message, len),
        // A parser in complete mode does not answer so; a hand-written one that does lacks bytes.
        nom::Err::Incomplete(needed) => {
            let wanted = match needed {
                nom::Needed::Size(size) => size.get(),
                nom::Needed::Unknown => 1,
            };
            let kind = DecodeErrorKind::Truncated { wanted, found: 0 };
            DecodeError::new(kind, 0).in_value(message, len)
        }
    }
}
