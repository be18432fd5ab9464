//! The machines and the order of events.

mod checks;
mod settings;
mod steps;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use tlv_core::Uuid;

use super::network::{ConnId, Machine, NetEvent, Network, SimWire};
use super::plan::{FAULTS_LAST, Plan};
use super::process::{Process, World};
use super::trace::Trace;
use crate::core::backoff::Chance;
use crate::core::link::Wire;

/// Time that everybody gets to find everybody when the faults are over: detection, back-off,
/// patience and grace, more than once.
const CALM: Duration = Duration::from_secs(40);
/// Time for everybody to leave.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often a stranger sends a byte: within every deadline, were it to begin anew each time.
const DRIBBLE: Duration = Duration::from_secs(1);
/// How a `Hello` of 200 bytes begins.
const HELLO_HEADER: [u8; 6] = [2, 0, 200, 0, 0, 0];
/// How long a turn takes at least.
const TURN: Duration = Duration::from_micros(500);
/// More events than any network needs.
const EVENTS_MAX: u64 = 3_000_000;

/// What happened in a network.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    pub(super) events: u64,
    pub(super) ups: u64,
    pub(super) messages: u64,
}

impl Summary {
    pub(super) fn add(&mut self, other: &Summary) {
        self.events += other.events;
        self.ups += other.ups;
        self.messages += other.messages;
    }
}

/// Runs a network from its beginning to its end.
pub(super) fn run(plan: &Plan) -> Result<Summary, String> {
    let mut simulation = Simulation::new(plan);
    for (index, (at, _)) in plan.steps.iter().enumerate() {
        simulation.plan_at(simulation.start + *at, What::Step(index));
    }
    simulation.run_until(FAULTS_LAST, plan)?;
    simulation.calm_down();
    simulation.run_until(FAULTS_LAST + CALM, plan)?;
    simulation.check_all_met()?;
    simulation.all_leave();
    simulation.run_until(FAULTS_LAST + CALM + FAREWELL, plan)?;
    simulation.check_all_gone()?;
    let Trace { ups, messages, .. } = simulation.trace;
    Ok(Summary { events: simulation.events, ups, messages })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Step(usize),
    Net(u64),
    Wake(Machine, u64),
    /// The next byte from a stranger, and how many it has sent before.
    Dribble(ConnId, usize),
}

#[derive(Default)]
struct Host {
    process: Option<Process>,
    /// Processes that ran here so far.
    lives: u64,
    is_suspended: bool,
    is_off: bool,
    /// What waits for a suspended process.
    waiting: Vec<NetEvent>,
    drop_accepts: u32,
    /// What the user wants of a client.
    wants_in: bool,
}

struct Simulation<'a> {
    plan: &'a Plan,
    start: Instant,
    now: Instant,
    hosts: Vec<Host>,
    network: Network,
    trace: Trace,
    queue: BinaryHeap<Reverse<(Instant, u64, What)>>,
    /// Network events in the queue, by number.
    net: BTreeMap<u64, NetEvent>,
    planned: u64,
    events: u64,
    chance: Chance,
    /// Incarnations that each client's identity has had so far, wherever.
    incarnations: BTreeMap<Machine, u64>,
}

impl<'a> Simulation<'a> {
    fn new(plan: &'a Plan) -> Self {
        let start = Instant::now();
        let machines = plan.clients + 1 + usize::from(plan.twin.is_some());
        let hosts = (0..machines).map(|_| Host { wants_in: true, ..Host::default() });
        let calm = plan.untroubled().into_iter().map(node_of).collect();
        Self {
            plan,
            start,
            now: start,
            hosts: hosts.collect(),
            network: Network::new(plan.seed, plan.latency_max, plan.pipe_bytes_max),
            trace: Trace::new(calm),
            queue: BinaryHeap::new(),
            net: BTreeMap::new(),
            planned: 0,
            events: 0,
            chance: Chance::new(plan.seed ^ 1),
            incarnations: BTreeMap::new(),
        }
    }

