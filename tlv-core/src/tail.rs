//! Tails: optional fields, each a record, ids strictly ascending, to the end of the region.
//!
//! ```text
//!  +------+--------+-------+------+--------+-------+
//!  | id a | length | value | id b | length | value |  ...   0 < a < b
//!  +------+--------+-------+------+--------+-------+
//! ```

use alloc::vec::Vec;

use bytes::Bytes;

use crate::{
    EncodeError,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult},
    record::{self, HEADER_LEN, Record},
    unknown::UnknownRecord,
    wire::Source,
};

/// Reads the records of a tail.
#[derive(Clone, Debug)]
pub struct TailReader<'a> {
    rest: &'a [u8],
    previous: u16,
}

/// A tail in the received bytes, checked when its owner was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TailRef<'a>(&'a [u8]);

/// Unknown records of a tail whose spec says `unknown: Retain`, ids ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Retained(Vec<UnknownRecord>);

impl<'a> TailReader<'a> {
    /// Reads from `tail`, which ends where its region does.
    #[inline]
    pub fn new(tail: &'a [u8]) -> Self {
        Self { rest: tail, previous: 0 }
    }

    /// Reads a tail of which no id is known.
    ///
    /// # Errors
    ///
    /// Where a record is cut off, its id does not ascend, or is even.
    #[inline]
    pub fn skip(tail: &'a [u8]) -> Result<(), nom::Err<DecodeError>> {
        if tail.is_empty() {
            return Ok(());
        }
        let mut reader = Self::new(tail);
        while let Some(record) = reader.next_record()? {
            reader.unknown(record)?;
        }
        Ok(())
    }

    /// The next record, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Where a record is cut off, or its id does not ascend.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<Record<'a>>, nom::Err<DecodeError>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (rest, record) = record::nested(self.rest)?;
        if record.id <= self.previous {
            return Err(out_of_order(record.id, self.previous, self.rest.len()));
        }
        self.previous = record.id;
        self.rest = rest;
        Ok(Some(record))
    }

    /// Reads the value of a record, all of it, with `parser`.
    ///
    /// # Errors
    ///
    /// What `parser` refuses, and what it leaves over.
    #[inline]
    pub fn field<T>(
        &self,
        record: Record<'a>,
        name: &'static str,
        parser: impl FnOnce(&'a [u8]) -> IResult<'a, T>,
    ) -> Result<T, nom::Err<DecodeError>> {
        match parse::exact(parser(record.value)) {
            Ok(value) => Ok(value),
            error => parse::field(parse::before(error, self.rest.len()), name),
        }
    }

    /// Judges a record of unknown id: an odd one may be ignored.
    ///
    /// # Errors
    ///
    /// `UnknownCritical` for an even one.
    #[inline]
    pub fn unknown(&self, record: Record<'a>) -> Result<(), nom::Err<DecodeError>> {
        if record.id.is_multiple_of(2) {
            let left = self.rest.len() + record.value.len() + HEADER_LEN;
            return parse::fail(DecodeErrorKind::UnknownCritical { id: record.id }, left);
        }
        Ok(())
    }
}

#[cold]
#[inline(never)]
fn out_of_order(id: u16, previous: u16, left: usize) -> nom::Err<DecodeError> {
    let kind = match id {
        // Reserved: it is even, and nobody can know it. Behind another it is out of order first.
        0 if previous == 0 => DecodeErrorKind::UnknownCritical { id },
        _ if id == previous => DecodeErrorKind::TailDuplicate { id },
        _ => DecodeErrorKind::TailOrder { id, previous },
    };
    nom::Err::Error(DecodeError::new(kind, left))
}

impl<'a> TailRef<'a> {
    /// The tail that consists of these bytes, which were read to their end.
    #[inline]
    pub fn new(checked: &'a [u8]) -> Self {
        Self(checked)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Every record, known or not.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let mut reader = TailReader::new(self.0);
        // It was checked, so that no error can end the walk early.
        core::iter::from_fn(move || reader.next_record().ok().flatten())
    }
}

impl Retained {
    /// Keeps an unknown record. For generated code, which meets ids in ascending order.
    #[doc(hidden)]
    #[inline]
    pub fn keep(&mut self, record: Record<'_>, source: Source<'_>) {
        self.0.push(UnknownRecord::new(record.id, source.bytes(record.value)));
    }

    /// The unknown records of a tail that was checked.
    #[doc(hidden)]
    pub fn of(tail: TailRef<'_>, known: &[u16]) -> Self {
        let unknown = tail.records().filter(|record| !known.contains(&record.id));
        Self(unknown.map(|r| UnknownRecord::new(r.id, Bytes::copy_from_slice(r.value))).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records, ids ascending.
    pub fn iter(&self) -> core::slice::Iter<'_, UnknownRecord> {
        self.0.iter()
    }

    /// Size of the records in bytes.
    ///
    /// # Errors
    ///
    /// Where one of them has a known id: it came from elsewhere.
    pub fn size(&self, known: &[u16]) -> Result<usize, EncodeError> {
        self.0.iter().try_fold(0, |size, record| Ok(size + record.size(known, u32::MAX)?))
    }

    /// Writes the records whose ids lie between these two, and hands back what is left.
    pub fn write<'o>(&self, above: u16, below: u32, out: &'o mut [u8]) -> &'o mut [u8] {
        let between =
            |record: &&UnknownRecord| record.id() > above && u32::from(record.id()) < below;
        self.0.iter().filter(between).fold(out, |out, record| record.write(out))
    }

    /// A few records of ids that are odd and none of `known`.
    pub fn generate(choices: &mut Choices<'_>, known: &[u16]) -> Self {
        let mut records = Vec::new();
        while records.len() < 4 && choices.count(1, HEADER_LEN) == 1 {
            records.push(UnknownRecord::generate(choices, known, u32::MAX));
        }
        records.sort_by_key(UnknownRecord::id);
        records.dedup_by_key(|record| record.id());
        Self(records)
    }
}

impl<'a> IntoIterator for &'a Retained {
    type Item = &'a UnknownRecord;
    type IntoIter = core::slice::Iter<'a, UnknownRecord>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
