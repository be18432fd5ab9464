//! Command-line values that more than one program takes.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::iter;
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;

use tracing::level_filters::LevelFilter;

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

/// Sends the log to standard error, down to this level; in colour on a terminal.
pub fn log_to_stderr(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

/// An error and its causes, in one line.
pub fn chain(error: &dyn Error) -> String {
    let errors = iter::successors(Some(error), |&error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The exit code of a program that leaves: an error is said, in one line, on standard error.
pub fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}
