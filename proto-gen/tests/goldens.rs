//! One small spec per construct, and the Rust that is generated from it. tlv-core's tests compile
//! and run that Rust.
//!
//! `UPDATE_GOLDENS=1 cargo test -p proto-gen --test goldens` rewrites it.

#[path = "../benches/scale/spec.rs"]
mod scale;

use std::{env, fs, path::Path};

use proto_gen::backends::rust::{Options, generate};

#[test]
fn the_generated_rust_is_the_golden_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/rust");
    let mut specs: Vec<_> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ron"))
        .collect();
    specs.sort();
    assert!(specs.len() >= 15, "only {} specs", specs.len());
    let mut stale = Vec::new();
    for spec in specs {
        let schema = proto_gen::load(&spec).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let generated = generate(&schema, &Options::default());
        let golden = spec.with_extension("rs");
        if env::var_os("UPDATE_GOLDENS").is_some() {
            fs::write(&golden, &generated).expect("writable");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != generated {
            stale.push(golden);
        }
    }
    assert!(stale.is_empty(), "not as generated, UPDATE_GOLDENS=1 rewrites them: {stale:#?}");
}

/// What it costs to compile grows with this, and a count, unlike a time, is the same everywhere.
#[test]
fn a_message_of_ten_fields_is_a_bounded_amount_of_rust() {
    const MESSAGES: usize = 40;
    let spec = scale::spec(MESSAGES);
    let checked = proto_gen::check_with("spec.ron", |_| Ok(spec.clone().into_bytes()));
    let schema = checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics));
    let words = generate(&schema, &Options::default()).split_whitespace().count() / MESSAGES;
    println!("{words} words for each message");
    assert!((500..WORDS_MAX).contains(&words), "{words} words for each message");
}

/// Raise it for a reason: `cargo bench -p proto-gen --bench scale -- compile` says at what price.
const WORDS_MAX: usize = 1_800;
