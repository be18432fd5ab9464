//! Arguments of the commands, and the files and streams around them.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::build::{self, Difference};
use super::decode::{Output, decode_json, decode_text, decode_value};
use super::encode::{encode_frames, encode_value};
use super::input::{InputForm, streams};
use crate::dynamic::json::hex;
use crate::schema::{Message, Schema};

/// Why a command failed, for standard error.
type Failure = String;

/// Write every generated file that stands beside the spec.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The spec.
    #[arg(default_value = "spec/messages.ron")]
    spec: PathBuf,
    /// Only compare, and fail where a file differs.
    #[arg(long)]
    verify: bool,
    /// Where to write, instead of the spec's folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Print frames as an indented tree, with offsets and raw bytes.
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// File with frames, hex or a capture; standard input if absent or `-`.
    file: Option<PathBuf>,
    /// Hex digits, instead of a file.
    #[arg(long, value_name = "DIGITS", conflicts_with = "file")]
    hex: Option<String>,
    /// The spec.
    #[arg(long, default_value = "spec/messages.ron")]
    spec: PathBuf,
    /// How the input is written.
    #[arg(long, value_enum, default_value_t)]
    input: InputForm,
    /// The input is the value of this message, without a header.
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
    /// One JSON object per frame and line.
    #[arg(long)]
    json: bool,
}

/// Make frames of JSON, as `decode --json` prints it; as hex on a terminal, else as bytes.
#[derive(Debug, clap::Args)]
pub struct Encode {
    /// File with JSON; standard input if absent or `-`.
    file: Option<PathBuf>,
    /// The spec.
    #[arg(long, default_value = "spec/messages.ron")]
    spec: PathBuf,
    /// The input is the value of this message; the output has no header.
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
    /// Print hex even where the output is no terminal.
    #[arg(long)]
    hex: bool,
}

impl Build {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        finish(self.work())
    }

    fn work(self) -> Result<ExitCode, Failure> {
        let schema = load(&self.spec)?;
        let beside = self.spec.parent().map(Path::to_path_buf).unwrap_or_default();
        let folder = self.out.as_ref().unwrap_or(&beside);
        let differences = if self.verify {
            build::compare(&schema, folder)
        } else {
            build::write(&schema, folder)
        };
        let differences = differences.map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut text = String::new();
        for difference in &differences {
            let (what, path) = match (difference, self.verify) {
                (Difference::Changed(path), true) => ("differs", path),
                (Difference::Missing(path), true) => ("is missing", path),
                (Difference::Stale(path), true) => ("is generated no longer", path),
                (Difference::Changed(path) | Difference::Missing(path), false) => ("written", path),
                (Difference::Stale(path), false) => ("removed", path),
            };
            text.push_str(&format!("{}: {what}\n", path.display()));
        }
        print(text.as_bytes())?;
        if self.verify && !differences.is_empty() {
            let out = self.out.map_or(String::new(), |out| format!(" --out {}", out.display()));
            let mend = format!("cargo run -p proto-gen -- build {}{out}", self.spec.display());
            return Err(format!("the generated files are not those of the spec; run: {mend}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Decode {
    /// Runs the command; fails where a frame does not decode.
    pub fn run(self) -> ExitCode {
        finish(self.work())
    }

    fn work(self) -> Result<ExitCode, Failure> {
        let schema = load(&self.spec)?;
        let (form, input) = match self.hex {
            Some(digits) => (InputForm::Hex, digits.into_bytes()),
            None => (self.input, read(self.file.as_deref())?),
        };
        let streams = streams(form, &input)?;
        let output = match &self.message {
            None if self.json => decode_json(&schema, &streams),
            None => decode_text(&schema, &streams),
            Some(name) => {
                let message = message(&schema, name)?;
                let values = streams
                    .iter()
                    .map(|stream| decode_value(&schema, message, &stream.bytes, self.json));
                values.fold(Output::default(), |all, one| Output {
                    text: all.text + &one.text,
                    faults: all.faults + one.faults,
                })
            }
        };
        print(output.text.as_bytes())?;
        Ok(if output.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Encode {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        finish(self.work())
    }

    fn work(self) -> Result<ExitCode, Failure> {
        let schema = load(&self.spec)?;
        let input = read(self.file.as_deref())?;
        let text = std::str::from_utf8(&input).map_err(|error| format!("not JSON: {error}"))?;
        let bytes = match &self.message {
            None => encode_frames(&schema, text)?,
            Some(name) => {
                let json =
                    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
                encode_value(&schema, message(&schema, name)?, &json)?
            }
        };
        if self.hex || io::stdout().is_terminal() {
            print(format!("{}\n", hex(&bytes)).as_bytes())?;
        } else {
            print(&bytes)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn load(spec: &Path) -> Result<Schema, Failure> {
    crate::load(spec).map_err(|mistakes| mistakes.to_string())
}

fn message<'a>(schema: &'a Schema, name: &str) -> Result<&'a Message, Failure> {
    let found = schema.messages().find(|message| message.meta.name == name);
    found.ok_or_else(|| format!("there is no message `{name}`"))
}

fn read(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file.filter(|path| *path != Path::new("-")) {
        Some(path) => fs::read(path).map_err(|error| format!("{}: {error}", path.display())),
        None => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| format!("standard input: {error}"))?;
            Ok(bytes)
        }
    }
}

/// Writes to standard output; a reader that has seen enough is no error.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

fn finish(result: Result<ExitCode, Failure>) -> ExitCode {
    result.unwrap_or_else(|failure| {
        eprintln!("{}", failure.trim_end());
        ExitCode::FAILURE
    })
}
