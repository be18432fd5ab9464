//! What a connection receives: packets, and the time, one at a time.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Link;
use crate::config::LinkConfig;
use crate::core::link::{Expired, Frame, ReceivingHalf};
use crate::error::End;
use crate::io::socket::{Read, Socket};
use crate::meters::{self, Meters};
use crate::sync::{self, Arc};

/// A received frame, not yet decoded.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    id: u16,
    value: &'a [u8],
    batch: &'a Bytes,
}

impl<'a> Packet<'a> {
    /// Message type.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The value, in the receive buffer.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The value as bytes that may be kept. They share the receive buffer, up to 64 KiB or the
    /// frame's own length of it: what is kept for long is better copied.
    pub fn bytes(&self) -> Bytes {
        self.batch.slice_ref(self.value)
    }
}

/// What happened on a link.
#[derive(Debug)]
pub enum InboxEvent<'a> {
    /// A frame arrived.
    Packet(Packet<'a>),
    /// The time that was asked for has come.
    Wake(Instant),
}

/// The rest of a frame that lacks so many bytes is gathered before it is read, if it comes fast.
const GATHER_BYTES_MIN: usize = 256 * 1024;
/// It comes fast if the last read brought so many.
const FAST_READ_BYTES: usize = 16 * 1024;
/// To gather takes so long: less than the rest of the frame, at 25 Gbit/s.
const GATHER_TIME: Duration = Duration::from_micros(30);
/// A thread sleeps in the read itself where that ends at most this part of the idle time too late.
const LATE_PART: u32 = 64;

/// The receiving side of a link, in the hands of its connection's thread.
pub struct Inbox {
    link: Link,
    socket: Arc<Socket>,
    half: ReceivingHalf,
    meters: Meters,
    /// Handed out since the last read, and not yet counted.
    frames: u64,
    spin: Option<Duration>,
    idle_timeout: Option<Duration>,
    /// The handshake is over: the idle time is the socket's patience.
    is_open: bool,
    /// The last read may have left something.
    more: bool,
    /// The last read brought much.
    is_fast: bool,
    /// The peer sends nothing any more.
    pub(crate) at_end: bool,
}

impl Inbox {
    pub(crate) fn new(
        link: Link,
        socket: Arc<Socket>,
        half: ReceivingHalf,
        meters: &Meters,
        config: &LinkConfig,
    ) -> Self {
        let meters = meters.clone();
        Self {
            link,
            socket,
            half,
            meters,
            frames: 0,
            spin: config.spin,
            idle_timeout: config.idle_timeout,
            is_open: false,
            more: false,
            is_fast: false,
            at_end: false,
        }
    }

    /// The next packet, or `wake` has come. Sleeps until then; before that, writes what this
    /// connection's callbacks have sent.
    ///
    /// # Errors
    ///
    /// The link has ended, is being closed, or a deadline of its configuration has passed. A
    /// [`Connection::run`](crate::Connection::run) returns with that.
    pub fn next(&mut self, wake: Option<Instant>) -> Result<InboxEvent<'_>, End> {
        loop {
            if self.link.is_closed() {
                return Err(self.link.end().unwrap_or(End::Stopped));
            }
            if let Some(frame) = self.next_frame()? {
                self.frames += 1;
                return Ok(InboxEvent::Packet(self.packet(&frame)));
            }
            self.link.0.writer.flush();
            if let Some(now) = wake.and_then(has_come) {
                return Ok(InboxEvent::Wake(now));
            }
            if let Err(end) = self.receive(wake) {
                return Err(self.link.0.befell(end));
            }
        }
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, End> {
        self.half.next_frame().map_err(|fault| self.link.0.befell(fault.into()))
    }

    /// The handshake is over; the peer's role is known.
    pub(crate) fn open(&mut self, role: u32) -> Result<(), End> {
        self.half.open(role);
        self.is_open = true;
        self.socket.be_patient(self.idle_timeout).map_err(|error| End::System(error.kind()))
    }

