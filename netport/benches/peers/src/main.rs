//! The runtime side by side with bare sockets and other projects' crates. `--help` says what is
//! measured and how.

mod calls;
mod fanout;
mod load;
mod machine;
mod netport_port;
mod rtt;
mod scale;
mod stats;
mod storm;
mod svg;
mod throughput;
mod wire;

/// The messages of the comparison.
#[allow(missing_docs, dead_code)]
mod bench {
    include!(concat!(env!("OUT_DIR"), "/bench.rs"));
}

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::stats::{Findings, Report};

/// Times the runtime against what a user would pick instead, interleaved in one run, and prints
/// each figure and its ratio to the references; the reference also against itself, so that the
/// noise is visible. Everything stays on the loopback interface.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    measure: Measure,
    /// One JSON object on standard output, instead of Markdown.
    #[arg(long, global = true)]
    json: bool,
    /// Writes charts into this folder too.
    #[arg(long, global = true, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// How often everyone takes a turn.
    #[arg(long, global = true, default_value_t = 21)]
    rounds: usize,
}

#[derive(Subcommand)]
enum Measure {
    /// Round trips of a 64-byte message between two processes, on one processor and on two.
    Rtt,
    /// Messages and bytes per second on one link.
    Throughput,
    /// One message to 1,000 links.
    Fanout,
    /// Many registered connections in one server process: descriptors, memory, a join seen by all,
    /// processor time while they idle.
    Scale {
        /// How many; measured on the way there too.
        #[arg(long, default_value_t = 10_000)]
        connections: usize,
        /// Seconds of idling that are measured.
        #[arg(long, default_value_t = 40)]
        idle: u64,
    },
    /// Many clients that register at once, then a steady stream of joins.
    Storm {
        /// How many.
        #[arg(long, value_delimiter = ',', default_values_t = [100, 300, 1_000])]
        clients: Vec<usize>,
    },
    /// Another process of a measure.
    #[command(hide = true)]
    Child {
        #[arg(long)]
        cpu: usize,
        kind: String,
        who: String,
    },
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let findings = match args.measure {
        Measure::Rtt => rtt::run(args.rounds)?,
        Measure::Throughput => throughput::run(args.rounds)?,
        Measure::Fanout => fanout::run(args.rounds)?,
        Measure::Scale { connections, idle } => scale::run(connections, idle, args.rounds)?,
        Measure::Storm { clients } => storm::run(&clients, args.rounds)?,
        Measure::Child { cpu, kind, who } => return child(cpu, &kind, &who),
    };
    let Findings { reports, charts } = findings;
    if args.json {
        let reports: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{}", serde_json::json!({ "machine": machine::describe(), "reports": reports }));
    } else {
        println!("{}", machine::describe());
        reports.iter().for_each(|report| println!("{}", report.text()));
    }
    if let Some(folder) = args.svg {
        for chart in charts {
            let path = folder.join(Path::new(&chart.file));
            std::fs::write(path, chart.svg())?;
        }
    }
    Ok(())
}

fn child(cpu: usize, kind: &str, who: &str) -> std::io::Result<()> {
    machine::pin(cpu);
    match kind {
        "echo" => rtt::echo(who),
        "sender" => throughput::sender(who),
        "load" => load::generate(who),
        "threads" => scale::threads(),
        _ => Err(std::io::Error::other(format!("no child called {kind}"))),
    }
}
