//! The main job: a server and its clients, as processes on this machine.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use netport_examples::mesh::{self, Error, Options, Outcome};
use netport_examples::report::ignore_closed_pipe;
use netport_examples::settings::Time;
use netport_examples::stop::Stop;
use netport_examples::{client, options, server};

const EXIT_CODES: &str = "\
Exit codes:
  0         every client greeted every other, and every process ended cleanly
  1         something is missing, and is named
  2         wrong arguments
  130, 143  Ctrl-C, SIGTERM; the children have ended";

/// Starts a server and its clients as processes on this machine: they register,
/// find each other, connect, greet and leave. Shows who greeted whom.
#[derive(Debug, Parser)]
#[command(name = "mesh", version, verbatim_doc_comment, after_help = EXIT_CODES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
struct Args {
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u16).range(2..=1000))]
    clients: u16,

    /// When the idle server stops
    #[arg(long, value_name = "TIME", default_value = "2s")]
    idle: Time,

    /// One JSON object on standard output
    #[arg(long)]
    json: bool,

    #[command(subcommand)]
    child: Option<Child>,
}

/// What this program is when it has started itself again.
#[derive(Debug, Subcommand)]
enum Child {
    #[command(hide = true)]
    ChildServer(server::ChildArgs),
    #[command(hide = true)]
    ChildClient(client::ChildArgs),
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.child {
        Some(Child::ChildServer(child)) => return options::exit(server::run_child(&child)),
        Some(Child::ChildClient(child)) => return options::exit(client::run_child(child)),
        None => {}
    }
    let outcome = mesh::run(Options { clients: args.clients.into(), idle: args.idle.into() });
    match outcome.and_then(|outcome| Ok(print(&outcome, args.json).map(|()| outcome)?)) {
        Ok(outcome) if outcome.is_complete() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(Error::Stopped(Stop::Signal(signal))) => {
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "mesh: {}", options::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn print(outcome: &Outcome, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = match json {
        true => writeln!(out, "{}", outcome.to_json()),
        false => write!(out, "{outcome}"),
    };
    ignore_closed_pipe(written.and_then(|()| out.flush()))
}