    fn plan_at(&mut self, at: Instant, what: What) {
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned, what)));
    }

    fn run_until(&mut self, until: Duration, plan: &Plan) -> Result<(), String> {
        let until = self.start + until;
        loop {
            for (at, event) in std::mem::take(&mut self.network.planned) {
                self.planned += 1;
                self.net.insert(self.planned, event);
                self.queue.push(Reverse((at, self.planned, What::Net(self.planned))));
            }
            if let Some(violation) = &self.trace.violation {
                let at = self.now.duration_since(self.start);
                return Err(format!("after {at:?}: {violation}"));
            }
            if self.events > EVENTS_MAX {
                return Err("the network does not come to rest".into());
            }
            match self.queue.peek() {
                Some(Reverse((at, ..))) if *at <= until => {}
                _ => {
                    self.now = until;
                    return Ok(());
                }
            }
            let Some(Reverse((at, _, what))) = self.queue.pop() else { return Ok(()) };
            self.now = self.now.max(at);
            self.events += 1;
            match what {
                What::Step(index) => self.step(plan.steps[index].1),
                What::Net(number) => {
                    if let Some(event) = self.net.remove(&number) {
                        self.deliver(event);
                    }
                }
                What::Wake(machine, life) => self.wake(machine, life),
                What::Dribble(conn, sent) => self.dribble(conn, sent),
            }
        }
    }

    /// Lets `work` run in the machine's process, if there is one that moves.
    fn with(&mut self, machine: Machine, work: impl FnOnce(&mut Process, &mut World<'_>)) {
        let Some(process) = self.hosts[machine].process.as_mut() else { return };
        let (network, trace) = (&mut self.network, &mut self.trace);
        work(process, &mut World { network, trace, now: self.now });
        let deadline = process.deadline();
        let is_later = |at: Instant| process.wakes_at.is_some_and(|wakes| wakes <= at);
        // A turn takes time, and so does one that goes on where the last left off.
        let deadline = deadline.map(|at| at.max(self.now + TURN));
        if let Some(at) = deadline.filter(|at| !is_later(*at)) {
            process.wakes_at = Some(at);
            let life = self.hosts[machine].lives;
            self.plan_at(at, What::Wake(machine, life));
        }
    }

    fn wake(&mut self, machine: Machine, life: u64) {
        let host = &mut self.hosts[machine];
        if host.lives != life || host.is_suspended {
            return;
        }
        if let Some(process) = &mut host.process {
            process.wakes_at = None;
        }
        self.with(machine, |process, world| process.wake(world));
    }

    fn deliver(&mut self, event: NetEvent) {
        let machine = match event {
            NetEvent::Arrives(conn, side) => {
                self.network.arrives(self.now, conn, side);
                return;
            }
            NetEvent::Syn(conn) => {
                if !self.syn(conn) {
                    return;
                }
                self.network.machine(conn, 1)
            }
            NetEvent::Connected(conn) | NetEvent::Refused(conn) => self.network.machine(conn, 0),
            NetEvent::Readable(conn, side) | NetEvent::Writable(conn, side) => {
                self.network.machine(conn, side)
            }
        };
        // Strangers have no process.
        let Some(machine) = machine.filter(|machine| *machine < self.hosts.len()) else { return };
        if self.hosts[machine].is_suspended {
            self.hosts[machine].waiting.push(event);
        } else {
            self.with(machine, |process, world| process.network(world, event));
        }
    }

    /// Another byte from a stranger, who seems to begin a `Hello`, as long as somebody listens.
    fn dribble(&mut self, conn: ConnId, sent: usize) {
        let byte = HELLO_HEADER.get(sent).copied().unwrap_or_default();
        let (network, now) = (&mut self.network, self.now);
        match (SimWire { network, now, conn, side: 0 }).write(&[IoSlice::new(&[byte])]) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                self.network.close(self.now, conn, 0);
            }
            Ok(_) | Err(_) => self.plan_at(self.now + DRIBBLE, What::Dribble(conn, sent + 1)),
        }
    }

    /// A connection request arrives: whether the process is to hear of it.
    fn syn(&mut self, conn: u64) -> bool {
        let Some((from, to)) = self.network.machines(conn) else { return false };
        let host = &mut self.hosts[to];
        if self.network.is_cut(from, to) || host.is_off {
            self.network.again(self.now, NetEvent::Syn(conn));
            return false;
        }
        if host.process.is_none() {
            self.network.refuse(self.now, conn);
            return false;
        }
        self.network.accept(self.now, conn);
        if host.drop_accepts > 0 {
            host.drop_accepts -= 1;
            self.network.touch(|a, b| (a, b) == (from, to));
            self.network.close(self.now, conn, 1);
            return false;
        }
        true
    }
}

/// The id of the node that runs on a machine. Ids are not in the order of the machines.
fn node_of(machine: Machine) -> Uuid {
    Uuid::from_bytes([(machine as u8).wrapping_mul(73); 16])
}
