//! A format: how it encodes, decodes and reads one data set.

pub mod bilrost;
pub mod derived;
pub mod ours;
pub mod prost;

use rkyv::util::AlignedVec;
use tlv_core::write::FrameBuffer;

/// Whether an old reader can read what a newer writer wrote, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evolution {
    /// Fields can be added and are skipped by who does not know them.
    Yes,
    /// Not, or only by hand.
    No,
}

/// A buffer that is used again.
pub trait Buffer: Default + std::ops::Deref<Target = [u8]> + 'static {
    /// Forgets what it holds, and keeps the memory.
    fn clear(&mut self);
}

impl Buffer for Vec<u8> {
    fn clear(&mut self) {
        Vec::clear(self);
    }
}

impl Buffer for FrameBuffer {
    fn clear(&mut self) {
        FrameBuffer::clear(self);
    }
}

/// Room for the decoded frames of a stream: how a list of them grows is no format's doing.
pub const FRAMES: usize = 1_000;

/// What a format does with a data set of type `T`.
pub trait Format<T> {
    /// Name and configuration.
    const NAME: &'static str;
    /// See there.
    const EVOLUTION: Evolution;
    /// Whether `borrow` really borrows; otherwise it decodes to owned and reads that.
    const BORROWS: bool;
    /// Bytes of framing among the encoded, which do not count as size.
    const FRAMING: usize = 0;
    /// The format's own form of the data, made before any clock runs.
    type Own: 'static;
    /// What `decode` returns.
    type Decoded: 'static;
    /// What it encodes into, again and again.
    type Buffer: Buffer;

    /// Converts.
    fn own(value: &T) -> Self::Own;
    /// Appends.
    fn encode(value: &Self::Own, out: &mut Self::Buffer);
    /// To owned.
    fn decode(bytes: &[u8]) -> Self::Decoded;
    /// From the bytes to having read every field, checked.
    fn borrow(bytes: &[u8]) -> u64;
    /// From the bytes to having read one field of every element.
    fn access(bytes: &[u8]) -> u64;
    /// Adds every field of what was decoded.
    fn sum(decoded: &Self::Decoded) -> u64;
}

/// A frame length of four bytes, for the formats that bring no framing: patched in afterwards.
pub fn with_length(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    body(out);
    let len = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

/// The frames that `with_length` wrote.
pub fn by_length(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let (frame, rest) = rest.split_at(u32::from_le_bytes(*len) as usize);
        bytes = rest;
        Some(frame)
    })
}

/// The same bytes at an address that every format accepts (rkyv wants 16).
pub fn aligned(bytes: &[u8]) -> AlignedVec {
    let mut aligned = AlignedVec::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    aligned
}
