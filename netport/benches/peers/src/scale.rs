//! Many registered connections in one server process: descriptors, memory, processor time, and how
//! long a join takes to be seen by all.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use netport::{Server, ServerConfig, ServerHandle};
use rustix::net::{AddressFamily, SocketType};
use serde_json::Value;
use tlv_core::Message as _;
use tlv_core::messages::{App, Changes, Epoch};

use crate::fanout::sockets;
use crate::load::entry;
use crate::machine::{
    Peer, Talker, machine_memory, memory_field, pin, processor_seconds, processors,
    serve_until_parent_leaves,
};
use crate::stats::{Findings, Report, Series};
use crate::svg::{Axis, Chart, Line};

/// Joins that are measured at each number of connections, at most.
const JOINS: usize = 20;

/// What was measured at one number of connections.
#[derive(Default)]
struct Step {
    connections: usize,
    /// Milliseconds until a push was with all: twice the least, and ours.
    bare_push: [Vec<f64>; 2],
    push: Vec<f64>,
    /// Bytes that the machine lost: to bare threads, and to ours, which are resident in part.
    bare_machine: f64,
    machine: f64,
    resident: f64,
    descriptors: usize,
}

pub fn run(connections: usize, idle: u64, rounds: usize) -> std::io::Result<Findings> {
    pin(0);
    let there = processors() - 1;
    let parts = [connections / 10, connections * 3 / 10, connections];
    let mut steps = parts.map(|connections| Step { connections, ..Step::default() });
    bare_threads(&mut steps, there)?;
    bare_push(&mut steps, there, rounds.min(JOINS))?;
    let mut notes = ours(&mut steps, idle, there, rounds.min(JOINS))?;

    let mut reports: Vec<Report> = steps.iter().map(joins).collect();
    let last = &steps[steps.len() - 1];
    let beyond = last.descriptors as f64 - last.connections as f64;
    notes.insert(0, ("descriptors beyond one for each connection".into(), beyond.into()));
    reports.push(memory(last, notes));
    Ok(Findings { reports, charts: charts(&steps) })
}

fn joins(step: &Step) -> Report {
    let [bare, again] = step.bare_push.clone();
    Report {
        measure: format!("a join seen by {} registered connections", step.connections),
        unit: "ms",
        series: vec![
            Series { name: BARE_LOOP.into(), rounds: bare },
            Series { name: format!("{BARE_LOOP}, again"), rounds: again },
            Series { name: "netport".into(), rounds: step.push.clone() },
        ],
        references: vec![BARE_LOOP],
        notes: Vec::new(),
    }
}

const BARE_LOOP: &str = "bare loop of write";
const BARE_THREAD: &str = "bare thread, what the machine lost";

impl Step {
    /// KiB for each connection, by name.
    fn memory(&self) -> [(&'static str, f64); 3] {
        let each = |bytes: f64| bytes / self.connections as f64 / 1024.0;
        [
            (BARE_THREAD, each(self.bare_machine)),
            ("netport, what the machine lost", each(self.machine)),
            ("netport, resident", each(self.resident)),
        ]
    }
}

fn memory(step: &Step, notes: Vec<(String, Value)>) -> Report {
    let series = step.memory().map(|(name, kib)| Series { name: name.into(), rounds: vec![kib] });
    Report {
        measure: format!("{} registered connections", step.connections),
        unit: "KiB each",
        series: series.into(),
        references: vec![BARE_THREAD],
        notes,
    }
}

fn charts(steps: &[Step]) -> Vec<Chart> {
    let ticks = || steps.iter().map(|step| (step.connections as f64, step.connections.to_string()));
    let line = |name: &str, value: &dyn Fn(&Step) -> f64| Line {
        name: name.into(),
        points: steps.iter().map(|step| (step.connections as f64, value(step))).collect(),
    };
    let median = |rounds: &[f64]| Series { name: String::new(), rounds: rounds.to_vec() }.median();
    let memory =
        (0..3).map(|index| line(steps[0].memory()[index].0, &|step: &Step| step.memory()[index].1));
    vec![
        Chart {
            file: "scale-join.svg".into(),
            title: "A join, until it is seen by all registered connections".into(),
            x: Axis::log("registered connections").ticks(ticks()),
            y: Axis::linear("ms"),
            lines: vec![
                line(BARE_LOOP, &|step: &Step| median(&step.bare_push[0])),
                line("netport", &|step: &Step| median(&step.push)),
            ],
        },
        Chart {
            file: "scale-memory.svg".into(),
            title: "Memory for each registered connection".into(),
            x: Axis::log("registered connections").ticks(ticks()),
            y: Axis::linear("KiB"),
            lines: memory.collect(),
        },
    ]
}

/// The runtime's part: its server here, its clients in the load generator.
fn ours(
    steps: &mut [Step],
    idle: u64,
    cpu: usize,
    joins: usize,
) -> std::io::Result<Vec<(String, Value)>> {
    let most = steps.last().map_or(0, |step| step.connections);
    let before = (resident("self"), descriptors(), machine_memory());
    let mut config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into());
    config.port.connections_max = Some(most + steps.len() * joins + 8);
    let server = Server::<App>::start(config).map_err(std::io::Error::other)?;
    let mut load = Talker::start(&["load", &server.local_addr().to_string()], cpu)?;
    let mut registered = 0;
    for step in &mut *steps {
        load.ask(&format!("join {}", step.connections - registered))?;
        registered = step.connections;
        step.descriptors = descriptors() - before.1;
        step.resident = resident("self") - before.0;
        step.machine = before.2 - machine_memory() - resident(&load.id().to_string());
        // The last ones come on top.
        let extra = if registered == most { joins } else { joins.min(most - registered) };
        for _ in 0..extra {
            step.push.extend(load.ask("steady 1 1")?.parse::<f64>().ok());
            registered += 1;
        }
    }
    idling(&server, idle)
}

