//! The bytes that a link has accepted and its wire has not yet taken.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};
use tlv_core::write::FrameBuffer;

/// Shared frames up to this many bytes are copied behind their neighbours: cheaper than a slice of
/// their own in the gathering write.
const COPIED_MAX: usize = 1024;
/// The open end is closed into a chunk of its own at this many bytes, so that what has been written
/// is freed chunk by chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Capacity that an empty queue keeps through a quiet time.
const KEPT_BYTES: usize = 1024;
/// Most slices in one gathering write; they stand on the stack of whoever sends.
pub(super) const SLICES_MAX: usize = 16;

/// Chunks in order, then an open end that frames are encoded into.
#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Bytes>,
    tail: FrameBuffer,
    /// Bytes of `tail` already written; only ever above 0 while `chunks` is empty.
    tail_written: usize,
    chunk_bytes: usize,
}

impl Queue {
    /// Bytes waiting.
    pub(super) fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len() - self.tail_written
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets `encode` append whole frames; on an error it must have left the buffer as it was.
    pub(super) fn append<E>(
        &mut self,
        encode: impl FnOnce(&mut FrameBuffer) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.tail.len() >= CHUNK_BYTES {
            self.close_tail();
        }
        encode(&mut self.tail)
    }

    /// Appends a whole frame that other links send too.
    pub(super) fn append_shared(&mut self, frame: &Bytes) {
        if frame.len() <= COPIED_MAX {
            self.tail.extend_from_slice(frame);
            return;
        }
        self.close_tail();
        self.chunk_bytes += frame.len();
        self.chunks.push_back(frame.clone());
    }

    /// Puts a frame before what waits, for [`Mutant::Overtake`](crate::core::mutant::Mutant).
    pub(super) fn prepend(&mut self, frame: &Bytes) {
        self.close_tail();
        self.chunk_bytes += frame.len();
        self.chunks.push_front(frame.clone());
    }

    /// Fills `slices` with what comes next, in order, at most `budget` bytes; returns how many
    /// slices were filled.
    pub(super) fn gather<'a>(
        &'a self,
        slices: &mut [IoSlice<'a>; SLICES_MAX],
        mut budget: usize,
    ) -> usize {
        let tail = &self.tail[self.tail_written..];
        let waiting = self.chunks.iter().map(|chunk| &chunk[..]).chain([tail]);
        let mut filled = 0;
        for (slot, bytes) in slices.iter_mut().zip(waiting.filter(|bytes| !bytes.is_empty())) {
            if budget == 0 {
                break;
            }
            let bytes = &bytes[..bytes.len().min(budget)];
            budget -= bytes.len();
            *slot = IoSlice::new(bytes);
            filled += 1;
        }
        filled
    }

    /// Forgets the first `written` bytes, at most all.
    pub(super) fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.chunks.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.chunk_bytes -= written;
                return;
            }
            written -= first.len();
            self.chunk_bytes -= first.len();
            self.chunks.pop_front();
        }
        self.tail_written += written;
        if self.tail_written >= self.tail.len() {
            self.tail.clear();
            self.tail_written = 0;
        }
    }

    /// Drops everything that waits.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives back the memory that a busy time left behind.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() && self.tail.capacity() > KEPT_BYTES {
            self.tail = FrameBuffer::new();
        }
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }

    fn close_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let mut chunk = Bytes::from(self.tail.take());
        chunk.advance(std::mem::take(&mut self.tail_written));
        self.chunk_bytes += chunk.len();
        self.chunks.push_back(chunk);
    }
}
