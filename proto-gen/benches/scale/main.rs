//! How the cost of a spec grows: `cargo bench -p proto-gen --bench scale`, or with sizes of one's own
//! `cargo bench -p proto-gen --bench scale -- 1000`. With `-- compile` it measures instead what the
//! generated code costs the compiler. What it printed stands in `benches/README.md`.

mod compile;
mod spec;

use std::path::Path;
use std::time::{Duration, Instant};

use proto_gen::backends::rust::{Options, generate};
use proto_gen::schema::Schema;

/// Runs per size; the fastest counts, since everything else on the machine only adds.
const RUNS: usize = 3;

fn main() {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sizes: Vec<usize> = arguments.iter().filter_map(|arg| arg.parse().ok()).collect();
    let or = |default: &[usize]| if sizes.is_empty() { default.to_vec() } else { sizes.clone() };
    if arguments.iter().any(|arg| arg == "compile") {
        compile::measure(&or(&[100, 200, 400, 800]));
    } else {
        growth(&or(&[100, 300, 1_000, 3_000, 10_000]));
    }
}

fn growth(sizes: &[usize]) {
    println!("| messages | spec | check | generate | together | per message | Rust |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for messages in sizes {
        let spec = spec::spec(*messages);
        let (mut check, mut make, mut len) = (Duration::MAX, Duration::MAX, 0);
        for _ in 0..RUNS {
            let begin = Instant::now();
            let schema = checked(&spec);
            check = check.min(begin.elapsed());
            let begin = Instant::now();
            len = generate(&schema, &Options::default()).len();
            make = make.min(begin.elapsed());
        }
        let each = (check + make) / *messages as u32;
        println!(
            "| {messages} | {} KiB | {} ms | {} ms | {} ms | {} µs | {} KiB |",
            spec.len() / 1024,
            check.as_millis(),
            make.as_millis(),
            (check + make).as_millis(),
            each.as_micros(),
            len / 1024,
        );
    }
}

fn checked(spec: &str) -> Schema {
    let checked = proto_gen::check_with(Path::new("spec.ron"), |_| Ok(spec.as_bytes().to_vec()));
    checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics))
}
