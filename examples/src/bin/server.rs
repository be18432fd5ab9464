//! A rendezvous server, started by hand.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use netport_examples::options::{self, Idle};
use netport_examples::report::Style;
use netport_examples::server::{self, Options};
use tracing::level_filters::LevelFilter;

/// Keeps the list of clients, and sends it to each of them on every change.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
#[command(
    after_help = "Prints its address when it is ready. SIGTERM and Ctrl-C make it leave in order."
)]
struct Args {
    /// Where to listen; port 0: any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4000")]
    listen: SocketAddr,

    /// When to stop without clients, or `never`
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = options::idle)]
    idle: Idle,

    /// off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value_t = options::LOG_DEFAULT)]
    log: LevelFilter,
}

fn main() -> ExitCode {
    let Args { listen, idle, log } = Args::parse();
    options::log_to_stderr(log);
    options::exit(server::run(Options { listen, idle, style: Style::Text, ends_with_input: false }))
}
