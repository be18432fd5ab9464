//! The committed vectors, and all else that `proto-gen build` writes.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};

use proto_gen::commands::build;
use proto_gen::commands::decode::{Form, Printer};
use proto_gen::commands::encode::{encode_frames, encode_value};
use proto_gen::dynamic::json::{hex, to_json, unhex};
use proto_gen::dynamic::{decode, frame};
use proto_gen::schema::{Message, Schema};
use serde_json::Value as Json;

fn spec_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec")
}

fn schema() -> Schema {
    proto_gen::load(spec_folder().join("messages.ron")).expect("the spec is right")
}

/// Calls `work` with the vectors of every message; fails where a message has none.
fn each_file(mut work: impl FnMut(&Schema, &Message, &Json)) {
    let schema = schema();
    for set in &schema.sets {
        for message in &set.messages {
            let name = format!("vectors/{}/{}.json", set.meta.name, message.meta.name);
            let text = fs::read_to_string(spec_folder().join(&name));
            let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
            work(&schema, message, &serde_json::from_str(&text).expect("it is JSON"));
        }
    }
}

fn list<'a>(file: &'a Json, key: &str) -> &'a [Json] {
    file[key].as_array().expect("an array")
}

fn bytes(vector: &Json, key: &str) -> Option<Vec<u8>> {
    unhex(vector.get(key)?.as_str()?)
}

#[test]
fn generated_files_are_those_of_the_spec() {
    let differences = build::compare(&schema(), &spec_folder()).expect("readable files");
    assert_eq!(differences, [], "run: cargo run -p proto-gen -- build");
}

#[test]
fn the_interpreter_reads_and_writes_every_valid_vector() {
    each_file(|schema, message, file| {
        for vector in list(file, "valid") {
            let given = bytes(vector, "bytes").expect("hex");
            let canonical = bytes(vector, "canonical");
            let decoded = decode(schema, message, &given).expect("valid");
            assert_eq!(decoded.skipped, canonical.is_some(), "{vector}");
            assert_eq!(to_json(schema, &message.body, &decoded.value), vector["value"]);
            let encoded = encode_value(schema, message, &vector["value"]).expect("valid");
            assert_eq!(encoded, canonical.unwrap_or(given), "{vector}");
        }
    });
}

#[test]
fn the_interpreter_refuses_every_invalid_vector_for_the_reason_given() {
    each_file(|schema, message, file| {
        for vector in list(file, "invalid") {
            let given = bytes(vector, "bytes").expect("hex");
            let fault = decode(schema, message, &given).expect_err("invalid");
            assert_eq!(vector["class"], fault.class.name(), "{vector}");
            assert_eq!(vector["offset"], fault.offset, "{vector}");
            assert_eq!(vector["path"], fault.path.as_str(), "{vector}");
        }
    });
}

#[test]
fn decode_and_encode_are_mirrors_over_all_vectors() {
    let mut whole = Vec::new();
    let (mut valid, mut invalid) = (0, 0);
    each_file(|_, message, file| {
        for vector in list(file, "valid") {
            let canonical = bytes(vector, "canonical").or_else(|| bytes(vector, "bytes"));
            whole.extend(frame(message.id, &canonical.expect("hex")));
            valid += 1;
        }
        for vector in list(file, "invalid") {
            whole.extend(frame(message.id, &bytes(vector, "bytes").expect("hex")));
            invalid += 1;
        }
    });
    let schema = schema();
    let printed = |form| {
        let mut printer = Printer::new(&schema, form, Vec::new());
        printer.stream("", &whole[..]).expect("memory does not fail");
        let (text, faults) = printer.finish();
        (String::from_utf8(text).expect("text"), faults)
    };
    let (json, faults) = printed(Form::Json);
    assert_eq!((json.lines().count(), faults), (valid + invalid, invalid));
    let again: Result<Vec<_>, _> = encode_frames(&schema, json.as_bytes()).collect();
    let again = again.expect("what decode prints").concat();
    assert!(again == whole, "{}", hex(&again));
    let (tree, faults) = printed(Form::Tree);
    assert_eq!(faults, invalid);
    assert_eq!(tree.matches("!! ").count(), invalid);
}
