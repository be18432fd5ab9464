//! `List`: a count, then the elements; and the borrowed form, which is walked in place.

use alloc::vec::Vec;
use core::{fmt, iter::FusedIterator, marker::PhantomData};

use super::{Counted, Peek, Source, Wire, text::over_bound};
use crate::{
    EncodeError,
    choices::Choices,
    error::DecodeError,
    parse::{self, IResult},
    write,
};

/// `List(T, MAX)`: at most `MAX` elements.
#[derive(Clone, Copy, Debug)]
pub struct List<T, const MAX: u32>(PhantomData<fn() -> T>);

/// Elements in the received bytes, each of them checked when it is walked.
pub struct ListRef<'a, T> {
    bytes: &'a [u8],
    count: usize,
    elements: PhantomData<fn() -> T>,
}

/// Walks a [`ListRef`].
pub struct ListIter<'a, T> {
    list: ListRef<'a, T>,
    rest: &'a [u8],
    index: usize,
}

impl<T: Wire, const MAX: u32> Wire for List<T, MAX> {
    type Owned = Vec<T::Owned>;
    type Ref<'a> = ListRef<'a, T>;

    const MIN: usize = parse::prefix_len(MAX);

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, ListRef<'_, T>> {
        let (rest, count) = parse::count::<MAX>(input, T::MIN)?;
        ListRef::of(rest, count)
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, Vec<T::Owned>> {
        let (rest, count) = parse::count::<MAX>(input, T::MIN)?;
        T::read_many(rest, count, source)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        let (rest, count) = parse::count::<MAX>(input, T::MIN)?;
        T::skip_many(rest, count)
    }

    #[inline]
    fn own(value: ListRef<'_, T>) -> Result<Vec<T::Owned>, DecodeError> {
        value.to_vec()
    }

    #[inline]
    fn size(value: &Vec<T::Owned>) -> Result<usize, EncodeError> {
        if value.len() > MAX as usize {
            return Err(over_bound(MAX, value.len()));
        }
        Ok(parse::prefix_len(MAX) + T::size_many(value)?)
    }

    #[inline]
    fn write<'o>(value: &Vec<T::Owned>, out: &'o mut [u8]) -> &'o mut [u8] {
        T::write_many(value, write::length::<MAX>(out, value.len()))
    }

    fn generate(choices: &mut Choices<'_>) -> Vec<T::Owned> {
        let count = choices.count(MAX, T::MIN);
        Self::generate_count(choices, count)
    }
}

impl<T: Wire, const MAX: u32> Counted for List<T, MAX> {
    const MAX: u32 = MAX;
    const ELEMENT_MIN: usize = T::MIN;

    fn generate_count(choices: &mut Choices<'_>, count: usize) -> Vec<T::Owned> {
        (0..count).map(|_| T::generate(choices)).collect()
    }
}

impl<'a, T: Wire> ListRef<'a, T> {
    /// The `count` elements at the start of `input`.
    #[inline]
    pub(super) fn of(input: &'a [u8], count: usize) -> IResult<'a, Self> {
        let (rest, ()) = T::skip_many(input, count)?;
        let bytes = input.get(..input.len() - rest.len()).unwrap_or_default();
        Ok((rest, Self { bytes, count, elements: PhantomData }))
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements' encodings, one after the other, without a count.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Walks the elements. After an element that is refused there are no more.
    #[inline]
    pub fn iter(&self) -> ListIter<'a, T> {
        ListIter { list: *self, rest: self.bytes, index: 0 }
    }

    /// Walks the elements without reading them: each hands out single fields, and checks no other.
    ///
    /// For programs that look at a few fields of many elements.
    #[inline]
    pub fn peek(&self) -> PeekIter<'a, T>
    where
        T: Peek,
    {
        PeekIter { rest: self.bytes, left: self.count, elements: PhantomData }
    }

    /// Owns the elements.
    ///
    /// # Errors
    ///
    /// Where an element is not an encoding of its type; the error's offset counts from the first
    /// element.
    pub fn to_vec(&self) -> Result<Vec<T::Owned>, DecodeError> {
        match parse::exact(T::read_many(self.bytes, self.count, Source::COPY)) {
            Ok(values) => Ok(values),
            Err(error) => Err(parse::finish(error, self.bytes.len(), "")),
        }
    }
}

impl<T> Clone for ListRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ListRef<'_, T> {}

impl<T> PartialEq for ListRef<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.bytes == other.bytes
    }
}

impl<T: Wire> fmt::Debug for ListRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Wire> IntoIterator for ListRef<'a, T> {
    type Item = Result<T::Ref<'a>, DecodeError>;
    type IntoIter = ListIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Wire> IntoIterator for &ListRef<'a, T> {
    type Item = Result<T::Ref<'a>, DecodeError>;
    type IntoIter = ListIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Wire> Iterator for ListIter<'a, T> {
    type Item = Result<T::Ref<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.list.count {
            return None;
        }
        match T::read_ref(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                self.index += 1;
                Some(Ok(value))
            }
            Err(error) => {
                let error = refused(error, self.list.bytes.len(), self.index);
                self.index = self.list.count;
                Some(Err(error))
            }
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        // At least one more, if only to say that it is refused.
        let left = self.list.count - self.index;
        (left.min(1), Some(left))
    }
}

/// The error of the element `index` in a list of `len` bytes. It is given values and not the walk:
/// what a function that is not inlined can change has to be kept in memory.
#[cold]
#[inline(never)]
fn refused(error: nom::Err<DecodeError>, len: usize, index: usize) -> DecodeError {
    parse::finish(error, len, "").in_element(index)
}

/// Walks a [`ListRef`] without reading its elements.
#[derive(Debug)]
pub struct PeekIter<'a, T> {
    rest: &'a [u8],
    left: usize,
    elements: PhantomData<fn() -> T>,
}

impl<'a, T: Peek> Iterator for PeekIter<'a, T> {
    type Item = T::Peek<'a>;

    #[inline]
    fn next(&mut self) -> Option<T::Peek<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The elements' ends were found when the list was borrowed, so this cannot fail.
        let (rest, element) = T::peek(self.rest).ok()?;
        self.rest = rest;
        Some(element)
    }
}

impl<T: Peek> FusedIterator for PeekIter<'_, T> {}

impl<T: Wire> FusedIterator for ListIter<'_, T> {}

impl<T> Clone for ListIter<'_, T> {
    fn clone(&self) -> Self {
        Self { list: self.list, rest: self.rest, index: self.index }
    }
}

impl<T: Wire> fmt::Debug for ListIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListIter").field("list", &self.list).field("index", &self.index).finish()
    }
}
