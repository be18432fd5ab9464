//! Round trips of one small message between two processes.

mod blocking;
mod message_io;
mod netport;
mod tokio;

use std::net::SocketAddr;
use std::time::Duration;

use crate::machine::{Peer, pin, processors};
use crate::stats::{Report, Series, quantile};

/// One end of a link to an echo.
pub trait Pinger {
    /// Makes `count` round trips, one after the other, and appends how long each took.
    fn round_trips(&mut self, count: usize, out: &mut Vec<Duration>);
}

/// Round trips per block; blocks of all subjects alternate.
const BLOCK: usize = 500;
/// Blocks that are not counted.
const WARM_UP: usize = 2;

/// A way to talk to an echo.
struct Subject {
    name: &'static str,
    /// What the child is told to be.
    echo: &'static str,
    connect: fn(SocketAddr) -> Box<dyn Pinger>,
    /// `message-io` waits for delayed acknowledgements, tens of milliseconds each.
    slow: bool,
}

const SUBJECTS: [Subject; 6] = [
    Subject { name: "std", echo: "blocking", connect: blocking::connect, slow: false },
    Subject { name: "std again", echo: "blocking", connect: blocking::connect, slow: false },
    Subject { name: "tokio + prost", echo: "tokio", connect: tokio::connect, slow: false },
    Subject { name: "message-io", echo: "message-io", connect: message_io::connect, slow: true },
    Subject { name: "netport", echo: "netport", connect: netport::connect, slow: false },
    Subject {
        name: "netport, spin",
        echo: "netport-spin",
        connect: netport::connect_spin,
        slow: false,
    },
];

/// Measures everyone with the two processes on the same processor, and on two.
pub fn run(blocks: usize) -> std::io::Result<Vec<Report>> {
    let mut reports = vec![on("rtt, one processor", 0, 0, blocks)?];
    if processors() > 1 {
        reports.push(on("rtt, two processors", 0, 1, blocks)?);
    }
    Ok(reports)
}

fn on(measure: &str, here: usize, there: usize, blocks: usize) -> std::io::Result<Report> {
    pin(here);
    let mut peers = Vec::new();
    for subject in &SUBJECTS {
        // Two threads that spin on one processor only take turns.
        if subject.echo == "netport-spin" && here == there {
            continue;
        }
        let peer = Peer::start(&["echo", subject.echo], there)?;
        let pinger = (subject.connect)(peer.address);
        peers.push((subject, pinger, Series::new(subject.name), peer));
    }
    let mut notes = Vec::new();
    let mut tails: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    for block in 0..WARM_UP + blocks {
        for (index, (subject, pinger, series, _)) in peers.iter_mut().enumerate() {
            let mut times = Vec::with_capacity(BLOCK);
            pinger.round_trips(if subject.slow { BLOCK / 100 } else { BLOCK }, &mut times);
            let mut times: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e6).collect();
            if block >= WARM_UP {
                series.rounds.push(quantile(&mut times, 0.5));
                tails[index].push(quantile(&mut times, 0.99));
            }
        }
    }
    for ((_, _, series, _), mut tail) in peers.iter().zip(tails) {
        notes.push((format!("{} p99, us", series.name), quantile(&mut tail, 0.5).round().into()));
    }
    let series = peers.into_iter().map(|(_, _, series, _)| series).collect();
    Ok(Report {
        measure: measure.into(),
        unit: "us (p50)",
        series,
        references: vec!["std", "tokio + prost"],
        notes,
    })
}

/// In the child: echoes until the parent leaves.
pub fn echo(who: &str) -> std::io::Result<()> {
    match who {
        "blocking" => blocking::echo(),
        "tokio" => tokio::echo(),
        "message-io" => message_io::echo(),
        "netport" => netport::echo(false),
        "netport-spin" => netport::echo(true),
        _ => Err(std::io::Error::other(format!("no echo called {who}"))),
    }
}
