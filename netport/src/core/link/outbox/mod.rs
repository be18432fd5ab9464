//! The sending half: who may send, what waits, when it is written, and when a heartbeat is due.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tlv_core::write::FrameBuffer;

use super::queue::{Queue, SLICES_MAX};
use crate::core::mutant::{Mutant, mutant};

/// Most bytes that the keeper writes to one link before it turns to the next.
const DRAIN_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of netport's own messages that are admitted beyond the mark.
const RESERVE_BYTES: usize = 4 * 1024;
/// A stall is judged this many times within its timeout, or more often.
const STALL_CHECKS: u32 = 3;

/// Where the bytes go. Nothing here waits.
pub trait Wire {
    /// Takes some bytes off the front of `slices`; `WouldBlock` when it has no room.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Has [`SendingHalf::drain`] called, once, when there is room again.
    fn arm(&mut self) -> io::Result<()>;
    /// Tells the peer that nothing follows.
    fn shut_write(&mut self);
    /// Ends both directions, so that a reader of this wire sees the end of the stream.
    fn shut(&mut self);
}

/// What bounds a sending half.
#[derive(Clone, Debug)]
pub struct SendLimits {
    /// A frame is admitted while fewer bytes than this wait.
    pub backlog_bytes_max: usize,
    /// A `Ping` leaves when nothing was sent for so long, or less; `None` sends none.
    pub heartbeat: Option<Duration>,
    /// A wire that takes no byte for so long has failed; `None` waits for ever.
    pub stall_timeout: Option<Duration>,
    /// From the farewell to the end, at most.
    pub linger: Duration,
}

/// Whether a frame may be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The backlog is at its mark.
    Full,
    /// It may, and will then be written or queued whole.
    Granted,
    /// The handshake is not finished.
    NotOpen,
    /// The farewell is queued, or the wire is gone.
    Shut,
}

/// What a turn by the clock came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A whole beat passed in which nothing was sent: append a `Ping` and flush.
    Ping,
    /// Nothing to add.
    Quiet,
    /// The wire took nothing for the stall timeout and is shut.
    Stalled,
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Whoever sends, at once.
    Idle,
    /// Only the keeper, who alone leads back to `Idle`.
    Draining,
    /// Nobody: everything was written and the write side shut, or the wire failed.
    Closed,
}

/// Who is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Only `Hello`.
    Opening,
    /// Every frame, while there is room.
    Open,
    /// Nothing more.
    Shut,
}

/// The sending half of a link, under its writer lock.
#[derive(Debug)]
pub struct SendingHalf {
    flow: Flow,
    door: Door,
    queue: Queue,
    limits: SendLimits,
    /// Bytes that were admitted beyond the mark since a frame was admitted below it.
    reserve_used: usize,
    /// Anything but a `Ping` left since the last beat.
    sent: bool,
    /// The wire took a byte since the last beat.
    progressed: bool,
    stalled_since: Option<Instant>,
    beat_due: Option<Instant>,
    linger_until: Option<Instant>,
    failure: Option<io::ErrorKind>,
    /// Bytes that the wire took, in all.
    written_bytes: u64,
}

impl SendingHalf {
    /// A half that admits nothing until [`Self::open`].
    pub fn new(limits: SendLimits, now: Instant) -> Self {
        let mut half = Self {
            flow: Flow::Idle,
            door: Door::Opening,
            queue: Queue::default(),
            limits,
            reserve_used: 0,
            sent: false,
            progressed: false,
            stalled_since: None,
            beat_due: None,
            linger_until: None,
            failure: None,
            written_bytes: 0,
        };
        half.beat_due = half.beat().map(|beat| now + beat);
        half
    }

    /// The handshake is finished: frames are admitted.
    pub fn open(&mut self) {
        if self.door == Door::Opening {
            self.door = Door::Open;
        }
    }

    /// Whether a frame may be appended now.
    pub fn admission(&self) -> Admission {
        match self.door {
            Door::Opening => Admission::NotOpen,
            Door::Open if self.queue.len() < self.limits.backlog_bytes_max => Admission::Granted,
            Door::Open if mutant(Mutant::IgnoreMark) => Admission::Granted,
            Door::Open => Admission::Full,
            Door::Shut => Admission::Shut,
        }
    }

    /// The same for one of the few messages that a link cannot do without: a reserve beyond the mark
    /// is kept for them.
    pub fn admission_of_few(&self) -> Admission {
        match self.admission() {
            Admission::Full if self.reserve_used < RESERVE_BYTES => Admission::Granted,
            admission => admission,
        }
    }

