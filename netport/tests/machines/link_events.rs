//! Two links' ends that talk through pipes which split, stall and fill as the script says.
//!
//! What one end admitted arrives at the other whole, in order and once, up to where an end gave up;
//! all of it where both closed in order. What waits is bounded, and somebody is to write it. Each
//! deadline passes when a model of it says so, not before and not after.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use netport::core::link::handshake::{max_len, may_be_first, role_number};
use netport::core::link::{
    Admission, Expired, ReceiveLimits, ReceivingHalf, SendLimits, SendingHalf, Turn, Wire,
};
use tlv_core::messages::{App, Goodbye, GoodbyeReason, Hello, Ping, Role};
use tlv_core::record::HEADER_LEN;
use tlv_core::{Message, UNKNOWN_MAX_LEN};

use super::script::Script;

const HANDSHAKE: Duration = Duration::from_secs(3);
const FRAME: Duration = Duration::from_secs(2);
const RATE: u32 = 1_000;
const LINGER: Duration = Duration::from_secs(1);
/// A message type that nobody knows.
const ID: u16 = 0x0201;
/// Turns by the clock that one moment may ask for: a beat, and the end of lingering.
const TURNS_MAX: usize = 3;
/// Bytes that wait beyond the mark and one frame: `Hello`, a heartbeat, a farewell.
const CONTROL_BYTES: usize = 200;

