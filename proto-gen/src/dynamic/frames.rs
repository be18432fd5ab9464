//! A stream of bytes as frames.

use super::encode::FRAME_HEADER_LEN;

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

/// What a stream ends with, where it does not end with a whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest<'a> {
    /// Where it begins in the stream.
    pub offset: usize,
    /// The bytes that are there.
    pub bytes: &'a [u8],
    /// The length of the value that the header announces, where the header is whole.
    pub announced: Option<u32>,
}

/// Splits a stream into its frames, and what is left.
pub fn frames(stream: &[u8]) -> (Vec<Frame<'_>>, Option<Rest<'_>>) {
    let mut frames = Vec::new();
    let mut offset = 0;
    while offset < stream.len() {
        let bytes = &stream[offset..];
        let rest = |announced| Some(Rest { offset, bytes, announced });
        let Some((&[i0, i1, l0, l1, l2, l3], after)) = bytes.split_first_chunk() else {
            return (frames, rest(None));
        };
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        let Some(value) = after.get(..len as usize) else {
            return (frames, rest(Some(len)));
        };
        frames.push(Frame { offset, id: u16::from_le_bytes([i0, i1]), value });
        offset += FRAME_HEADER_LEN + value.len();
    }
    (frames, None)
}