    /// Whether those who met [`Admission::Full`] should try again: half the backlog is free, or
    /// the answer will be another one.
    pub fn has_room(&self) -> bool {
        self.door != Door::Open || self.queue.len() <= self.limits.backlog_bytes_max / 2
    }

    /// Bytes that wait.
    pub fn backlog_bytes(&self) -> usize {
        self.queue.len()
    }

    /// Bytes that the wire took since the half began.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Bytes that wait for nothing but a [`Self::flush`].
    pub fn corked_bytes(&self) -> usize {
        if self.flow == Flow::Idle { self.queue.len() } else { 0 }
    }

    /// Whether everything accepted was given to the wire and its write side shut, or will never be.
    pub fn is_finished(&self) -> bool {
        self.flow == Flow::Closed
    }

    /// Why the wire was given up, if it was.
    pub fn failure(&self) -> Option<io::ErrorKind> {
        self.failure
    }

    /// Appends whole frames, which [`Self::admission`] granted (`Hello` and `Ping` need no grant).
    /// What `encode` does not finish it must take back.
    pub fn append<E>(
        &mut self,
        encode: impl FnOnce(&mut FrameBuffer) -> Result<(), E>,
    ) -> Result<(), E> {
        self.reserve_used = 0;
        self.queue.append(encode)
    }

    /// Appends whole frames, which [`Self::admission_of_few`] granted.
    pub fn append_few<E>(
        &mut self,
        encode: impl FnOnce(&mut FrameBuffer) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.queue.len();
        self.queue.append(encode)?;
        if before >= self.limits.backlog_bytes_max {
            self.reserve_used += self.queue.len() - before;
        }
        Ok(())
    }

    /// Appends a whole frame, granted before, without copying a large one.
    pub fn append_shared(&mut self, frame: &Bytes) {
        self.reserve_used = 0;
        if mutant(Mutant::Overtake) {
            self.queue.prepend(frame);
        } else {
            self.queue.append_shared(frame);
        }
    }

    /// Gives whole frames to the wire at once, without a copy, if nothing waits: how many bytes it
    /// took. The rest is to be appended before anybody else has a turn.
    pub fn write_through(&mut self, wire: &mut impl Wire, frames: &[u8]) -> usize {
        if self.flow != Flow::Idle || !self.queue.is_empty() {
            return 0;
        }
        match wire.write(&[IoSlice::new(frames)]) {
            Ok(written) => {
                self.took(written);
                // The wire would only say `WouldBlock` to the rest.
                if written < frames.len() {
                    self.wait_for(wire);
                }
                written
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.wait_for(wire);
                0
            }
            Err(error) => {
                self.fail(wire, error.kind());
                // Nothing that was accepted will be sent; nothing is left to be appended.
                frames.len()
            }
        }
    }

    /// Writes at once what the wire takes, if nothing waits for the keeper.
    pub fn flush(&mut self, wire: &mut impl Wire) {
        let is_mine = self.flow == Flow::Idle
            || self.flow == Flow::Draining && mutant(Mutant::WriteWhileDraining);
        if is_mine {
            self.write_out(wire, usize::MAX);
        }
    }

    /// The keeper's turn, after [`Wire::arm`]: a bounded amount.
    pub fn drain(&mut self, wire: &mut impl Wire) {
        if self.flow == Flow::Draining {
            self.write_out(wire, DRAIN_BYTES_MAX);
        }
    }

    /// Admits nothing more; `farewell` (whole frames, may be empty) follows what waits, then the
    /// write side is shut. Only the first call counts.
    pub fn close(&mut self, wire: &mut impl Wire, farewell: &[u8], now: Instant) {
        if self.door == Door::Shut {
            return;
        }
        self.door = Door::Shut;
        self.linger_until = Some(now + self.limits.linger);
        if self.flow == Flow::Closed {
            return;
        }
        if mutant(Mutant::LoseAccepted) {
            self.queue.clear();
        }
        let Ok(()) = self.queue.append(|out| {
            out.extend_from_slice(farewell);
            Ok::<(), Infallible>(())
        });
        self.flush(wire);
    }

    /// Gives up: nothing more is written, and the reader sees the end of the stream.
    pub fn abort(&mut self, wire: &mut impl Wire) {
        self.door = Door::Shut;
        self.flow = Flow::Closed;
        self.queue.clear();
        wire.shut();
    }

