//! How a server is doing: what it tells an operator who asks, and the asking.
//!
//! A server answers at the address of its `--metrics`, not where clients connect. Clients learn of
//! each other by registering; how many are refused, and who has been there for how long, they need
//! not know.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use netport::{Port, ServerHub};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tlv_core::Message;
use tlv_core::messages::{Hello, Peer};

use crate::exporter::Exporter;

/// Where it is shown.
pub const PATH: &str = "/status";

/// How long a server may take to answer.
const ASK_TIME_MAX: Duration = Duration::from_secs(10);
/// Most bytes of an answer: those of a full directory, and more.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How a server is doing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Status {
    /// Where clients connect.
    pub address: SocketAddr,
    /// How long it has been running, in seconds.
    pub uptime_seconds: u64,
    /// Which run of the server this is, in hexadecimal digits.
    pub run: String,
    /// Changes of the list since the run began.
    pub epoch: u64,
    /// Connections, those that have not registered included.
    pub links: usize,
    /// How many have been refused, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Who is registered, by name.
    pub clients: Vec<Client>,
}

/// A registered client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its node id.
    pub node: String,
    /// Grows each time that it starts.
    pub incarnation: u64,
    /// Where its peers reach it.
    pub addresses: Vec<SocketAddr>,
    /// How long it has been registered, in seconds.
    pub age_seconds: u64,
}

/// Why there is no status.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody answers.
    #[error("cannot ask {0}")]
    Io(SocketAddr, #[source] io::Error),
    /// Somebody else answers.
    #[error("{0} does not answer as the `--metrics` address of a server does")]
    NotStatus(SocketAddr),
    /// The server answers, but this is not where it is asked.
    #[error("{0} is where clients connect; ask at the address that the server has as `--metrics`")]
    NotThere(SocketAddr),
}

impl Status {
    /// Of the server with this port and hub, which began at `begun`.
    pub fn of(port: &Port, hub: &ServerHub, begun: Instant, exporter: &Exporter) -> Self {
        let epoch = hub.epoch();
        let mut clients: Vec<_> =
            hub.registered().into_iter().map(|(peer, since)| Client::of(peer, since)).collect();
        clients.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            address: port.local_addr(),
            uptime_seconds: begun.elapsed().as_secs(),
            run: format!("{:016x}", epoch.run),
            epoch: epoch.count,
            links: port.links().len(),
            refusals: refusals(exporter),
            clients,
        }
    }

    /// Asks the server whose operator's address this is. Blocks, for some seconds at most.
    ///
    /// # Errors
    /// Says what is there instead.
    pub fn ask(address: SocketAddr) -> Result<Self, AskError> {
        let answer = get(address).map_err(|error| AskError::Io(address, error))?;
        if answer.starts_with(&Hello::ID.to_le_bytes()) {
            return Err(AskError::NotThere(address));
        }
        let body = answer.strip_prefix(b"HTTP/1.1 200 OK\r\n").and_then(|rest| {
            let end = rest.windows(4).position(|end| end == b"\r\n\r\n")?;
            rest.get(end + 4..)
        });
        body.and_then(|body| serde_json::from_slice(body).ok()).ok_or(AskError::NotStatus(address))
    }
}

impl Client {
    fn of(peer: Peer, since: Instant) -> Self {
        Self {
            name: peer.name,
            node: peer.node.to_string(),
            incarnation: peer.incarnation,
            addresses: peer.addresses,
            age_seconds: since.elapsed().as_secs(),
        }
    }
}

/// How many this server has refused, by reason.
fn refusals(exporter: &Exporter) -> BTreeMap<String, u64> {
    let all = exporter.counters("netport_refusals_total").into_iter();
    all.filter_map(|(labels, count)| {
        let value = |key| labels.iter().find(|(label, _)| label == key).map(|(_, value)| value);
        (value("by")? == "us").then(|| Some((value("reason")?.clone(), count)))?
    })
    .collect()
}

