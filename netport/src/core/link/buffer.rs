//! The receive buffer: filled by reads, handed out frame by frame.

use std::ops::Range;

use bytes::{Buf, Bytes};
use tlv_core::record;

/// Room for a read on a link that has been quiet, in bytes: most control messages fit.
const ROOM_MIN: usize = 512;
/// A buffer that reads keep filling doubles up to this, however small the frames are.
const ROOM_BUSY: usize = 64 * 1024;

/// Bytes received and not yet handed out.
///
/// Reads append to `filling`. Once that holds a whole frame, it becomes the `batch`, of which
/// frames are slices; what is left of it when no whole frame remains is taken back. So a batch can
/// be shared without a copy, and a large frame is not shared before it is whole.
#[derive(Debug, Default)]
pub struct ReadBuffer {
    filling: Vec<u8>,
    batch: Bytes,
    /// Bytes of `batch` handed out.
    taken: usize,
}

impl ReadBuffer {
    /// Where the next read appends, with spare capacity. It grows with what was received, never by
    /// what a header announces; but no further than to the end of the frame that does not fit, so
    /// that of a stream of large frames nothing has to be moved.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.settle();
        let (len, capacity) = (self.filling.len(), self.filling.capacity());
        if capacity == 0 {
            self.filling.reserve_exact(ROOM_MIN);
        } else if len == capacity {
            let frame = record::header(&self.filling).map_or(0, |(_, header)| header.record_len());
            let missing = frame.saturating_sub(len);
            self.filling.reserve_exact(if missing > 0 { missing.min(capacity) } else { capacity });
        }
        &mut self.filling
    }

    /// The last read filled all the room there was: more is waiting, so make more room for it.
    pub fn was_filled(&mut self) {
        let capacity = self.filling.capacity();
        if capacity < ROOM_BUSY {
            self.filling.reserve_exact(2 * capacity - self.filling.len());
        }
    }

    /// What has not been handed out.
    pub fn unread(&self) -> &[u8] {
        if self.batch.is_empty() { &self.filling } else { &self.batch[self.taken..] }
    }

    /// Hands out the next `len` bytes, which must have been received, as a place in [`Self::batch`].
    pub fn take(&mut self, len: usize) -> Range<usize> {
        if self.batch.is_empty() {
            self.batch = Bytes::from(std::mem::take(&mut self.filling));
            self.taken = 0;
        }
        let start = self.taken;
        self.taken += len;
        start..self.taken
    }

    /// What places from [`Self::take`] refer to, until [`Self::settle`].
    pub fn batch(&self) -> &Bytes {
        &self.batch
    }

    /// Whether [`Self::shrink`] would free anything worth a wake-up.
    pub fn is_oversized(&self) -> bool {
        let (len, capacity) = (self.filling.len(), self.filling.capacity());
        capacity > ROOM_MIN && capacity / 2 > len
    }

    /// Gives back the memory that a busy time left behind.
    pub fn shrink(&mut self) {
        self.filling.shrink_to(ROOM_MIN);
    }

    /// No whole frame is left: ends the batch, and keeps what has not been handed out.
    pub fn settle(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        let was = batch.len();
        batch.advance(self.taken);
        self.taken = 0;
        if batch.is_unique() {
            // Keeps the allocation; what is left moves to its front.
            self.filling = Vec::from(batch);
        } else {
            self.filling = Vec::with_capacity(was.clamp(ROOM_MIN, ROOM_BUSY).max(batch.len()));
            self.filling.extend_from_slice(&batch);
        }
    }
}
