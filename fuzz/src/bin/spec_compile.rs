//! Any text as a spec: nothing panics, every place lies inside its file, and there is either a
//! mistake or Rust. That the Rust compiles is sampled by a test of `proto-gen`.
//!
//! The input is the spec's text.

#![cfg_attr(not(test), no_main)]

#[path = "../../../proto-gen/tests/mutated/check.rs"]
mod check;

use netport_fuzz::{Seed, seeds, words};
use proto_gen::backends::rust::{Options, generate};

netport_fuzz::target!(fuzz, seeds(), words::of_texts(&seeds()));

fn fuzz(data: &[u8]) {
    if let Some(schema) = check::check(data) {
        // Fails where what it is to lay out is no Rust.
        generate(&schema, &Options::default());
    }
}

fn seeds() -> Vec<Seed> {
    let tests =
        ["specs", "diagnostics", "goldens/rust"].map(|name| format!("proto-gen/tests/{name}"));
    seeds::specs(&[&["spec"], &tests.each_ref().map(String::as_str)[..]].concat())
}
