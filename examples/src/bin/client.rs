//! A client, started by hand.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use netport_examples::client::{self, Options};
use netport_examples::options;
use netport_examples::report::Style;
use tracing::level_filters::LevelFilter;

/// Registers with a server, links with every other client, and greets it.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
#[command(after_help = "Stays until SIGTERM or Ctrl-C; then it deregisters, and says goodbye.")]
struct Args {
    /// HOST:PORT of the server
    #[arg(long, value_name = "ADDR", value_parser = options::resolve)]
    server: SocketAddr,

    /// Name to register; no other client may have it
    #[arg(long, value_name = "NAME")]
    name: String,

    /// off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value_t = options::LOG_DEFAULT)]
    log: LevelFilter,
}

fn main() -> ExitCode {
    let Args { server, name, log } = Args::parse();
    options::log_to_stderr(log);
    options::exit(client::run(Options { server, name, style: Style::Text, ends_with_input: false }))
}
