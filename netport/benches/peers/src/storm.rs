//! Many clients that register at once: the least possible is that each is told of each once.

use std::net::Ipv4Addr;

use netport::{Server, ServerConfig};
use serde_json::Value;
use tlv_core::Message as _;
use tlv_core::messages::{App, Epoch, Snapshot};

use crate::load::entry;
use crate::machine::{Talker, pin, processors};
use crate::stats::{Findings, Report, Series, quantile};
use crate::svg::{Axis, Chart, Line};

/// Joins in a second, when they are steady.
const RATE: usize = 100;
/// Steady joins that are measured in a round.
const STEADY: usize = 200;

/// Measures each number of clients, each round with a new server.
pub fn run(clients: &[usize], rounds: usize) -> std::io::Result<Findings> {
    pin(0);
    let mut reports = Vec::new();
    let mut points: [Vec<(f64, f64)>; 3] = Default::default();
    for count in clients {
        let mut bytes = Series::new("bytes, netport");
        let mut least = Series::new("bytes, least possible");
        let mut seconds = Series::new("until every list is whole");
        let mut seen =
            ["a join is seen by all, p50", "a join is seen by all, p99"].map(Series::new);
        for _ in 0..rounds.min(5) {
            let (took, received, mut times) = round(*count)?;
            seconds.rounds.push(took * 1e3);
            bytes.rounds.push(received);
            least.rounds.push((count * count * entry_bytes(*count)) as f64);
            for (series, q) in seen.iter_mut().zip([0.5, 0.99]) {
                series.rounds.push(quantile(&mut times, q));
            }
        }
        let [median, p99] = seen;
        for (points, series) in points.iter_mut().zip([&seconds, &median, &p99]) {
            points.push((*count as f64, series.median()));
        }
        reports.push(Report {
            measure: format!("storm, {count} clients at once"),
            unit: "bytes",
            series: vec![least, bytes],
            references: vec!["bytes, least possible"],
            notes: Vec::new(),
        });
        reports.push(Report {
            measure: format!("storm, {count} clients, then {RATE} joins a second"),
            unit: "ms",
            series: vec![seconds, median, p99],
            references: Vec::new(),
            notes: vec![("every list complete".to_owned(), Value::Bool(true))],
        });
    }
    let names = ["until every list is whole", "a later join, p50", "a later join, p99"];
    let lines = names.into_iter().zip(points);
    let chart = Chart {
        file: "storm.svg".into(),
        title: format!("Clients that register at once, then {RATE} joins a second"),
        x: Axis::log("clients").ticks(clients.iter().map(|n| (*n as f64, n.to_string()))),
        y: Axis::log("ms"),
        lines: lines.map(|(name, points)| Line { name: name.into(), points }).collect(),
    };
    Ok(Findings { reports, charts: vec![chart] })
}

/// Seconds until all lists are whole, bytes received by then, milliseconds of each steady join.
fn round(count: usize) -> std::io::Result<(f64, f64, Vec<f64>)> {
    let server = Server::<App>::start(ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into()))
        .map_err(std::io::Error::other)?;
    let address = server.local_addr().to_string();
    let mut load = Talker::start(&["load", &address], processors() - 1)?;
    let answer = numbers(&load.ask(&format!("join {count}"))?);
    let times = numbers(&load.ask(&format!("steady {STEADY} {RATE}"))?);
    Ok((answer[0], answer[1], times))
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(' ').filter_map(|word| word.parse().ok()).collect()
}

/// Bytes of one entry of the list, as the load generator's clients have it.
fn entry_bytes(count: usize) -> usize {
    let epoch = Epoch::new(0, 0);
    let peer = entry(count - 1);
    let len = |peers| Snapshot::new(epoch, peers).value_len().unwrap_or_default();
    len(vec![peer]) - len(Vec::new())
}
