use super::reference;
use crate::dynamic::fixture::everything;
use crate::schema::Schema;

/// The spec of the project.
fn this_protocol() -> Schema {
    let spec = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    crate::load(spec).expect("the spec is right")
}

/// The anchor that GitHub makes of a heading: letters, digits, `-` and `_`, small, with `-` for
/// spaces, and a number behind it from the second of its name on.
fn anchors_of_headings(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor = title.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "");
        let before = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
    }
    anchors
}

#[test]
fn every_link_leads_to_one_place_and_every_item_is_linked() {
    for (schema, items) in [(everything(), 23), (this_protocol(), 24)] {
        let text = reference(&schema);
        let mut places = anchors_of_headings(&text);
        let anchors = text.split("<a id=\"").skip(1);
        let anchors: Vec<_> = anchors.filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
        assert_eq!(anchors.len(), items);
        places.extend(anchors.iter().map(|anchor| (*anchor).to_owned()));
        let links = text.split("](#").skip(1);
        let links: Vec<_> = links.filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
        for link in &links {
            assert_eq!(places.iter().filter(|place| place == link).count(), 1, "{link}");
        }
        for anchor in anchors {
            assert!(links.contains(&anchor), "{anchor}");
        }
        // What is beside the spec is not known.
        for file in text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
            assert!(file.starts_with('#'), "{file}");
        }
    }
}

#[test]
fn every_message_has_an_example_of_all_its_bytes() {
    for schema in [everything(), this_protocol()] {
        let text = reference(&schema);
        assert_eq!(text.matches("as a whole frame:").count(), schema.messages().count());
    }
}

#[test]
fn a_field_is_no_larger_than_what_it_is_in() {
    let text = reference(&this_protocol());
    let row = "| 16 | `peers` | List([Peer](#item-peer), 32,768) | 2..8,388,608 |";
    assert!(text.contains(row), "{text}");
}

#[test]
fn a_field_called_like_a_constant_carries_it_in_the_example() {
    let text = reference(&this_protocol());
    assert!(text.contains("000006  21 4e 50 54                  magic: 1414549025\n"), "{text}");
}

#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    let text = reference(&everything());
    let mut cells = 0;
    for line in text.lines() {
        let found = line.replace("\\|", "").matches('|').count();
        if !line.starts_with("| ") || line.contains("   ") {
            cells = 0;
        } else if cells == 0 {
            cells = found;
        } else {
            assert_eq!(found, cells, "{line}");
        }
    }
}

#[test]
fn an_example_explains_each_byte() {
    let text = reference(&everything());
    let wanted = "\
000000  0a 01 27 00 00 00          App.Kept, id 0x010a, 39 bytes
000006  a1 00 00 00 00 00 00 00      id: a1000000-0000-0000-0000-000000000001
00000e  00 00 00 00 00 00 00 01
000016  04 00 11 00 00 00            ip: tail record 4, 17 bytes
00001c  06 20 01 0d b8 00 00 00      ip: 2001:db8::3
000024  00 00 00 00 00 00 00 00
00002c  03
```";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn what_was_renamed_deprecated_reserved_or_came_later_is_said() {
    let spec = r#"Protocol(
        name: "demo", version: 3, doc: "Shows history.",
        reserved_ids: [0x0104], reserved_names: ["Lost"],
        sets: [Set(name: "App", doc: "All.", messages: [
            Message(id: 0x0102, name: "Greet", was: "Hail", since: 2, doc: "A | b.", fields: [
                Field(name: "took", ty: Duration, doc: "How long."),
            ], tail: [
                Field(id: 3, name: "at", ty: Timestamp, since: 3, deprecated: "No clock.", doc: "When."),
            ], reserved_ids: [5], reserved_names: ["mood"]),
        ])],
    )"#;
    let path = std::env::temp_dir().join(format!("reference-history-{}.ron", std::process::id()));
    std::fs::write(&path, spec).expect("a temporary file");
    let schema = crate::load(&path);
    std::fs::remove_file(&path).expect("made above");
    let text = reference(&schema.unwrap_or_else(|mistakes| panic!("{mistakes}")));
    for wanted in [
        r"A \| b. Since version 2. Was called `Hail`.",
        "- **Since:** version 2.",
        "| 8 | How long. Since version 2. In nanoseconds, u64. |",
        "| When. Since version 3. **Deprecated:** No clock. In microseconds since 1970 in UTC, i64. |",
        "Reserved tail ids: `5`.",
        "Reserved names: `mood`.",
        "Reserved message ids: `0x0104`.",
        "Reserved names: `Lost`.",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}
