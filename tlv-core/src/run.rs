//! Runs of neighbouring fixed-size fields, and structs of nothing else: one bounds check for all.

use crate::{
    error::{DecodeError, DecodeErrorKind},
    parse::IResult,
    wire::Fixed,
};

/// A fixed-size field of a run: its name, and how it is judged by itself.
pub type Part = (&'static str, fn(&[u8]) -> Result<&[u8], DecodeError>);

/// Reads the `N` bytes of a run of fixed-size fields, with one bounds check.
///
/// Where bytes are missing, `fields` tell what is wrong first: that a field does not fit, or what
/// is in one before it.
#[inline]
pub fn read<'a, const N: usize>(
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

/// Adds to an error of a field in a run its name, and what follows it.
#[inline]
pub fn field<T>(
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
