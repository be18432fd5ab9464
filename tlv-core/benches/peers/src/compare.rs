//! The comparison: every format, every data set, every column.

use std::hint::black_box;
use std::io;

use clap::ValueEnum;

use crate::measure::{Timed, compare};
use crate::subject::{Sizes, Subject, subjects};
use crate::table::{self, Cell, Row};
use crate::{Column, Compare};

/// What the figures are about.
const SIZES: Sizes = Sizes { logs: 10_000, triangles: 125_000, updates: 1_000, frames: 1_000 };

/// The largest piece of memory by which glibc learns, when it is freed, how much to keep.
const KEPT: usize = 31 << 20;

/// Measures, and prints.
pub fn run(args: &Compare) -> io::Result<()> {
    // From then on, memory that a format frees is there for its next turn, and it is not the kernel
    // that is measured: without, `control` by itself takes everybody up to twice as long.
    drop(black_box(Vec::<u8>::with_capacity(KEPT)));
    let mut rows = Vec::new();
    for data in chosen(&args.data) {
        eprintln!("measuring {data:?} ...");
        let mut subjects = subjects(data, SIZES, |name| {
            let asked = || args.format.iter().any(|format| format == name);
            args.format.is_empty() || name == "ours" || asked()
        });
        for column in chosen(&args.column) {
            let data = format!("{data:?}").to_lowercase();
            rows.push(Row { data, column, cells: measure(&mut subjects, column) });
        }
    }
    if args.json { table::json(&rows, io::stdout()) } else { table::text(&rows, io::stdout()) }
}

/// Those asked for; without any, all.
fn chosen<T: ValueEnum>(asked: &[T]) -> Vec<T> {
    if asked.is_empty() { T::value_variants().to_vec() } else { asked.to_vec() }
}

fn measure(subjects: &mut [Subject], column: Column) -> Vec<Cell> {
    let figures: Vec<(f64, f64, f64)> = match column {
        Column::Size | Column::Zstd => sizes(subjects, column),
        _ => {
            let timed = |subject| Timed { action: Subject::action(subject, column) };
            let figures = compare(&mut subjects.iter_mut().map(timed).collect::<Vec<_>>());
            let cell = |figure: crate::measure::Figure| {
                (figure.median.as_secs_f64() * 1e6, figure.ratio, figure.spread)
            };
            figures.into_iter().map(cell).collect()
        }
    };
    subjects
        .iter()
        .zip(figures)
        .map(|(subject, (value, ratio, spread))| Cell {
            name: subject.name,
            evolution: subject.evolution,
            borrows: subject.borrows,
            value,
            ratio,
            spread,
        })
        .collect()
}

/// Value, ratio, and no spread.
fn sizes(subjects: &[Subject], column: Column) -> Vec<(f64, f64, f64)> {
    let size = |subject: &Subject| match column {
        Column::Zstd => zstd::bulk::compress(&subject.bytes, 3).map_or(0, |bytes| bytes.len()),
        _ => subject.bytes.len() - subject.framing,
    } as f64;
    let ours = subjects.first().map_or(0.0, size);
    subjects.iter().map(|subject| (size(subject), ours / size(subject), 0.0)).collect()
}
