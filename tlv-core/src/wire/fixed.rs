//! Types with one size only, and those among them that every pattern of bytes encodes.

use alloc::vec::Vec;
use core::fmt;

use super::{Source, Wire};
use crate::{
    EncodeError,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{IResult, too_few},
    write,
};

/// A type with one size only.
///
/// Neighbours of such types are read with one bounds check, by [`get`](Self::get) from each one's
/// part of the run.
pub trait Fixed: Sized + 'static {
    /// The value.
    type Value: Copy + fmt::Debug + PartialEq + Send + Sync + 'static;

    /// Its size in bytes, at least 1.
    const SIZE: usize;

    /// The value in the first [`SIZE`](Self::SIZE) bytes.
    ///
    /// # Errors
    ///
    /// Where they are not an encoding of the type. The error counts what is left to the end of
    /// these bytes.
    fn get(bytes: &[u8]) -> Result<Self::Value, DecodeError>;

    /// What is wrong first with a value of which only these bytes are there, fewer than
    /// [`SIZE`](Self::SIZE): that they end, or what is in a part that is whole.
    #[cold]
    fn cut(bytes: &[u8]) -> DecodeError {
        too_few(Self::SIZE, bytes.len())
    }

    /// Writes the value to the first [`SIZE`](Self::SIZE) bytes.
    fn put(value: &Self::Value, out: &mut [u8]);

    /// Whether the value has an encoding.
    ///
    /// # Errors
    ///
    /// Where it has none.
    #[inline]
    fn check(_: &Self::Value) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Whether each of the values has an encoding.
    ///
    /// # Errors
    ///
    /// Where one has none, with its index.
    #[inline]
    fn check_many(values: &[Self::Value]) -> Result<(), EncodeError> {
        for (index, value) in values.iter().enumerate() {
            Self::check(value).map_err(|error| error.in_element(index))?;
        }
        Ok(())
    }

    /// The values in `bytes`, whose length is a multiple of [`SIZE`](Self::SIZE).
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), with the element's index.
    #[inline]
    fn get_many(bytes: &[u8]) -> Result<Vec<Self::Value>, DecodeError> {
        let mut values = Vec::with_capacity(bytes.len() / Self::SIZE);
        for (index, element) in bytes.chunks_exact(Self::SIZE).enumerate() {
            match Self::get(element) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let after = bytes.len() - (index + 1) * Self::SIZE;
                    return Err(error.before(after).in_element(index));
                }
            }
        }
        Ok(values)
    }

    /// The value in the first [`SIZE`](Self::SIZE) bytes, if it is `there`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[inline]
    fn get_option(bytes: &[u8], there: bool) -> Result<Option<Self::Value>, DecodeError> {
        if there { Self::get(bytes).map(Some) } else { Ok(None) }
    }

    /// Writes an `Opt`: whether the value is there, and the value. Hands back what is left.
    #[inline]
    fn put_option<'o>(value: &Option<Self::Value>, out: &'o mut [u8]) -> &'o mut [u8] {
        match value {
            Some(value) => <Self as Wire>::write(value, write::chunk(out, [1])),
            None => write::chunk(out, [0]),
        }
    }

    /// A value made of choices, for tests and fuzzers.
    fn choose(choices: &mut Choices<'_>) -> Self::Value;
}

/// A fixed-size type that every pattern of bytes encodes.
pub trait Plain: Fixed {
    /// The value in the first [`SIZE`](Fixed::SIZE) bytes.
    fn plain(bytes: &[u8]) -> Self::Value;
}

/// The plain values in `bytes`: one copy, of which the compiler sees the whole.
#[inline]
pub fn plain_many<T: Plain>(bytes: &[u8]) -> Vec<T::Value> {
    bytes.chunks_exact(T::SIZE).map(T::plain).collect()
}

/// What is wrong first with values of which not all bytes are there: with one that is whole, or with
/// the first that is not.
#[cold]
#[inline(never)]
pub(super) fn cut_many<T: Fixed>(bytes: &[u8]) -> DecodeError {
    let index = bytes.len() / T::SIZE;
    let (whole, part) = bytes.split_at(index * T::SIZE);
    match T::get_many(whole) {
        Ok(_) => T::cut(part).in_element(index),
        Err(error) => error.before(part.len()),
    }
}

/// Refuses the value of a closed enum that has no name.
#[cold]
#[inline(never)]
pub fn unknown_value(found: u32, left: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::UnknownValue { found }, left)
}

