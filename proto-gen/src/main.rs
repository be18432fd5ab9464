//! The `proto-gen` command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks netport specs.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a spec.
    Check {
        /// The spec.
        #[arg(default_value = "spec/messages.ron")]
        spec: PathBuf,
    },
}

fn main() -> ExitCode {
    let Command::Check { spec } = Cli::parse().command;
    let checked = proto_gen::check(spec);
    eprint!("{}", checked.diagnostics);
    if checked.schema.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