    fn packet(&self, frame: &Frame) -> Packet<'_> {
        let batch = self.half.batch();
        Packet { id: frame.id, value: &batch[frame.value.clone()], batch }
    }

    /// Waits for bytes or the next deadline, and takes what is there.
    fn receive(&mut self, wake: Option<Instant>) -> Result<(), End> {
        if self.more {
            return self.read(Socket::read).map(drop);
        }
        if self.spin()? || self.gather()? {
            return Ok(());
        }
        let calls = self.link.0.calls.next_deadline();
        let first = self.half.next_deadline().into_iter().chain(wake).chain(calls).min();
        if self.may_sleep_in_read(first) {
            return self.read(Socket::read_patiently).map(drop);
        }
        self.socket.wait_readable(first).map_err(|error| End::System(error.kind()))?;
        if let Some(now) = calls.and_then(has_come) {
            self.link.0.calls.expire(now);
        }
        self.read(Socket::read).map(drop)
    }

    /// Whether a read that sleeps for the idle time ends soon enough after `first`. That saves the
    /// call that would only wait.
    fn may_sleep_in_read(&self, first: Option<Instant>) -> bool {
        self.is_open
            && match (first, self.idle_timeout) {
                (None, None) => true,
                (Some(first), Some(idle)) => {
                    let left = first.saturating_duration_since(sync::now());
                    left >= idle - idle / LATE_PART
                }
                _ => false,
            }
    }

    /// Tries again for the configured time; says whether something came.
    fn spin(&mut self) -> Result<bool, End> {
        let Some(spin) = self.spin else { return Ok(false) };
        let until = sync::now() + spin;
        while !self.read(Socket::read)? {
            if sync::now() >= until {
                return Ok(false);
            }
            std::hint::spin_loop();
        }
        Ok(true)
    }

    /// Lets the rest of a large frame come before it looks again; says whether something came. Woken
    /// for each segment instead, this thread would cost the sender more than the segment does.
    fn gather(&mut self) -> Result<bool, End> {
        if !std::mem::take(&mut self.is_fast) || self.half.missing() < GATHER_BYTES_MIN {
            return Ok(false);
        }
        sync::pause(GATHER_TIME);
        self.read(Socket::read)
    }

    /// Takes what is there; says whether that was anything.
    fn read(&mut self, read: fn(&Socket, &mut Vec<u8>) -> io::Result<Read>) -> Result<bool, End> {
        let room = self.half.room();
        let read = read(&self.socket, room);
        let filled = room.len() == room.capacity();
        match read {
            Ok(Read::Bytes(bytes)) => {
                self.meters.received_frames.increment(std::mem::take(&mut self.frames));
                self.meters.received_bytes.increment(bytes as u64);
                self.more = filled;
                self.is_fast = bytes >= FAST_READ_BYTES;
                self.half.received(filled, sync::now());
                Ok(true)
            }
            Ok(Read::WouldBlock) => {
                self.more = false;
                self.half.would_block(sync::now()).map_err(expired)?;
                Ok(false)
            }
            Ok(Read::Interrupted) => Ok(false),
            Ok(Read::End) => {
                self.at_end = true;
                Err(self.why_closed().unwrap_or(End::Lost))
            }
            Err(error) => {
                self.at_end = true;
                Err(self.why_closed().unwrap_or(End::Reset(error.kind())))
            }
        }
    }

    /// Why this side ended the stream, if it did.
    fn why_closed(&self) -> Option<End> {
        self.link.end().or_else(|| self.link.0.writer.failure())
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.meters.received_frames.increment(self.frames);
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("link", &self.link).finish_non_exhaustive()
    }
}

/// `Some(now)` if the time has come.
fn has_come(at: Instant) -> Option<Instant> {
    let now = sync::now();
    (now >= at).then_some(now)
}

/// The end that follows from a deadline, which is counted.
fn expired(expired: Expired) -> End {
    meters::expired(match expired {
        Expired::Idle => "idle",
        Expired::Frame => "frame",
        Expired::Handshake => "handshake",
    });
    expired.into()
}
