//! The `proto-gen` command: arguments, terminals and exit codes. What it does is in the library.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use proto_gen::Checked;
use proto_gen::commands::args::{Build, Decode, Encode};
use proto_gen::commands::compat::{CompatArgs, ReleaseArgs};
use proto_gen::commands::terminal::{colour, write};
use proto_gen::schema::Schema;

/// Checks a netport spec, and makes everything that is generated from one.
#[derive(Parser)]
#[command(name = "proto-gen", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a spec: show every mistake and lint.
    Check(CheckArgs),
    Build(Build),
    Decode(Decode),
    Encode(Encode),
    /// Compare two versions of a spec, and prove with frames what would break.
    Compat(CompatArgs),
    /// Make the spec the released one, unless it breaks the one that is.
    Release(ReleaseArgs),
}

/// Exits with 0 where there is no mistake, 1 where there is one, 2 where the arguments are wrong.
#[derive(Args)]
#[command(after_help = "\
Exit code: 0 no mistake, 1 mistakes (or, with --deny-lints, lints), 2 wrong arguments.
The codes are listed in proto-gen/DIAGNOSTICS.md; a lint is allowed on an item by `allow: [\"L0001\"]`.")]
struct CheckArgs {
    /// The spec; what it includes is checked with it.
    #[arg(default_value = "spec/messages.ron")]
    spec: PathBuf,
    /// Print one JSON object on standard output, for editors.
    #[arg(long)]
    json: bool,
    /// Let lints count as mistakes.
    #[arg(long)]
    deny_lints: bool,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => args.run(),
        Command::Build(build) => build.run(),
        Command::Decode(decode) => decode.run(),
        Command::Encode(encode) => encode.run(),
        Command::Compat(args) => args.run(),
        Command::Release(args) => args.run(),
    }
}

impl CheckArgs {
    fn run(&self) -> ExitCode {
        let Checked { schema, diagnostics } = proto_gen::check(&self.spec);
        if self.json {
            write(&mut io::stdout(), &format!("{}\n", diagnostics.to_json()));
        } else {
            write(&mut io::stderr(), &diagnostics.render(colour(&io::stderr())));
            if let Some(schema) = &schema {
                write(&mut io::stdout(), &summary(schema));
            }
        }
        let denied = self.deny_lints && diagnostics.warnings() > 0;
        if schema.is_some() && !denied { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

/// `netport version 1: 2 sets, 16 messages, 8 types`.
fn summary(schema: &Schema) -> String {
    let count = |n: usize, what: &str| match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    format!(
        "{} version {}: {}, {}, {}\n",
        schema.name,
        schema.version,
        count(schema.sets.len(), "set"),
        count(schema.messages().count(), "message"),
        count(schema.types.len(), "type"),
    )
}
