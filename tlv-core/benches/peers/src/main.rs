//! The generated codec side by side with other projects' crates, interleaved in one process, as
//! ratios of times and of sizes. `--help` says what is measured and how.

mod data;
#[macro_use]
mod sum;
mod formats;
mod measure;
mod model;
mod table;

use std::hint::black_box;

use clap::{Parser, ValueEnum};

use crate::formats::bilrost::Bilrost;
use crate::formats::derived::{Bitcode, Borsh, Minicbor, Postcard, Rkyv, Wincode};
use crate::formats::ours::Ours;
use crate::formats::prost::Prost;
use crate::formats::{Evolution, Format, aligned};
use crate::measure::{Timed, compare};
use crate::table::{Cell, Row};

/// Times the generated codec against other formats on the same data and prints ratios,
/// ours/theirs: below 1 we are faster, or smaller.
///
/// encode: into a reused buffer. decode: to owned. borrow: from the bytes to having read every
/// field of every element, checked. access: from the bytes to having read one field of every
/// element (log: status, mesh: the first coordinate, mk48: each contact's entity id, control: one
/// field of each frame). Dropping a result is not counted. size: encoded bytes, without framing
/// except in control. zstd: the same after zstd, level 3.
#[derive(Parser)]
struct Args {
    /// Only these data sets.
    #[arg(long, value_delimiter = ',')]
    data: Vec<Data>,
    /// Only these columns.
    #[arg(long, value_delimiter = ',')]
    column: Vec<Column>,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Data {
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

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let data = if args.data.is_empty() { Data::value_variants().to_vec() } else { args.data };
    let columns =
        if args.column.is_empty() { Column::value_variants().to_vec() } else { args.column };
    let mut rows = Vec::new();
    for data in data {
        eprintln!("measuring {data:?} ...");
        let name = format!("{data:?}").to_lowercase();
        rows.extend(match data {
            Data::Log => run(&name, &data::logs(data::LOGS), &columns),
            Data::Mesh => run(&name, &data::mesh(data::TRIANGLES), &columns),
            Data::Mk48 => run(&name, &data::updates(data::UPDATES), &columns),
            Data::Control => run(&name, &data::frames(data::FRAMES), &columns),
        });
    }
    if args.json {
        table::json(&rows, std::io::stdout())
    } else {
        table::text(&rows, std::io::stdout())
    }
}

/// A format's prepared data and what to do with it.
struct Subject {
    name: &'static str,
    evolution: Evolution,
    borrows: bool,
    framing: usize,
    bytes: rkyv::util::AlignedVec,
    encode: Box<dyn FnMut(&mut Vec<u8>)>,
    decode: fn(&[u8]) -> Box<dyn Drop1>,
    borrow: fn(&[u8]) -> u64,
    access: fn(&[u8]) -> u64,
}

/// Anything that can be dropped.
trait Drop1 {}
impl<T> Drop1 for T {}

/// Prepares a format, and shows that it carries everything: decode and borrow give `expected`.
fn subject<F: Format<T>, T>(value: &T, expected: Option<u64>) -> (Subject, u64) {
    let own = F::own(value);
    let mut bytes = Vec::new();
    F::encode(&own, &mut bytes);
    let bytes = aligned(&bytes);
    let sum = F::sum(&F::decode(&bytes));
    assert_eq!(sum, F::borrow(&bytes), "{}: decode and borrow read the same", F::NAME);
    assert_eq!(sum, expected.unwrap_or(sum), "{}: reads what was written", F::NAME);
    let subject = Subject {
        name: F::NAME,
        evolution: F::EVOLUTION,
        borrows: F::BORROWS,
        framing: F::FRAMING,
        bytes,
        encode: Box::new(move |out| F::encode(&own, out)),
        decode: |bytes| Box::new(F::decode(bytes)),
        borrow: F::borrow,
        access: F::access,
    };
    (subject, sum)
}

fn run<T>(data: &str, value: &T, columns: &[Column]) -> Vec<Row>
where
    Bilrost: Format<T>,
    Bitcode: Format<T>,
    Borsh: Format<T>,
    Minicbor: Format<T>,
    Ours: Format<T>,
    Postcard: Format<T>,
    Prost: Format<T>,
    Rkyv: Format<T>,
    Wincode: Format<T>,
{
    let (ours, sum) = subject::<Ours, T>(value, None);
    let mut subjects = vec![ours];
    macro_rules! peers {
        ($($format:ident)*) => {
            $(subjects.push(subject::<$format, T>(value, Some(sum)).0);)*
        };
    }
    peers!(Prost Bilrost Minicbor Wincode Bitcode Borsh Postcard Rkyv);

    columns
        .iter()
        .map(|&column| Row { data: data.into(), column, cells: measure(&mut subjects, column) })
        .collect()
}

fn measure(subjects: &mut [Subject], column: Column) -> Vec<Cell> {
    let size = |subject: &Subject| match column {
        Column::Zstd => zstd::bulk::compress(&subject.bytes, 3).map_or(0, |bytes| bytes.len()),
        _ => subject.bytes.len() - subject.framing,
    };
    let meta: Vec<_> = subjects
        .iter()
        .map(|subject| (subject.evolution, subject.borrows, size(subject)))
        .collect();
    let figures = match column {
        Column::Size | Column::Zstd => {
            let cells = subjects.iter().zip(&meta);
            return cells
                .map(|(subject, &(evolution, borrows, size))| Cell {
                    name: subject.name,
                    evolution,
                    borrows,
                    value: size as f64,
                    ratio: meta[0].2 as f64 / size as f64,
                    spread: 0.0,
                })
                .collect();
        }
        _ => compare(
            &mut subjects.iter_mut().map(|subject| timed(subject, column)).collect::<Vec<_>>(),
        ),
    };
    figures
        .into_iter()
        .zip(meta)
        .map(|(figure, (evolution, borrows, _))| Cell {
            name: figure.name,
            evolution,
            borrows,
            value: figure.median.as_secs_f64() * 1e6,
            ratio: figure.ratio,
            spread: figure.spread,
        })
        .collect()
}

fn timed<'a>(subject: &'a mut Subject, column: Column) -> Timed<'a> {
    let Subject { name, bytes, encode, decode, borrow, access, .. } = subject;
    match column {
        Column::Encode => {
            // Twice the room, so that nobody's growth strategy is measured.
            let mut out = Vec::with_capacity(2 * bytes.len());
            Timed::new(name, move || {
                out.clear();
                encode(&mut out);
                black_box(out.as_slice());
            })
        }
        Column::Decode => Timed::new(name, || decode(black_box(bytes))),
        Column::Borrow => Timed::new(name, || borrow(black_box(bytes))),
        _ => Timed::new(name, || access(black_box(bytes))),
    }
}
