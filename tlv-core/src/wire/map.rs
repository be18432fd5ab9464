//! `Map`: a count, then pairs whose keys strictly ascend; and the borrowed form.

use alloc::collections::BTreeMap;
use core::{fmt, iter::FusedIterator, marker::PhantomData};

use super::{Blob, Counted, Source, Str, Wire, element, text::over_bound};
use crate::{
    EncodeError, Uuid,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult},
    write,
};

/// What the halves of a pair are called in an error's path.
const KEY: &str = "key";
const VALUE: &str = "value";

/// `Map(K, V, MAX)`: at most `MAX` pairs.
#[derive(Clone, Copy, Debug)]
pub struct Map<K, V, const MAX: u32>(PhantomData<fn() -> (K, V)>);

/// A type that may be a key. The order of its values is that of the format: numbers and enums by
/// number, `Str`, `Bytes` and `Uuid` by their bytes.
pub trait Key: Wire<Owned: Ord> {
    /// Whether `first` stands before `second`, and is not equal to it.
    fn ascend(first: &Self::Ref<'_>, second: &Self::Ref<'_>) -> bool;
}

/// Pairs in the received bytes, each of them checked when it is walked, the keys' order included.
pub struct MapRef<'a, K, V> {
    bytes: &'a [u8],
    count: usize,
    pairs: PhantomData<fn() -> (K, V)>,
}

/// Walks a [`MapRef`].
pub struct MapIter<'a, K: Wire, V> {
    map: MapRef<'a, K, V>,
    rest: &'a [u8],
    index: usize,
    previous: Option<K::Ref<'a>>,
}

impl<K: Key, V: Wire, const MAX: u32> Wire for Map<K, V, MAX> {
    type Owned = BTreeMap<K::Owned, V::Owned>;
    type Ref<'a> = MapRef<'a, K, V>;

    const MIN: usize = parse::prefix_len(MAX);

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, MapRef<'_, K, V>> {
        let (start, count) = parse::count::<MAX>(input, K::MIN + V::MIN)?;
        let (rest, ()) = skip_pairs::<K, V>(start, count)?;
        let bytes = start.get(..start.len() - rest.len()).unwrap_or_default();
        Ok((rest, MapRef { bytes, count, pairs: PhantomData }))
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, BTreeMap<K::Owned, V::Owned>> {
        let (rest, count) = parse::count::<MAX>(input, K::MIN + V::MIN)?;
        read_pairs::<K, V>(rest, count, source)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        let (rest, count) = parse::count::<MAX>(input, K::MIN + V::MIN)?;
        skip_pairs::<K, V>(rest, count)
    }

    #[inline]
    fn own(value: MapRef<'_, K, V>) -> Result<BTreeMap<K::Owned, V::Owned>, DecodeError> {
        value.to_map()
    }

    fn size(value: &BTreeMap<K::Owned, V::Owned>) -> Result<usize, EncodeError> {
        if value.len() > MAX as usize {
            return Err(over_bound(MAX, value.len()));
        }
        let mut size = parse::prefix_len(MAX);
        for (index, (key, value)) in value.iter().enumerate() {
            let key = K::size(key).map_err(|error| error.in_field(KEY));
            let value = V::size(value).map_err(|error| error.in_field(VALUE));
            let pair = key.and_then(|key| Ok(key + value?));
            size += pair.map_err(|error| error.in_element(index))?;
        }
        Ok(size)
    }

    fn write<'o>(value: &BTreeMap<K::Owned, V::Owned>, out: &'o mut [u8]) -> &'o mut [u8] {
        let out = write::length::<MAX>(out, value.len());
        value.iter().fold(out, |out, (key, value)| V::write(value, K::write(key, out)))
    }

    fn generate(choices: &mut Choices<'_>) -> BTreeMap<K::Owned, V::Owned> {
        let count = choices.count(MAX, K::MIN + V::MIN);
        Self::generate_count(choices, count)
    }
}

impl<K: Key, V: Wire, const MAX: u32> Counted for Map<K, V, MAX> {
    const MAX: u32 = MAX;
    const ELEMENT_MIN: usize = K::MIN + V::MIN;

    fn generate_count(choices: &mut Choices<'_>, count: usize) -> BTreeMap<K::Owned, V::Owned> {
        let mut pairs = BTreeMap::new();
        let mut salt: u32 = 0;
        while pairs.len() < count {
            let mut key = K::generate(choices);
            if pairs.contains_key(&key) {
                // The choices are used up, or unlucky: count instead. Every type of key has a
                // pattern of bytes for each number here, since text takes letters from it too.
                salt = salt.wrapping_add(1);
                let [a, b, c, d] = (salt / 2).to_le_bytes();
                let letters = [8, 16, b'a' + a % 26, b'a' + a / 26, b'a' + b % 26, b'a' + b / 26];
                let mut bytes = alloc::vec::Vec::from(letters);
                bytes.extend_from_slice(&[a, b, c, d]);
                if salt.is_multiple_of(2) {
                    bytes = alloc::vec![3, a, b, c, d];
                }
                key = choices.decided_by(&bytes, K::generate);
            }
            if salt as usize > 4 * count + 64 {
                // There are not that many keys.
                break;
            }
            pairs.insert(key, V::generate(choices));
        }
        pairs
    }
}

