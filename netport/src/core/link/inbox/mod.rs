//! The receiving half: frames out of bytes, and how long the peer may take.

use std::ops::Range;
use std::time::{Duration, Instant};

use tlv_core::messages::RefuseReason;
use tlv_core::record;

use super::buffer::ReadBuffer;
use crate::core::end::End;
use crate::core::mutant::{Mutant, mutant};

/// A buffer left large by a busy time is given back after so long without a byte.
const SHRINK_AFTER: Duration = Duration::from_secs(1);

/// Largest value of a message type from a peer of a role, in bytes.
pub type MaxLen = fn(id: u16, role: u32) -> u32;

/// How long a peer may take.
#[derive(Clone, Debug)]
pub struct ReceiveLimits {
    /// Between whole frames; `None` waits for ever.
    pub idle_timeout: Option<Duration>,
    /// From the connection to the end of the peer's `Hello`.
    pub handshake_timeout: Duration,
    /// From a frame's first byte to its last, plus its length over `frame_rate_min`.
    pub frame_timeout: Duration,
    /// Bytes a second, at least 1.
    pub frame_rate_min: u32,
}

/// A whole frame: a place in the receive buffer's batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Message type.
    pub id: u16,
    /// Where its value is in [`ReceivingHalf::batch`].
    pub value: Range<usize>,
}

/// A frame that its header alone condemns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Longer than its type allows.
    TooLarge {
        /// Message type.
        id: u16,
        /// What the header announces, in bytes.
        len: u32,
        /// What the type allows, in bytes.
        max_len: u32,
    },
    /// The first record is neither `Hello` nor `Refuse`.
    NotHello {
        /// Message type.
        id: u16,
    },
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge { id, len, max_len } => {
                let text = format!("message {id:#06x} of {len} bytes, at most {max_len} allowed");
                Self::refuse(RefuseReason::TooLarge, text)
            }
            Fault::NotHello { id } => {
                let text = format!("the first record is {id:#06x}, not `Hello`");
                Self::refuse(RefuseReason::NotHello, text)
            }
        }
    }
}

/// A deadline that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// A frame was started and not finished in time.
    Frame,
    /// No `Hello` in time.
    Handshake,
    /// No whole frame for the idle time.
    Idle,
}

impl From<Expired> for End {
    fn from(expired: Expired) -> Self {
        let text = match expired {
            Expired::Idle => return Self::Idle,
            Expired::Frame => "a record was started and not finished in time",
            Expired::Handshake => "no `Hello` in time",
        };
        Self::refuse(RefuseReason::Timeout, text)
    }
}

/// The receiving half of a link, owned by the connection's thread.
#[derive(Debug)]
pub struct ReceivingHalf {
    buffer: ReadBuffer,
    limits: ReceiveLimits,
    max_len: MaxLen,
    /// The peer's role, 0 before the handshake.
    role: u32,
    /// What may come as the first record; `None` once the handshake is over.
    first: Option<fn(u16) -> bool>,
    connected_at: Instant,
    last_read: Instant,
    last_frame: Instant,
    /// When the frame that is being received began.
    started: Option<Instant>,
}

impl ReceivingHalf {
    /// A half that waits for a first record that `first` allows.
    pub fn new(
        limits: ReceiveLimits,
        max_len: MaxLen,
        first: fn(u16) -> bool,
        now: Instant,
    ) -> Self {
        Self {
            buffer: ReadBuffer::default(),
            limits,
            max_len,
            role: 0,
            first: Some(first),
            connected_at: now,
            last_read: now,
            last_frame: now,
            started: None,
        }
    }

    /// The handshake is over; the peer's role is known.
    pub fn open(&mut self, role: u32) {
        self.role = role;
        self.first = None;
    }

    /// Where the next read appends.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.buffer.room()
    }

    /// A read appended bytes; `filled` if it left no room, so that more may be waiting.
    pub fn received(&mut self, filled: bool, now: Instant) {
        self.last_read = now;
        if mutant(Mutant::RenewOnPartialBytes) {
            self.connected_at = now;
            self.started = None;
        }
        if filled {
            self.buffer.was_filled();
        }
    }

    /// The next whole frame, if one has been received.
    ///
    /// A frame that its header condemns is refused as soon as the header is there.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Fault> {
        let frame = self.whole_frame()?;
        if frame.is_none() {
            if !self.buffer.unread().is_empty() {
                self.started = self.started.or(Some(self.last_read));
            }
            self.buffer.settle();
        }
        Ok(frame)
    }

    #[inline]
    fn whole_frame(&mut self) -> Result<Option<Frame>, Fault> {
        let Ok((rest, header)) = record::header(self.buffer.unread()) else {
            return Ok(None);
        };
        let (id, len) = (header.id, header.len);
        if self.first.is_some_and(|allowed| !allowed(id)) {
            return Err(Fault::NotHello { id });
        }
        let max_len = (self.max_len)(id, self.role);
        if len > max_len {
            return Err(Fault::TooLarge { id, len, max_len });
        }
        if (rest.len() as u64) < u64::from(len) {
            return Ok(None);
        }
        let place = self.buffer.take(record::HEADER_LEN + len as usize);
        self.last_frame = self.last_read;
        self.started = None;
        Ok(Some(Frame { id, value: place.start + record::HEADER_LEN..place.end }))
    }

    /// Bytes of the frame that has begun which have not been received.
    pub fn missing(&self) -> usize {
        let unread = self.buffer.unread();
        record::header(unread).map_or(0, |(_, header)| header.record_len() - unread.len())
    }

    /// What frames are slices of, until [`Self::next_frame`] found no further one.
    pub fn batch(&self) -> &bytes::Bytes {
        self.buffer.batch()
    }

    /// When to look again although nothing arrived. Nothing is judged before a read said
    /// `WouldBlock`: see [`Self::would_block`].
    pub fn next_deadline(&self) -> Option<Instant> {
        let shrink = self.buffer.is_oversized().then(|| self.last_read + SHRINK_AFTER);
        self.earliest().map(|(at, _)| at).into_iter().chain(shrink).min()
    }

    /// A read at `now` found nothing: judges the deadlines.
    pub fn would_block(&mut self, now: Instant) -> Result<(), Expired> {
        if now >= self.last_read + SHRINK_AFTER && self.buffer.is_oversized() {
            self.buffer.shrink();
        }
        match self.earliest() {
            Some((at, expired)) if now >= at => Err(expired),
            _ => Ok(()),
        }
    }

    fn earliest(&self) -> Option<(Instant, Expired)> {
        if self.first.is_some() {
            return Some((self.connected_at + self.limits.handshake_timeout, Expired::Handshake));
        }
        let frame = self.started.map(|at| (at + self.frame_time(), Expired::Frame));
        let idle = self.limits.idle_timeout.map(|after| (self.last_frame + after, Expired::Idle));
        frame.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }

    /// How long the frame that is being received may take in all.
    fn frame_time(&self) -> Duration {
        let len = record::header(self.buffer.unread()).map_or(0, |(_, header)| header.len);
        let rate = self.limits.frame_rate_min.max(1);
        self.limits.frame_timeout + Duration::from_secs_f64(f64::from(len) / f64::from(rate))
    }
}

#[cfg(test)]
mod tests;