/// A direction of the connection.
#[derive(Debug, Default)]
struct Pipe {
    /// Bytes that it holds.
    capacity: usize,
    flying: VecDeque<u8>,
    /// The writer is to be told of room.
    armed: bool,
    /// Nothing follows.
    fin: bool,
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
struct End {
    out: SendingHalf,
    pipe: Pipe,
    inn: ReceivingHalf,
    /// Frames accepted and not yet received by the other end.
    expected: VecDeque<Sent>,
    count: u8,
    largest: usize,
    mark: usize,
    is_open: bool,
    closed_at: Option<Instant>,
    is_aborted: bool,
    /// Somebody else has written into what this end receives.
    is_deceived: bool,
    /// Nothing more is read.
    is_over: bool,
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

struct Settings {
    mark: usize,
    heartbeat: Option<Duration>,
    stall: Option<Duration>,
    idle: Option<Duration>,
}

impl End {
    fn new(settings: &Settings, now: Instant) -> Self {
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
            is_open: false,
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

    fn flush(&mut self, now: Instant) {
        self.writing(now, |out, pipe| out.flush(pipe));
    }

    fn drain(&mut self, now: Instant) {
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

    fn send(&mut self, len: usize, shared: bool) {
        let expected = match (self.is_open, self.closed_at.is_some() || self.is_aborted) {
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

    fn close(&mut self, now: Instant) {
        let goodbye = Goodbye::new(GoodbyeReason::Done).to_frame().expect("a goodbye");
        let is_first = self.closed_at.is_none() && !self.is_aborted;
        if is_first {
            self.closed_at = Some(now);
            let len = goodbye.len() - HEADER_LEN;
            self.expected.push_back(Sent { id: Goodbye::ID, len, fill: 0 });
        }
        self.writing(now, |out, pipe| out.close(pipe, &goodbye, now));
    }

    fn abort(&mut self) {
        self.is_aborted = true;
        self.out.abort(&mut self.pipe);
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

/// Two ends and the time.
struct World {
    ends: [End; 2],
    settings: Settings,
    now: Instant,
    /// When somebody was asked late last.
    late: Instant,
}

/// Runs the script.
pub(crate) fn check(script: &[u8]) {
    let mut script = Script(script);
    let settings = Settings {
        mark: script.one_of(&[200, 1, 50, 5_000]),
        heartbeat: script.one_of(&[Some(Duration::from_secs(3)), None]),
        stall: script.one_of(&[Some(Duration::from_secs(8)), None]),
        idle: script.one_of(&[Some(Duration::from_secs(10)), None]),
    };
    let now = Instant::now();
    let ends = [End::new(&settings, now), End::new(&settings, now)];
    let mut world = World { ends, settings, now, late: now };
    while let Some(step) = script.next() {
        world.step(step, &mut script);
        world.audit();
    }
    world.calm();
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let side = usize::from(step & 1);
        let now = self.now;
        let end = &mut self.ends[side];
        match step >> 1 & 15 {
            0..=2 => {
                end.send(script.one_of(&[0, 5, 30, 300]), false);
                end.flush(now);
            }
            // Corked.
            3 => end.send(script.one_of(&[1, 9, 100]), false),
            // Long enough to be shared with other links, or to fill more than one chunk.
            4 => {
                let len = script.one_of(&[10, 1_100, 70, UNKNOWN_MAX_LEN as usize]);
                end.send(len, true);
                end.flush(now);
            }
            5 => end.flush(now),
            6..=8 => {
                let most = script.one_of(&[1, 2, 7, 64, usize::MAX]);
                self.read(side, most);
            }
            9 => end.drain(now),
            10 => end.pipe.capacity = script.one_of(&[64, 0, 1, 500, 100_000]),
            11 | 12 => {
                let time = script.time();
                self.pass(time, true);
            }
            13 => {
                let time = script.time();
                self.pass(time, false);
            }
            14 => match script.below(8) {
                0..=3 => end.close(now),
                4 => end.abort(),
                _ => {}
            },
            // Something on the way, or a peer that is none of ours.
            _ => {
                if script.below(16) == 0 && !end.pipe.fin {
                    let bytes: Vec<u8> = std::iter::from_fn(|| script.next()).take(9).collect();
                    end.pipe.flying.extend(bytes);
                    self.ends[1 - side].is_deceived = true;
                }
            }
        }
    }

    /// The end on this side reads up to so many bytes.
    fn read(&mut self, side: usize, most: usize) {
        let now = self.now;
        let [first, second] = &mut self.ends;
        let (end, other) = if side == 0 { (first, second) } else { (second, first) };
        if end.is_over || end.is_aborted {
            return;
        }
        let room = end.inn.room();
        let spare = room.capacity() - room.len();
        assert!(spare > 0, "nowhere to read to");
        let taken = most.min(spare).min(other.pipe.flying.len());
        if taken == 0 {
            if other.pipe.fin {
                end.is_over = true;
                let is_whole = other.is_aborted || end.is_deceived || other.expected.is_empty();
                assert!(is_whole, "lost: {:?}", other.expected);
            } else {
                end.would_block(other, now);
            }
            return;
        }
        room.extend(other.pipe.flying.drain(..taken));
        let is_filled = taken == spare;
        end.inn.received(is_filled, now);
        end.receipt.read_at = now;
        end.receipt.partial += taken;
        end.take_frames(other);
    }

    /// Time passes, and each end is asked when it wanted to be; or it is late, as one is that was
    /// suspended.
    fn pass(&mut self, time: Duration, is_punctual: bool) {
        let until = self.now + time;
        while is_punctual && let Some(next) = self.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.turn();
            self.ends
                .iter()
                .for_each(|end| end.check_liveness(&self.settings, self.late, self.now));
        }
        self.now = until;
        if !is_punctual {
            self.late = until;
        }
        self.turn();
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.ends.iter().filter_map(|end| end.out.next_deadline()).min()
    }

    fn turn(&mut self) {
        let now = self.now;
        for end in &mut self.ends {
            let mut turns = 0;
            while end.out.next_deadline().is_some_and(|at| at <= now) {
                assert!(turns < TURNS_MAX, "an overdue deadline stays armed");
                turns += 1;
                end.on_time(&self.settings, now);
            }
        }
    }

    /// What holds after every step.
    fn audit(&self) {
        for end in &self.ends {
            let waits = end.out.backlog_bytes();
            assert!(waits < self.settings.mark + end.largest + CONTROL_BYTES, "{waits} bytes wait");
            // Who is to write what waits: the next sender, or the keeper.
            let is_left = waits > 0 && end.out.corked_bytes() == 0 && !end.pipe.armed;
            assert!(!is_left, "nobody is to write what waits");
            assert_eq!(end.out.is_finished(), end.pipe.fin);
            if end.out.is_finished() {
                assert_eq!(waits, 0);
            }
        }
    }

    /// The pipes get wide, and everything arrives that was accepted.
    fn calm(&mut self) {
        for end in &mut self.ends {
            end.pipe.capacity = 1_000_000;
        }
        let now = self.now;
        for end in &mut self.ends {
            end.flush(now);
            end.close(now);
        }
        for _ in 0..10_000 {
            if self.ends.iter().all(|end| end.is_over || end.is_aborted) {
                break;
            }
            for side in 0..2 {
                self.ends[side].drain(now);
                self.read(side, usize::MAX);
            }
            self.audit();
        }
        for end in &self.ends {
            assert!(end.is_over || end.is_aborted, "it does not end");
        }
    }
}

impl End {
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
            if !self.is_open {
                self.is_open = true;
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
        let expected = if !self.is_open {
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

    /// What the clock asks for.
    fn on_time(&mut self, settings: &Settings, now: Instant) {
        let before = self.out.is_finished();
        let was_moving = self.pipe.armed;
        match self.writing(now, |out, pipe| out.on_time(pipe, now)) {
            Turn::Ping => {
                assert!(settings.heartbeat.is_some() && self.is_open && self.closed_at.is_none());
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
    fn check_liveness(&self, settings: &Settings, late: Instant, now: Instant) {
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
    }
}

/// How long the frame may take that was begun: its length counts once its header is there.
fn frame_time(partial: usize, sender: &End) -> Duration {
    let sent = sender.expected.front().filter(|_| partial >= HEADER_LEN);
    let len = sent.map_or(0, |sent| sent.len as u32);
    FRAME + Duration::from_secs_f64(f64::from(len) / f64::from(RATE))
}
