//! Every rule of the comparison, by a pair of specs that breaks it: `compat/C041_bound_widened/`
//! holds `old.ron`, `new.ron` and the report. `UPDATE_GOLDENS=1 cargo test -p proto-gen` writes
//! the reports. Pairs named `ok_...` break nothing.

mod lock;
mod rules;
mod scale;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proto_gen::compat::{Class, Finding, Report, Rule, Side, Spec, Standing, misread};
use proto_gen::dynamic;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat")
}

/// The fixtures' names, in order.
fn fixtures() -> Vec<String> {
    let entries = fs::read_dir(directory()).expect("the directory is part of the crate");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII"))
        .collect();
    names.sort();
    names
}

fn load(fixture: &str, file: &str) -> Spec {
    // Paths in the reports do not depend on where the crate stands.
    let read = |path: &Path| fs::read(directory().join(fixture).join(path));
    let checked = proto_gen::check_with(file, read);
    let sources = checked.diagnostics.sources().to_vec();
    let schema =
        checked.schema.unwrap_or_else(|| panic!("{fixture}/{file}: {}", checked.diagnostics));
    Spec { schema, sources }
}

fn compare(fixture: &str) -> (Spec, Spec, Report) {
    let (old, new) = (load(fixture, "old.ron"), load(fixture, "new.ron"));
    let report = Report::new(&old, &new);
    (old, new, report)
}

#[test]
fn every_fixture_is_reported_as_its_golden_file_says() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let text = compare(&fixture).2.render(false);
        let path = directory().join(&fixture).join("report.txt");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            fs::write(path, text).expect("writable");
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(format!("{} differs from:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_fixture_breaks_its_rule_and_no_other() {
    let mut wrong = Vec::new();
    for fixture in fixtures().into_iter().filter(|name| name != SEVERAL) {
        let report = compare(&fixture).2;
        let ids = |class: fn(Class) -> bool| -> BTreeSet<&str> {
            let open = report.breaks().chain(report.warnings());
            open.filter(|finding| class(finding.class())).map(|finding| finding.rule.id()).collect()
        };
        let breaks = ids(|class| class != Class::Source);
        let right = match Rule::from_id(&fixture[..4]) {
            None => breaks.is_empty(),
            Some(rule) if rule.class() == Class::Source => {
                breaks.is_empty() && ids(|class| class == Class::Source).contains(rule.id())
            }
            Some(rule) => breaks == BTreeSet::from([rule.id()]),
        };
        if !right {
            wrong.push(format!("{fixture}:\n{}", report.render(false)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Breaks four rules in one message.
const SEVERAL: &str = "several_at_once";

#[test]
fn of_several_breaks_in_one_message_each_is_shown_at_its_own_place() {
    let report = compare(SEVERAL).2;
    let breaks: Vec<&Finding> = report.breaks().collect();
    assert_eq!(breaks.len(), 4);
    for finding in breaks {
        for witness in finding.witnesses() {
            assert!(witness.outcome.contains(&finding.item), "{witness:?}");
        }
    }
}

#[test]
fn every_rule_has_a_fixture_and_every_break_of_the_wire_a_proof() {
    let fixtures = fixtures();
    for rule in Rule::ALL {
        let mut own = fixtures.iter().filter(|name| name.starts_with(rule.id())).peekable();
        assert!(own.peek().is_some(), "no fixture for {rule}");
        if rule.class() == Class::Wire {
            let proved =
                |finding: &Finding| finding.rule == *rule && finding.standing() != Standing::Policy;
            assert!(
                own.any(|name| compare(name).2.findings().iter().any(proved)),
                "no proof of {rule}"
            );
        }
    }
}

#[test]
fn every_mark_underlines_a_name_of_its_own_file() {
    for fixture in fixtures() {
        let (old, new, report) = compare(&fixture);
        for finding in report.findings() {
            for (mark, spec) in [(&finding.old, &old), (&finding.new, &new)] {
                let Some(mark) = mark else { continue };
                let text = &spec.sources[mark.span.file as usize].text;
                let marked = text.get(mark.span.start as usize..mark.span.end as usize);
                assert!(marked.is_some_and(|marked| !marked.is_empty()), "{fixture}: {finding:?}");
            }
            assert!(finding.old.is_some() || finding.new.is_some(), "{fixture}: {finding:?}");
        }
    }
}

/// What the tool claims is tried once more, by nothing but the interpreter.
#[test]
fn every_witness_is_written_by_one_side_and_fails_the_other() {
    for fixture in fixtures() {
        let (old, new, report) = compare(&fixture);
        let schema = |side| if side == Side::Old { &old.schema } else { &new.schema };
        let written = |side, frame: &[u8]| {
            let (header, value) = frame.split_at(dynamic::FRAME_HEADER_LEN);
            let id = u16::from_le_bytes([header[0], header[1]]);
            let message = schema(side).messages().find(|message| message.id == id)?;
            let value = dynamic::decode(schema(side), message, value).ok()?.value;
            let bytes = dynamic::encode(schema(side), message, &value).ok()?;
            Some(dynamic::frame(id, &bytes))
        };
        for finding in report.findings() {
            for witness in finding.witnesses() {
                let own = written(witness.writer, &witness.frame);
                assert_eq!(own.as_ref(), Some(&witness.frame), "{fixture}: {witness:?}");
                // Roles and sets are judged above the frame, and a relay that drops a record has
                // read it.
                let failed = match finding.rule {
                    Rule::SendersNarrowed | Rule::SendersWidened | Rule::SetMembership => true,
                    Rule::UnknownPolicy => written(witness.reader, &witness.frame) != own,
                    _ => {
                        misread(&old.schema, &new.schema, witness.writer, &witness.frame).is_some()
                    }
                };
                assert!(failed, "{fixture}: {witness:?}");
            }
        }
    }
}
