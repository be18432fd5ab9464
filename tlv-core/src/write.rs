//! Writing, the second of encode's two passes: it cannot fail.
//!
//! The first pass, [`Wire::size`](crate::wire::Wire::size), holds the value to the spec and sizes
//! it; the writer is given exactly that many bytes and hands back what is left of them. Nothing here
//! panics: were the two passes ever to disagree, writing would stop at the end of the slice, and
//! debug builds would say so.

use alloc::vec::Vec;

use bytes::BytesMut;

use crate::{EncodeError, EncodeErrorKind, record::HEADER_LEN};

/// What frames are appended to.
pub trait Output {
    /// Appends `len` bytes, and hands them out to be written.
    fn grow(&mut self, len: usize) -> &mut [u8];
}

impl Output for Vec<u8> {
    #[inline]
    fn grow(&mut self, len: usize) -> &mut [u8] {
        let start = self.len();
        self.resize(start + len, 0);
        self.get_mut(start..).unwrap_or_default()
    }
}

impl Output for BytesMut {
    #[inline]
    fn grow(&mut self, len: usize) -> &mut [u8] {
        let start = self.len();
        self.resize(start + len, 0);
        self.get_mut(start..).unwrap_or_default()
    }
}

/// A buffer for frames that is used again: what it has held once need not be zeroed again, which
/// for large frames is as costly as writing them.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer {
    /// All that was ever grown.
    bytes: Vec<u8>,
    /// How much of it is in use.
    len: usize,
}

impl FrameBuffer {
    /// A buffer that holds nothing.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    /// Forgets the frames, and keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The frames.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Output for FrameBuffer {
    #[inline]
    fn grow(&mut self, len: usize) -> &mut [u8] {
        let start = self.len;
        self.len = start.saturating_add(len);
        if self.len > self.bytes.len() {
            self.bytes.resize(self.len, 0);
        }
        self.bytes.get_mut(start..self.len).unwrap_or_default()
    }
}

/// Writes `bytes`.
#[inline]
pub fn slice<'o>(out: &'o mut [u8], bytes: &[u8]) -> &'o mut [u8] {
    match out.split_at_mut_checked(bytes.len()) {
        Some((to, rest)) => {
            copy(to, bytes);
            rest
        }
        None => short(),
    }
}

/// Copies `from` to `to`, which is as long: short ones without a call, as two parts that overlap.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        0 => {}
        1..4 => {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
        4..8 => ends::<4>(to, from),
        8..16 => ends::<8>(to, from),
        16..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first `N` bytes and the last `N`, which together are all.
#[inline]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}

/// Writes `N` bytes.
#[inline]
pub fn chunk<const N: usize>(out: &mut [u8], bytes: [u8; N]) -> &mut [u8] {
    match out.split_first_chunk_mut() {
        Some((to, rest)) => {
            *to = bytes;
            rest
        }
        None => short(),
    }
}

/// Writes a length or count prefix as wide as `BOUND` makes it.
#[inline]
pub fn length<const BOUND: u32>(out: &mut [u8], length: usize) -> &mut [u8] {
    // `Wire::size` has held it to `BOUND`, so no bits are lost.
    match crate::parse::prefix_len(BOUND) {
        1 => chunk(out, (length as u8).to_le_bytes()),
        2 => chunk(out, (length as u16).to_le_bytes()),
        _ => chunk(out, (length as u32).to_le_bytes()),
    }
}

/// Writes a region that a length of `WIDTH` bytes announces.
///
/// The length is filled in when the region is written, so that nothing is sized twice.
#[inline]
pub fn region<const WIDTH: usize>(
    out: &mut [u8],
    write: impl FnOnce(&mut [u8]) -> &mut [u8],
) -> &mut [u8] {
    let Some((prefix, rest)) = out.split_first_chunk_mut::<WIDTH>() else {
        return short();
    };
    let room = rest.len();
    let rest = write(rest);
    let bytes = ((room - rest.len()) as u64).to_le_bytes();
    // `WIDTH` is 2 or 4, and `Wire::size` has held the length to it.
    prefix.copy_from_slice(bytes.get(..WIDTH).unwrap_or_default());
    rest
}

/// Writes a record, whose length is filled in when its value is written.
#[inline]
pub fn record(out: &mut [u8], id: u16, write: impl FnOnce(&mut [u8]) -> &mut [u8]) -> &mut [u8] {
    region::<4>(chunk(out, id.to_le_bytes()), write)
}

/// Adds to an error the name of the field.
#[inline]
pub fn field<T>(result: Result<T, EncodeError>, name: &'static str) -> Result<T, EncodeError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}

/// Refuses a field that does not hold to a constraint.
#[inline]
pub fn hold(holds: bool, rule: &'static str, name: &'static str) -> Result<(), EncodeError> {
    if holds {
        return Ok(());
    }
    Err(EncodeError::new(EncodeErrorKind::Constraint { rule }).in_field(name))
}

/// Size of a region of `len` bytes and the length of `WIDTH` bytes before it.
#[inline]
pub fn prefixed<const WIDTH: usize>(len: usize) -> Result<usize, EncodeError> {
    let max = if WIDTH == 2 { 0xffff } else { u32::MAX };
    if len > max as usize {
        return Err(EncodeError::new(EncodeErrorKind::TooLong { max, found: len }));
    }
    Ok(WIDTH + len)
}

/// Size of the record of a union's variant, whose value is at most `max` bytes.
#[inline]
pub fn variant(
    len: Result<usize, EncodeError>,
    name: &'static str,
    max: u32,
) -> Result<usize, EncodeError> {
    let len = field(len, name)?;
    if len > max as usize {
        return Err(EncodeError::new(EncodeErrorKind::TooLong { max, found: len }).in_field(name));
    }
    Ok(HEADER_LEN + len)
}

/// Nothing is left to write to, though more must be written: the two passes disagree.
#[cold]
pub fn short<'o>() -> &'o mut [u8] {
    debug_assert!(false, "a value is longer than its size");
    &mut []
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        for len in 0..100u8 {
            let from: Vec<u8> = (1..=len).collect();
            let mut out = alloc::vec![0; usize::from(len) + 1];
            assert_eq!(slice(&mut out, &from), [0]);
            assert_eq!(out.split_last(), Some((&0, &from[..])));
        }
    }

    #[test]
    fn a_buffer_that_is_used_again_holds_what_was_written_last() {
        let mut buffer = FrameBuffer::new();
        buffer.grow(4).fill(7);
        buffer.grow(2).fill(8);
        assert_eq!(buffer.as_slice(), [7, 7, 7, 7, 8, 8]);
        buffer.clear();
        assert_eq!(buffer.as_slice(), []);
        buffer.grow(3).fill(9);
        assert_eq!(buffer.as_slice(), [9, 9, 9]);
        assert_eq!(buffer.grow(10).len(), 10);
    }
}
