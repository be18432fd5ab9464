//! The table of rules for people: `COMPATIBILITY.md`.

use std::fs;
use std::path::Path;

use proto_gen::compat::{Class, Direction, Rule};

#[test]
fn the_table_of_rules_is_complete() {
    let mut text = String::from(
        "# Rules of compatibility\n\n\
         What `proto-gen compat OLD NEW` reports. An id keeps its meaning for ever. Each has a pair of\n\
         specs in `tests/compat`, with the report. A spec accepts a finding with\n\
         `waivers: [Waiver(rule: \"C041\", item: \"Greet.text\", reason: \"...\")]`; the item may also be the\n\
         path from one message, `Snapshot.peers[].name`.\n\
         Written by `UPDATE_GOLDENS=1 cargo test -p proto-gen`.\n",
    );
    for (class, title) in [
        (Class::Wire, "Of the wire: a frame proves it, or it counts as policy"),
        (Class::Policy, "Of policy: nothing fails today"),
        (Class::Source, "Of sources: a warning, unless `--deny-source`"),
    ] {
        // What no frame shows breaks nobody yet.
        let readers = |rule: &Rule| match rule.direction() {
            Direction::New => "new readers",
            Direction::Old => "old readers",
            Direction::Both => "both",
        };
        let who = |rule: &Rule| match class {
            Class::Wire => format!(" {} |", readers(rule)),
            Class::Policy | Class::Source => String::new(),
        };
        let (column, line) =
            if class == Class::Wire { (" who breaks |", " --- |") } else { ("", "") };
        text.push_str(&format!(
            "\n## {title}\n\n| rule | what changed |{column} instead |\n| --- | --- |{line} --- |\n"
        ));
        for rule in Rule::ALL.iter().filter(|rule| rule.class() == class) {
            let (title, help) = (rule.title(), rule.help());
            text.push_str(&format!("| {rule} | {title} |{} {help} |\n", who(rule)));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("COMPATIBILITY.md");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, text).expect("writable");
    } else {
        assert_eq!(fs::read_to_string(path).unwrap_or_default(), text);
    }
}
