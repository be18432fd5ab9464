//! Round trips of one small message between two processes.

mod blocking;
mod message_io;
mod netport;
mod tokio;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::calls;
use crate::machine::{Peer, pin, processors};
use crate::stats::{Findings, Report, Series, quantile};
use crate::svg::{Axis, Chart, Line};

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
pub fn run(blocks: usize) -> std::io::Result<Findings> {
    let mut findings = Findings::default();
    on("one processor", 0, 0, blocks, &mut findings)?;
    if processors() > 1 {
        on("two processors", 0, 1, blocks, &mut findings)?;
    }
    if let Some(report) = findings.reports.last_mut() {
        report.notes.extend(counts());
    }
    Ok(findings)
}

/// System calls of each echo.
fn counts() -> Vec<(String, Value)> {
    let counted = SUBJECTS.iter().filter(|subject| !subject.slow && subject.name != "std again");
    let count = |subject: &Subject| {
        let calls = calls::per_message(&["echo", subject.echo], 0, |address, count| {
            (subject.connect)(address).round_trips(count, &mut Vec::new());
        });
        let calls = calls.unwrap_or_else(|| "`strace` is not here to count".into());
        (format!("system calls for each message and side, {}", subject.name), calls.into())
    };
    counted.map(count).collect()
}

fn on(
    processors: &str,
    here: usize,
    there: usize,
    blocks: usize,
    findings: &mut Findings,
) -> std::io::Result<()> {
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
    let mut all: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    for block in 0..WARM_UP + blocks {
        for (index, (subject, pinger, series, _)) in peers.iter_mut().enumerate() {
            let mut times = Vec::with_capacity(BLOCK);
            pinger.round_trips(if subject.slow { BLOCK / 100 } else { BLOCK }, &mut times);
            let mut times: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e6).collect();
            if block >= WARM_UP {
                series.rounds.push(quantile(&mut times, 0.5));
                all[index].extend(times);
            }
        }
    }
    let series: Vec<Series> = peers.into_iter().map(|(_, _, series, _)| series).collect();
    let mut notes = Vec::new();
    let mut lines = Vec::new();
    for (series, mut times) in series.iter().zip(all) {
        let (p99, p999) = (quantile(&mut times, 0.99), quantile(&mut times, 0.999));
        let tail = format!("{p99:.0} us, {p999:.0} us");
        notes.push((format!("{}: p99, p99.9", series.name), tail.into()));
        lines.push(Line { name: series.name.clone(), points: distribution(times) });
    }
    findings.charts.push(Chart {
        file: format!("latency-{here}-{there}.svg"),
        title: format!("Round trips of a 64-byte message, {processors}"),
        x: Axis::log("share of round trips that take no longer").ticks(SHARES.map(share)),
        y: Axis::log("us"),
        lines,
    });
    findings.reports.push(Report {
        measure: format!("rtt, {processors}"),
        unit: "us (p50)",
        series,
        references: vec!["std", "tokio + prost"],
        notes,
    });
    Ok(())
}

/// Shares that are marked in the chart.
const SHARES: [f64; 6] = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99];

/// A share of round trips, in percent, as a place: each nine is as wide as any other.
fn share(percent: f64) -> (f64, String) {
    (100.0 / (100.0 - percent), format!("{percent} %"))
}

fn distribution(mut times: Vec<f64>) -> Vec<(f64, f64)> {
    times.sort_by(f64::total_cmp);
    let count = times.len() as f64;
    // A few hundred points are all that can be seen.
    let at = |step: usize| {
        let place = 10f64.powf(step as f64 / 50.0);
        (place, quantile(&mut times.clone(), 1.0 - 1.0 / place))
    };
    (0..).map(at).take_while(|(place, _)| *place <= count.min(10_000.0)).collect()
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
