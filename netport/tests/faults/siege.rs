//! A server under attack, and clients that must not notice.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::measure::{Cost, KERNEL_THREAD, cost};
use crate::presets::{self, Scale};
use crate::program::Program;
use crate::{attack, crowd, server};

/// How often the server is measured.
const SAMPLED_EVERY: Duration = Duration::from_millis(20);
/// Processors, where there are two: one for the server and its clients, one for attackers.
const HONEST: usize = 0;
const HOSTILE: usize = 1;

pub(crate) fn siege(scale: &Scale) -> String {
    let cpu = format!("cpu={HONEST}");
    let (mut server, address) = server::start(scale, &["preset=besieged", &cpu]);
    let empty = cost(server.pid(), Some(address));
    let beside = if scale.timed { crowd::BESIDE_BARE } else { "" };
    let who = ["prefix=bystander", &cpu, beside];
    let mut bystanders = crowd::start(address, scale.bystanders, &who);
    let links = scale.bystanders as u64 * (scale.bystanders as u64 - 1);
    bystanders.wait("linked", |state| state["up"] == links && state["answered_least"] > 0);
    let bound = Bound::new(scale, &empty);
    let mut told = format!("empty: {empty}\nbound: {bound}\n");
    let mut besieged =
        Besieged { scale, server: &mut server, address, bystanders: &mut bystanders, bound };
    told += &besieged.attacked("quiet", |_, address| {
        // What lasts as long as a handshake may, and costs next to nothing.
        attack::flood(address, 1);
        "nobody attacks; one stranger says nothing".to_owned()
    });
    told += &besieged.attacked("first bytes", |_, address| attack::first_bytes(address));
    told += &besieged.attacked("slow before `Hello`", |scale, address| {
        attack::dribble(address, scale.dribblers, scale.dribble_every, false)
    });
    told += &besieged.attacked("slow after `Hello`", |scale, address| {
        attack::dribble(address, scale.dribblers, scale.dribble_every, true)
    });
    told += &besieged.attacked("flood", |scale, address| attack::flood(address, scale.flood));
    told += &besieged.attacked("announced", |scale, address| attack::announce(address, scale.deaf));
    told += &besieged.attacked("deaf", |scale, address| attack::deaf(address, scale.deaf));
    told += &besieged
        .attacked("loud", |scale, address| attack::shout(address, scale.deaf, 4 * 1024 * 1024));
    bystanders.finish();
    server.finish();
    told
}

struct Besieged<'a> {
    scale: &'a Scale,
    server: &'a mut Program,
    address: SocketAddr,
    bystanders: &'a mut Program,
    bound: Bound,
}

impl Besieged<'_> {
    /// Runs an attack beside the bystanders' business; says what it cost.
    fn attacked(&mut self, what: &str, attack: fn(&Scale, SocketAddr) -> String) -> String {
        let before = self.bystanders.state();
        self.bystanders.ask("times");
        let started = Instant::now();
        let (did, peak) = self.measured(attack);
        let lasted = started.elapsed();
        let times = self.bystanders.ask("times");
        // Each connection has a thread, so the bound is that of those who were there.
        let bound = self.bound.with(peak.threads.min(self.bound.connections_max));
        assert!(peak.bytes() <= bound, "{what}: {peak} of {} KiB", bound / 1024);
        // Everybody goes on, and lost nobody.
        let least = before["answered_least"];
        let state = self.bystanders.wait("answered", |state| state["answered_least"] > least);
        for count in ["down", "lost", "gone", "disorder", "gaps", "strange"] {
            assert_eq!(state[count], 0, "{what}: {count}: {state:?}");
        }
        let own = self.scale.bystanders as u64;
        self.server
            .wait("rid of attackers", |state| state["links"] == own && state["peers"] == own);
        let times =
            if self.scale.timed { format!("\n    {times} in {lasted:.1?}") } else { String::new() };
        format!("{what}: {did}\n    at most {peak}{times}\n")
    }

    /// Runs an attack on the other processor, and again if it was brief; the most that the server
    /// held meanwhile.
    fn measured(&self, attack: fn(&Scale, SocketAddr) -> String) -> (String, Cost) {
        let (attacking, is_over) = channel::<Infallible>();
        let (pid, address, scale) = (self.server.pid(), self.address, self.scale);
        thread::scope(|scope| {
            let peak = scope.spawn(move || {
                pin(HOSTILE);
                let mut peak = cost(pid, Some(address));
                while is_over.recv_timeout(SAMPLED_EVERY) == Err(RecvTimeoutError::Timeout) {
                    peak = peak.max(cost(pid, Some(address)));
                }
                peak
            });
            let attacker = scope.spawn(|| {
                pin(HOSTILE);
                let started = Instant::now();
                loop {
                    let did = attack(scale, address);
                    if started.elapsed() >= scale.attacked_for {
                        return did;
                    }
                }
            });
            let did = attacker.join();
            drop(attacking);
            let peak = peak.join().expect("no panic");
            (did.unwrap_or_else(|_| panic!("an attack did not end as it must")), peak)
        })
    }
}

/// Keeps this thread, and those that it starts, on one processor, where the machine has it.
pub(crate) fn pin(cpu: usize) {
    if thread::available_parallelism().is_ok_and(|processors| processors.get() > cpu) {
        let mut set = CpuSet::new();
        set.set(cpu);
        // Only times depend on it.
        let _ = sched_setaffinity(None, &set);
    }
}

/// The most that a server may hold by its limits, in bytes.
struct Bound {
    /// With no connection.
    fixed: u64,
    /// For each connection.
    each: u64,
    connections_max: u64,
}

impl Bound {
    fn new(scale: &Scale, empty: &Cost) -> Self {
        let config = presets::server("besieged", scale);
        let (link, directory) = (&config.port.link, &config.directory);
        let entries = directory.entries_max as u64 * ENTRY;
        let log = directory.changes_max as u64 * ENTRY;
        // A frame that grows to its whole length is copied once, beside the one before it.
        let received = 4 * RECEIVED_MAX;
        // A list, which may come on top of a backlog that is nearly full.
        let sent = 2 * (link.backlog_bytes_max as u64 + entries);
        // The kernel counts what it holds with its own overhead, up to as much again, and takes a
        // last segment (64 KiB on loopback) where there is room for a byte.
        let unread = u64::from(link.unread_bytes_max.expect("a server has it"));
        let kernel = 2 * (unread + SEGMENT) + 2 * (u64::from(link.unsent_bytes_max) + SEGMENT);
        let stack = config.port.thread_stack_bytes as u64 + KERNEL_THREAD;
        Self {
            fixed: empty.bytes() + entries + log + REFUSED_MAX * 2 * (unread + SEGMENT),
            each: stack + received + sent + kernel,
            connections_max: scale.connections_max as u64,
        }
    }

    /// With so many connections.
    fn with(&self, connections: u64) -> u64 {
        self.fixed + connections * self.each
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { fixed, each, connections_max } = self;
        let all = self.with(*connections_max) / 1024;
        write!(
            f,
            "{} KiB, and {} KiB for each of at most {connections_max} connections: {all} KiB",
            fixed / 1024,
            each / 1024,
        )
    }
}

/// Most bytes of an entry of the directory, with the maps that lead to it.
const ENTRY: u64 = 512;
/// Longest frame that a client may send to a server.
const RECEIVED_MAX: u64 = 65_536;
/// Most bytes that loopback carries at once.
const SEGMENT: u64 = 65_536;
/// Refused sockets that linger, and those that were refused in the same turn.
const REFUSED_MAX: u64 = 128;
