//! `Array`: elements without a count.
//!
//! Three names for one encoding, since the values differ: [`Array`] of fixed-size elements is read
//! with its neighbours in one run, [`VarArray`] is not, [`BigArray`] is boxed.

use alloc::{boxed::Box, vec::Vec};
use core::marker::PhantomData;

use super::{Fixed, ListRef, Plain, Source, Wire, element, fixed::cut_many};
use crate::{
    EncodeError,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult, too_few},
};

/// `Array(T, N)` of fixed-size elements.
#[derive(Clone, Copy, Debug)]
pub struct Array<T, const N: usize>(PhantomData<fn() -> T>);

/// `Array(T, N)` of elements whose sizes vary.
#[derive(Clone, Copy, Debug)]
pub struct VarArray<T, const N: usize>(PhantomData<fn() -> T>);

/// `Array(T, N)` that is too large for the stack.
#[derive(Clone, Copy, Debug)]
pub struct BigArray<T, const N: usize>(PhantomData<fn() -> T>);

impl<T: Fixed, const N: usize> Fixed for Array<T, N> {
    type Value = [T::Value; N];

    const SIZE: usize = T::SIZE * N;

    #[inline]
    fn get(bytes: &[u8]) -> Result<[T::Value; N], DecodeError> {
        let mut elements = bytes.chunks_exact(T::SIZE).take(N).enumerate();
        let mut next = || match elements.next() {
            Some((index, element)) => T::get(element).map_err(|error| {
                error.before(bytes.len() - (index + 1) * T::SIZE).in_element(index)
            }),
            None => Err(too_few(Self::SIZE, bytes.len())),
        };
        // The first element stands in for the others until they are read.
        let mut values = [next()?; N];
        for value in values.iter_mut().skip(1) {
            *value = next()?;
        }
        Ok(values)
    }

    fn cut(bytes: &[u8]) -> DecodeError {
        cut_many::<T>(bytes)
    }

    #[inline]
    fn put(value: &[T::Value; N], out: &mut [u8]) {
        for (value, out) in value.iter().zip(out.chunks_exact_mut(T::SIZE)) {
            T::put(value, out);
        }
    }

    #[inline]
    fn check(value: &[T::Value; N]) -> Result<(), EncodeError> {
        T::check_many(value)
    }

    fn choose(choices: &mut Choices<'_>) -> [T::Value; N] {
        core::array::from_fn(|_| T::choose(choices))
    }
}

impl<T: Plain, const N: usize> Plain for Array<T, N> {
    #[inline]
    fn plain(bytes: &[u8]) -> [T::Value; N] {
        core::array::from_fn(|index| T::plain(bytes.get(index * T::SIZE..).unwrap_or_default()))
    }
}

impl<T: Wire, const N: usize> Wire for VarArray<T, N> {
    type Owned = [T::Owned; N];
    type Ref<'a> = ListRef<'a, T>;

    const MIN: usize = T::MIN * N;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, ListRef<'_, T>> {
        ListRef::of(input, N)
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, [T::Owned; N]> {
        in_place::<T, N>(input, source)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        T::skip_many(input, N)
    }

    #[inline]
    fn own(value: ListRef<'_, T>) -> Result<[T::Owned; N], DecodeError> {
        let bytes = value.as_bytes();
        parse::exact(in_place::<T, N>(bytes, Source::COPY))
            .map_err(|error| parse::finish(error, bytes.len(), ""))
    }

    #[inline]
    fn size(value: &[T::Owned; N]) -> Result<usize, EncodeError> {
        T::size_many(value)
    }

    #[inline]
    fn write<'o>(value: &[T::Owned; N], out: &'o mut [u8]) -> &'o mut [u8] {
        T::write_many(value, out)
    }

    fn generate(choices: &mut Choices<'_>) -> [T::Owned; N] {
        core::array::from_fn(|_| T::generate(choices))
    }
}

impl<T: Wire, const N: usize> Wire for BigArray<T, N> {
    type Owned = Box<[T::Owned; N]>;
    type Ref<'a> = ListRef<'a, T>;

    const MIN: usize = T::MIN * N;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, ListRef<'_, T>> {
        ListRef::of(input, N)
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, Box<[T::Owned; N]>> {
        let (rest, values) = many::<T, N>(input, source)?;
        match values.into_boxed_slice().try_into() {
            Ok(values) => Ok((rest, values)),
            Err(_) => miscounted(rest),
        }
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        T::skip_many(input, N)
    }

    #[inline]
    fn own(value: ListRef<'_, T>) -> Result<Box<[T::Owned; N]>, DecodeError> {
        value.to_vec()?.into_boxed_slice().try_into().map_err(|_| too_few(Self::MIN, 0))
    }

    #[inline]
    fn size(value: &Box<[T::Owned; N]>) -> Result<usize, EncodeError> {
        T::size_many(&value[..])
    }

    #[inline]
    fn write<'o>(value: &Box<[T::Owned; N]>, out: &'o mut [u8]) -> &'o mut [u8] {
        T::write_many(&value[..], out)
    }

    fn generate(choices: &mut Choices<'_>) -> Box<[T::Owned; N]> {
        let values: Vec<_> = (0..N).map(|_| T::generate(choices)).collect();
        values.into_boxed_slice().try_into().unwrap_or_else(|_| {
            // `N` values were collected on the line above.
            unreachable!("an array of {N} elements has {N} elements")
        })
    }
}

/// Reads `N` elements where they will be, without a list on the way.
#[inline]
fn in_place<'a, T: Wire, const N: usize>(
    input: &'a [u8],
    source: Source<'_>,
) -> IResult<'a, [T::Owned; N]> {
    let mut input = input;
    let mut refused = None;
    let values: [Option<T::Owned>; N] = core::array::from_fn(|index| {
        if refused.is_some() {
            return None;
        }
        match element(T::read(input, source), index) {
            Ok((rest, value)) => {
                input = rest;
                Some(value)
            }
            Err(error) => {
                refused = Some(error);
                None
            }
        }
    });
    match refused {
        Some(error) => Err(error),
        // Only a refusal leaves an element out, a few lines above.
        None => Ok((input, values.map(|value| value.expect("no element was refused")))),
    }
}

/// Reads `N` elements, whose smallest sizes are held to what is left before room is made for them.
#[inline]
fn many<'a, T: Wire, const N: usize>(
    input: &'a [u8],
    source: Source<'_>,
) -> IResult<'a, Vec<T::Owned>> {
    if T::MIN.saturating_mul(N) > input.len() {
        // The elements do not all fit: one by one they tell what is wrong first.
        let mut input = input;
        for index in 0..N {
            (input, _) = element(T::read(input, source), index)?;
        }
    }
    T::read_many(input, N, source)
}

/// `read_many` answers with as many values as it was asked for, or an error; so this is never met.
#[cold]
fn miscounted<'a, T>(rest: &[u8]) -> IResult<'a, T> {
    parse::fail(DecodeErrorKind::Truncated { wanted: 0, found: rest.len() }, rest.len())
}
