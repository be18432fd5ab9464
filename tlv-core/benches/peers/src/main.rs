//! The generated codec side by side with other projects' crates, interleaved in one process, as
//! ratios of times and of sizes. `--help` says what is measured and how.

mod data;
#[macro_use]
mod sum;
mod compare;
mod count;
mod formats;
mod measure;
mod model;
mod plot;
mod subject;
mod svg;
mod table;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Times the generated codec against other formats on the same data and prints ratios,
/// ours/theirs: below 1 we are faster, or smaller.
///
/// encode: into a reused buffer. decode: to owned. borrow: from the bytes to having read every
/// field of every element, checked. access: from the bytes to having read one field of every
/// element (log: status, mesh: the first coordinate, mk48: each contact's entity id, control: one
/// field of each frame). Dropping a result is not counted. size: encoded bytes, without framing
/// except in control. zstd: the same after zstd, level 3.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    compare: Compare,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Compare {
    /// Only these data sets.
    #[arg(long, value_delimiter = ',')]
    data: Vec<Data>,
    /// Only these columns.
    #[arg(long, value_delimiter = ',')]
    column: Vec<Column>,
    /// Only these formats, beside ours.
    #[arg(long, value_delimiter = ',', value_parser = subject::FORMATS)]
    format: Vec<String>,
    /// One JSON object on standard output, instead of Markdown.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Counts the generated codec's instructions under valgrind, and compares with the record.
    Count(count::Count),
    /// Draws how the generated codec's cost grows with the number of elements and of fields.
    Plot(plot::Plot),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Data {
    Log,
    Mesh,
    Mk48,
    Control,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    Encode,
    Decode,
    Borrow,
    Access,
    Size,
    Zstd,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => compare::run(&cli.compare).map(|()| ExitCode::SUCCESS),
        Some(Command::Count(count)) => count.run(),
        Some(Command::Plot(plot)) => plot.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
