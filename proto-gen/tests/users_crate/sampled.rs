//! Whatever comes out of the checker compiles: random specs, and what is still a spec after damage,
//! each as a module of one crate without a warning.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use proto_gen::backends::rust::{Options, generate};
use proto_gen::dynamic::Prng;

use super::{Crate, damage, model::Model};

/// Random specs.
const RANDOM: u64 = 40;

/// Damaged specs; far fewer are still specs.
const DAMAGED: usize = 400;

/// The Rust of the text as a spec, where it is one.
fn rust(text: &str) -> Option<String> {
    let read = |path: &Path| match path.to_str() {
        Some("shared.ron") => Ok(include_bytes!("../specs/shared.ron").to_vec()),
        _ => Ok(text.as_bytes().to_vec()),
    };
    let schema = proto_gen::check_with("spec.ron", read).schema?;
    Some(generate(&schema, &Options::default()))
}

fn random() -> impl Iterator<Item = String> {
    (0..RANDOM).map(|seed| Model::random(&mut Prng::new(seed)).text())
}

fn damaged() -> impl Iterator<Item = String> {
    let specs = ["specs/everything", "specs/hostile", "goldens/rust/edges"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{name}.ron"));
        fs::read_to_string(path).expect("readable")
    });
    let mut runner = TestRunner::deterministic();
    (0..DAMAGED).map(move |at| {
        let damages = damage::damages().new_tree(&mut runner).expect("no filter rejects");
        damage::apply(&specs[at % specs.len()], &damages.current())
    })
}

#[test]
fn whatever_comes_out_of_the_checker_compiles_without_a_warning() {
    let made = Crate::new("sampled", &[]);
    let mut root = String::from("//! Sampled.\n#![deny(warnings, missing_docs, rustdoc::all)]\n");
    let mut modules = 0;
    for text in random().chain(damaged()) {
        let Some(rust) = rust(&text) else { continue };
        made.write(&format!("src/sample{modules}.rs"), &rust);
        // Beside the Rust, for whoever looks into a failure.
        made.write(&format!("src/sample{modules}.ron"), &text);
        // Writing to a `String` cannot fail.
        let _ = writeln!(root, "/// A sample.\npub mod sample{modules};");
        modules += 1;
    }
    made.write("src/lib.rs", &root);
    for subcommand in ["build", "rustdoc"] {
        let output = made.cargo(subcommand);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "in {}: {errors}", made.dir.display());
    }
    assert!(modules >= 40, "only {modules} specs");
}