/// Writes flags as `name | name | 0x40`, the last for bits without a name.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_flags(
    f: &mut fmt::Formatter<'_>,
    bits: u64,
    known: &[(&'static str, u64)],
) -> fmt::Result {
    let mut rest = bits;
    let mut separator = "";
    for (name, bit) in known {
        if bits & bit != 0 {
            write!(f, "{separator}{name}")?;
            separator = " | ";
            rest &= !bit;
        }
    }
    if rest != 0 || separator.is_empty() {
        write!(f, "{separator}{rest:#x}")?;
    }
    Ok(())
}

impl<T: Fixed> Wire for T {
    type Owned = T::Value;
    type Ref<'a> = T::Value;

    const MIN: usize = T::SIZE;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, T::Value> {
        let Some((bytes, rest)) = input.split_at_checked(T::SIZE) else {
            return Err(nom::Err::Error(T::cut(input)));
        };
        match T::get(bytes) {
            Ok(value) => Ok((rest, value)),
            Err(error) => Err(nom::Err::Error(error.before(rest.len()))),
        }
    }

    #[inline]
    fn read<'a>(input: &'a [u8], _: Source<'_>) -> IResult<'a, T::Value> {
        T::read_ref(input)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        match input.split_at_checked(T::SIZE) {
            Some((_, rest)) => Ok((rest, ())),
            None => Err(nom::Err::Error(T::cut(input))),
        }
    }

    #[inline]
    fn own(value: T::Value) -> Result<T::Value, DecodeError> {
        Ok(value)
    }

    #[inline]
    fn size(value: &T::Value) -> Result<usize, EncodeError> {
        T::check(value)?;
        Ok(T::SIZE)
    }

    #[inline]
    fn write<'o>(value: &T::Value, out: &'o mut [u8]) -> &'o mut [u8] {
        match out.split_at_mut_checked(T::SIZE) {
            Some((to, rest)) => {
                T::put(value, to);
                rest
            }
            None => write::short(),
        }
    }

    #[inline]
    fn generate(choices: &mut Choices<'_>) -> T::Value {
        T::choose(choices)
    }

    #[inline]
    fn read_option<'a>(
        input: &'a [u8],
        there: bool,
        _: Source<'_>,
    ) -> IResult<'a, Option<T::Value>> {
        let Some((bytes, after)) = input.split_at_checked(T::SIZE) else {
            // Near the end: nothing follows that is as long.
            return match there {
                true => T::read_ref(input).map(|(rest, value)| (rest, Some(value))),
                false => Ok((input, None)),
            };
        };
        match T::get_option(bytes, there) {
            Ok(value) => Ok((if there { after } else { input }, value)),
            Err(error) => Err(nom::Err::Error(error.before(after.len()))),
        }
    }

    #[inline]
    fn write_option<'o>(value: &Option<T::Value>, out: &'o mut [u8]) -> &'o mut [u8] {
        T::put_option(value, out)
    }

    #[inline]
    fn read_many<'a>(input: &'a [u8], count: usize, _: Source<'_>) -> IResult<'a, Vec<T::Value>> {
        let Some((bytes, rest)) = input.split_at_checked(count.saturating_mul(T::SIZE)) else {
            return Err(nom::Err::Error(cut_many::<T>(input)));
        };
        match T::get_many(bytes) {
            Ok(values) => Ok((rest, values)),
            Err(error) => Err(nom::Err::Error(error.before(rest.len()))),
        }
    }

    #[inline]
    fn skip_many(input: &[u8], count: usize) -> IResult<'_, ()> {
        match input.split_at_checked(count.saturating_mul(T::SIZE)) {
            Some((_, rest)) => Ok((rest, ())),
            None => Err(nom::Err::Error(cut_many::<T>(input))),
        }
    }

    #[inline]
    fn size_many(values: &[T::Value]) -> Result<usize, EncodeError> {
        T::check_many(values)?;
        Ok(values.len().saturating_mul(T::SIZE))
    }

    #[inline]
    fn write_many<'o>(values: &[T::Value], out: &'o mut [u8]) -> &'o mut [u8] {
        match out.split_at_mut_checked(values.len().saturating_mul(T::SIZE)) {
            Some((to, rest)) => {
                match values.len() {
                    0 => {}
                    1 => put_ends::<T, 1>(values, to),
                    2..4 => put_ends::<T, 2>(values, to),
                    4..8 => put_ends::<T, 4>(values, to),
                    _ => put_each::<T>(values, to),
                }
                rest
            }
            None => write::short(),
        }
    }
}

/// Writes values to as many places.
#[inline]
fn put_each<T: Fixed>(values: &[T::Value], to: &mut [u8]) {
    for (value, to) in values.iter().zip(to.chunks_exact_mut(T::SIZE)) {
        T::put(value, to);
    }
}

/// Writes the first `N` values and the last `N`, which together are all: a few without a loop, and
/// without the call that copies many.
#[inline]
fn put_ends<T: Fixed, const N: usize>(values: &[T::Value], to: &mut [u8]) {
    let last = to.len().saturating_sub(N * T::SIZE);
    if let (Some(first), Some(to)) = (values.first_chunk::<N>(), to.get_mut(..N * T::SIZE)) {
        put_each::<T>(first, to);
    }
    if let (Some(values), Some(to)) = (values.last_chunk::<N>(), to.get_mut(last..)) {
        put_each::<T>(values, to);
    }
}
