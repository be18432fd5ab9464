//! A stream of bytes as frames, read piece by piece.

use std::io::{self, ErrorKind, Read};

use super::encode::FRAME_HEADER_LEN;
use crate::schema::Schema;

/// Longest value of a message that the schema does not know, in bytes.
pub const UNKNOWN_MAX_LEN: u32 = 65_536;

/// Longest value that is kept whatever the schema says, in bytes: so that one which is too long for
/// its message can be shown all the same, and no header makes anyone hold 4 GiB.
const KEPT_MAX: usize = 16 << 20;

/// Bytes asked for at once.
const CHUNK: usize = 64 << 10;

/// One frame of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where its header begins in the stream.
    pub offset: usize,
    /// Message type.
    pub id: u16,
    /// The value, without the header.
    pub value: &'a [u8],
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Message type.
    pub id: u16,
    /// Bytes of the value.
    pub len: u32,
}

impl Frame<'_> {
    /// The frame's header.
    pub fn header(&self) -> Header {
        // What is longer than a length can say is too long for every message.
        Header { id: self.id, len: u32::try_from(self.value.len()).unwrap_or(u32::MAX) }
    }
}

impl Header {
    /// The header's bytes.
    pub fn bytes(self) -> Vec<u8> {
        [&self.id.to_le_bytes()[..], &self.len.to_le_bytes()].concat()
    }
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole frame.
    Frame(Frame<'a>),
    /// A header that announces more than any message may have; what it announces is passed over.
    Endless {
        /// Where the header begins in the stream.
        offset: usize,
        /// What it says.
        header: Header,
    },
    /// What the stream ends with, where that is no whole frame.
    Rest {
        /// Where it begins in the stream.
        offset: usize,
        /// The bytes that are there.
        bytes: &'a [u8],
        /// The header, where all of it is there.
        header: Option<Header>,
    },
}

/// Splits a stream into its frames. Holds one frame and what was read with it, no more.
#[derive(Debug)]
pub struct Frames<R> {
    input: R,
    /// What was read; up to `start` it was handed out.
    buffer: Vec<u8>,
    start: usize,
    /// Where `start` is in the stream.
    offset: usize,
    /// Bytes still to be passed over.
    passing: usize,
    kept_max: usize,
}

impl<R: Read> Frames<R> {
    /// The frames of `input`; values are kept that are as long as any message of `schema`, or 16 MiB.
    pub fn new(schema: &Schema, input: R) -> Self {
        let longest = schema.messages().map(|message| message.max_len as usize).max();
        let kept_max = longest.unwrap_or(0).max(KEPT_MAX);
        Self { input, buffer: Vec::new(), start: 0, offset: 0, passing: 0, kept_max }
    }

    /// Whether the next piece is not there yet: to get it may take as long as the sender likes.
    pub fn must_wait(&self) -> bool {
        let here = &self.buffer[self.start..];
        let whole = header(here).map(|header| FRAME_HEADER_LEN + header.len as usize);
        self.passing > 0 || whole.is_none_or(|whole| whole > here.len())
    }

    /// The next piece; `None` at the end. Blocks while `input` does.
    ///
    /// # Errors
    ///
    /// Those of `input`.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.pass_over()?;
        if !self.fill(FRAME_HEADER_LEN)? {
            return Ok(self.rest());
        }
        let Some(header) = header(&self.buffer[self.start..]) else { return Ok(self.rest()) };
        let offset = self.offset;
        let len = header.len as usize;
        if len > self.kept_max {
            self.advance(FRAME_HEADER_LEN);
            self.passing = len;
            return Ok(Some(Piece::Endless { offset, header }));
        }
        if !self.fill(FRAME_HEADER_LEN + len)? {
            return Ok(self.rest());
        }
        let value = self.start + FRAME_HEADER_LEN;
        self.advance(FRAME_HEADER_LEN + len);
        let value = &self.buffer[value..value + len];
        Ok(Some(Piece::Frame(Frame { offset, id: header.id, value })))
    }

