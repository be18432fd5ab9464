//! What a running program tells: a line of text for people, or of JSON for the program that started it.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Report {
    /// A server accepts clients.
    Listening {
        /// Its address, with the port that the system chose where none was asked for.
        address: SocketAddr,
    },
    /// A server shows operators how it is doing.
    Metrics {
        /// Where.
        address: SocketAddr,
    },
    /// The server lists this client.
    Registered {
        /// The client's name.
        name: String,
    },
    /// The list changed.
    Listed {
        /// How many clients it has now, this one included.
        clients: usize,
    },
    /// A link to another client is up.
    Up {
        /// The other's name.
        peer: String,
    },
    /// Another client greeted this one.
    Greeted {
        /// The other's name.
        peer: String,
        /// What it said.
        text: String,
    },
    /// A link to another client is gone.
    Down {
        /// The other's name.
        peer: String,
        /// Why.
        reason: String,
    },
    /// The link to the server is gone; the client tries to get it back.
    ServerLost {
        /// Why.
        reason: String,
    },
    /// The server cannot be reached; the client tries again.
    ServerUnreached {
        /// How many attempts have failed.
        attempt: u32,
        /// Why.
        reason: String,
        /// How long until the next one.
        retry_seconds: f64,
    },
    /// The server does not list this client; the client asks again.
    NotRegistered {
        /// Why.
        reason: String,
        /// How long until then.
        retry_seconds: f64,
    },
    /// The program ends.
    Ended {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { address } => write!(f, "listening on {address}"),
            Self::Metrics { address } => write!(f, "metrics at http://{address}/metrics"),
            Self::Registered { name } => write!(f, "registered as {name}"),
            Self::Listed { clients } => write!(f, "listed: {clients}"),
            Self::Up { peer } => write!(f, "linked with {peer}"),
            Self::Greeted { peer, text } => write!(f, "{peer} says: {text}"),
            Self::Down { peer, reason } => write!(f, "no link with {peer} any more: {reason}"),
            Self::ServerLost { reason } => write!(f, "lost the server: {reason}"),
            Self::ServerUnreached { attempt, reason, retry_seconds } => {
                write!(f, "no server: {reason} (attempt {attempt}, again in {retry_seconds:.1} s)")
            }
            Self::NotRegistered { reason, retry_seconds } => {
                write!(f, "not registered: {reason} (again in {retry_seconds:.1} s)")
            }
            Self::Ended { reason } => write!(f, "ended: {reason}"),
        }
    }
}

/// For whom the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// People.
    Text,
    /// A program: one JSON object a line.
    Json,
}

impl Style {
    /// Writes the report as a line to standard output. A reader that has gone away is no error:
    /// the program goes on without it.
    pub fn print(self, report: &Report) -> io::Result<()> {
        let line = match self {
            Self::Text => report.to_string(),
            Self::Json => serde_json::to_string(report)?,
        };
        let mut out = io::stdout().lock();
        ignore_closed_pipe(writeln!(out, "{line}").and_then(|()| out.flush()))
    }
}

/// A closed pipe becomes success; other errors stay.
pub fn ignore_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
