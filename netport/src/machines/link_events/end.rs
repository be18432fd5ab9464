//! One end of a link, and a model of what it must do.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use tlv_core::Message;
use tlv_core::messages::{App, Goodbye, GoodbyeReason, Hello, Ping, Role};
use tlv_core::record::HEADER_LEN;

use crate::core::link::handshake::{max_len, may_be_first, role_number};
use crate::core::link::{
    Admission, Expired, ReceiveLimits, ReceivingHalf, SendLimits, SendingHalf, Turn, Wire,
};

const HANDSHAKE: Duration = Duration::from_secs(3);
const FRAME: Duration = Duration::from_secs(2);
const RATE: u32 = 1_000;
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that wait beyond the mark and one frame: `Hello`, a heartbeat, a farewell.
const CONTROL_BYTES: usize = 200;
/// A message type that nobody knows.
const ID: u16 = 0x0201;

/// A direction of the connection.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// Bytes that it holds.
    pub(super) capacity: usize,
    pub(super) flying: VecDeque<u8>,
    /// The writer is to be told of room.
    pub(super) armed: bool,
    /// Nothing follows.
    pub(super) fin: bool,
    /// Bytes ever taken.
    taken: usize,
}

impl Wire for Pipe {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(!self.fin, "a write after the end");
        let room = self.capacity.saturating_sub(self.flying.len());
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let before = self.flying.len();
        for slice in slices {
            let room = room - (self.flying.len() - before);
            self.flying.extend(&slice[..slice.len().min(room)]);
        }
        self.taken += self.flying.len() - before;
        Ok(self.flying.len() - before)
    }

    fn arm(&mut self) -> io::Result<()> {
        self.armed = true;
        Ok(())
    }

    fn shut_write(&mut self) {
        self.fin = true;
    }

    fn shut(&mut self) {
        self.fin = true;
    }
}

/// A frame as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    id: u16,
    len: usize,
    fill: u8,
}

/// One end, and what the model knows of it.
pub(super) struct End {
    pub(super) out: SendingHalf,
    pub(super) pipe: Pipe,
    inn: ReceivingHalf,
    /// Frames accepted and not yet received by the other end.
    expected: VecDeque<Sent>,
    count: u8,
    largest: usize,
    mark: usize,
    opened_at: Option<Instant>,
    closed_at: Option<Instant>,
    pub(super) is_aborted: bool,
    /// Somebody else has written into what this end receives.
    pub(super) is_deceived: bool,
    /// Nothing more is read.
    pub(super) is_over: bool,
    idle: Option<Duration>,
    /// When the pipe took something last, or what waits began to.
    moved_at: Instant,
    receipt: Receipt,
}

/// The model of the receiving deadlines.
struct Receipt {
    connected_at: Instant,
    read_at: Instant,
    frame_at: Instant,
    started_at: Option<Instant>,
    /// Bytes received of the next frame.
    partial: usize,
}

pub(super) struct Settings {
    pub(super) mark: usize,
    pub(super) heartbeat: Option<Duration>,
    pub(super) stall: Option<Duration>,
    pub(super) idle: Option<Duration>,
}

