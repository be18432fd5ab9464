//! The receiving half: frames out of bytes, and how long the peer may take.

use std::ops::Range;
use std::time::{Duration, Instant};

use tlv_core::record;

use super::buffer::ReadBuffer;
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
mod tests {
    use super::*;

    const FIRST: u16 = 2;
    const HANDSHAKE: Duration = Duration::from_secs(10);
    const FRAME: Duration = Duration::from_secs(5);
    const IDLE: Duration = Duration::from_secs(60);
    /// So that a frame's length shows in its deadline.
    const RATE: u32 = 100;

    fn fresh(now: Instant) -> ReceivingHalf {
        let limits = ReceiveLimits {
            idle_timeout: Some(IDLE),
            handshake_timeout: HANDSHAKE,
            frame_timeout: FRAME,
            frame_rate_min: RATE,
        };
        let max_len = |id, role| if id == FIRST { 10 } else { 1000_u32.saturating_mul(role + 1) };
        ReceivingHalf::new(limits, max_len, |id| id == FIRST, now)
    }

    fn open(now: Instant) -> ReceivingHalf {
        let mut half = fresh(now);
        half.open(0);
        half
    }

    fn frame(id: u16, value: &[u8]) -> Vec<u8> {
        record::Header { id, len: value.len() as u32 }
            .to_bytes()
            .into_iter()
            .chain(value.iter().copied())
            .collect()
    }

    fn receive(half: &mut ReceivingHalf, bytes: &[u8], now: Instant) {
        half.room().extend_from_slice(bytes);
        half.received(false, now);
    }