    /// Does what the clock asks for; call at [`Self::next_deadline`] or later.
    pub fn on_time(&mut self, wire: &mut impl Wire, now: Instant) -> Turn {
        if self.linger_until.is_some_and(|until| now >= until) {
            self.linger_until = None;
            self.abort(wire);
            return Turn::Quiet;
        }
        match (self.beat_due, self.beat()) {
            (Some(due), Some(beat)) if now >= due => {
                self.beat_due = Some(now + beat);
                self.on_beat(wire, now)
            }
            _ => Turn::Quiet,
        }
    }

    /// When [`Self::on_time`] is due next.
    pub fn next_deadline(&self) -> Option<Instant> {
        let beat = self.beat_due.filter(|_| self.flow != Flow::Closed);
        self.linger_until.into_iter().chain(beat).min()
    }

    fn beat(&self) -> Option<Duration> {
        let check = self.limits.stall_timeout.map(|timeout| timeout / STALL_CHECKS);
        self.limits.heartbeat.into_iter().chain(check).min()
    }

    fn on_beat(&mut self, wire: &mut impl Wire, now: Instant) -> Turn {
        let sent = std::mem::take(&mut self.sent);
        let progressed = std::mem::take(&mut self.progressed);
        match self.flow {
            Flow::Closed => Turn::Quiet,
            // What a busy connection corked has waited long enough.
            Flow::Idle if !self.queue.is_empty() => {
                self.write_out(wire, usize::MAX);
                Turn::Quiet
            }
            Flow::Idle if sent => Turn::Quiet,
            Flow::Idle => {
                self.queue.shrink();
                let pings = self.door == Door::Open
                    && self.limits.heartbeat.is_some()
                    && !mutant(Mutant::SendNoHeartbeat);
                if pings { Turn::Ping } else { Turn::Quiet }
            }
            Flow::Draining if progressed => {
                self.stalled_since = None;
                Turn::Quiet
            }
            Flow::Draining => {
                let since = *self.stalled_since.get_or_insert(now);
                match self.limits.stall_timeout {
                    Some(timeout) if now.duration_since(since) >= timeout => {
                        self.failure = Some(io::ErrorKind::TimedOut);
                        self.abort(wire);
                        Turn::Stalled
                    }
                    _ => Turn::Quiet,
                }
            }
        }
    }

    /// Writes a heartbeat: the answer to [`Turn::Ping`].
    pub fn ping(&mut self, wire: &mut impl Wire, frame: &[u8]) {
        let written = self.write_through(wire, frame);
        let Ok(()) = self.queue.append(|out| {
            out.extend_from_slice(&frame[written..]);
            Ok::<(), Infallible>(())
        });
        // A heartbeat is no reason to leave the next one out.
        self.sent = false;
    }

    /// Writes until nothing waits, the wire has no room, or `budget` bytes went.
    fn write_out(&mut self, wire: &mut impl Wire, mut budget: usize) {
        while !self.queue.is_empty() {
            if budget == 0 {
                return self.wait_for(wire);
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let filled = self.queue.gather(&mut slices, budget);
            let offered: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
            match wire.write(&slices[..filled]) {
                Ok(written) => {
                    self.queue.advance(written);
                    self.took(written);
                    budget -= written.min(budget);
                    // The wire would only say `WouldBlock` to the rest.
                    if written < offered {
                        return self.wait_for(wire);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.wait_for(wire);
                }
                Err(error) => return self.fail(wire, error.kind()),
            }
        }
        self.stalled_since = None;
        if self.door == Door::Shut {
            self.flow = Flow::Closed;
            wire.shut_write();
        } else if self.flow == Flow::Draining && mutant(Mutant::IdleUnlocked) {
            // `rest` follows.
        } else {
            self.flow = Flow::Idle;
        }
    }

    /// The second half of a turn of [`Mutant::IdleUnlocked`].
    #[cfg(test)]
    pub(crate) fn rest(&mut self) {
        if self.flow == Flow::Draining {
            self.flow = Flow::Idle;
        }
    }

    /// The wire took so many bytes.
    fn took(&mut self, written: usize) {
        self.sent = true;
        self.progressed |= written > 0;
        self.written_bytes += written as u64;
    }

    fn wait_for(&mut self, wire: &mut impl Wire) {
        self.flow = Flow::Draining;
        if mutant(Mutant::ForgetToArm) {
            return;
        }
        if let Err(error) = wire.arm() {
            self.fail(wire, error.kind());
        }
    }

    fn fail(&mut self, wire: &mut impl Wire, kind: io::ErrorKind) {
        self.failure = Some(kind);
        self.abort(wire);
    }
}

#[cfg(test)]
mod tests;
