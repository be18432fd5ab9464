//! How many messages, or bytes, one link carries from one process to another.

mod blocking;
mod netport;
mod netport_client;
mod tokio;

use std::net::SocketAddr;
use std::time::Duration;

use crate::machine::{Peer, pin, processor_seconds, processor_seconds_of, processors};
use crate::stats::{Findings, Report, Series};
use crate::wire::LARGE;

/// The receiving end of a link.
pub trait Receiver {
    /// Asks for `count` messages, and takes them all: how long that took, and a number made of all
    /// that was read.
    fn receive(&mut self, count: u64) -> (Duration, u64);
}

/// A way to send and to receive.
struct Subject {
    name: &'static str,
    /// What the child is told to be.
    sender: &'static str,
    connect: fn(SocketAddr) -> Box<dyn Receiver>,
}

const SMALL_SUBJECTS: [Subject; 4] = [
    Subject { name: "tokio + prost", sender: "tokio", connect: tokio::connect },
    Subject { name: "tokio + prost again", sender: "tokio", connect: tokio::connect },
    Subject { name: "netport, borrowed", sender: "netport", connect: netport::connect },
    Subject {
        name: "netport, owned, by events",
        sender: "netport-client",
        connect: netport_client::connect,
    },
];

const LARGE_SUBJECTS: [Subject; 3] = [
    Subject { name: "std", sender: "blocking", connect: blocking::connect },
    Subject { name: "std again", sender: "blocking", connect: blocking::connect },
    Subject { name: "netport", sender: "netport", connect: netport::connect_large },
];

/// Small messages per round.
const SMALL_COUNT: u64 = 2_000_000;
/// Large messages per round: 256 MiB.
const LARGE_COUNT: u64 = 256;

/// Measures small typed messages, batched, and large ones.
pub fn run(rounds: usize) -> std::io::Result<Findings> {
    let small = on(&SMALL_SUBJECTS, rounds, SMALL_COUNT)?;
    let large = on(&LARGE_SUBJECTS, rounds, LARGE_COUNT)?;
    let messages = Report {
        measure: "throughput, 64-byte typed messages, one link".into(),
        unit: "million messages/s",
        series: small.rates(SMALL_COUNT as f64 / 1e6),
        references: vec!["tokio + prost"],
        notes: small.notes("processor seconds for a million messages", SMALL_COUNT as f64 / 1e6),
    };
    let gibibytes = (LARGE_COUNT as usize * LARGE) as f64 / f64::from(1 << 30);
    let bytes = Report {
        measure: "throughput, 1 MiB messages, one link".into(),
        unit: "GiB/s",
        series: large.rates(gibibytes),
        references: vec!["std"],
        notes: large.notes("processor seconds for a GiB, both sides", gibibytes),
    };
    Ok(Findings { reports: vec![messages, bytes], charts: Vec::new() })
}

/// Seconds, and processor seconds of both processes, per subject and round.
struct Measured {
    times: Vec<Series>,
    processor: Vec<Series>,
}

fn on(subjects: &[Subject], rounds: usize, count: u64) -> std::io::Result<Measured> {
    pin(0);
    let there = usize::from(processors() > 1);
    let mut links = Vec::new();
    for subject in subjects {
        let peer = Peer::start(&["sender", subject.sender], there)?;
        links.push(((subject.connect)(peer.address), peer));
    }
    let series = || subjects.iter().map(|subject| Series::new(subject.name)).collect::<Vec<_>>();
    let mut measured = Measured { times: series(), processor: series() };
    // The first round warms up.
    for round in 0..=rounds {
        let mut sums = Vec::new();
        for (index, (link, peer)) in links.iter_mut().enumerate() {
            let spent =
                |peer: &Peer| processor_seconds() + processor_seconds_of(&peer.id().to_string());
            let before = spent(peer);
            let (time, sum) = link.receive(count);
            sums.push(sum);
            if round > 0 {
                measured.times[index].rounds.push(time.as_secs_f64());
                measured.processor[index].rounds.push(spent(peer) - before);
            }
        }
        assert!(sums.windows(2).all(|pair| pair[0] == pair[1]), "everyone read the same: {sums:?}");
    }
    Ok(measured)
}

impl Measured {
    fn rates(&self, amount: f64) -> Vec<Series> {
        let rate = |series: &Series| Series {
            name: series.name.clone(),
            rounds: series.rounds.iter().map(|seconds| amount / seconds).collect(),
        };
        self.times.iter().map(rate).collect()
    }

    fn notes(&self, what: &str, amount: f64) -> Vec<(String, serde_json::Value)> {
        let note = |series: &Series| {
            // The kernel counts in hundredths of a second, so all rounds are taken together.
            let each = series.rounds.iter().sum::<f64>() / series.rounds.len() as f64 / amount;
            (format!("{}, {what}", series.name), ((each * 1e3).round() / 1e3).into())
        };
        self.processor.iter().map(note).collect()
    }
}

/// In the child: sends what it is asked for, until the parent leaves.
pub fn sender(who: &str) -> std::io::Result<()> {
    match who {
        "blocking" => blocking::sender(),
        "tokio" => tokio::sender(),
        "netport" => netport::sender(),
        "netport-client" => netport_client::sender(),
        _ => Err(std::io::Error::other(format!("no sender called {who}"))),
    }
}
