//! Parsers of nom's shape, and what generated parsers are made of.
//!
//! They are shaped by hand where nom's combinators do not inline to nothing: the number parsers of
//! nom, one call and one bounds check each, measured ten times slower on lists of numbers. All of
//! them compose with nom's combinators. They work in complete mode: a value is parsed when it is
//! all there, so they never answer `Incomplete`. Nothing here panics on any input.

use crate::{
    error::{DecodeError, DecodeErrorKind},
    record::{self, HEADER_LEN, Record},
    set::UNKNOWN_MAX_LEN,
    tail::UnknownRecord,
    wire::{Fixed, Source, Wire, too_few},
};

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

/// A fixed-size field of a run: its name, and how it is judged by itself.
pub type Part = (&'static str, fn(&[u8]) -> Result<&[u8], DecodeError>);

/// Reads the `N` bytes of a run of fixed-size fields, with one bounds check.
///
/// Where bytes are missing, `fields` tell what is wrong first: that a field does not fit, or what
/// is in one before it.
#[inline]
pub fn run<'a, const N: usize>(
    input: &'a [u8],
    fields: &'static [Part],
) -> IResult<'a, &'a [u8; N]> {
    match input.split_first_chunk() {
        Some((bytes, rest)) => Ok((rest, bytes)),
        None => Err(nom::Err::Error(cut(input, fields))),
    }
}

/// What is wrong first with fixed-size fields whose bytes end too early.
#[cold]
#[inline(never)]
pub fn cut(input: &[u8], fields: &'static [Part]) -> DecodeError {
    let mut rest = input;
    for (name, judge) in fields {
        match judge(rest) {
            Ok(after) => rest = after,
            Err(error) => return error.in_field(name),
        }
    }
    // Not met: the fields need more than there is.
    DecodeError::new(DecodeErrorKind::Truncated { wanted: 0, found: rest.len() }, rest.len())
}

/// Judges a fixed-size field by itself, and hands back what follows it.
///
/// # Errors
///
/// What is wrong first: that the field does not fit, or what is in it.
pub fn judge<T: Fixed>(input: &[u8]) -> Result<&[u8], DecodeError> {
    judge_held::<T>(input, |_| true, "")
}

/// Judges a fixed-size field that has a constraint, and hands back what follows it.
///
/// # Errors
///
/// As [`judge`]; then that the rule does not hold.
pub fn judge_held<'a, T: Fixed>(
    input: &'a [u8],
    holds: fn(T::Value) -> bool,
    rule: &'static str,
) -> Result<&'a [u8], DecodeError> {
    let Some((bytes, rest)) = input.split_at_checked(T::SIZE) else { return Err(T::cut(input)) };
    let value = T::get(bytes).map_err(|error| error.before(rest.len()))?;
    if holds(value) {
        return Ok(rest);
    }
    Err(DecodeError::new(DecodeErrorKind::Constraint { rule }, input.len()))
}

/// The `LEN` bytes at `OFFSET` of a run.
#[inline]
pub fn at<const OFFSET: usize, const LEN: usize, const N: usize>(run: &[u8; N]) -> &[u8] {
    const { assert!(OFFSET + LEN <= N, "the field lies within its run") };
    // The assertion above was judged when the program was compiled, so this cannot panic.
    &run[OFFSET..OFFSET + LEN]
}

/// The `LEN` bytes at `OFFSET` of a run, to be written.
#[inline]
pub fn at_mut<const OFFSET: usize, const LEN: usize, const N: usize>(
    run: &mut [u8; N],
) -> &mut [u8] {
    const { assert!(OFFSET + LEN <= N, "the field lies within its run") };
    // The assertion above was judged when the program was compiled, so this cannot panic.
    &mut run[OFFSET..OFFSET + LEN]
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

/// Adds to an error of a field in a run its name, and what follows it.
#[inline]
pub fn run_field<T>(
    result: Result<T, DecodeError>,
    name: &'static str,
    after: usize,
) -> Result<T, nom::Err<DecodeError>> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(nom::Err::Error(error.before(after).in_field(name))),
    }
}

/// Adds to an error of a field in a struct of fixed size its name, and what follows it there.
#[inline]
pub fn part<T>(
    result: Result<T, DecodeError>,
    name: &'static str,
    after: usize,
) -> Result<T, DecodeError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.before(after).in_field(name)),
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

/// The bytes of one value, of which no more is checked than where it ends.
#[inline]
pub fn extent<T: Wire>(input: &[u8]) -> IResult<'_, &[u8]> {
    let (rest, ()) = T::skip(input)?;
    Ok((rest, input.get(..input.len() - rest.len()).unwrap_or_default()))
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

/// Reads the record of a union's variant, whose value is at most `max` bytes.
#[inline]
pub fn variant(input: &[u8], max: u32) -> IResult<'_, Record<'_>> {
    let (rest, header) = record::nested_header(input)?;
    // Judged before the value, as a frame's length is.
    if header.len > max {
        return fail(DecodeErrorKind::UnionLength { max, found: header.len }, input.len());
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
    match exact(result) {
        Ok(value) => Ok(value),
        error => field(before(error, rest.len()), name),
    }
}

/// Judges a variant of unknown id: an odd one is kept.
#[inline]
pub fn unknown_variant<'a>(
    record: Record<'a>,
    rest: &[u8],
) -> Result<Record<'a>, nom::Err<DecodeError>> {
    if record.id.is_multiple_of(2) {
        let left = rest.len() + record.value.len() + HEADER_LEN;
        return fail(DecodeErrorKind::UnknownCritical { id: record.id }, left);
    }
    Ok(record)
}

/// Judges a message of unknown type, odd or even: it has a largest length too.
///
/// # Errors
///
/// `TooLong` beyond [`UNKNOWN_MAX_LEN`].
pub fn unknown_message(id: u16, value: &[u8]) -> Result<Record<'_>, DecodeError> {
    if value.len() > UNKNOWN_MAX_LEN as usize {
        let kind = DecodeErrorKind::TooLong { max: UNKNOWN_MAX_LEN, found: value.len() };
        return Err(DecodeError::new(kind, value.len()).in_value("", value.len()));
    }
    Ok(Record { id, value })
}

/// The same, owned.
///
/// # Errors
///
/// `TooLong` beyond [`UNKNOWN_MAX_LEN`].
pub fn own_unknown_message(
    id: u16,
    value: &[u8],
    source: Source<'_>,
) -> Result<UnknownRecord, DecodeError> {
    unknown_message(id, value).map(|record| UnknownRecord::new(id, source.bytes(record.value)))
}

// The refusals of what stands in every parser are made out of line, from numbers: the less code a
// parser brings along for them, the more of it is inlined where it is called.

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
