//! One message to many links, against a bare loop of `write` on as many sockets.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Instant;

use netport::{Frame, Link, Server, ServerConfig};
use tlv_core::messages::{App, Greet};

use crate::machine::{Talker, pin, processors};
use crate::stats::{Findings, Report, Series, quantile};

/// Links.
const LINKS: usize = 1_000;
/// Messages to each link in a round.
const MESSAGES: usize = 20;

/// Measures until the last byte is handed over, and until it has arrived.
pub fn run(rounds: usize) -> std::io::Result<Findings> {
    pin(0);
    let there = processors() - 1;
    let mut ours = Ours::new(there)?;
    let mut bare = Bare::new(there)?;
    let names = ["bare loop", "bare loop again", "netport"];
    let mut sent = names.map(Series::new);
    let mut received = names.map(Series::new);
    for _ in 0..rounds {
        let figures = [bare.round()?, bare.round()?, ours.round()?];
        for (index, (until_sent, until_received)) in figures.into_iter().enumerate() {
            sent[index].rounds.push(until_sent);
            received[index].rounds.push(until_received);
        }
    }
    let report = |what: &str, series: [Series; 3]| Report {
        measure: format!("one message to {LINKS} links, until {what}"),
        unit: "us",
        series: series.into(),
        references: vec!["bare loop"],
        notes: Vec::new(),
    };
    let reports = vec![report("sent", sent), report("received", received)];
    Ok(Findings { reports, charts: Vec::new() })
}

/// Medians of one round, in microseconds: until sent, until received.
fn timed(
    load: &mut Talker,
    bytes: usize,
    mut send: impl FnMut() -> std::io::Result<()>,
) -> std::io::Result<(f64, f64)> {
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for _ in 0..MESSAGES {
        load.ask(&format!("drain {bytes}"))?;
        let started = Instant::now();
        send()?;
        sent.push(started.elapsed().as_secs_f64() * 1e6);
        load.listen()?;
        received.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok((quantile(&mut sent, 0.5), quantile(&mut received, 0.5)))
}

fn message() -> Frame {
    Frame::of(&Greet::new("x".repeat(56))).expect("within its bounds")
}

struct Bare {
    streams: Vec<TcpStream>,
    load: Talker,
}

impl Bare {
    fn new(cpu: usize) -> std::io::Result<Self> {
        let (streams, load) = sockets(LINKS, cpu)?;
        Ok(Self { streams, load })
    }

    fn round(&mut self) -> std::io::Result<(f64, f64)> {
        let message = message().bytes().clone();
        timed(&mut self.load, LINKS * message.len(), || {
            self.streams.iter().try_for_each(|mut stream| stream.write_all(&message))
        })
    }
}

/// So many bare sockets, whose other ends the load generator holds.
pub fn sockets(count: usize, cpu: usize) -> std::io::Result<(Vec<TcpStream>, Talker)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut load = Talker::start(&["load", &listener.local_addr()?.to_string()], cpu)?;
    let accepting = std::thread::spawn(move || {
        (0..count)
            .map(|_| {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(stream)
            })
            .collect::<std::io::Result<Vec<TcpStream>>>()
    });
    load.ask(&format!("connect {count}"))?;
    let streams = accepting.join().map_err(|_| std::io::Error::other("accepting failed"))??;
    Ok((streams, load))
}

struct Ours {
    /// Ends before the server does.
    load: Talker,
    links: Vec<Link>,
    /// Keeps the links.
    _server: netport::ServerHandle,
}

impl Ours {
    fn new(cpu: usize) -> std::io::Result<Self> {
        let server = Server::<App>::start(ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into()))
            .map_err(std::io::Error::other)?;
        let mut load = Talker::start(&["load", &server.local_addr().to_string()], cpu)?;
        load.ask(&format!("join {LINKS}"))?;
        let links = server.port().links();
        Ok(Self { load, links, _server: server })
    }

    fn round(&mut self) -> std::io::Result<(f64, f64)> {
        let message = message();
        timed(&mut self.load, LINKS * message.bytes().len(), || {
            self.links
                .iter()
                .try_for_each(|link| link.send_frame(&message))
                .map_err(std::io::Error::other)
        })
    }
}
