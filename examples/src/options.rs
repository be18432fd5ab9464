//! Command-line values that more than one program takes.

use std::error::Error;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

/// Seconds, or `never`.
///
/// # Errors
/// Says what is expected.
pub fn idle(text: &str) -> Result<Idle, String> {
    if text == "never" {
        return Ok(Idle::Never);
    }
    match text.parse() {
        Ok(seconds) if (0.001..=31_536_000.0).contains(&seconds) => {
            Ok(Idle::After(Duration::from_secs_f64(seconds)))
        }
        _ => Err("expected seconds, from 0.001 to 31536000, or `never`".into()),
    }
}

/// When a server that has nothing to do stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Idle {
    /// After this time without a new and without a living connection.
    After(Duration),
    /// Not by itself.
    Never,
}

impl Idle {
    /// The time, if there is one.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::After(time) => Some(time),
            Self::Never => None,
        }
    }
}

/// The first address of a host, IPv4 if it has one: `HOST:PORT`. May ask the name server, and block
/// for as long as that takes.
///
/// # Errors
/// Says why there is none.
pub fn resolve(text: &str) -> Result<SocketAddr, String> {
    let addresses: Vec<_> = text.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| "the host has no address".into())
}

/// What is logged, if nothing else is said.
pub const LOG_DEFAULT: LevelFilter = LevelFilter::WARN;

/// Sends the log to standard error, down to this level.
pub fn log_to_stderr(level: LevelFilter) {
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
}

/// The exit code of a program that leaves: an error is said, in one line, on standard error.
pub fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