/// Nothing happens but heartbeats: there is no event to wait for.
fn idling(server: &ServerHandle, seconds: u64) -> std::io::Result<Vec<(String, Value)>> {
    let (used, started) = (processor_seconds(), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let share = 100.0 * (processor_seconds() - used) / started.elapsed().as_secs_f64();
    let share = (share * 100.0).round() / 100.0;
    Ok(vec![
        ("% of one processor while all idle, heartbeats every 20 s".into(), share.into()),
        ("connections alive after that".into(), server.port().links().len().into()),
    ])
}

/// The least that a push to all can take: a loop of `write` of the same bytes.
fn bare_push(steps: &mut [Step], cpu: usize, rounds: usize) -> std::io::Result<()> {
    for step in steps {
        let changes = Changes::new(Epoch::new(0, 0), Epoch::new(0, 1), vec![entry(0)], Vec::new());
        let push = changes.to_frame().map_err(std::io::Error::other)?;
        let (streams, mut load) = sockets(step.connections, cpu)?;
        for _ in 0..rounds {
            for times in &mut step.bare_push {
                load.ask(&format!("drain {}", streams.len() * push.len()))?;
                let started = Instant::now();
                streams.iter().try_for_each(|mut stream| stream.write_all(&push))?;
                load.listen()?;
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    Ok(())
}

/// What the machine loses to a bare thread for each connection.
fn bare_threads(steps: &mut [Step], cpu: usize) -> std::io::Result<()> {
    let before = machine_memory();
    let threads = Peer::start(&["threads", ""], 0)?;
    let mut load = Talker::start(&["load", &threads.address.to_string()], cpu)?;
    let mut connected = 0;
    for step in steps {
        load.ask(&format!("connect {}", step.connections - connected))?;
        connected = step.connections;
        step.bare_machine = before - machine_memory() - resident(&load.id().to_string());
    }
    Ok(())
}

/// In a child: a bare thread for each connection, asleep in a read.
pub fn threads() -> std::io::Result<()> {
    let fd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    rustix::net::bind(&fd, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    rustix::net::listen(&fd, 4096)?;
    let listener = TcpListener::from(fd);
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let asleep = move || read_to_end(stream);
            if std::thread::Builder::new().stack_size(1 << 20).spawn(asleep).is_err() {
                return;
            }
        }
    });
    serve_until_parent_leaves(address);
    Ok(())
}

fn read_to_end(mut stream: TcpStream) {
    let mut room = [0; 64];
    while stream.read(&mut room).is_ok_and(|bytes| bytes > 0) {}
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Resident memory of a process, in bytes.
fn resident(process: &str) -> f64 {
    memory_field(&format!("/proc/{process}/status"), "VmRSS:")
}