    /// Every whole frame, as type and value.
    fn frames(half: &mut ReceivingHalf) -> Vec<(u16, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Some(frame) = half.next_frame().expect("well formed") {
            frames.push((frame.id, half.batch()[frame.value].to_vec()));
        }
        frames
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_frames() {
        let now = Instant::now();
        let sent: Vec<_> = (0..20).map(|n| (256 + n, vec![n as u8; usize::from(n) * 7])).collect();
        let stream: Vec<u8> = sent.iter().flat_map(|(id, value)| frame(*id, value)).collect();
        for size in 1..stream.len() {
            let mut half = open(now);
            let mut received = Vec::new();
            for chunk in stream.chunks(size) {
                receive(&mut half, chunk, now);
                received.extend(frames(&mut half));
            }
            assert_eq!(received, sent, "in chunks of {size}");
        }
    }

    #[test]
    fn kept_bytes_stay_as_they_were() {
        let now = Instant::now();
        let mut half = open(now);
        let mut kept = Vec::new();
        for n in 0..50_u8 {
            receive(&mut half, &frame(256, &[n; 100]), now);
            let frame = half.next_frame().expect("well formed").expect("whole");
            kept.push(half.batch().slice(frame.value));
            assert_eq!(half.next_frame(), Ok(None));
        }
        for (n, bytes) in kept.iter().enumerate() {
            assert_eq!(&bytes[..], [n as u8; 100]);
        }
    }

    #[test]
    fn only_the_first_type_may_come_first() {
        let now = Instant::now();
        let mut half = fresh(now);
        receive(&mut half, &frame(256, b""), now);
        assert_eq!(half.next_frame(), Err(Fault::NotHello { id: 256 }));
        let mut half = fresh(now);
        receive(&mut half, &frame(FIRST, b"hello"), now);
        assert_eq!(frames(&mut half), [(FIRST, b"hello".to_vec())]);
    }

    #[test]
    fn a_header_alone_condemns_what_is_too_long() {
        let now = Instant::now();
        let header = |len| record::Header { id: 256, len }.to_bytes();
        let mut half = open(now);
        receive(&mut half, &header(1001)[..5], now);
        assert_eq!(half.next_frame(), Ok(None));
        receive(&mut half, &header(1001)[5..], now);
        let fault = Fault::TooLarge { id: 256, len: 1001, max_len: 1000 };
        assert_eq!(half.next_frame(), Err(fault));
        // What is allowed depends on the peer's role.
        let mut half = fresh(now);
        half.open(1);
        receive(&mut half, &header(1001), now);
        assert_eq!(half.next_frame(), Ok(None));
    }

    #[test]
    fn an_announced_length_reserves_nothing() {
        let now = Instant::now();
        let mut half = fresh(now);
        half.open(5_000_000);
        receive(&mut half, &record::Header { id: 256, len: 4_000_000_000 }.to_bytes(), now);
        assert_eq!(half.next_frame(), Ok(None));
        assert!(half.room().capacity() < 10_000, "{}", half.room().capacity());
    }

    #[test]
    fn a_large_frame_ends_where_its_buffer_does() {
        let now = Instant::now();
        let mut half = fresh(now);
        half.open(1_000);
        let sent = frame(256, &vec![0; 500_000]);
        let mut rest = &sent[..];
        while !rest.is_empty() {
            assert_eq!(half.next_frame(), Ok(None));
            let room = half.room();
            let (taken, later) = rest.split_at(rest.len().min(room.capacity() - room.len()));
            room.extend_from_slice(taken);
            half.received(true, now);
            rest = later;
        }
        assert_eq!(frames(&mut half).len(), 1);
        assert_eq!(half.room().capacity(), sent.len());
    }

    #[test]
    fn a_busy_times_memory_is_given_back() {
        let now = Instant::now();
        let mut half = fresh(now);
        half.open(1_000);
        receive(&mut half, &frame(256, &vec![0; 500_000]), now);
        assert_eq!(frames(&mut half).len(), 1);
        assert!(half.room().capacity() >= 500_000);
        assert_eq!(half.next_deadline(), Some(now + SHRINK_AFTER));
        assert_eq!(half.would_block(now + SHRINK_AFTER), Ok(()));
        assert!(half.room().capacity() < 10_000, "{}", half.room().capacity());
        assert_eq!(half.next_deadline(), Some(now + IDLE));
    }

    #[test]
    fn a_large_frame_that_has_begun_wants_no_shrinking() {
        let now = Instant::now();
        let mut half = fresh(now);
        half.open(1_000);
        receive(&mut half, &frame(256, &vec![0; 500_000])[..400_000], now);
        assert_eq!(half.next_frame(), Ok(None));
        let deadline = half.next_deadline().expect("the frame's");
        assert!(deadline > now + SHRINK_AFTER);
    }

    #[test]
    fn a_handshake_has_one_deadline_whatever_arrives() {
        let now = Instant::now();
        let mut half = fresh(now);
        let hello = frame(FIRST, b"hello");
        for (n, byte) in hello[..hello.len() - 1].iter().enumerate() {
            let at = now + Duration::from_secs(n as u64);
            receive(&mut half, &[*byte], at);
            assert_eq!(half.next_frame(), Ok(None));
            assert_eq!(half.next_deadline(), Some(now + HANDSHAKE));
        }
        assert_eq!(half.would_block(now + HANDSHAKE), Err(Expired::Handshake));
    }

    #[test]
    fn a_started_frame_has_one_deadline_whatever_arrives() {
        let now = Instant::now();
        let mut half = open(now);
        let sent = frame(256, &[0; 200]);
        receive(&mut half, &sent[..1], now);
        assert_eq!(half.next_frame(), Ok(None));
        assert_eq!(half.next_deadline(), Some(now + FRAME));
        for (n, byte) in sent[1..100].iter().enumerate() {
            receive(&mut half, &[*byte], now + Duration::from_millis(10 * n as u64));
            assert_eq!(half.next_frame(), Ok(None));
        }
        // 200 bytes at 100 a second.
        let deadline = now + FRAME + Duration::from_secs(2);
        assert_eq!(half.next_deadline(), Some(deadline));
        assert_eq!(half.would_block(deadline), Err(Expired::Frame));
        // The rest ends the wait.
        receive(&mut half, &sent[100..], deadline);
        assert_eq!(frames(&mut half).len(), 1);
        assert_eq!(half.would_block(deadline), Ok(()));
    }

    #[test]
    fn only_whole_frames_renew_the_idle_time() {
        let now = Instant::now();
        let mut half = open(now);
        let at = now + IDLE - Duration::from_secs(1);
        receive(&mut half, &frame(256, b"whole"), at);
        assert_eq!(frames(&mut half).len(), 1);
        assert_eq!(half.would_block(now + IDLE), Ok(()));
        let last = at + IDLE;
        receive(&mut half, &frame(256, b"part")[..7], last - Duration::from_secs(1));
        assert_eq!(half.next_frame(), Ok(None));
        assert_eq!(half.would_block(last), Err(Expired::Idle));
    }

    #[test]
    fn no_idle_time_means_no_deadline() {
        let now = Instant::now();
        let mut half = open(now);
        half.limits.idle_timeout = None;
        assert_eq!(half.next_deadline(), None);
        assert_eq!(half.would_block(now + 1000 * IDLE), Ok(()));
    }
}
