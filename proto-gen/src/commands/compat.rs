//! The commands `compat` and `release`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::terminal::{colour, write};
use crate::compat::{Input, Release, ReleaseError, Report, Spec, release};
use crate::diagnostics::Diagnostics;
use clap::Args;

/// The change breaks someone.
const BREAKS: u8 = 1;
/// A spec cannot be read, or the arguments are wrong.
const USAGE: u8 = 2;

/// Arguments of `proto-gen compat`.
#[derive(Args)]
#[command(override_usage = "proto-gen compat [OPTIONS] [[OLD] NEW]")]
#[command(after_help = "\
Exit code: 0 compatible, 1 breaks (or, with --deny-source, warnings), 2 a spec that cannot be read.
A spec accepts a break with `waivers: [Waiver(rule: \"C041\", item: \"Greet.text\", reason: \"...\")]`.")]
pub struct CompatArgs {
    /// The released spec and the one that is to follow it; or that one alone, and the lock beside
    /// it is the released one. Each is a file, or `git:REVISION:path`.
    #[arg(value_name = "SPEC", num_args = 0..=2, default_value = "spec/messages.ron")]
    specs: Vec<Input>,
    /// Print one JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Let what breaks only the sources of users count as a break.
    #[arg(long)]
    deny_source: bool,
}

/// Arguments of `proto-gen release`.
#[derive(Args)]
#[command(after_help = "\
Exit code: 0 released, 1 the spec breaks the released one or needs a greater version, 2 a file that
cannot be read or written.")]
pub struct ReleaseArgs {
    /// The spec to release; `spec/messages.lock.ron` is the lock of `spec/messages.ron`.
    #[arg(default_value = "spec/messages.ron")]
    spec: PathBuf,
}

impl CompatArgs {
    /// Compares, and says what breaks.
    pub fn run(&self) -> ExitCode {
        let load = |input: &Input| -> Option<Spec> {
            let loaded = input.load();
            let complain = |mistakes| complain(&mistakes);
            loaded.map_err(complain).ok()
        };
        // Both, so that the mistakes of both are shown.
        let (old, new) = match &self.specs[..] {
            [old, new] => (load(old), load(new)),
            specs => {
                let new = specs.first().expect("there is a default");
                match new.lock() {
                    Input::File(lock) if !lock.exists() => {
                        write(&mut io::stderr(), &never_released(&lock, new));
                        return ExitCode::from(USAGE);
                    }
                    lock => (load(&lock), load(new)),
                }
            }
        };
        let (Some(old), Some(new)) = (old, new) else { return ExitCode::from(USAGE) };
        let report = Report::new(&old, &new);
        let text = match self.json {
            true => format!("{}\n", report.to_json()),
            false => report.render(colour(&io::stdout())),
        };
        write(&mut io::stdout(), &text);
        let denied = self.deny_source && report.warnings().next().is_some();
        match denied || report.breaks().next().is_some() {
            true => ExitCode::from(BREAKS),
            false => ExitCode::SUCCESS,
        }
    }
}

impl ReleaseArgs {
    /// Moves the lock, or says why not.
    pub fn run(&self) -> ExitCode {
        let refuse = |text: &str| {
            write(&mut io::stderr(), text);
            ExitCode::from(BREAKS)
        };
        match release(&self.spec) {
            Ok(Release::Unchanged) => {
                write(&mut io::stdout(), "nothing to release: the lock says the same\n");
                ExitCode::SUCCESS
            }
            Ok(Release::Moved { files, waivers }) => {
                let wrote = |path: &PathBuf| format!("wrote {}\n", path.display());
                let mut text: String = files.iter().map(wrote).collect();
                if waivers > 0 {
                    text += "remove the spec's waivers: what they waived is released\n";
                }
                write(&mut io::stdout(), &text);
                ExitCode::SUCCESS
            }
            Ok(Release::Breaks(report)) => {
                refuse(&format!("{}not released\n", report.render(colour(&io::stderr()))))
            }
            Ok(Release::SameVersion(version)) => refuse(&format!(
                "not released: the spec changed since version {version}; raise its `version`\n"
            )),
            Err(ReleaseError::Spec(mistakes)) => {
                complain(&mistakes);
                ExitCode::from(USAGE)
            }
            Err(error) => {
                write(&mut io::stderr(), &format!("proto-gen: {error}\n"));
                ExitCode::from(USAGE)
            }
        }
    }
}

fn never_released(lock: &Path, spec: &Input) -> String {
    format!(
        "proto-gen: there is no `{}` to compare with: `proto-gen release {spec}` makes the spec the \
         released one, or name the one that is before it\n",
        lock.display(),
    )
}

fn complain(mistakes: &Diagnostics) {
    write(&mut io::stderr(), &mistakes.render(colour(&io::stderr())));
}