/// Everything that comes back.
fn get(address: SocketAddr) -> io::Result<Vec<u8>> {
    let until = Instant::now() + ASK_TIME_MAX;
    let mut stream = TcpStream::connect_timeout(&address, ASK_TIME_MAX)?;
    stream.set_write_timeout(Some(ASK_TIME_MAX))?;
    write!(stream, "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || answer.len() as u64 > ANSWER_BYTES_MAX {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(answer),
            Ok(read) => answer.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(ErrorKind::TimedOut.into());
            }
            // Whoever does not speak HTTP may have said enough before.
            Err(_) if !answer.is_empty() => return Ok(answer),
            Err(error) => return Err(error),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "server {}, up {}", self.address, age(self.uptime_seconds))?;
        let Self { epoch, run, links, .. } = self;
        writeln!(
            f,
            "registered {}, links {links}, epoch {epoch} of run {run}",
            self.clients.len()
        )?;
        let refused: Vec<_> =
            self.refusals.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let refused = if refused.is_empty() { "nobody".to_owned() } else { refused.join(", ") };
        writeln!(f, "refused: {refused}")?;
        if self.clients.is_empty() {
            return Ok(());
        }
        let heads = ["NAME", "FOR", "INCARNATION", "NODE", "ADDRESSES"];
        let mut rows = vec![heads.map(str::to_owned)];
        rows.extend(self.clients.iter().map(Client::row));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: [usize; 5] = std::array::from_fn(|column| width(column).unwrap_or(0));
        writeln!(f)?;
        for row in &rows {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

impl Client {
    fn row(&self) -> [String; 5] {
        let addresses: Vec<_> = self.addresses.iter().map(ToString::to_string).collect();
        [
            self.name.clone(),
            age(self.age_seconds),
            self.incarnation.to_string(),
            self.node.clone(),
            addresses.join(" "),
        ]
    }
}

/// Its two greatest units: `3h 12m`.
fn age(seconds: u64) -> String {
    let text = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    let mut words = text.split(' ');
    match (words.next(), words.next()) {
        (Some(first), Some(second)) => format!("{first} {second}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn status() -> Status {
        let client = |name: &str, age_seconds| Client {
            name: name.into(),
            node: "00010203-0405".into(),
            incarnation: 3,
            addresses: vec!["192.0.2.7:4001".parse().unwrap(), "[::1]:4001".parse().unwrap()],
            age_seconds,
        };
        Status {
            address: "192.0.2.1:4000".parse().unwrap(),
            uptime_seconds: 90_061,
            run: "00ff".into(),
            epoch: 17,
            links: 3,
            refusals: [("Busy".to_owned(), 2), ("NotHello".to_owned(), 1)].into(),
            clients: vec![client("ann", 7), client("bob the second", 86_400)],
        }
    }

    #[test]
    fn a_status_is_a_table_for_people() {
        let expected = "\
server 192.0.2.1:4000, up 1day 1h
registered 2, links 3, epoch 17 of run 00ff
refused: Busy 2, NotHello 1

NAME            FOR   INCARNATION  NODE           ADDRESSES
ann             7s    3            00010203-0405  192.0.2.7:4001 [::1]:4001
bob the second  1day  3            00010203-0405  192.0.2.7:4001 [::1]:4001
";
        assert_eq!(status().to_string(), expected);
    }

    #[test]
    fn a_server_without_clients_has_no_table() {
        let status = Status { clients: Vec::new(), refusals: BTreeMap::new(), ..status() };
        assert!(status.to_string().ends_with("refused: nobody\n"), "{status}");
    }

    /// What is said about somebody who answers so.
    fn asked(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let other = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("it is asked");
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let said = Status::ask(address).expect_err("no status").to_string();
        other.join().expect("it ends");
        said.replace(&address.to_string(), "HERE")
    }

    #[test]
    fn who_answers_something_else_is_told_apart() {
        let no_status = "HERE does not answer as the `--metrics` address of a server does";
        assert_eq!(asked(b"SSH-2.0-OpenSSH\r\n"), no_status);
        assert_eq!(asked(b"HTTP/1.1 404 Not Found\r\n\r\n"), no_status);
        assert_eq!(asked(b"HTTP/1.1 200 OK\r\n\r\n{\"a\": 1}"), no_status);
        assert_eq!(
            asked(b"\x02\0\x10\0\0\0"),
            "HERE is where clients connect; ask at the address that the server has as `--metrics`"
        );
        let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = nobody.local_addr().expect("it is bound");
        drop(nobody);
        let error = Status::ask(address).expect_err("nobody is there");
        assert_eq!(error.to_string(), format!("cannot ask {address}"));
        let cause = error.source().expect("the system's reason").to_string();
        assert!(cause.starts_with("Connection refused"), "{cause}");
    }
}