impl End {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        let send = SendLimits {
            backlog_bytes_max: settings.mark,
            heartbeat: settings.heartbeat,
            stall_timeout: settings.stall,
            linger: LINGER,
        };
        let receive = ReceiveLimits {
            idle_timeout: settings.idle,
            handshake_timeout: HANDSHAKE,
            frame_timeout: FRAME,
            frame_rate_min: RATE,
        };
        let mut end = Self {
            out: SendingHalf::new(send, now),
            pipe: Pipe { capacity: 64, ..Pipe::default() },
            inn: ReceivingHalf::new(receive, max_len::<App>, may_be_first, now),
            expected: VecDeque::new(),
            count: 0,
            largest: 0,
            mark: settings.mark,
            opened_at: None,
            closed_at: None,
            is_aborted: false,
            is_deceived: false,
            is_over: false,
            idle: settings.idle,
            moved_at: now,
            receipt: Receipt {
                connected_at: now,
                read_at: now,
                frame_at: now,
                started_at: None,
                partial: 0,
            },
        };
        end.append(Sent { id: Hello::ID, len: 60, fill: 0 });
        end.flush(now);
        end
    }

    /// Appends a frame, granted or without need of it.
    fn append(&mut self, sent: Sent) {
        let Ok(()) = self.out.append(|out| {
            out.extend_from_slice(&frame(sent));
            Ok::<(), Infallible>(())
        });
        self.expected.push_back(sent);
    }

    pub(super) fn flush(&mut self, now: Instant) {
        self.writing(now, |out, pipe| out.flush(pipe));
    }

    pub(super) fn drain(&mut self, now: Instant) {
        if std::mem::take(&mut self.pipe.armed) {
            if self.pipe.capacity > self.pipe.flying.len() || self.pipe.fin {
                self.writing(now, |out, pipe| out.drain(pipe));
            } else {
                self.pipe.armed = true;
            }
        }
    }

    fn writing<T>(
        &mut self,
        now: Instant,
        write: impl FnOnce(&mut SendingHalf, &mut Pipe) -> T,
    ) -> T {
        let (taken, armed) = (self.pipe.taken, self.pipe.armed);
        let done = write(&mut self.out, &mut self.pipe);
        if self.pipe.taken > taken || self.pipe.armed && !armed {
            self.moved_at = now;
        }
        done
    }

    pub(super) fn send(&mut self, len: usize, shared: bool) {
        let expected = match (self.opened_at.is_some(), self.closed_at.is_some() || self.is_aborted)
        {
            (_, true) => Admission::Shut,
            (false, false) => Admission::NotOpen,
            (true, false) if self.out.backlog_bytes() < self.mark => Admission::Granted,
            (true, false) => Admission::Full,
        };
        assert_eq!(self.out.admission(), expected);
        if expected != Admission::Granted {
            return;
        }
        self.count = self.count.wrapping_add(1);
        let sent = Sent { id: ID, len, fill: self.count };
        self.largest = self.largest.max(len + HEADER_LEN);
        if shared {
            self.out.append_shared(&frame(sent));
            self.expected.push_back(sent);
        } else {
            self.append(sent);
        }
    }

    pub(super) fn close(&mut self, now: Instant) {
        let goodbye = Goodbye::new(GoodbyeReason::Done).to_frame().expect("a goodbye");
        let is_first = self.closed_at.is_none() && !self.is_aborted;
        if is_first {
            self.closed_at = Some(now);
            let len = goodbye.len() - HEADER_LEN;
            self.expected.push_back(Sent { id: Goodbye::ID, len, fill: 0 });
        }
        self.writing(now, |out, pipe| out.close(pipe, &goodbye, now));
    }

    pub(super) fn abort(&mut self) {
        self.is_aborted = true;
        self.out.abort(&mut self.pipe);
    }

    /// What holds after every step.
    pub(super) fn audit(&self) {
        let waits = self.out.backlog_bytes();
        assert!(waits < self.mark + self.largest + CONTROL_BYTES, "{waits} bytes wait");
        // Who is to write what waits: the next sender, or the keeper.
        let is_left = waits > 0 && self.out.corked_bytes() == 0 && !self.pipe.armed;
        assert!(!is_left, "nobody is to write what waits");
        assert_eq!(self.out.is_finished(), self.pipe.fin);
        if self.out.is_finished() {
            assert_eq!(waits, 0);
        }
    }

    /// Reads up to so many bytes of what the other end sent.
    pub(super) fn read(&mut self, other: &mut Self, most: usize, now: Instant) {
        if self.is_over || self.is_aborted {
            return;
        }
        let room = self.inn.room();
        let spare = room.capacity() - room.len();
        assert!(spare > 0, "nowhere to read to");
        let taken = most.min(spare).min(other.pipe.flying.len());
        if taken == 0 {
            if other.pipe.fin {
                self.is_over = true;
                let is_whole = other.is_aborted || self.is_deceived || other.expected.is_empty();
                assert!(is_whole, "lost: {:?}", other.expected);
            } else {
                self.would_block(other, now);
            }
            return;
        }
        room.extend(other.pipe.flying.drain(..taken));
        let is_filled = taken == spare;
        self.inn.received(is_filled, now);
        self.receipt.read_at = now;
        self.receipt.partial += taken;
        self.take_frames(other);
    }

    /// Takes the frames that are whole, and compares them with what the other end sent.
    fn take_frames(&mut self, other: &mut End) {
        loop {
            let frame = match self.inn.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => {
                    assert!(self.is_deceived, "{fault:?}");
                    self.is_over = true;
                    return;
                }
            };
            let value = &self.inn.batch()[frame.value.clone()];
            self.receipt.partial -= (HEADER_LEN + value.len()).min(self.receipt.partial);
            self.receipt.frame_at = self.receipt.read_at;
            self.receipt.started_at = None;
            if !self.is_deceived {
                let sent = other.expected.pop_front().expect("a frame that nobody sent");
                assert_eq!((frame.id, value.len()), (sent.id, sent.len));
                let is_same = sent.id == Goodbye::ID || value.iter().all(|byte| *byte == sent.fill);
                assert!(is_same, "{value:?} of {sent:?}");
            }
            if self.opened_at.is_none() {
                self.opened_at = Some(self.receipt.read_at);
                self.inn.open(role_number(Role::Client));
                self.out.open();
            }
        }
        if self.receipt.partial > 0 {
            self.receipt.started_at.get_or_insert(self.receipt.read_at);
        }
    }

    /// Nothing is there to be read: the deadlines are judged, and the model's verdict is the same.
    fn would_block(&mut self, other: &End, now: Instant) {
        let verdict = self.inn.would_block(now);
        if self.is_deceived {
            self.is_over |= verdict.is_err();
            return;
        }
        let receipt = &self.receipt;
        let expected = if self.opened_at.is_none() {
            Some((receipt.connected_at + HANDSHAKE, Expired::Handshake))
        } else {
            let frame = receipt
                .started_at
                .map(|at| (at + frame_time(receipt.partial, other), Expired::Frame));
            let idle = self.idle.map(|idle| (receipt.frame_at + idle, Expired::Idle));
            frame.into_iter().chain(idle).min_by_key(|(at, _)| *at)
        };
        let expected = expected.filter(|(at, _)| now >= *at).map(|(_, expired)| expired);
        assert_eq!(verdict.err(), expected);
        self.is_over |= verdict.is_err();
    }

    /// Whether it is open, and no farewell is said.
    fn is_talking(&self) -> bool {
        self.opened_at.is_some() && self.closed_at.is_none() && !self.is_aborted
    }

    /// What the clock asks for.
    pub(super) fn on_time(&mut self, settings: &Settings, now: Instant) {
        let before = self.out.is_finished();
        let was_moving = self.pipe.armed;
        match self.writing(now, |out, pipe| out.on_time(pipe, now)) {
            Turn::Ping => {
                assert!(settings.heartbeat.is_some() && self.is_talking());
                let ping = Ping::new().to_frame().expect("a heartbeat");
                let len = ping.len() - HEADER_LEN;
                self.expected.push_back(Sent { id: Ping::ID, len, fill: 0 });
                self.writing(now, |out, pipe| out.ping(pipe, &ping));
            }
            Turn::Stalled => {
                let timeout = settings.stall.expect("a stall is judged where there is a timeout");
                assert!(was_moving && now - self.moved_at >= timeout, "no stall");
                self.is_aborted = true;
            }
            Turn::Quiet => {
                if !before && self.out.is_finished() {
                    let closed_at = self.closed_at.expect("only who lingers is cut off");
                    assert!(now - closed_at >= LINGER);
                    self.is_aborted = true;
                }
            }
        }
    }

    /// Asked whenever it wanted to be, an end has sent a heartbeat, seen a stall, and ended.
    pub(super) fn check_liveness(&self, settings: &Settings, late: Instant, now: Instant) {
        if let Some(closed_at) = self.closed_at {
            assert!(self.out.is_finished() || now - closed_at < LINGER, "it lingers");
        }
        let beats = [settings.heartbeat, settings.stall.map(|stall| stall / 3)];
        let Some(beat) = beats.into_iter().flatten().min() else { return };
        if let Some(stall) = settings.stall
            && self.pipe.armed
            && !self.out.is_finished()
        {
            let since = self.moved_at.max(late);
            assert!(now - since <= stall + 4 * beat, "nobody sees the stall");
        }
        if settings.heartbeat.is_some()
            && self.is_talking()
            && !self.pipe.armed
            && let Some(opened_at) = self.opened_at
        {
            let since = self.moved_at.max(late).max(opened_at);
            assert!(now - since <= 2 * beat, "no heartbeat");
        }
    }
}

fn frame(sent: Sent) -> Bytes {
    let mut bytes = BytesMut::with_capacity(HEADER_LEN + sent.len);
    bytes.put_u16_le(sent.id);
    bytes.put_u32_le(sent.len as u32);
    if sent.id == Goodbye::ID {
        let goodbye = Goodbye::new(GoodbyeReason::Done).to_frame().expect("a goodbye");
        bytes.put_slice(&goodbye[HEADER_LEN..]);
    } else {
        bytes.put_bytes(sent.fill, sent.len);
    }
    bytes.freeze()
}

/// How long the frame may take that was begun: its length counts once its header is there.
fn frame_time(partial: usize, sender: &End) -> Duration {
    let sent = sender.expected.front().filter(|_| partial >= HEADER_LEN);
    let len = sent.map_or(0, |sent| sent.len as u32);
    FRAME + Duration::from_secs_f64(f64::from(len) / f64::from(RATE))
}
