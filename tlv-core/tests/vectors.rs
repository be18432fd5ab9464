//! The generated code against the committed vectors.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use tlv_core::bytes::Bytes;
use tlv_core::messages::{App, Control};
use tlv_core::record::HEADER_LEN;
use tlv_core::{Message, MessageSet, Visitor};

/// Holds each message of each set to its vectors.
struct Vectors {
    seen: usize,
}

impl Visitor for Vectors {
    fn message<S: MessageSet, M: Message>(&mut self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
        let name = format!("{}.json", M::NAME);
        let folders = fs::read_dir(&folder).expect("spec/vectors");
        let mut paths = folders.filter_map(Result::ok).map(|folder| folder.path().join(&name));
        let path = paths.find(|path| path.exists()).expect("run: cargo run -p proto-gen -- build");
        let text = fs::read_to_string(&path).expect("a readable file");
        let file: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&file["id"], &file["max_len"]), (&M::ID.into(), &M::MAX_LEN.into()));
        for vector in file["valid"].as_array().expect("an array") {
            let given = bytes(&vector["bytes"]);
            let canonical = vector.get("canonical").map_or_else(|| given.clone(), bytes);
            let message = S::decode(M::ID, &given);
            let message = message.unwrap_or_else(|error| panic!("{error}: {vector}"));
            let mut frame = Vec::new();
            message.encode_frame(&mut frame).expect("what was decoded can be encoded");
            assert_eq!(frame[HEADER_LEN..], canonical, "{vector}");
            assert!(S::borrow(M::ID, &given).is_ok(), "{vector}");
            self.seen += 1;
        }
        for vector in file["invalid"].as_array().expect("an array") {
            let accepted = S::decode(M::ID, &bytes(&vector["bytes"]));
            assert!(accepted.is_err(), "{accepted:?}: {vector}");
            self.seen += 1;
        }
    }
}

fn bytes(json: &Json) -> Bytes {
    let text = json.as_str().expect("a string");
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(pair).collect()
}

#[test]
fn the_generated_code_passes_every_vector() {
    let mut vectors = Vectors { seen: 0 };
    Control::visit(&mut vectors);
    App::visit(&mut vectors);
    assert!(vectors.seen > 100, "{}", vectors.seen);
}
