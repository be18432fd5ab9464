//! A network in memory: connections of two ordered pipes with delays, bounded room, cuts between
//! machines, and ends that vanish.

mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

pub(super) use self::wire::SimWire;
use crate::core::backoff::Chance;

/// A sender whose bytes are not taken for so long gives up, as `TCP_USER_TIMEOUT` says.
const USER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often what is cut off is sent again.
const RETRANSMIT: Duration = Duration::from_millis(300);

/// What a slow reader takes at a time, and how long it rests in between.
const SLOW_READ_BYTES: u64 = 512;
const SLOW_READ_PAUSE: Duration = Duration::from_millis(20);

/// A machine, by number; 0 is the server's.
pub(super) type Machine = usize;
/// A connection, by number.
pub(super) type ConnId = u64;

/// What the network does by itself, later.
#[derive(Clone, Copy, Debug)]
pub(super) enum NetEvent {
    /// A connection request arrives.
    Syn(ConnId),
    /// The dialler hears that the connection is made.
    Connected(ConnId),
    /// The dialler hears that it is not.
    Refused(ConnId),
    /// Something sent by this side arrives at the other.
    Arrives(ConnId, usize),
    /// This side has something to read.
    Readable(ConnId, usize),
    /// This side has room again.
    Writable(ConnId, usize),
}

/// What a read finds.
pub(super) enum Read {
    Bytes(Vec<u8>),
    Nothing,
    End,
    Reset,
}

#[derive(Debug)]
enum Chunk {
    Bytes(VecDeque<u8>),
    Fin,
}

/// One direction of a connection, from the side that owns it to the other.
#[derive(Debug, Default)]
struct Pipe {
    /// Under way, with the time of arrival.
    flying: VecDeque<(Instant, Instant, Chunk)>,
    arrived: VecDeque<Chunk>,
    bytes: usize,
    /// The writer wants to know when there is room.
    armed: bool,
    fin_sent: bool,
}

#[derive(Debug)]
struct Side {
    machine: Machine,
    /// A process holds the socket.
    is_held: bool,
    /// Nothing comes from here, not even a reset: the machine has lost power.
    is_silent: bool,
    /// The other side's kernel has said that there is nobody.
    is_reset: bool,
    /// This side gave up by itself: a reader sees the end.
    is_shut: bool,
    pipe: Pipe,
}

#[derive(Debug)]
pub(super) struct Conn {
    sides: [Side; 2],
    pub(super) is_made: bool,
    /// Whether a fault has touched the connection, which may justify any end.
    pub(super) is_touched: bool,
}

/// All connections and what is wrong with the paths between machines.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) conns: BTreeMap<ConnId, Conn>,
    made: ConnId,
    cuts: BTreeSet<(Machine, Machine)>,
    /// Machines whose processes read a byte at a time, and with pauses.
    pub(super) slow: BTreeSet<Machine>,
    /// Machines that stand still, or have no power.
    pub(super) frozen: BTreeSet<Machine>,
    /// What is to happen, for the world to put in its queue.
    pub(super) planned: Vec<(Instant, NetEvent)>,
    chance: Chance,
    latency_max: Duration,
    /// Bytes that a pipe holds: what the kernels of both ends buffer.
    pipe_bytes_max: usize,
}

impl Network {
    pub(super) fn new(seed: u64, latency_max: Duration, pipe_bytes_max: usize) -> Self {
        Self {
            conns: BTreeMap::new(),
            made: 0,
            cuts: BTreeSet::new(),
            slow: BTreeSet::new(),
            frozen: BTreeSet::new(),
            planned: Vec::new(),
            chance: Chance::new(seed),
            latency_max,
            pipe_bytes_max,
        }
    }

    pub(super) fn latency(&mut self) -> Duration {
        self.chance.between(Duration::from_micros(50), self.latency_max)
    }

    fn plan_soon(&mut self, now: Instant, event: NetEvent) {
        let at = now + self.latency();
        self.planned.push((at, event));
    }

    /// Begins a connection from `from` (side 0) to `to` (side 1).
    pub(super) fn dial(&mut self, now: Instant, from: Machine, to: Machine) -> ConnId {
        self.made += 1;
        let side = |machine, is_held| Side {
            machine,
            is_held,
            is_silent: false,
            is_reset: false,
            is_shut: false,
            pipe: Pipe::default(),
        };
        let sides = [side(from, true), side(to, false)];
        let is_hit = |machine| self.frozen.contains(machine) || self.slow.contains(machine);
        let is_touched = self.is_cut(from, to) || is_hit(&from) || is_hit(&to);
        self.conns.insert(self.made, Conn { sides, is_made: false, is_touched });
        self.plan_soon(now, NetEvent::Syn(self.made));
        self.made
    }

