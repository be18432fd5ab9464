//! Arguments of the commands, and the files and streams around them.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::build::{self, Difference};
use super::decode::{Form, Printer};
use super::encode::{encode_frames, encode_value, named};
use super::input::{self, Input, InputForm};
use crate::dynamic::json::hex;
use crate::schema::Schema;

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
#[command(after_help = "\
Exit code: 0 all is right, 1 something does not decode or cannot be read, 2 wrong arguments.
Of a capture, each direction of each TCP connection is a stream of frames.")]
pub struct Decode {
    /// File with frames, hex or a capture; standard input if absent or `-`.
    file: Option<PathBuf>,
    /// Hex digits, instead of a file.
    #[arg(long, value_name = "DIGITS", conflicts_with_all = ["file", "input"])]
    hex: Option<String>,
    /// The spec.
    #[arg(long, default_value = "spec/messages.ron")]
    spec: PathBuf,
    /// What the input is: binary, hex, pcap (pcapng too), or auto, by its first bytes.
    #[arg(long, value_enum, default_value_t, value_name = "FORM", hide_possible_values = true)]
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
#[command(after_help = "\
For example: {\"message\": \"Greet\", \"value\": {\"text\": \"hello\", \"mood\": \"Happy\"}}
How values of each type are written stands in vectors/README.md beside the spec; a float may also be
a number, and a map an object.")]
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
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
        if self.verify && !differences.is_empty() {
            let out = self.out.map_or(String::new(), |out| format!(" --out {}", shell(&out)));
            let mend = format!("cargo run -p proto-gen -- build {}{out}", shell(&self.spec));
            let text = format!("the generated files are not those of the spec; run: {mend}");
            return Err(text.into());
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
        let schema = load(&self.spec)?.with_control();
        let message = self.message.as_deref().map(|name| named(&schema, name)).transpose()?;
        let (form, input): (_, Box<dyn Read>) = match &self.hex {
            Some(digits) => (InputForm::Hex, Box::new(digits.as_bytes())),
            None => (self.input, Box::new(Source::open(self.file.as_deref())?)),
        };
        let print = if self.json { Form::Json } else { Form::Tree };
        let mut printer = Printer::new(&schema, print, BufWriter::new(io::stdout().lock()));
        match (input::open(form, input)?, message) {
            (Input::Stream(stream), None) => printer.stream("", stream)?,
            (Input::Stream(value), Some(message)) => printer.value(message, value)?,
            (Input::Capture(streams), None) => {
                for stream in streams {
                    printer.stream(&stream.name, &stream.bytes[..])?;
                    if stream.hole {
                        printer.hole(&stream.name, stream.bytes.len())?;
                    }
                }
            }
            (Input::Capture(_), Some(_)) => {
                return Err("a capture has frames, not the value of one message".into());
            }
        }
        let (mut out, faults) = printer.finish();
        out.flush()?;
        Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Encode {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        finish(self.work())
    }

    fn work(self) -> Result<ExitCode, Failure> {
        let schema = load(&self.spec)?.with_control();
        let input = Source::open(self.file.as_deref())?;
        let mut out = io::stdout().lock();
        let as_hex = self.hex || out.is_terminal();
        let mut write = |bytes: &[u8]| {
            if as_hex { out.write_all(hex(bytes).as_bytes()) } else { out.write_all(bytes) }
        };
        match &self.message {
            None => {
                for frame in encode_frames(&schema, input) {
                    write(&frame?)?;
                }
            }
            Some(name) => {
                let message = named(&schema, name)?;
                let json = serde_json::from_reader(io::BufReader::new(input))
                    .map_err(|error| format!("not JSON: {error}"))?;
                write(&encode_value(&schema, message, &json)?)?;
            }
        }
        if as_hex {
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A path as a shell takes it for one word.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn load(spec: &Path) -> Result<Schema, Failure> {
    crate::load(spec).map_err(|mistakes| mistakes.to_string().into())
}

/// A file or standard input, whose errors say which.
struct Source {
    name: String,
    input: Box<dyn Read>,
}

impl Source {
    fn open(file: Option<&Path>) -> io::Result<Self> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Self { name: "standard input".to_owned(), input: Box::new(io::stdin()) });
        };
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| of_file(&name, &error))?;
        Ok(Self { name, input: Box::new(file) })
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).map_err(|error| of_file(&self.name, &error))
    }
}

fn of_file(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// Why a command ends before its work is done.
enum Failure {
    /// In words, for standard error.
    Text(String),
    /// Whoever reads the output has seen enough, which is no error.
    NoReader,
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::NoReader,
            _ => Self::Text(error.to_string()),
        }
    }
}

fn finish(result: Result<ExitCode, Failure>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(Failure::NoReader) => ExitCode::SUCCESS,
        Err(Failure::Text(text)) => {
            // Nobody is left to be told where this fails.
            let _ = writeln!(io::stderr(), "{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}
