//! Instruction counts of the generated codec, held against a record: times depend on the machine
//! and on what else it does, counts hardly.
//!
//! Each count is a run of this program under callgrind, which collects in one function only, on
//! the second encounter with a small data set. What is counted includes the allocator and the
//! copies of the C library.

use std::fmt::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

use clap::{Args, ValueEnum};

use crate::subject::{Drop1, FORMATS, Sizes, subjects};
use crate::{Column, Data};

/// Small, since callgrind is slow; large enough that what happens once per message does not count.
const SIZES: Sizes = Sizes { logs: 200, triangles: 2_000, updates: 20, frames: 600 };
const COLUMNS: [Column; 4] = [Column::Encode, Column::Decode, Column::Borrow, Column::Access];
/// Where the counts are recorded.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// By so much a count may exceed the recorded one.
const GROWTH_MAX: f64 = 0.05;
/// By so much where the compiler, the C library or the machine is another than the recorded one.
/// Then a growth may be none of the change's doing, so that 5 % would fail changes that are
/// innocent; but no limit at all would let everything pass from the day that a toolchain moves.
const GROWTH_MAX_ELSEWHERE: f64 = 0.25;

#[derive(Args)]
pub struct Count {
    /// Write the record instead of comparing with it.
    #[arg(long)]
    update: bool,
    /// Count the other formats too, and print ratios; the record is not looked at.
    #[arg(long, conflicts_with = "update")]
    peers: bool,
    /// Only these data sets.
    #[arg(long, value_delimiter = ',', requires = "peers")]
    data: Vec<Data>,
    /// Only count this action in this process, which runs under callgrind.
    #[arg(long, hide = true, num_args = 3, value_names = ["DATA", "COLUMN", "FORMAT"])]
    inside: Option<Vec<String>>,
}

impl Count {
    /// Counts, and compares or records.
    pub fn run(&self) -> io::Result<ExitCode> {
        if let Some(what) = &self.inside {
            return inside(what);
        }
        if self.peers {
            return self.peers();
        }
        let text = record()?;
        if self.update {
            fs::write(RECORD, text)?;
            return Ok(ExitCode::SUCCESS);
        }
        Ok(judge(&fs::read_to_string(RECORD)?, &text))
    }

    /// Prints how many instructions each format needs, and ours relative to it.
    fn peers(&self) -> io::Result<ExitCode> {
        let data = if self.data.is_empty() { Data::value_variants() } else { &self.data };
        for &data in data {
            println!("{data:?}: {COLUMNS:?}, thousands of instructions and ours / theirs");
            let mut ours = [0; COLUMNS.len()];
            for format in FORMATS {
                print!("{format:20}");
                for (column, ours) in COLUMNS.into_iter().zip(&mut ours) {
                    let count = count(data, column, format)?;
                    if format == "ours" {
                        *ours = count;
                    }
                    print!("{:10}{:6.2}", count / 1_000, *ours as f64 / count as f64);
                }
                println!();
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the counts hold, and the counts, one to a line.
fn record() -> io::Result<String> {
    let mut text = format!("# {}\n", environment()?);
    for &data in Data::value_variants() {
        for column in COLUMNS {
            let count = count(data, column, "ours")?;
            let line = writeln!(text, "{} {} {count}", word(data), word(column));
            line.map_err(io::Error::other)?;
        }
    }
    Ok(text)
}

/// Compares counts with those that are recorded, and says what differs.
fn judge(recorded: &str, counted: &str) -> ExitCode {
    let (before, now) = (recorded.lines().next(), counted.lines().next());
    let limit = if before == now { GROWTH_MAX } else { GROWTH_MAX_ELSEWHERE };
    if before != now {
        println!(
            "The counts were recorded elsewhere, so only a growth of more than {:.0} % fails.\n\
             recorded: {}\nhere:     {}",
            100.0 * GROWTH_MAX_ELSEWHERE,
            before.unwrap_or_default(),
            now.unwrap_or_default(),
        );
    }
    let mut grown = false;
    let mut update = before != now;
    for line in counted.lines().skip(1) {
        let Some((what, count)) = split(line) else { continue };
        let recorded = recorded.lines().filter_map(split).find(|(other, _)| *other == what);
        let Some((_, before)) = recorded else {
            println!("{what}: {count} instructions, not recorded");
            grown = true;
            continue;
        };
        let growth = count as f64 / before as f64 - 1.0;
        println!("{what}: {count} instructions, {:+.1} %", 100.0 * growth);
        grown |= growth > limit;
        update |= growth < -GROWTH_MAX;
    }
    if grown {
        println!("Too many. Where that is right, record it in the same change: count --update");
        return ExitCode::FAILURE;
    }
    if update {
        println!("The record is out of date; please record what is true now: count --update");
    }
    ExitCode::SUCCESS
}

/// What a line counts, and the count.
fn split(line: &str) -> Option<(&str, u64)> {
    let (what, count) = line.rsplit_once(' ')?;
    Some((what, count.parse().ok()?))
}

/// What the counts depend on besides the code: compiler, C library, valgrind, machine.
fn environment() -> io::Result<String> {
    let first = |program: &str, arg: &str| {
        let output = Command::new(program).arg(arg).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        io::Result::Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let (rustc, libc) = (first("rustc", "--version")?, first("ldd", "--version")?);
    Ok(format!("{rustc}; {libc}; {}; {}", first("valgrind", "--version")?, env::consts::ARCH))
}

/// Runs this program under callgrind for one count.
fn count(data: Data, column: Column, format: &str) -> io::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*counted_action*"])
        .arg(env::current_exe()?)
        .args(["count", "--inside", &word(data), &word(column), format])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("valgrind: {error}")))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected :"));
    match collected.and_then(|(_, count)| count.trim().parse().ok()) {
        Some(count) if output.status.success() && count > 0 => Ok(count),
        _ => Err(io::Error::other(format!("callgrind counts nothing:\n{told}"))),
    }
}

/// The side of [`count`] that is counted.
fn inside(what: &[String]) -> io::Result<ExitCode> {
    let unknown = || io::Error::other("an unknown data set, column or format");
    let [data, column, format] = what else { return Err(unknown()) };
    let data = Data::from_str(data, true).map_err(|_| unknown())?;
    let column = Column::from_str(column, true).map_err(|_| unknown())?;
    let mut subjects = subjects(data, SIZES, |name| name == format);
    let subject = subjects.first_mut().ok_or_else(unknown)?;
    let mut action = subject.action(column);
    // Buffers have grown, and the allocator has memory, when it is counted.
    drop(action());
    drop(counted_action(&mut *action));
    Ok(ExitCode::SUCCESS)
}

/// Callgrind knows it by this name.
#[inline(never)]
fn counted_action(action: &mut dyn FnMut() -> Option<Box<dyn Drop1>>) -> Option<Box<dyn Drop1>> {
    action()
}

fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
