//! Many registered connections in one server process: descriptors, memory, processor time, and how
//! long a join takes to be seen by all.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use netport::{Server, ServerConfig};
use rustix::net::{AddressFamily, SocketType};
use tlv_core::messages::App;

use crate::fanout::sockets;
use crate::machine::{
    Peer, Talker, memory_field, pin, processor_seconds, processors, serve_until_parent_leaves,
};
use crate::stats::{Report, Series, quantile};

/// Joins that are measured.
const JOINS: usize = 20;
/// Bytes of a push that tells of one join.
const PUSH_BYTES: usize = 100;

pub fn run(connections: usize, idle: u64, rounds: usize) -> std::io::Result<Vec<Report>> {
    pin(0);
    let there = processors() - 1;
    let bare_memory = bare_threads(connections, there)?;
    let bare_push = bare_push(connections, there, rounds.min(JOINS))?;

    let before = (memory("self"), descriptors(), machine());
    let mut config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into());
    config.port.connections_max = Some(connections + JOINS + 8);
    let server = Server::<App>::start(config).map_err(std::io::Error::other)?;
    let mut load = Talker::start(&["load", &server.local_addr().to_string()], there)?;
    load.ask(&format!("join {connections}"))?;
    let mut note = Vec::new();
    let mut say =
        |name: &str, value: f64| note.push((name.to_owned(), (value * 100.0).round() / 100.0));
    let each = |bytes: f64| bytes / connections as f64 / 1024.0;
    say("descriptors beyond one each", (descriptors() - before.1) as f64 - connections as f64);
    say("resident KiB each", each(memory("self") - before.0));
    let lost = before.2 - machine() - memory(&load.id().to_string());
    say("KiB each that the machine lost", each(lost));
    say("KiB each that the machine lost to bare threads", each(bare_memory));

    let (used, started) = (processor_seconds(), Instant::now());
    // Nothing happens but heartbeats: there is no event to wait for.
    std::thread::sleep(Duration::from_secs(idle));
    let share = (processor_seconds() - used) / started.elapsed().as_secs_f64();
    say("% of one processor, idle", share * 100.0);
    say("alive", server.port().links().len() as f64);

    let mut push = Series::new("netport");
    for _ in 0..rounds.min(JOINS) {
        let answer = load.ask("steady 1 1")?;
        push.rounds.extend(answer.parse::<f64>().ok());
    }
    Ok(vec![Report {
        measure: format!("a join seen by {connections} connections"),
        unit: "ms",
        series: vec![bare_push, push],
        references: vec!["bare loop of write"],
        notes: note.into_iter().map(|(name, value)| (name, value.into())).collect(),
    }])
}

/// The least that a push to all can take.
fn bare_push(connections: usize, cpu: usize, rounds: usize) -> std::io::Result<Series> {
    let (streams, mut load) = sockets(connections, cpu)?;
    let push = vec![7; PUSH_BYTES];
    let mut series = Series::new("bare loop of write");
    for _ in 0..rounds {
        let mut times = Vec::new();
        load.ask(&format!("drain {}", connections * PUSH_BYTES))?;
        let started = Instant::now();
        streams.iter().try_for_each(|mut stream| stream.write_all(&push))?;
        load.listen()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        series.rounds.push(quantile(&mut times, 0.5));
    }
    Ok(series)
}

/// What the machine loses to a bare thread for each connection, in bytes.
fn bare_threads(connections: usize, cpu: usize) -> std::io::Result<f64> {
    let before = machine();
    let threads = Peer::start(&["threads", ""], 0)?;
    let mut load = Talker::start(&["load", &threads.address.to_string()], cpu)?;
    load.ask(&format!("connect {connections}"))?;
    Ok(before - machine() - memory(&load.id().to_string()))
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
fn memory(process: &str) -> f64 {
    memory_field(&format!("/proc/{process}/status"), "VmRSS:")
}

/// What the machine could still give, in bytes.
fn machine() -> f64 {
    memory_field("/proc/meminfo", "MemAvailable:")
}
