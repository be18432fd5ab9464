//! A rendezvous server, started by hand.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use netport_examples::options;
use netport_examples::report::{Style, ignore_closed_pipe};
use netport_examples::server::{self, Options};
use netport_examples::settings::{self, ServerSettings};
use netport_examples::status::Status;

const AFTER_HELP: &str = "\
Prints its address when it is ready. SIGTERM and Ctrl-C make it leave in order.
`--help` has more settings; all of them can stand in the file.";

/// Keeps the list of clients, and sends it to each of them on every change.
#[derive(Debug, Parser)]
#[command(name = "server", version, verbatim_doc_comment, after_help = AFTER_HELP)]
struct Args {
    /// RON file with settings; flags come first
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print all settings as a file, and leave
    #[arg(long)]
    print_config: bool,

    /// Ask the server with this --metrics address how it does
    #[arg(long, value_name = "ADDR", value_parser = options::resolve)]
    status: Option<SocketAddr>,

    /// The status as one JSON object
    #[arg(long, requires = "status")]
    json: bool,

    #[command(flatten)]
    settings: ServerSettings,
}

fn main() -> ExitCode {
    let args = Args::parse();
    options::exit(match args.status {
        Some(address) => ask(address, args.json),
        None => serve(args),
    })
}

fn serve(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let settings = args.settings.or(settings::from_file(args.config.as_deref())?);
    if args.print_config {
        return print(&settings::to_ron(&settings.complete()?)?);
    }
    options::log_to_stderr(settings.log());
    server::run(Options {
        config: settings.config()?,
        metrics: settings.metrics,
        style: Style::Text,
        ends_with_input: false,
    })
}

fn ask(address: SocketAddr, json: bool) -> Result<(), Box<dyn std::error::Error>> {
    let status = Status::ask(address)?;
    print(&if json { serde_json::to_string(&status)? } else { status.to_string() })
}

/// Prints a text, and the end of its last line.
fn print(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    Ok(ignore_closed_pipe(written)?)
}
