//! A client, started by hand.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use netport_examples::client::{self, Options};
use netport_examples::options;
use netport_examples::report::{Style, ignore_closed_pipe};
use netport_examples::settings::{self, ClientSettings};

const AFTER_HELP: &str = "\
Stays until SIGTERM or Ctrl-C; then it deregisters, and says goodbye.
`--help` has more settings; all of them can stand in the file.";

/// Registers with a server, links with every other client, and greets it.
#[derive(Debug, Parser)]
#[command(name = "client", version, verbatim_doc_comment, after_help = AFTER_HELP)]
struct Args {
    /// RON file with settings; flags come first
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print all settings as a file, and leave
    #[arg(long)]
    print_config: bool,

    #[command(flatten)]
    settings: ClientSettings,
}

fn main() -> ExitCode {
    options::exit(run(Args::parse()))
}

fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let settings: ClientSettings = args.settings.or(settings::from_file(args.config.as_deref())?);
    let (Some(server), Some(_)) = (&settings.server, &settings.name) else {
        let text = "a client needs `--server` and `--name`, here or in the file";
        Args::command().error(ErrorKind::MissingRequiredArgument, text).exit()
    };
    let config = settings.config()?;
    if args.print_config {
        let text = settings::to_ron(&settings.complete()?)?;
        let mut out = io::stdout().lock();
        return Ok(ignore_closed_pipe(writeln!(out, "{text}").and_then(|()| out.flush()))?);
    }
    options::log_to_stderr(settings.log());
    let server = options::resolve(server).map_err(|error| format!("{server}: {error}"))?;
    let identity = settings.identity.map(Into::into);
    client::run(Options { server, config, identity, style: Style::Text, ends_with_input: false })
}