    /// The machines of both sides.
    pub(super) fn machines(&self, conn: ConnId) -> Option<(Machine, Machine)> {
        let conn = self.conns.get(&conn)?;
        Some((conn.sides[0].machine, conn.sides[1].machine))
    }

    pub(super) fn machine(&self, conn: ConnId, side: usize) -> Option<Machine> {
        Some(self.conns.get(&conn)?.sides[side].machine)
    }

    /// A request arrived where a process listens (or its kernel does for it).
    pub(super) fn accept(&mut self, now: Instant, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.is_made = true;
            conn.sides[1].is_held = true;
            self.plan_soon(now, NetEvent::Connected(id));
        }
    }

    /// A request arrived where nobody listens.
    pub(super) fn refuse(&mut self, now: Instant, id: ConnId) {
        self.plan_soon(now, NetEvent::Refused(id));
    }

    pub(super) fn again(&mut self, now: Instant, event: NetEvent) {
        self.planned.push((now + RETRANSMIT, event));
    }

    pub(super) fn read_later(&mut self, now: Instant, id: ConnId, side: usize) {
        self.planned.push((now + SLOW_READ_PAUSE, NetEvent::Readable(id, side)));
    }

    pub(super) fn is_cut(&self, a: Machine, b: Machine) -> bool {
        self.cuts.contains(&(a.min(b), a.max(b)))
    }

    /// From now on nothing gets from one machine to the other.
    pub(super) fn cut(&mut self, a: Machine, b: Machine) {
        self.cuts.insert((a.min(b), a.max(b)));
        self.touch(|x, y| (x, y) == (a, b) || (x, y) == (b, a));
    }

    pub(super) fn heal(&mut self) {
        self.cuts.clear();
        self.slow.clear();
    }

    /// Marks the connections between such machines as touched by a fault.
    pub(super) fn touch(&mut self, hit: impl Fn(Machine, Machine) -> bool) {
        for conn in self.conns.values_mut() {
            conn.is_touched |= hit(conn.sides[0].machine, conn.sides[1].machine);
        }
    }

    /// The connections between such machines fail.
    pub(super) fn reset(&mut self, now: Instant, hit: impl Fn(Machine, Machine) -> bool) {
        for (id, conn) in &mut self.conns {
            if conn.is_made && hit(conn.sides[0].machine, conn.sides[1].machine) {
                for side in 0..2 {
                    conn.sides[side].is_reset = true;
                    self.planned.push((now, NetEvent::Readable(*id, side)));
                }
            }
        }
    }

    /// What `side` sent arrives at the other side.
    pub(super) fn arrives(&mut self, now: Instant, id: ConnId, side: usize) {
        let Some((a, b)) = self.machines(id) else { return };
        let is_cut = self.is_cut(a, b);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let [first, second] = &mut conn.sides;
        let (sender, receiver) = if side == 0 { (first, second) } else { (second, first) };
        let Some((at, sent, _)) = sender.pipe.flying.front() else { return };
        if *at > now {
            return;
        }
        if is_cut || receiver.is_silent {
            if now.saturating_duration_since(*sent) > USER_TIMEOUT {
                sender.pipe.flying.clear();
                sender.is_reset = true;
                self.planned.push((now, NetEvent::Readable(id, side)));
            } else {
                self.again(now, NetEvent::Arrives(id, side));
            }
            return;
        }
        if !receiver.is_held {
            sender.pipe.flying.clear();
            if sender.is_held {
                sender.is_reset = true;
                self.plan_soon(now, NetEvent::Readable(id, side));
            } else if receiver.pipe.flying.is_empty() {
                self.conns.remove(&id);
            }
            return;
        }
        while sender.pipe.flying.front().is_some_and(|(at, ..)| *at <= now) {
            let chunk = sender.pipe.flying.pop_front();
            sender.pipe.arrived.extend(chunk.map(|(_, _, chunk)| chunk));
        }
        self.planned.push((now, NetEvent::Readable(id, 1 - side)));
    }

    /// Reads what has arrived for `side`, in pieces of any size.
    pub(super) fn read(&mut self, now: Instant, id: ConnId, side: usize) -> Read {
        let Some(conn) = self.conns.get_mut(&id) else { return Read::End };
        if conn.sides[side].is_shut {
            return Read::End;
        }
        if conn.sides[side].is_reset {
            return Read::Reset;
        }
        let is_slow = self.slow.contains(&conn.sides[side].machine);
        let pipe = &mut conn.sides[1 - side].pipe;
        match pipe.arrived.front_mut() {
            None => Read::Nothing,
            Some(Chunk::Fin) => Read::End,
            Some(Chunk::Bytes(bytes)) => {
                let most = bytes.len() as u64;
                // Often all, sometimes a part, sometimes a byte.
                let length = match self.chance.below(4) {
                    0 => 1 + self.chance.below(most),
                    1 => 1 + self.chance.below(most.min(8)),
                    _ => most,
                };
                let length = if is_slow { length.min(SLOW_READ_BYTES) } else { length } as usize;
                let read: Vec<u8> = bytes.drain(..length).collect();
                if bytes.is_empty() {
                    pipe.arrived.pop_front();
                }
                pipe.bytes -= read.len();
                if std::mem::take(&mut pipe.armed) {
                    self.plan_soon(now, NetEvent::Writable(id, 1 - side));
                }
                Read::Bytes(read)
            }
        }
    }

    /// The process gives its socket back. What it has not read is answered with a reset.
    pub(super) fn close(&mut self, now: Instant, id: ConnId, side: usize) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.sides[side].is_held = false;
        let has_unread = conn.sides[1 - side]
            .pipe
            .arrived
            .iter()
            .any(|chunk| matches!(chunk, Chunk::Bytes(bytes) if !bytes.is_empty()));
        conn.sides[1 - side].pipe.arrived.clear();
        if !conn.sides[1 - side].is_held && conn.sides[1 - side].pipe.flying.is_empty() {
            let other_is_dialling = !conn.is_made && side == 1;
            if !other_is_dialling {
                self.conns.remove(&id);
            }
            return;
        }
        if has_unread {
            conn.sides[1 - side].is_reset = true;
            self.plan_soon(now, NetEvent::Readable(id, 1 - side));
        } else {
            self.fin(now, id, side);
        }
    }

    /// The machine loses power: its side says nothing any more.
    pub(super) fn silence(&mut self, machine: Machine, is_silent: bool) {
        for conn in self.conns.values_mut() {
            for side in &mut conn.sides {
                if side.machine == machine {
                    side.is_silent = is_silent && (side.is_held || side.is_silent);
                    side.is_held &= !is_silent;
                }
            }
        }
    }

    /// Drops connections that nobody holds.
    pub(super) fn sweep(&mut self) {
        self.conns.retain(|_, conn| conn.is_held());
    }

    /// Whether a process holds the other end of a connection that `machine` dialled.
    pub(super) fn is_held_by_others(&self, machine: Machine) -> bool {
        let mut dialled = self.conns.values().filter(|conn| conn.sides[0].machine == machine);
        dialled.any(|conn| conn.sides[1].is_held)
    }

    /// Connections of which `machine` holds an end.
    pub(super) fn held_by(&self, machine: Machine) -> Vec<(ConnId, usize)> {
        let ends = self.conns.iter().flat_map(|(id, conn)| {
            let held = (0..2)
                .filter(|side| conn.sides[*side].machine == machine && conn.sides[*side].is_held);
            held.map(|side| (*id, side)).collect::<Vec<_>>()
        });
        ends.collect()
    }

    fn send(&mut self, now: Instant, id: ConnId, side: usize, chunk: Chunk) {
        let latency = self.latency();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let pipe = &mut conn.sides[side].pipe;
        let earliest = pipe.flying.back().map_or(now, |(at, ..)| *at);
        let at = (now + latency).max(earliest);
        pipe.flying.push_back((at, now, chunk));
        self.planned.push((at, NetEvent::Arrives(id, side)));
    }

    fn fin(&mut self, now: Instant, id: ConnId, side: usize) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if !std::mem::replace(&mut conn.sides[side].pipe.fin_sent, true) {
            self.send(now, id, side, Chunk::Fin);
        }
    }
}

impl Conn {
    /// Whether a process holds an end.
    pub(super) fn is_held(&self) -> bool {
        self.sides.iter().any(|side| side.is_held)
    }
}
