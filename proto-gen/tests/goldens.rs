//! One small spec per construct, and the Rust that is generated from it. tlv-core's tests compile
//! and run that Rust.
//!
//! `UPDATE_GOLDENS=1 cargo test -p proto-gen --test goldens` rewrites it.

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
