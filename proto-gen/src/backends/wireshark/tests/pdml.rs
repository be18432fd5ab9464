//! What `tshark` shows, as PDML; and whether that is what is expected.
//!
//! Used by the tests beside it, and by that of the programs' traffic.

use super::expected::Shown;

/// What is shown of a packet: the protocol's fields, in order.
pub(super) type Packet = Vec<Field>;

/// A field that is shown.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) pos: usize,
    pub(super) size: usize,
    pub(super) show: String,
}

/// Reads what `tshark` writes as PDML: one tag per line.
pub(super) fn packets(pdml: &str, filter: &str) -> Vec<Packet> {
    let mut packets = Vec::new();
    for line in pdml.lines().map(str::trim_start) {
        if line.starts_with("<packet>") {
            packets.push(Packet::default());
        }
        let name = attribute(line, "name").unwrap_or_default();
        let ours = line.starts_with("<field ") && name.starts_with(&format!("{filter}."));
        // The experts' own entries are the same whatever is wrong.
        let expert = ["malformed", "unknown"].map(|name| format!("{filter}.{name}"));
        if !ours || expert.contains(&name) {
            continue;
        }
        let number = |key: &str| attribute(line, key).and_then(|text| text.parse().ok());
        let field = Field {
            name,
            pos: number("pos").unwrap_or(0),
            size: number("size").unwrap_or(0),
            show: attribute(line, "show").unwrap_or_default(),
        };
        packets.last_mut().expect("a packet around the field").push(field);
    }
    packets
}

fn attribute(line: &str, key: &str) -> Option<String> {
    let start = line.find(&format!(" {key}=\""))? + key.len() + 3;
    let len = line[start..].find('"')?;
    let text = line[start..start + len].replace("&lt;", "<").replace("&gt;", ">");
    Some(text.replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&"))
}

/// Compares what is shown of a frame with what the interpreter says of it.
pub(super) fn compare(filter: &str, wanted: &[Shown], found: &[Field], context: &str) {
    let names = |fields: &mut dyn Iterator<Item = String>| fields.collect::<Vec<_>>().join("\n");
    assert_eq!(
        names(&mut found.iter().map(|field| field.name.clone())),
        names(&mut wanted.iter().map(|shown| format!("{filter}.{}", shown.name))),
        "{context}"
    );
    let start = found.first().map_or(0, |field| field.pos);
    for (wanted, found) in wanted.iter().zip(found) {
        assert_eq!(found.pos - start, wanted.range.start, "{context}: {found:?}");
        assert_eq!(found.size, wanted.range.len(), "{context}: {found:?}");
        assert!(wanted.agrees(&found.show), "{context}: {wanted:?}, found {found:?}");
    }
}
