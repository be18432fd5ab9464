//! The runtime side by side with bare sockets and other projects' crates. `--help` says what is
//! measured and how.

mod machine;
mod netport_port;
mod rtt;
mod stats;
mod throughput;
mod wire;

/// The messages of the comparison.
#[allow(missing_docs, dead_code)]
mod bench {
    include!(concat!(env!("OUT_DIR"), "/bench.rs"));
}

use clap::{Parser, Subcommand};

/// Times the runtime against what a user would pick instead, interleaved in one run, and prints
/// each figure and its ratio to the references; the reference also against itself, so that the
/// noise is visible. Everything stays on the loopback interface.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    measure: Measure,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// How often everyone takes a turn.
    #[arg(long, global = true, default_value_t = 21)]
    rounds: usize,
}

#[derive(Subcommand)]
enum Measure {
    /// Round trips of a 64-byte message between two processes.
    Rtt,
    /// Messages and bytes per second on one link.
    Throughput,
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
    let reports = match args.measure {
        Measure::Rtt => rtt::run(args.rounds)?,
        Measure::Throughput => throughput::run(args.rounds)?,
        Measure::Child { cpu, kind, who } => {
            machine::pin(cpu);
            return match kind.as_str() {
                "echo" => rtt::echo(&who),
                "sender" => throughput::sender(&who),
                _ => Err(std::io::Error::other(format!("no child called {kind}"))),
            };
        }
    };
    if args.json {
        let reports: Vec<_> = reports.iter().map(stats::Report::json).collect();
        println!("{}", serde_json::json!({ "reports": reports }));
    } else {
        reports.iter().for_each(|report| println!("{}", report.text()));
    }
    Ok(())
}