    /// Whatever is left, once there is no more to come.
    fn rest(&mut self) -> Option<Piece<'_>> {
        let (start, offset) = (self.start, self.offset);
        self.advance(self.buffer.len() - start);
        let bytes = &self.buffer[start..];
        (!bytes.is_empty()).then(|| Piece::Rest { offset, bytes, header: header(bytes) })
    }

    fn pass_over(&mut self) -> io::Result<()> {
        while self.passing > 0 && self.fill(1)? {
            let here = self.passing.min(self.buffer.len() - self.start);
            self.advance(here);
            self.passing -= here;
        }
        Ok(())
    }

    fn advance(&mut self, len: usize) {
        self.start += len;
        self.offset += len;
    }

    /// Reads until `wanted` bytes are there; whether they are, or the input has ended.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        while self.buffer.len() - self.start < wanted {
            self.buffer.drain(..self.start);
            self.start = 0;
            let len = self.buffer.len();
            self.buffer.resize(len + CHUNK, 0);
            let read = self.input.read(&mut self.buffer[len..]);
            self.buffer.truncate(len + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(false),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(true)
    }
}

fn header(bytes: &[u8]) -> Option<Header> {
    let &[i0, i1, l0, l1, l2, l3] = bytes.first_chunk()?;
    let (id, len) = (u16::from_le_bytes([i0, i1]), u32::from_le_bytes([l0, l1, l2, l3]));
    Some(Header { id, len })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::fixture::everything;
    use crate::dynamic::frame;

    /// What there is in a stream that comes in parts of at most `part` bytes.
    fn pieces(bytes: &[u8], part: usize) -> Vec<String> {
        let mut frames = Frames::new(&everything(), Parts { bytes, part });
        let mut out = Vec::new();
        while let Some(piece) = frames.next_piece().expect("memory does not fail") {
            out.push(match piece {
                Piece::Frame(frame) => format!("{} {} {:?}", frame.offset, frame.id, frame.value),
                Piece::Endless { offset, header } => format!("{offset} {header:?}"),
                Piece::Rest { offset, bytes, header } => format!("{offset} {bytes:?} {header:?}"),
            });
        }
        out
    }

    struct Parts<'a> {
        bytes: &'a [u8],
        part: usize,
    }

    impl Read for Parts<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = buffer.len().min(self.part);
            self.bytes.read(&mut buffer[..len])
        }
    }

    #[test]
    fn a_stream_splits_into_frames_and_a_rest_whatever_parts_it_comes_in() {
        let bytes = [frame(1, b"ab"), frame(2, b""), vec![3, 0, 1, 0, 0, 0]].concat();
        for part in 1..=bytes.len() {
            assert_eq!(
                pieces(&bytes, part),
                ["0 1 [97, 98]", "8 2 []", "14 [3, 0, 1, 0, 0, 0] Some(Header { id: 3, len: 1 })"]
            );
            assert_eq!(pieces(&bytes[..11], part)[1..], ["8 [2, 0, 0] None"]);
        }
        assert!(pieces(b"", 1).is_empty());
    }

    #[test]
    fn what_no_message_can_hold_is_passed_over_and_not_kept() {
        let len = KEPT_MAX + 1;
        let bytes = [frame(1, &vec![0; len]), frame(2, b"")].concat();
        let mut frames = Frames::new(&everything(), &bytes[..]);
        let header = Header { id: 1, len: len as u32 };
        assert_eq!(frames.next_piece().unwrap(), Some(Piece::Endless { offset: 0, header }));
        let next = Frame { offset: FRAME_HEADER_LEN + len, id: 2, value: b"" };
        assert_eq!(frames.next_piece().unwrap(), Some(Piece::Frame(next)));
        assert!(frames.buffer.capacity() <= 4 * CHUNK, "{}", frames.buffer.capacity());
        // Nor is anything set aside for a header that announces it.
        let announced = [1, 0, 0, 0, 0, 1];
        let mut frames = Frames::new(&everything(), &announced[..]);
        assert!(matches!(frames.next_piece().unwrap(), Some(Piece::Rest { .. })));
        assert!(frames.buffer.capacity() <= 4 * CHUNK, "{}", frames.buffer.capacity());
    }

    #[test]
    fn it_is_known_whether_the_next_piece_is_to_be_waited_for() {
        let bytes = [frame(1, b"ab"), frame(2, b""), vec![3, 0]].concat();
        let mut frames = Frames::new(&everything(), &bytes[..]);
        let mut waits = vec![frames.must_wait()];
        while frames.next_piece().unwrap().is_some() {
            waits.push(frames.must_wait());
        }
        // Before anything is read, between two that came together, and before the rest and the end.
        assert_eq!(waits, [true, false, true, true]);
    }
}
