//! However a spec is damaged, nothing panics, every place lies in its file, and there is either a
//! schema or a mistake.

mod check;
mod damage;

use std::fs;
use std::path::PathBuf;

use check::check;
use proptest::prelude::*;

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// netport's own spec, a spec with everything, and the fixtures of all mistakes.
fn specs() -> Vec<String> {
    let fixtures = fs::read_dir(crate_dir().join("tests/diagnostics")).expect("part of the crate");
    let mut paths: Vec<PathBuf> = fixtures.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
    paths.push(crate_dir().join("../spec/messages.ron"));
    paths.push(crate_dir().join("tests/specs/everything.ron"));
    paths.sort();
    paths
        .iter()
        .map(|path| String::from_utf8_lossy(&fs::read(path).expect("readable")).into())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_spec_never_panics(
        spec in prop::sample::select(specs()),
        damages in damage::damages(),
    ) {
        check(damage::apply(&spec, &damages).as_bytes());
    }

    #[test]
    fn any_text_never_panics(text in any::<String>()) {
        check(text.as_bytes());
    }
}

#[test]
fn a_spec_cut_anywhere_never_panics() {
    let spec = fs::read_to_string(crate_dir().join("tests/specs/everything.ron")).expect("there");
    // Every fifth place: five does not divide the lengths of lines, so all kinds of places occur.
    for end in (0..spec.len()).step_by(5).filter(|end| spec.is_char_boundary(*end)) {
        check(&spec.as_bytes()[..end]);
    }
}

#[test]
fn a_long_chain_of_types_is_no_deep_recursion() {
    let structs: String = (0..20_000)
        .map(|n| format!("Struct(name: \"T{n}\", doc: \"t\", fields: [Field(name: \"a\", ty: T{}, doc: \"f\")]),", n + 1))
        .collect();
    let chain = format!(
        "Protocol(name: \"chain\", version: 1, doc: \"c\", structs: [{structs} Struct(name: \"T20000\", doc: \"t\", fields: [])])"
    );
    check(chain.as_bytes());
}
