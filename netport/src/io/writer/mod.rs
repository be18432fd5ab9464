//! The writer lock: everything that threads do to a link's sending half, and the waiting for room.
//!
//! The lock is a leaf: no other lock is taken, and no user code called, while it is held; what
//! happens under it is counted when it is let go. Who waits for room waits while the keeper drains,
//! and only then: so it is the keeper who tells.

mod locked;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tlv_core::EncodeError;

use self::locked::Locked;
use super::socket::SocketWire;
use crate::core::link::{Admission, SendLimits, SendingHalf, Turn};
use crate::core::mutant::{Mutant, mutant};
use crate::error::{End, SendError};
use crate::guard::guarded;
use crate::meters::{self, SentMeters};
use crate::sync::{self, AtomicBool, Condvar, Mutex, MutexGuard, Ordering};

/// Called once, when a link has room again or has ended.
pub(crate) type RoomHook = Box<dyn FnOnce() + Send>;

/// How a sender behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The connection's own thread: its frames gather until it has handled what it received.
    Cork,
    /// Writes at once; an error if there is no room.
    Try,
    /// Writes at once; waits for room for so long.
    Wait(Duration),
}

/// A link's sending half with its lock.
#[derive(Debug)]
pub(crate) struct Writer {
    locked: Mutex<Locked>,
    room: Condvar,
    /// Nothing more is admitted, and nothing received is handled; set under the lock, so that who
    /// sees it can learn why.
    closed: AtomicBool,
    meters: SentMeters,
}

impl Writer {
    pub(crate) fn new(
        limits: SendLimits,
        wire: SocketWire,
        meters: SentMeters,
        now: Instant,
    ) -> Self {
        Self {
            locked: Mutex::new(Locked::new(SendingHalf::new(limits, now), wire)),
            room: Condvar::new(),
            closed: AtomicBool::new(false),
            meters,
        }
    }

    /// Admits and writes whole frames, which `append` adds to the half.
    pub(crate) fn send(
        &self,
        manner: Manner,
        append: impl FnOnce(&mut SendingHalf) -> Result<(), EncodeError>,
    ) -> Result<(), SendError> {
        self.send_as(SendingHalf::admission, manner, append)
    }

    /// The same for one of the few messages that a link cannot do without, which `append` adds as
    /// such.
    pub(crate) fn send_few(
        &self,
        manner: Manner,
        append: impl FnOnce(&mut SendingHalf) -> Result<(), EncodeError>,
    ) -> Result<(), SendError> {
        self.send_as(SendingHalf::admission_of_few, manner, append)
    }

    fn send_as(
        &self,
        admission: impl Fn(&SendingHalf) -> Admission,
        manner: Manner,
        append: impl FnOnce(&mut SendingHalf) -> Result<(), EncodeError>,
    ) -> Result<(), SendError> {
        let mut locked = self.admitted(manner, admission)?;
        append(&mut locked.half)?;
        locked.appended(manner);
        self.release(locked);
        Ok(())
    }

    /// Admits whole frames that are encoded already, and writes them: straight from where they are,
    /// if nothing waits. `append` adds what is left of them, from this byte on.
    pub(crate) fn send_encoded(
        &self,
        manner: Manner,
        frames: &[u8],
        append: impl FnOnce(&mut SendingHalf, usize),
    ) -> Result<(), SendError> {
        let mut locked = self.admitted(manner, SendingHalf::admission)?;
        let Locked { half, wire, .. } = &mut *locked;
        let written = match wire {
            Some(wire) if manner != Manner::Cork => half.write_through(wire, frames),
            _ => 0,
        };
        if written < frames.len() {
            append(half, written);
            locked.appended(manner);
        }
        self.release(locked);
        Ok(())
    }

