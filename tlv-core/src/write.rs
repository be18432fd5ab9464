//! Writing, the second of encode's two passes: it cannot fail.
//!
//! The first pass, [`Wire::size`](crate::wire::Wire::size), holds the value to the spec and sizes
//! it; the writer is given exactly that many bytes and hands back what is left of them. Nothing here
//! panics: were the two passes ever to disagree, writing would stop at the end of the slice, and
//! debug builds would say so.

use alloc::vec::Vec;
use core::{mem, ops::Deref};

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

/// Least capacity of a buffer that holds something: a few short frames, so that it does not grow
/// with every one of them.
const FIRST_BYTES: usize = 64;

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
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends what is encoded already.
    #[inline]
    pub fn extend_from_slice(&mut self, frames: &[u8]) {
        slice(self.grow(frames.len()), frames);
    }

    /// The memory that it keeps, in bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Out of line, since who uses the buffer again does without.
    #[cold]
    #[inline(never)]
    fn lengthen(&mut self, end: usize) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(end.max(FIRST_BYTES));
        }
        self.bytes.resize(end, 0);
    }

    /// Takes the frames out with their memory, and holds nothing.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let mut frames = mem::take(&mut self.bytes);
        frames.truncate(mem::take(&mut self.len));
        frames
    }
}

/// A buffer can be read as the bytes of its frames.
impl Deref for FrameBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Output for FrameBuffer {
    #[inline]
    fn grow(&mut self, len: usize) -> &mut [u8] {
        let (start, end) = (self.len, self.len + len);
        if end > self.bytes.len() {
            self.lengthen(end);
        }
        self.len = end;
        // It is that long since the lines above. Indexed, so that the compiler sees how much is
        // handed out, and writing what is `len` long looks at no length again.
        &mut self.bytes[start..end]
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
    // Halved, and not looked for from either end: names are as likely to be long as short.
    let len = from.len();
    if len >= 16 {
        match len {
            ..=32 => ends::<16>(to, from),
            33..=64 => ends::<32>(to, from),
            _ => to.copy_from_slice(from),
        }
    } else if len >= 8 {
        ends::<8>(to, from);
    } else if len >= 4 {
        ends::<4>(to, from);
    } else if len >= 2 {
        ends::<2>(to, from);
    } else if len == 1 {
        ends::<1>(to, from);
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

/// Writes whether bytes are there, and the bytes.
///
/// Whether they are is often a toss-up, which costs more to guess wrong than to write: so it decides
/// by how much to go on and nothing else. What is written too far is written again by what follows.
#[inline]
pub fn option<const N: usize>(out: &mut [u8], bytes: Option<[u8; N]>) -> &mut [u8] {
    let (there, len) = if bytes.is_some() { (1, N) } else { (0, 0) };
    let rest = chunk(out, [there]);
    if let Some(room) = rest.first_chunk_mut() {
        *room = bytes.unwrap_or([0; N]);
    }
    match rest.get_mut(len..) {
        Some(rest) => rest,
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
    fn an_optional_value_is_written_where_nothing_follows_it_too() {
        let mut out = [9; 4];
        assert_eq!(option(&mut out, Some([1, 2])), [9]);
        assert_eq!(out, [1, 1, 2, 9]);
        assert_eq!(option(&mut out[1..], None::<[u8; 2]>).len(), 2);
        assert_eq!(out[..2], [1, 0]);
        let mut last = [9; 2];
        assert_eq!(option(&mut last, None::<[u8; 2]>), [9]);
        assert_eq!(last, [0, 9]);
        assert_eq!(option(&mut last, Some([7])), []);
        assert_eq!(last, [1, 7]);
    }

    #[test]
    fn a_buffer_that_is_used_again_holds_what_was_written_last() {
        let mut buffer = FrameBuffer::new();
        buffer.grow(4).fill(7);
        buffer.extend_from_slice(&[8, 8]);
        assert_eq!(buffer[..], [7, 7, 7, 7, 8, 8]);
        buffer.clear();
        assert!(buffer.is_empty());
        buffer.grow(3).fill(9);
        assert_eq!(buffer[..], [9, 9, 9]);
        assert_eq!(buffer.grow(10).len(), 10);
    }

    #[test]
    fn short_frames_have_room_behind_the_first_one() {
        let mut buffer = FrameBuffer::new();
        buffer.extend_from_slice(&[1; 6]);
        let first = buffer.capacity();
        buffer.extend_from_slice(&[2; 29]);
        buffer.extend_from_slice(&[3; 29]);
        assert_eq!(buffer.capacity(), first);
        buffer.extend_from_slice(&[4; 1000]);
        assert_eq!(buffer.len(), 1064);
    }

    #[test]
    fn frames_that_are_taken_out_leave_nothing_behind() {
        let mut buffer = FrameBuffer::new();
        buffer.extend_from_slice(&[1, 2, 3, 4]);
        buffer.clear();
        buffer.extend_from_slice(&[5, 6]);
        assert_eq!(buffer.take(), [5, 6]);
        assert!(buffer.is_empty() && buffer.capacity() == 0);
        buffer.extend_from_slice(&[7]);
        assert_eq!(buffer[..], [7]);
    }
}
