//! What the writer lock guards: the sending half and its wire, and what the connection's own thread
//! gathers there.

use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::{Manner, RoomHook, SocketWire};
use crate::core::link::SendingHalf;
use crate::core::mutant::{Mutant, mutant};
use crate::error::End;
use crate::meters::Sent;
use crate::sync;

/// What a connection's own thread sends is written no later than at this many bytes.
const CORK_BYTES_MAX: usize = 64 * 1024;
/// What a connection's own thread sends is written at its next send after this long.
const CORK_TIME_MAX: Duration = Duration::from_millis(1);

pub(super) struct Locked {
    pub(super) half: SendingHalf,
    /// `None` once the link has ended.
    pub(super) wire: Option<SocketWire>,
    pub(super) hooks: Vec<RoomHook>,
    /// Why nothing more is admitted.
    pub(super) end: Option<End>,
    corked_since: Option<Instant>,
    /// What has been counted so far.
    counted: Sent,
}

impl Locked {
    pub(super) fn new(half: SendingHalf, wire: SocketWire) -> Self {
        Self {
            half,
            wire: Some(wire),
            hooks: Vec::new(),
            end: None,
            corked_since: None,
            counted: Sent::default(),
        }
    }

    /// Why nothing more is admitted.
    pub(super) fn why(&self) -> End {
        self.end.clone().or_else(|| self.failure()).unwrap_or(End::Lost)
    }

    /// Why the wire failed, if it did.
    pub(super) fn failure(&self) -> Option<End> {
        self.half.failure().map(|kind| match kind {
            ErrorKind::TimedOut => End::Stalled,
            kind => End::Reset(kind),
        })
    }

    /// Frames were appended.
    pub(super) fn appended(&mut self, manner: Manner) {
        if manner != Manner::Cork || self.is_uncorked() {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        self.corked_since = None;
        if let Some(wire) = &mut self.wire {
            self.half.flush(wire);
        }
    }

    /// Writes what the connection's own thread gathers, since another needs the room. Says whether
    /// there was any; what the kernel does not take is the keeper's from here on.
    pub(super) fn uncork(&mut self) -> bool {
        let is_corked = self.half.corked_bytes() > 0 && self.wire.is_some();
        if is_corked && !mutant(Mutant::WaitBehindCork) {
            self.flush();
            return true;
        }
        false
    }

    /// Whether what the connection's own thread gathered has waited long enough, or is enough.
    fn is_uncorked(&mut self) -> bool {
        let now = sync::now();
        let since = *self.corked_since.get_or_insert(now);
        self.half.corked_bytes() >= CORK_BYTES_MAX || now.duration_since(since) >= CORK_TIME_MAX
    }

    /// What has changed since the last time, for who counts it.
    pub(super) fn take_uncounted(&mut self) -> Sent {
        // Of a link that has ended nothing waits any more.
        let backlog = if self.wire.is_some() { self.half.backlog_bytes() } else { 0 };
        let now = Sent { bytes: self.half.written_bytes(), backlog_bytes: backlog as i64 };
        let before = std::mem::replace(&mut self.counted, now);
        Sent {
            bytes: now.bytes - before.bytes,
            backlog_bytes: now.backlog_bytes - before.backlog_bytes,
        }
    }
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").field("half", &self.half).field("end", &self.end).finish()
    }
}
