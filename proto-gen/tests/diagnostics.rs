//! Every mistake and lint, by a spec that has it: `diagnostics/E0017_stray_bracket.ron`, and beside
//! it the text that is shown for it. `UPDATE_GOLDENS=1 cargo test -p proto-gen` writes the texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proto_gen::Checked;
use proto_gen::diagnostics::{Code, Severity};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// The fixtures' names, `E0017_stray_bracket.ron`, in order.
fn fixtures() -> Vec<String> {
    let entries = fs::read_dir(directory()).expect("the directory is part of the crate");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII"))
        .filter(|name| name.ends_with(".ron"))
        .collect();
    names.sort();
    names
}

fn check(name: &str) -> Checked {
    // Paths in the texts do not depend on where the crate stands.
    proto_gen::check_with(name, |path| fs::read(directory().join(path)))
}

/// Compares with the golden file, or writes it.
fn golden(path: &Path, text: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, text).expect("writable");
    } else if fs::read_to_string(path).unwrap_or_default() != text {
        wrong.push(format!("{} differs from:\n{text}", path.display()));
    }
}

#[test]
fn every_fixture_shows_its_mistake_and_no_other() {
    let mut wrong = Vec::new();
    for name in fixtures() {
        let checked = check(&name);
        let codes: BTreeSet<&str> = checked.diagnostics.iter().map(|d| d.code.as_str()).collect();
        let code = &name[..5];
        if codes != BTreeSet::from([code]) {
            wrong.push(format!("{name} has {codes:?}:\n{}", checked.diagnostics));
        }
        let lint = code.starts_with('L');
        assert_eq!(checked.schema.is_some(), lint, "{name}: a schema exactly if only lints");
        let text = checked.diagnostics.render(false);
        golden(&directory().join(&name).with_extension("txt"), &text, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_has_a_fixture() {
    let names = fixtures();
    let missing: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !names.iter().any(|name| name.starts_with(code.as_str())))
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
}

#[test]
fn every_span_lies_in_its_file_on_character_boundaries() {
    for name in fixtures() {
        let diagnostics = check(&name).diagnostics;
        for diagnostic in diagnostics.iter() {
            for label in [&diagnostic.primary].into_iter().chain(&diagnostic.others) {
                let text = &diagnostics.sources()[label.span.file as usize].text;
                let range = label.span.start as usize..label.span.end as usize;
                assert!(text.get(range.clone()).is_some(), "{name}: {range:?} of {diagnostic:?}");
            }
        }
    }
}

#[test]
fn the_table_of_codes_is_complete() {
    let mut text = String::from(
        "# Codes\n\n\
         What `proto-gen check` and build scripts report. A code keeps its meaning for ever.\n\
         Each has an example in `tests/diagnostics`, with the text that is shown for it.\n\
         Written by `UPDATE_GOLDENS=1 cargo test -p proto-gen`.\n",
    );
    for (severity, title) in [
        (Severity::Error, "Mistakes"),
        (Severity::Warning, "Lints, allowed per item by `allow: [\"L0001\"]`"),
    ] {
        text.push_str(&format!("\n## {title}\n\n| code | meaning |\n| --- | --- |\n"));
        for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
            text.push_str(&format!("| {code} | {} |\n", code.title()));
        }
    }
    let mut wrong = Vec::new();
    golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("DIAGNOSTICS.md"), &text, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn every_finding_says_what_to_write_instead() {
    for name in fixtures() {
        let diagnostics = check(&name).diagnostics;
        for diagnostic in diagnostics.iter() {
            assert!(!diagnostic.help.is_empty(), "{name}: {diagnostic:?}");
        }
    }
}