    /// The lock, once frames are admitted.
    fn admitted(
        &self,
        manner: Manner,
        admission: impl Fn(&SendingHalf) -> Admission,
    ) -> Result<MutexGuard<'_, Locked>, SendError> {
        let mut locked = self.locked.lock();
        let mut until = None;
        loop {
            match admission(&locked.half) {
                Admission::Granted if mutant(Mutant::AdmitUnlocked) => {
                    drop(locked);
                    return Ok(self.locked.lock());
                }
                Admission::Granted => return Ok(locked),
                Admission::NotOpen => return Err(SendError::NotOpen),
                Admission::Shut => return Err(SendError::Closed(locked.why())),
                Admission::Full if manner != Manner::Cork && locked.uncork() => {}
                Admission::Full => {
                    let Manner::Wait(timeout) = manner else { return Err(SendError::Full) };
                    let until = *until.get_or_insert_with(|| sync::deadline(timeout));
                    let left = until.saturating_duration_since(sync::now());
                    if left.is_zero() {
                        drop(locked);
                        meters::expired("send");
                        return Err(SendError::Timeout);
                    }
                    if mutant(Mutant::LookThenWait) {
                        drop(locked);
                        locked = self.locked.lock();
                    }
                    locked = sync::wait(&self.room, locked, Some(left));
                }
            }
        }
    }

    /// Writes this side's `Hello`, before anything is admitted.
    pub(crate) fn greet(&self, hello: &[u8]) {
        let mut locked = self.locked.lock();
        // The writer was closed before it began, if there is no `Hello` to be written.
        if locked.end.is_none() {
            let Locked { half, wire, .. } = &mut *locked;
            let written = wire.as_mut().map_or(0, |wire| half.write_through(wire, hello));
            let Ok(()) = half.append(|out| {
                out.extend_from_slice(&hello[written..]);
                Ok::<(), Infallible>(())
            });
            locked.flush();
        }
        self.release(locked);
    }

    /// The handshake is over: frames are admitted.
    pub(crate) fn open(&self) {
        self.locked.lock().half.open();
        if !mutant(Mutant::OpenUntold) {
            self.room.notify_all();
        }
    }

    /// Waits until frames are admitted, or will never be; says whether that was so before
    /// `deadline`.
    pub(crate) fn wait_open(&self, deadline: Instant) -> bool {
        let mut locked = self.locked.lock();
        while locked.half.admission() == Admission::NotOpen {
            let left = deadline.saturating_duration_since(sync::now());
            if left.is_zero() {
                return false;
            }
            locked = sync::wait(&self.room, locked, Some(left));
        }
        true
    }

    /// Writes what is corked.
    pub(crate) fn flush(&self) {
        let mut locked = self.locked.lock();
        locked.flush();
        self.release(locked);
    }

    /// Admits nothing more, for this reason; says farewell. Only the first call counts, and says so.
    pub(crate) fn close(&self, end: &End, now: Instant) -> bool {
        if mutant(Mutant::CloseUnsaid) {
            self.closed.store(true, Ordering::Release);
        }
        let mut locked = self.locked.lock();
        if locked.end.is_some() {
            return false;
        }
        if mutant(Mutant::TwoReasons) {
            drop(locked);
            locked = self.locked.lock();
        }
        // A wire that failed before had the first word.
        locked.end = Some(locked.failure().unwrap_or_else(|| end.clone()));
        self.closed.store(true, Ordering::Release);
        let farewell = end.farewell();
        let Locked { half, wire: Some(wire), .. } = &mut *locked else { return false };
        match end {
            // Nobody is there to read what waits.
            End::Dial(_) | End::Reset(_) | End::Stalled => half.abort(wire),
            _ => half.close(wire, &farewell, now),
        }
        self.release(locked);
        if !mutant(Mutant::CloseUntold) {
            self.room.notify_all();
        }
        true
    }

    /// Lets go of the socket: the link has ended.
    pub(crate) fn end(&self) {
        let mut locked = self.locked.lock();
        locked.wire = None;
        self.tell(locked);
    }

    /// Ends both directions at once; the reader sees the end of the stream.
    pub(crate) fn abort(&self, end: &End) {
        let mut locked = self.locked.lock();
        locked.end.get_or_insert_with(|| end.clone());
        self.closed.store(true, Ordering::Release);
        if let Locked { half, wire: Some(wire), .. } = &mut *locked {
            half.abort(wire);
        }
        self.release(locked);
        self.room.notify_all();
    }

    /// Whether nothing more is admitted; takes no lock.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Why nothing more is admitted, once that is so.
    pub(crate) fn why_closed(&self) -> Option<End> {
        self.locked.lock().end.clone()
    }

    /// Why the wire failed, if it did.
    pub(crate) fn failure(&self) -> Option<End> {
        self.locked.lock().failure()
    }

    /// Bytes that wait.
    pub(crate) fn backlog_bytes(&self) -> usize {
        self.locked.lock().half.backlog_bytes()
    }

    /// Waits until everything accepted is written, or never will be; says whether that was so
    /// before `deadline`.
    pub(crate) fn wait_finished(&self, deadline: Instant) -> bool {
        let mut locked = self.locked.lock();
        while !locked.half.is_finished() {
            let left = deadline.saturating_duration_since(sync::now());
            if left.is_zero() {
                return false;
            }
            locked = sync::wait(&self.room, locked, Some(left));
        }
        true
    }

    /// Calls `hook` once: now, if there is room or the link is closed; else from the keeper's
    /// thread, or from the connection's own at its end.
    ///
    /// Never from within a call that closes the link: who closes may hold locks of its own.
    pub(crate) fn when_room(&self, hook: RoomHook) {
        let mut locked = self.locked.lock();
        locked.uncork();
        if locked.half.has_room() || locked.wire.is_none() {
            self.release(locked);
            hook();
        } else {
            if mutant(Mutant::RememberLate) {
                drop(locked);
                locked = self.locked.lock();
            }
            locked.hooks.push(hook);
            self.release(locked);
        }
    }

    /// The keeper's turn: the socket has room.
    pub(crate) fn drain(&self) {
        let mut locked = self.locked.lock();
        let Locked { half, wire: Some(wire), .. } = &mut *locked else { return };
        half.drain(wire);
        #[cfg(test)]
        if mutant(Mutant::IdleUnlocked) && half.backlog_bytes() == 0 {
            drop(locked);
            locked = self.locked.lock();
            locked.half.rest();
        }
        if locked.half.has_room() && !mutant(Mutant::DrainUntold) {
            self.tell(locked);
        } else {
            self.release(locked);
        }
    }

    /// The keeper's turn: a deadline has passed. Says when the next one is, and whether a heartbeat
    /// left.
    pub(crate) fn on_time(&self, ping: &[u8], now: Instant) -> (Option<Instant>, bool) {
        let mut locked = self.locked.lock();
        let Locked { half, wire: Some(wire), .. } = &mut *locked else { return (None, false) };
        let turn = half.on_time(wire, now);
        if turn == Turn::Ping {
            half.ping(wire, ping);
        }
        let next = half.next_deadline();
        if half.has_room() {
            self.tell(locked);
        } else {
            self.release(locked);
        }
        (next, turn == Turn::Ping)
    }

    /// When [`Self::on_time`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.locked.lock().half.next_deadline()
    }

    /// Tells who waits for room, from a thread that holds no other lock.
    fn tell(&self, mut locked: MutexGuard<'_, Locked>) {
        let hooks = std::mem::take(&mut locked.hooks);
        self.release(locked);
        self.room.notify_all();
        for hook in hooks {
            let called = guarded(|| {
                hook();
                Ok(())
            });
            if let Err(panicked) = called {
                tracing::error!("a call of `when_room` {panicked}");
                self.abort(&panicked);
            }
        }
    }

    /// Lets go of the lock, then counts what happened under it: an exporter that takes its time
    /// holds up nobody else.
    fn release(&self, mut locked: MutexGuard<'_, Locked>) {
        let uncounted = locked.take_uncounted();
        drop(locked);
        self.meters.count(uncounted);
    }
}
