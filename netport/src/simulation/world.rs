//! The machines, the order of events, and what must hold when all is calm.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::Role;

use super::network::{ConnId, Machine, NetEvent, Network, SimWire};
use super::plan::{FAULTS_LAST, Plan, Step};
use super::process::{LISTENS, Part, Process, World, address};
use super::trace::Trace;
use crate::config::{Identity, LinkConfig};
use crate::core::backoff::{Backoff, Chance};
use crate::core::client::{ClientCore, ClientSettings};
use crate::core::directory::{Directory, DirectoryConfig, MembershipEvent};
use crate::core::link::Wire;
use crate::core::mesh::MeshConfig;

/// Time that everybody gets to find everybody when the faults are over: detection, back-off,
/// patience and grace, more than once.
const CALM: Duration = Duration::from_secs(40);
/// Time for everybody to leave.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often a stranger sends a byte: within every deadline, were it to begin anew each time.
const DRIBBLE: Duration = Duration::from_secs(1);
/// How a `Hello` of 200 bytes begins.
const HELLO_HEADER: [u8; 6] = [2, 0, 200, 0, 0, 0];
/// Length of what a client says before it leaves.
const LAST_WORDS_BYTES: usize = 400;
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

    fn step(&mut self, step: Step) {
        match step {
            Step::Start(machine) => self.start_process(machine),
            Step::Crash(machine) => self.stop_process(machine),
            Step::PowerOff(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.silence(machine, true);
                self.network.frozen.insert(machine);
                self.hosts[machine].is_off = true;
                self.forget_process(machine);
            }
            Step::PowerOn(machine) => self.power_on(machine),
            Step::Suspend(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.frozen.insert(machine);
                self.hosts[machine].is_suspended = self.hosts[machine].process.is_some();
            }
            Step::Resume(machine) => self.resume(machine),
            Step::Cut(a, b) => self.network.cut(a, b),
            Step::Heal => self.network.heal(),
            Step::Reset(a, b) => {
                let is_between = |x, y| (x, y) == (a, b) || (x, y) == (b, a);
                self.network.touch(is_between);
                self.network.reset(self.now, is_between);
            }
            Step::Slow(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.slow.insert(machine);
            }
            Step::DropAccepts(machine, count) => self.hosts[machine].drop_accepts = count,
            Step::Register(machine) => self.wish(machine, true),
            Step::Deregister(machine) => self.wish(machine, false),
            Step::Leave(machine) => self.leave(machine),
            Step::Dribble(machine) => {
                let stranger = self.hosts.len();
                let conn = self.network.dial(self.now, stranger, machine);
                self.plan_at(self.now + DRIBBLE, What::Dribble(conn, 0));
            }
            Step::Talk(machine, length) => {
                if !self.hosts[machine].is_suspended {
                    self.with(machine, |process, world| process.talk(world, length));
                }
            }
        }
    }

    fn start_process(&mut self, machine: Machine) {
        if self.hosts[machine].is_off || self.hosts[machine].process.is_some() {
            return;
        }
        self.hosts[machine].lives += 1;
        self.hosts[machine].wants_in = true;
        let role = if machine == 0 { Role::Server } else { Role::Client };
        let origin = self.origin(machine);
        for older in 0..self.hosts.len() {
            if self.hosts[older].process.is_some() && self.origin(older) == origin {
                self.network.touch(|a, b| a == older || b == older);
                self.trace.superseded(older);
            }
        }
        let name = if self.plan.shares_names { origin / 2 } else { origin };
        let node = node_of(origin);
        let incarnation = self.incarnations.entry(origin).or_default();
        *incarnation += 1;
        let incarnation = *incarnation;
        let identity = Identity { node, incarnation, name: name.to_string(), role };
        let part = if machine == 0 { self.server() } else { self.client(&identity) };
        self.hosts[machine].process =
            Some(Process::new(machine, identity, link_config(self.plan), part));
        self.with(machine, |process, world| process.wake(world));
    }

    /// The machine whose identity this one has.
    fn origin(&self, machine: Machine) -> Machine {
        match self.plan.twin {
            Some(older) if machine > self.plan.clients => older,
            _ => machine,
        }
    }

    /// Whether a newer incarnation of the process has started somewhere.
    fn is_superseded(&self, process: &Process) -> bool {
        let newest = self.incarnations.get(&self.origin(process.machine));
        newest.is_some_and(|newest| process.identity.incarnation < *newest)
    }

    fn server(&mut self) -> Part {
        let config = DirectoryConfig {
            changes_max: self.plan.changes_max,
            probe_timeout: Duration::from_secs(1),
            ..DirectoryConfig::default()
        };
        let directory = Box::new(Directory::new(config, self.chance.number()));
        Part::Server { directory, full: BTreeSet::new() }
    }

    fn client(&mut self, identity: &Identity) -> Part {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(2) };
        let link = link_config(self.plan);
        let mesh = MeshConfig {
            grace: self.plan.grace,
            welcome_timeout: Duration::from_secs(3),
            probe_timeout: Duration::from_secs(1),
            backoff,
            dials_max: 1 + self.chance.below(8) as usize,
            ..MeshConfig::default()
        };
        let settings = ClientSettings {
            node: identity.node,
            server: address(0),
            advertise: Vec::new(),
            backoff,
            attempt_timeout: link.dial_timeout + link.handshake_timeout,
            register: true,
            register_again: true,
            mesh,
        };
        let mut core = ClientCore::new(settings, self.now, self.chance.number());
        core.listens(LISTENS);
        Part::Client(Box::new(core))
    }

    /// The process dies; its system closes its sockets.
    fn stop_process(&mut self, machine: Machine) {
        self.network.touch(|a, b| a == machine || b == machine);
        for (conn, side) in self.network.held_by(machine) {
            self.network.close(self.now, conn, side);
        }
        self.forget_process(machine);
    }

    fn forget_process(&mut self, machine: Machine) {
        let host = &mut self.hosts[machine];
        host.process = None;
        host.is_suspended = false;
        host.waiting.clear();
    }

    fn power_on(&mut self, machine: Machine) {
        if std::mem::take(&mut self.hosts[machine].is_off) {
            self.network.frozen.remove(&machine);
            self.network.silence(machine, false);
            self.network.sweep();
            self.start_process(machine);
        }
    }

    fn resume(&mut self, machine: Machine) {
        if !std::mem::take(&mut self.hosts[machine].is_suspended) {
            return;
        }
        self.network.frozen.remove(&machine);
        for event in std::mem::take(&mut self.hosts[machine].waiting) {
            self.with(machine, |process, world| process.network(world, event));
        }
        if let Some(process) = &mut self.hosts[machine].process {
            process.wakes_at = None;
        }
        self.with(machine, |process, world| process.wake(world));
    }

    fn wish(&mut self, machine: Machine, wants_in: bool) {
        if self.hosts[machine].is_suspended || self.hosts[machine].process.is_none() {
            return;
        }
        self.hosts[machine].wants_in = wants_in;
        let event = if wants_in { MembershipEvent::Register } else { MembershipEvent::Deregister };
        self.with(machine, |process, world| process.wish(world, event));
    }

    /// The client says goodbye to everyone; its process ends when that is done, or cut short.
    fn leave(&mut self, machine: Machine) {
        if self.hosts[machine].is_suspended {
            return;
        }
        self.with(machine, |process, world| {
            process.talk(world, LAST_WORDS_BYTES);
            process.leave(world);
        });
    }

    /// Everything that went wrong is put right.
    fn calm_down(&mut self) {
        self.network.heal();
        for machine in 0..self.hosts.len() {
            self.hosts[machine].drop_accepts = 0;
            self.power_on(machine);
            self.resume(machine);
            if self.has_left(machine) {
                self.stop_process(machine);
            }
            if self.plan.stay_down >> (machine % 64) & 1 == 0 {
                self.start_process(machine);
            }
            // Who found the name taken asks again: its holder may be gone by now.
            if machine > 0 && self.hosts[machine].wants_in {
                self.wish(machine, true);
            }
        }
    }

    fn all_leave(&mut self) {
        self.trace.is_over = true;
        for machine in 1..self.hosts.len() {
            self.leave(machine);
        }
    }

    /// Whether the client on the machine was told to leave.
    fn has_left(&self, machine: Machine) -> bool {
        let process = self.hosts[machine].process.as_ref();
        process.is_some_and(|process| process.has_left)
    }

    fn clients(&self) -> impl Iterator<Item = (&Host, &Process, &ClientCore)> {
        self.hosts.iter().filter_map(|host| {
            let process = host.process.as_ref()?;
            match &process.role {
                Part::Client(core) => Some((host, process, &**core)),
                Part::Server { .. } => None,
            }
        })
    }

    fn directory(&self) -> Result<&Directory, String> {
        match self.hosts[0].process.as_ref().map(|process| &process.role) {
            Some(Part::Server { directory, .. }) => Ok(directory),
            _ => Err("there is no server".into()),
        }
    }

    /// Everybody who wants to be listed is, everybody who is listed knows the list, and every two
    /// of them share exactly one link.
    fn check_all_met(&self) -> Result<(), String> {
        if self.network.is_held_by_others(self.hosts.len()) {
            return Err("a stranger who sends a byte now and then keeps a connection".into());
        }
        let directory = self.directory()?;
        let listed: BTreeSet<(Uuid, u64)> =
            directory.peers().map(|peer| (peer.node, peer.incarnation)).collect();
        let registered: BTreeSet<(Uuid, u64)> = self
            .clients()
            .filter(|(_, _, core)| core.is_registered())
            .map(|(_, process, ..)| (process.identity.node, process.identity.incarnation))
            .collect();
        if listed != registered {
            return Err(format!("listed are {listed:?}, registered are {registered:?}"));
        }
        let named = |name: &str, is: &dyn Fn(&Host, &Process, &ClientCore) -> bool| {
            let same = self.clients().filter(|(_, process, _)| process.identity.name == name);
            same.filter(|(host, process, core)| is(host, process, core)).count()
        };
        for (_, process, core) in self.clients() {
            let (machine, name) = (process.machine, &process.identity.name);
            let wanting =
                named(name, &|host, process, _| host.wants_in && !self.is_superseded(process));
            let holding = named(name, &|_, _, core| core.is_registered());
            // An older incarnation may be back where the newer is gone.
            let older = named(name, &|_, process, _| self.is_superseded(process));
            if !(wanting.min(1)..=(wanting + older).min(1)).contains(&holding) {
                return Err(format!("{holding} of {wanting} clients hold the name {name}"));
            }
            if !core.is_registered() {
                continue;
            }
            let known: BTreeSet<(Uuid, u64)> =
                core.view().peers().map(|peer| (peer.node, peer.incarnation)).collect();
            if known != listed {
                return Err(format!("machine {machine} knows {known:?}, listed are {listed:?}"));
            }
            for (_, other, other_core) in self.clients() {
                if other_core.is_registered() && other.machine != machine {
                    let there = core.up(&other.identity.node);
                    let back = other_core.up(&process.identity.node);
                    let links = process.links_to(&other.identity.node);
                    if there.is_none() || there != back || links != 1 {
                        return Err(format!(
                            "machines {machine} and {} use {there:?} and {back:?} of {links} links",
                            other.machine
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing is left of those who have gone.
    fn check_all_gone(&self) -> Result<(), String> {
        let directory = self.directory()?;
        if !directory.is_empty() || directory.subscribers() > 0 {
            return Err("the directory lists who has left".into());
        }
        if let Some((conn, state)) = self.network.conns.iter().find(|(_, conn)| conn.is_held()) {
            return Err(format!("connection {conn} is left: {state:?}"));
        }
        for (_, process, core) in self.clients() {
            if core.all_up().count() > 0 || !process.endpoints.is_empty() {
                return Err(format!("machine {} keeps links", process.machine));
            }
        }
        Ok(())
    }
}

/// The id of the node that runs on a machine. Ids are not in the order of the machines.
fn node_of(machine: Machine) -> Uuid {
    Uuid::from_bytes([(machine as u8).wrapping_mul(73); 16])
}

/// Shorter times than the defaults, in the same proportions.
fn link_config(plan: &Plan) -> LinkConfig {
    LinkConfig {
        idle_timeout: Some(Duration::from_secs(10)),
        heartbeat: Some(Duration::from_secs(3)),
        handshake_timeout: Duration::from_secs(3),
        frame_timeout: Duration::from_secs(3),
        dial_timeout: Duration::from_secs(3),
        stall_timeout: Some(Duration::from_secs(8)),
        linger: Duration::from_secs(1),
        backlog_bytes_max: plan.backlog_bytes_max,
        ..LinkConfig::default()
    }
}
