//! The table of edits in `spec/WIRE.md`: what becomes of old and new peers, as the fixtures show.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proto_gen::compat::{Class, Report, Rule, Side};
use proto_gen::dynamic;
use proto_gen::schema::{Message, Schema};

const BEGIN: &str =
    "<!-- The table of edits. Written by `UPDATE_GOLDENS=1 cargo test -p proto-gen`. -->\n";
const END: &str = "<!-- End of the table of edits. -->\n";

/// Edits that break nobody.
const HARMLESS: [(&str, &str); 10] = [
    ("C103_new_field", "a new tail field with an odd id"),
    ("ok_new_odd_tail_retained", "the same, in a message with `unknown: Retain`"),
    ("ok_extensible_struct_grew", "a new tail field with an odd id, in an extensible struct"),
    ("C104_new_message", "a new even message, `since` the new version"),
    ("ok_new_odd_message", "a new odd message"),
    ("C104_new_value", "a new value of an open enum"),
    ("ok_new_flag", "a new flag"),
    ("C104_new_variant", "a new variant with an odd id"),
    ("C105_gone", "an odd tail field is removed, and its id reserved"),
    ("C100_renamed", "an item is renamed, and says `was`"),
];

/// What becomes of a peer, over all frames that were tried.
type Outcomes = BTreeSet<&'static str>;

#[derive(Default)]
struct Row {
    edit: String,
    old_reader: Outcomes,
    new_reader: Outcomes,
    relay: Outcomes,
}

#[test]
fn the_table_of_edits_in_the_wire_document_is_what_the_fixtures_show() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/WIRE.md");
    let text = fs::read_to_string(&path).expect("the document is part of the repository");
    let (before, rest) = text.split_once(BEGIN).expect("the document has a place for the table");
    let (_, after) = rest.split_once(END).expect("the table's place ends");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, wanted).expect("writable");
    } else {
        assert!(text == wanted, "spec/WIRE.md has another table; UPDATE_GOLDENS=1 writes it");
    }
}

fn table() -> String {
    let mut out = String::from(
        "| edit | rule | old reader, new data | new reader, old data | old relay between new peers |\n",
    );
    out.push_str("| --- | --- | --- | --- | --- |\n");
    for (fixture, edit) in HARMLESS {
        out.push_str(&row(edit.to_owned(), "", &[fixture.to_owned()]));
    }
    let fixtures = super::fixtures();
    for rule in Rule::ALL.iter().filter(|rule| shown(**rule)) {
        let own = fixtures.iter().filter(|name| name.starts_with(rule.id()));
        let own: Vec<String> = own.cloned().collect();
        out.push_str(&row(rule.title().to_owned(), rule.id(), &own));
    }
    out
}

/// Rules about messages and what they hold; not about the spec around them.
fn shown(rule: Rule) -> bool {
    rule.class() == Class::Wire
        || [Rule::MessageRemoved, Rule::TailRemoved, Rule::FlagRemoved, Rule::VariantRemoved]
            .contains(&rule)
}

fn row(edit: String, rule: &str, fixtures: &[String]) -> String {
    let mut row = Row { edit, ..Row::default() };
    for fixture in fixtures {
        let (old, new, report) = super::compare(fixture);
        readers(&mut row, &report);
        // Roles and sets are judged above the frame.
        let judged = |rule| {
            ![Rule::SendersNarrowed, Rule::SendersWidened, Rule::SetMembership].contains(&rule)
        };
        for finding in report.findings().iter().filter(|finding| judged(finding.rule)) {
            for witness in finding.witnesses().filter(|witness| witness.writer == Side::New) {
                witnessed(&mut row, &old.schema, &witness.frame);
            }
        }
        for message in new.schema.messages() {
            relayed(&mut row, &old.schema, &new.schema, message);
        }
    }
    let Row { edit, old_reader, new_reader, relay } = row;
    let (old_reader, new_reader) = (cell(&old_reader, "reads it"), cell(&new_reader, "reads it"));
    format!(
        "| {edit} | {rule} | {old_reader} | {new_reader} | {} |\n",
        cell(&relay, "passes it on")
    )
}

fn cell(outcomes: &Outcomes, nothing: &str) -> String {
    match outcomes.is_empty() {
        true => nothing.to_owned(),
        false => outcomes.iter().copied().collect::<Vec<_>>().join(", or "),
    }
}

fn readers(row: &mut Row, report: &Report) {
    let witnesses = report.findings().iter().flat_map(|finding| finding.witnesses());
    for witness in witnesses.filter(|witness| witness.relay != Some(witness.reader)) {
        let outcomes = match witness.reader {
            Side::Old => &mut row.old_reader,
            Side::New => &mut row.new_reader,
        };
        outcomes.insert(match witness.outcome.split(':').next() {
            Some("refuses") => "refuses it",
            Some("skips it") => "skips it",
            _ => "misreads it",
        });
    }
}

/// What an old relay makes of a frame that shows a break.
fn witnessed(row: &mut Row, old: &Schema, frame: &[u8]) {
    let (header, value) = frame.split_at(dynamic::FRAME_HEADER_LEN);
    let id = u16::from_le_bytes([header[0], header[1]]);
    let known = old.messages().find(|known| known.id == id);
    if known.is_some_and(|known| dynamic::decode(old, known, value).is_err()) {
        row.relay.insert("refuses it");
    }
}

/// What an old relay makes of everything special that a new peer may write.
fn relayed(row: &mut Row, old: &Schema, new: &Schema, message: &Message) {
    let Some(known) = old.messages().find(|known| known.id == message.id) else {
        if message.id % 2 == 1 {
            row.old_reader.insert("skips it");
            row.relay.insert("drops it");
        } else if message.meta.since > old.version {
            row.old_reader.insert("is not sent it");
            row.relay.insert("is not sent it");
        } else {
            row.relay.insert("refuses it");
        }
        return;
    };
    for case in dynamic::cases(new, message) {
        let bytes = dynamic::encode(new, message, &case.value).expect("cases encode");
        match dynamic::decode(old, known, &bytes) {
            Err(_) => drop(row.relay.insert("refuses it")),
            Ok(decoded) if decoded.skipped => {
                // What the new spec itself only carries says nothing about the edit.
                let own = dynamic::decode(new, message, &bytes).expect("cases decode");
                if !own.skipped {
                    row.relay.insert("drops what it does not know");
                }
            }
            Ok(_) => {}
        }
    }
}
