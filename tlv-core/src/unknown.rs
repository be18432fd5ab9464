//! What this version of the spec does not know: records of a tail, variants, and whole messages.

use bytes::Bytes;

use crate::{
    EncodeError, EncodeErrorKind,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    record::{HEADER_LEN, Record},
    wire::Source,
    write::{self, Output},
};

/// Largest value of a message of unknown type, in bytes; the default of the known.
pub const UNKNOWN_MAX_LEN: u32 = 65_536;

/// A record that this version of the spec does not know, kept as it came.
///
/// It cannot be made by hand: so one encoding has one Rust value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownRecord {
    id: u16,
    value: Bytes,
}

impl UnknownRecord {
    /// For generated code, which has found that `id` is unknown.
    #[doc(hidden)]
    #[inline]
    pub fn new(id: u16, value: Bytes) -> Self {
        Self { id, value }
    }

    /// Its id.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// Its value.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// The record, borrowed.
    pub fn as_record(&self) -> Record<'_> {
        Record { id: self.id, value: &self.value }
    }

    /// Size of the record in bytes, where its id is none of `known` and odd, and its value is no
    /// longer than `max`.
    ///
    /// # Errors
    ///
    /// Where it is not so: the record came from elsewhere.
    pub fn size(&self, known: &[u16], max: u32) -> Result<usize, EncodeError> {
        if self.id.is_multiple_of(2) || known.contains(&self.id) {
            return Err(EncodeError::new(EncodeErrorKind::NotUnknown { id: self.id }));
        }
        if self.value.len() > max as usize {
            let kind = EncodeErrorKind::TooLong { max, found: self.value.len() };
            return Err(EncodeError::new(kind));
        }
        Ok(HEADER_LEN + self.value.len())
    }

    /// Writes the record, and hands back what is left.
    pub fn write<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8] {
        write::record(out, self.id, |out| write::slice(out, &self.value))
    }

    /// Length of the value, where the record is a message of an id that is none of `known`.
    ///
    /// # Errors
    ///
    /// Where it is not so: the record came from elsewhere.
    pub fn message_len(&self, known: &[u16]) -> Result<usize, EncodeError> {
        if known.contains(&self.id) {
            return Err(EncodeError::new(EncodeErrorKind::NotUnknown { id: self.id }));
        }
        if self.value.len() > UNKNOWN_MAX_LEN as usize {
            let kind = EncodeErrorKind::TooLong { max: UNKNOWN_MAX_LEN, found: self.value.len() };
            return Err(EncodeError::new(kind));
        }
        Ok(self.value.len())
    }

    /// Appends the record as a frame, where it is a message of an id that is none of `known`.
    ///
    /// # Errors
    ///
    /// Where it is not so; `out` is then unchanged.
    pub fn encode_frame<B: Output>(&self, known: &[u16], out: &mut B) -> Result<(), EncodeError> {
        let len = self.message_len(known)?;
        self.write(out.grow(HEADER_LEN + len));
        Ok(())
    }

    /// A record of an id that is odd and none of `known`.
    pub fn generate(choices: &mut Choices<'_>, known: &[u16], max: u32) -> Self {
        let id = unknown_id(u16::from_le_bytes(choices.edged()) | 1, 2, known);
        let len = choices.count(max.min(64), 1);
        Self { id, value: choices.blob(len) }
    }

    /// A message of an id that is none of `known`.
    pub fn generate_message(choices: &mut Choices<'_>, known: &[u16]) -> Self {
        let id = unknown_id(u16::from_le_bytes(choices.edged()), 1, known);
        choices.allow(UNKNOWN_MAX_LEN as usize);
        let len = choices.count(UNKNOWN_MAX_LEN, 1);
        Self { id, value: choices.blob(len) }
    }
}

/// Judges a message of unknown type, odd or even: it has a largest length too.
///
/// # Errors
///
/// `TooLong` beyond [`UNKNOWN_MAX_LEN`].
pub fn message(id: u16, value: &[u8]) -> Result<Record<'_>, DecodeError> {
    if value.len() > UNKNOWN_MAX_LEN as usize {
        let kind = DecodeErrorKind::TooLong { max: UNKNOWN_MAX_LEN, found: value.len() };
        return Err(DecodeError::new(kind, value.len()).in_value("", value.len()));
    }
    Ok(Record { id, value })
}

/// Owns a message of unknown type, odd or even.
///
/// # Errors
///
/// `TooLong` beyond [`UNKNOWN_MAX_LEN`].
pub fn own_message(
    id: u16,
    value: &[u8],
    source: Source<'_>,
) -> Result<UnknownRecord, DecodeError> {
    message(id, value).map(|record| UnknownRecord::new(id, source.bytes(record.value)))
}

/// The first id from `start` on, in steps of `step`, that is none of `known`.
fn unknown_id(start: u16, step: u16, known: &[u16]) -> u16 {
    let mut id = start;
    // As many steps as there are known ids lead past all of them.
    for _ in known {
        if known.contains(&id) {
            id = id.wrapping_add(step);
        }
    }
    id
}
