//! How cost grows with the number of elements, and with the number of fields.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{fs, io};

use clap::Args;
use tlv_core::Message;
use tlv_core::record::HEADER_LEN;
use tlv_core::write::FrameBuffer;

use crate::svg::{Chart, Series, page};

mod linear {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/linear.rs"));
}

mod fields {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/fields.rs"));
}

/// How many elements the lists have.
const ELEMENTS: [usize; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// A measurement takes at least so many elements or fields, however few are in a message.
const AT_LEAST: usize = 200_000;
/// Measurements of which the fastest counts.
const ROUNDS: usize = 9;

#[derive(Args)]
pub struct Plot {
    /// Where to.
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../linear.svg"))]
    file: PathBuf,
}

impl Plot {
    /// Measures, draws, and prints the figures.
    pub fn run(&self) -> io::Result<ExitCode> {
        let elements: Vec<_> = ELEMENTS.map(|count| (count, of_elements(count))).into();
        let fields = [
            (4, of_fields::<fields::Fields4>(4)),
            (8, of_fields::<fields::Fields8>(8)),
            (16, of_fields::<fields::Fields16>(16)),
            (32, of_fields::<fields::Fields32>(32)),
            (64, of_fields::<fields::Fields64>(64)),
            (128, of_fields::<fields::Fields128>(128)),
            (256, of_fields::<fields::Fields256>(256)),
        ];
        let charts = [
            chart("a list of elements of four fields", "elements", &elements),
            chart("a message of fields", "fields", &fields),
        ];
        for chart in &charts {
            print(chart);
        }
        fs::write(&self.file, page(&charts))?;
        println!("\n{}", self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// Nanoseconds to encode, decode and borrow a message.
type Costs = [f64; 3];

fn chart(title: &'static str, unit: &'static str, costs: &[(usize, Costs)]) -> Chart {
    let series = ["encode", "decode", "borrow"].into_iter().enumerate().map(|(at, name)| {
        let points = costs.iter().map(|(count, costs)| (*count as f64, costs[at])).collect();
        Series { name, points }
    });
    Chart { title, x: unit, y: "nanoseconds", series: series.collect() }
}

fn print(chart: &Chart) {
    println!("\nnanoseconds per element, {} by {}", chart.title, chart.x);
    for series in &chart.series {
        print!("{:8}", series.name);
        for (count, cost) in &series.points {
            print!("{:10.2}", cost / count);
        }
        println!();
    }
}

/// Four fields of 8, 21, 3 and 21 bytes on the wire: an `Entry` without its length, and what the
/// messages of many fields consist of.
fn four_fields() -> Vec<u8> {
    let mut bytes = 0x0123_4567_89ab_cdef_u64.to_le_bytes().to_vec();
    bytes.extend_from_slice(b"\x14twenty bytes of text");
    bytes.extend_from_slice(&[1, 0x34, 0x12]);
    bytes.extend_from_slice(b"\x14twenty other bytes..");
    bytes
}

fn of_elements(count: usize) -> Costs {
    let fields = four_fields();
    let mut entry = (fields.len() as u16).to_le_bytes().to_vec();
    entry.extend(fields);
    let mut value = (count as u32).to_le_bytes().to_vec();
    value.extend(entry.repeat(count));
    costs::<linear::Entries>(&value, count, |entries| {
        for entry in entries.entries {
            black_box(entry.expect("own bytes"));
        }
    })
}

fn of_fields<M: Message>(count: usize) -> Costs {
    costs::<M>(&four_fields().repeat(count / 4), count, |_| {})
}

fn costs<M: Message>(value: &[u8], count: usize, walk: fn(M::Ref<'_>)) -> Costs {
    let message = M::decode(value).expect("an encoding by construction");
    let mut out = FrameBuffer::new();
    message.encode_frame(&mut out).expect("within the bounds");
    assert_eq!(out[HEADER_LEN..], *value);
    let repeats = AT_LEAST.div_ceil(count);
    let encode = time(repeats, || {
        out.clear();
        message.encode_frame(&mut out).expect("within the bounds");
        black_box(&out[..]);
    });
    let decode = time(repeats, || M::decode(black_box(value)).expect("own bytes"));
    let borrow = time(repeats, || {
        walk(black_box(M::borrow(black_box(value)).expect("own bytes")));
    });
    [encode, decode, borrow]
}

/// Nanoseconds of one call, dropping what it returns included.
fn time<T>(repeats: usize, mut action: impl FnMut() -> T) -> f64 {
    let round = || {
        let start = Instant::now();
        for _ in 0..repeats {
            black_box(action());
        }
        start.elapsed().as_secs_f64() * 1e9 / repeats as f64
    };
    std::iter::repeat_with(round).take(ROUNDS).fold(f64::INFINITY, f64::min)
}