/// A key, of which `left` bytes and all behind it were left, that is not greater than the one before.
#[cold]
#[inline(never)]
fn out_of_order<T>(left: usize) -> Result<T, nom::Err<DecodeError>> {
    parse::field(parse::fail(DecodeErrorKind::MapOrder, left), KEY)
}

#[inline]
fn skip_pairs<K: Wire, V: Wire>(input: &[u8], count: usize) -> IResult<'_, ()> {
    let mut input = input;
    for index in 0..count {
        (input, ()) = element(parse::field(K::skip(input), KEY), index)?;
        (input, ()) = element(parse::field(V::skip(input), VALUE), index)?;
    }
    Ok((input, ()))
}

fn read_pairs<'a, K: Key, V: Wire>(
    input: &'a [u8],
    count: usize,
    source: Source<'_>,
) -> IResult<'a, BTreeMap<K::Owned, V::Owned>> {
    let mut pairs = BTreeMap::new();
    let mut input = input;
    for index in 0..count {
        let (rest, key) = element(parse::field(K::read(input, source), KEY), index)?;
        if pairs.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return element(out_of_order(input.len()), index);
        }
        let (rest, value) = element(parse::field(V::read(rest, source), VALUE), index)?;
        pairs.insert(key, value);
        input = rest;
    }
    Ok((input, pairs))
}

impl<'a, K: Key, V: Wire> MapRef<'a, K, V> {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The pairs' encodings, one after the other, without a count.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Walks the pairs. After a pair that is refused there are no more.
    #[inline]
    pub fn iter(&self) -> MapIter<'a, K, V> {
        MapIter { map: *self, rest: self.bytes, index: 0, previous: None }
    }

    /// Owns the pairs.
    ///
    /// # Errors
    ///
    /// Where a pair is not an encoding of its types, or the keys do not ascend; the error's offset
    /// counts from the first pair.
    pub fn to_map(&self) -> Result<BTreeMap<K::Owned, V::Owned>, DecodeError> {
        match parse::exact(read_pairs::<K, V>(self.bytes, self.count, Source::COPY)) {
            Ok(pairs) => Ok(pairs),
            Err(error) => Err(parse::finish(error, self.bytes.len(), "")),
        }
    }
}

impl<'a, K: Key, V: Wire> Iterator for MapIter<'a, K, V> {
    type Item = Result<(K::Ref<'a>, V::Ref<'a>), DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.map.count {
            return None;
        }
        match self.pair() {
            Ok((rest, (key, value))) => {
                self.rest = rest;
                self.index += 1;
                self.previous = Some(key);
                Some(Ok((key, value)))
            }
            Err(error) => {
                let error = parse::finish(error, self.map.bytes.len(), "").in_element(self.index);
                self.index = self.map.count;
                Some(Err(error))
            }
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        // At least one more, if only to say that it is refused.
        let left = self.map.count - self.index;
        (left.min(1), Some(left))
    }
}

impl<'a, K: Key, V: Wire> MapIter<'a, K, V> {
    #[inline]
    fn pair(&self) -> IResult<'a, (K::Ref<'a>, V::Ref<'a>)> {
        let (rest, key) = parse::field(K::read_ref(self.rest), KEY)?;
        if self.previous.is_some_and(|previous| !K::ascend(&previous, &key)) {
            return out_of_order(self.rest.len());
        }
        let (rest, value) = parse::field(V::read_ref(rest), VALUE)?;
        Ok((rest, (key, value)))
    }
}

impl<K: Key, V: Wire> FusedIterator for MapIter<'_, K, V> {}

impl<K, V> Clone for MapRef<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for MapRef<'_, K, V> {}

impl<K, V> PartialEq for MapRef<'_, K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.bytes == other.bytes
    }
}

impl<K: Key, V: Wire> fmt::Debug for MapRef<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<K: Key, V: Wire> fmt::Debug for MapIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter").field("map", &self.map).field("index", &self.index).finish()
    }
}

impl<'a, K: Key, V: Wire> IntoIterator for MapRef<'a, K, V> {
    type Item = Result<(K::Ref<'a>, V::Ref<'a>), DecodeError>;
    type IntoIter = MapIter<'a, K, V>;

    #[inline]
    fn into_iter(self) -> MapIter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K: Key, V: Wire> IntoIterator for &MapRef<'a, K, V> {
    type Item = Result<(K::Ref<'a>, V::Ref<'a>), DecodeError>;
    type IntoIter = MapIter<'a, K, V>;

    #[inline]
    fn into_iter(self) -> MapIter<'a, K, V> {
        self.iter()
    }
}

macro_rules! keys {
    ($($ty:ty)*) => {$(
        impl Key for $ty {
            #[inline]
            fn ascend(first: &Self, second: &Self) -> bool {
                first < second
            }
        }
    )*};
}

keys! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 Uuid }

impl<const MAX: u32> Key for Str<MAX> {
    #[inline]
    fn ascend(first: &&str, second: &&str) -> bool {
        first < second
    }
}

impl<const MAX: u32> Key for Blob<MAX> {
    #[inline]
    fn ascend(first: &&[u8], second: &&[u8]) -> bool {
        first < second
    }
}
