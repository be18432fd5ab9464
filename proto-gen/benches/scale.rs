//! How the cost of a spec grows: `cargo bench -p proto-gen`, or with sizes of one's own
//! `cargo bench -p proto-gen --bench scale -- 1000`.
//!
//! Makes specs of 100 to 10,000 messages with 10 fields each, and prints how long it takes to check
//! one and to generate Rust from it. 1,000 messages are to take less than a second together, and
//! the time per message is not to grow with their number.
//!
//! Measured as processor time (`perf stat -e task-clock`, a third of it per run, since the machine
//! had two cores and a load of 13): 100 messages 0.45 s, laid out for readers; 1,000 messages 1.95 s
//! without layout on two threads, where they took 4.7 s with it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use proto_gen::backends::rust::{Options, generate};

/// Runs per size; the fastest counts, since everything else on the machine only adds.
const RUNS: usize = 3;

fn main() {
    // Cargo adds `--bench`.
    let mut sizes: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100, 300, 1_000, 3_000, 10_000];
    }
    println!("| messages | spec | check | generate | together | per message | Rust |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for messages in sizes {
        let spec = spec(messages);
        let (mut check, mut make, mut len) = (Duration::MAX, Duration::MAX, 0);
        for _ in 0..RUNS {
            let begin = Instant::now();
            let checked =
                proto_gen::check_with(Path::new("spec.ron"), |_| Ok(spec.clone().into_bytes()));
            let schema = checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics));
            check = check.min(begin.elapsed());
            let begin = Instant::now();
            len = generate(&schema, &Options::default()).len();
            make = make.min(begin.elapsed());
        }
        let each = (check + make) / messages as u32;
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

/// Messages with every kind of field: ten each, two of them optional; every fourth message is half
/// of a call, and every tenth brings a struct and an enum of its own.
fn spec(messages: usize) -> String {
    let mut types = (String::new(), String::new());
    let mut calls = String::new();
    let mut list = String::new();
    for n in 0..messages {
        let group = n / 10;
        if n % 10 == 0 {
            let _ = writeln!(
                types.0,
                "        Enum(name: \"Kind{group}\", repr: U16, doc: \"A kind.\", values: [Value(value: 1, name: \"One\", doc: \"One.\"), Value(value: 2, name: \"Two\", doc: \"Two.\")]),"
            );
            let _ = writeln!(
                types.1,
                "        Struct(name: \"Part{group}\", doc: \"A part.\", fields: [Field(name: \"at\", ty: U64, doc: \"Where.\"), Field(name: \"kind\", ty: Kind{group}, doc: \"What.\")]),"
            );
        }
        if n % 8 == 0 && n + 1 < messages {
            let _ =
                writeln!(calls, "            Call(request: \"M{n}\", response: \"M{}\"),", n + 1);
        }
        let id = 0x0100 + 2 * n;
        let _ = writeln!(
            list,
            "            Message(id: {id:#06x}, name: \"M{n}\", doc: \"Message {n}.\", fields: [
                Field(name: \"id\", ty: U32, doc: \"An id.\"),
                Field(name: \"time\", ty: Timestamp, doc: \"A time.\"),
                Field(name: \"kind\", ty: Kind{group}, doc: \"A kind.\"),
                Field(name: \"name\", ty: Str(64), non_empty: true, doc: \"A name.\"),
                Field(name: \"data\", ty: Bytes(1_000), doc: \"Data.\"),
                Field(name: \"parts\", ty: List(Part{group}, 100), doc: \"Parts.\"),
                Field(name: \"scores\", ty: Map(U16, F64, 50), doc: \"Scores.\"),
                Field(name: \"maybe\", ty: Opt(Part{group}), doc: \"Perhaps a part.\"),
            ], tail: [
                Field(id: 1, name: \"level\", ty: U8, range: (0, 10), doc: \"A level.\"),
                Field(id: 3, name: \"note\", ty: Str(200), doc: \"A note.\"),
            ]),"
        );
    }
    format!(
        "Protocol(
    name: \"scale\", version: 1, doc: \"A large spec.\",
    enums: [\n{}    ],
    structs: [\n{}    ],
    sets: [
        Set(name: \"All\", doc: \"All messages.\", calls: [\n{calls}        ], messages: [\n{list}        ]),
    ],
)",
        types.0, types.1
    )
}
