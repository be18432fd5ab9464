//! Specs that would take for ever if types were followed along every way that leads to them.

use std::fmt::Write as _;

use proto_gen::compat::{Report, Rule, Spec};

/// Structs that each hold the one before twice, and one message that holds the last.
fn nested(depth: usize, name: &str, leaf: &str) -> Spec {
    let mut text = String::from("Protocol(name: \"deep\", version: 1, doc: \"d\", structs: [\n");
    for level in 0..depth {
        let inner = match level {
            0 => leaf.to_owned(),
            _ => format!("List(S{}, 9)", level - 1),
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "Struct(name: \"S{level}\", doc: \"d\", fields: [Field(name: \"{name}\", ty: {inner}, doc: \"d\"), \
             Field(name: \"b\", ty: {inner}, doc: \"d\")]),"
        );
    }
    let _ = writeln!(
        text,
        "], sets: [Set(name: \"App\", doc: \"d\", messages: [Message(id: 0x0102, name: \"M\", doc: \"d\", \
         max_len: 10_000, fields: [Field(name: \"s\", ty: S{}, doc: \"d\")])])])",
        depth - 1
    );
    let checked = proto_gen::check_with("deep.ron", |_| Ok(text.clone().into_bytes()));
    let sources = checked.diagnostics.sources().to_vec();
    Spec { schema: checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics)), sources }
}

#[test]
fn a_change_at_the_bottom_of_what_is_held_twice_over_and_over_is_found_and_proved() {
    let report = Report::new(&nested(16, "a", "U8"), &nested(16, "a", "U16"));
    let rules: Vec<Rule> = report.findings().iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::Width, Rule::Width], "{}", report.render(false));
    assert_eq!(report.findings()[0].witnesses().count(), 2);
    // Every struct gets a field of another name in the place of an old one, of the same form.
    let report = Report::new(&nested(16, "a", "U8"), &nested(16, "c", "U8"));
    assert!(report.findings().iter().all(|finding| finding.rule == Rule::RenamedWithoutWas));
}
