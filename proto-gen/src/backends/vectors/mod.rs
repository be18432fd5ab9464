//! Test vectors for implementations in any language: `vectors/SET/MESSAGE.json`.
//!
//! `README.md` beside them describes the form; it is part of this backend's output, so that it
//! says what the files say.

use serde_json::{Map, Value as Json, json};

use super::layout::spec_name;
use super::{Backend, OutputFile};
use crate::dynamic::json::{hex, to_json};
use crate::dynamic::{Body, Prng, cases, damaged, encode, random};
use crate::schema::{Message, Schema, Set};

/// Random values per message, beyond the chosen ones.
const RANDOM_VALUES: usize = 4;

/// Writes the test vectors.
#[derive(Clone, Copy, Debug)]
pub struct Vectors;

impl Backend for Vectors {
    fn name(&self) -> &'static str {
        "vectors"
    }

    fn files(&self, schema: &Schema) -> Vec<OutputFile> {
        let readme = include_str!("README.md").replace("@SPEC@", &spec_name(schema));
        let mut files = vec![OutputFile { path: "vectors/README.md".to_owned(), text: readme }];
        for set in &schema.sets {
            for message in &set.messages {
                let path = format!("vectors/{}/{}.json", set.meta.name, message.meta.name);
                files.push(OutputFile { path, text: message_file(schema, set, message) });
            }
        }
        files
    }

    fn owned_folder(&self) -> Option<&'static str> {
        Some("vectors")
    }
}

fn message_file(schema: &Schema, set: &Set, message: &Message) -> String {
    let mut valid = Vec::new();
    let mut add = |name: &str, value: &Body, bytes: Option<&[u8]>| {
        // Every value here came from a decode, or was made to encode.
        let Ok(canonical) = encode(schema, message, value) else { return };
        let mut vector = Map::new();
        vector.insert("name".to_owned(), name.into());
        vector.insert("value".to_owned(), to_json(schema, &message.body, value));
        vector.insert("bytes".to_owned(), hex(bytes.unwrap_or(&canonical)).into());
        if bytes.is_some() {
            vector.insert("canonical".to_owned(), hex(&canonical).into());
        }
        valid.push(Json::Object(vector));
    };
    for case in cases(schema, message) {
        add(&case.name, &case.value, None);
    }
    let mut prng = Prng::from_text(&message.meta.name);
    for index in 1..=RANDOM_VALUES {
        add(&format!("random {index}"), &random(schema, message, &mut prng), None);
    }
    let mut invalid = Vec::new();
    for damaged in damaged(schema, message) {
        match &damaged.outcome {
            Ok(decoded) => add(&damaged.name, &decoded.value, Some(&damaged.bytes)),
            Err(fault) => invalid.push(json!({
                "name": damaged.name,
                "bytes": hex(&damaged.bytes),
                "class": fault.class.name(),
                "offset": fault.offset,
                "path": fault.path,
            })),
        }
    }
    let head = [
        ("id", json!(message.id)),
        ("max_len", json!(message.max_len)),
        ("message", json!(message.meta.name)),
        ("protocol", json!(schema.name)),
        ("set", json!(set.meta.name)),
        ("version", json!(schema.version)),
    ];
    let mut text = "{\n".to_owned();
    for (key, value) in head {
        text.push_str(&format!("\"{key}\": {value},\n"));
    }
    text.push_str(&format!("\"valid\": [\n{}\n],\n", lines(&valid)));
    text.push_str(&format!("\"invalid\": [\n{}\n]\n}}\n", lines(&invalid)));
    text
}

/// One vector per line: a change shows as the lines that it changed.
fn lines(vectors: &[Json]) -> String {
    let lines: Vec<String> = vectors.iter().map(Json::to_string).collect();
    lines.join(",\n")
}
