//! The bytes that a link has accepted and its wire has not yet taken.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
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
    chunks: VecDeque<Chunk>,
    tail: FrameBuffer,
    /// Bytes already written of what comes first: the first chunk, or else `tail`.
    written: usize,
    chunk_bytes: usize,
    /// The memory of a chunk that was written, for the next.
    spare: FrameBuffer,
}

#[derive(Debug)]
enum Chunk {
    /// Frames of this link alone.
    Own(FrameBuffer),
    /// A frame that other links send too.
    Shared(Bytes),
}

impl Queue {
    /// Bytes waiting.
    pub(super) fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len() - self.written
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
        self.chunks.push_back(Chunk::Shared(frame.clone()));
    }

    /// Puts a frame before what has not begun, for [`Mutant::Overtake`](crate::core::mutant::Mutant).
    pub(super) fn prepend(&mut self, frame: &Bytes) {
        self.close_tail();
        self.chunk_bytes += frame.len();
        self.chunks.insert(usize::from(self.written > 0), Chunk::Shared(frame.clone()));
    }

    /// Fills `slices` with what comes next, in order, at most `budget` bytes; returns how many
    /// slices were filled.
    pub(super) fn gather<'a>(
        &'a self,
        slices: &mut [IoSlice<'a>; SLICES_MAX],
        mut budget: usize,
    ) -> usize {
        let waiting = self.chunks.iter().map(Chunk::bytes).chain([&self.tail[..]]);
        // Nothing that is empty was begun.
        let mut waiting = waiting.filter(|bytes| !bytes.is_empty());
        let first = waiting.next().map(|bytes| &bytes[self.written..]);
        let mut filled = 0;
        for (slot, bytes) in slices.iter_mut().zip(first.into_iter().chain(waiting)) {
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
    pub(super) fn advance(&mut self, written: usize) {
        self.written += written;
        while let Some(first) = self.chunks.front() {
            let len = first.bytes().len();
            if self.written < len {
                return;
            }
            self.written -= len;
            self.chunk_bytes -= len;
            if let Some(Chunk::Own(mut memory)) = self.chunks.pop_front()
                && memory.capacity() > self.spare.capacity()
            {
                memory.clear();
                self.spare = memory;
            }
        }
        if self.written >= self.tail.len() {
            self.tail.clear();
            self.written = 0;
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
        self.spare = FrameBuffer::new();
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }

    fn close_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let next = std::mem::take(&mut self.spare);
        let chunk = std::mem::replace(&mut self.tail, next);
        self.chunk_bytes += chunk.len();
        self.chunks.push_back(Chunk::Own(chunk));
    }
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(frames) => frames,
            Self::Shared(frame) => frame,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn append(queue: &mut Queue, bytes: &[u8]) {
        let Ok(()) = queue.append(|out| {
            out.extend_from_slice(bytes);
            Ok::<(), Infallible>(())
        });
    }

    /// The next bytes, at most so many, which are then forgotten.
    fn take(queue: &mut Queue, budget: usize) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let filled = queue.gather(&mut slices, budget);
        let taken: Vec<u8> =
            slices[..filled].iter().flat_map(|slice| slice.iter().copied()).collect();
        queue.advance(taken.len());
        taken
    }

    #[test]
    fn what_waits_comes_out_in_order_whatever_the_wire_takes() {
        for budget in [1000, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES] {
            let (mut queue, mut expected, mut taken) = (Queue::default(), Vec::new(), Vec::new());
            for n in 0..20_u8 {
                let frame = vec![n; usize::from(n % 7) * 20_000];
                expected.extend_from_slice(&frame);
                if n % 3 == 0 {
                    queue.append_shared(&Bytes::from(frame));
                } else {
                    append(&mut queue, &frame);
                }
                taken.extend(take(&mut queue, budget));
                assert_eq!(queue.len(), expected.len() - taken.len());
            }
            while !queue.is_empty() {
                taken.extend(take(&mut queue, budget));
            }
            assert!(taken == expected, "{budget} at a time");
        }
    }

    #[test]
    fn the_memory_of_what_was_written_is_used_again_until_a_quiet_time() {
        let mut queue = Queue::default();
        let frame = vec![1; 4 * CHUNK_BYTES];
        append(&mut queue, &frame);
        append(&mut queue, &frame);
        assert_eq!(take(&mut queue, frame.len()).len(), frame.len());
        assert!(queue.spare.capacity() >= frame.len());
        append(&mut queue, &frame);
        assert_eq!(queue.spare.capacity(), 0, "it is the open end now");
        while !queue.is_empty() {
            take(&mut queue, usize::MAX);
        }
        queue.shrink();
        assert!(queue.spare.capacity() + queue.tail.capacity() <= KEPT_BYTES);
    }
}
