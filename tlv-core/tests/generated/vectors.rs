//! The generated code against the committed vectors.
//!
//! Those of other specs would be what `differential` holds the code against: the interpreter's
//! cases and damage.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use tlv_core::bytes::Bytes;
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
        let [valid, invalid] = ["valid", "invalid"].map(|key| file[key].as_array().expect(key));
        valid.iter().for_each(holds_to_valid::<S, M>);
        invalid.iter().for_each(holds_to_invalid::<S, M>);
        self.seen += valid.len() + invalid.len();
    }
}

fn holds_to_valid<S: MessageSet, M: Message>(vector: &Json) {
    let given = bytes(&vector["bytes"]);
    let canonical = vector.get("canonical").map_or_else(|| given.clone(), bytes);
    let message = S::decode(M::ID, &given).unwrap_or_else(|error| panic!("{error}: {vector}"));
    let mut frame = Vec::new();
    message.encode_frame(&mut frame).expect("what was decoded can be encoded");
    assert_eq!(frame[HEADER_LEN..], canonical, "{vector}");
    assert!(S::borrow(M::ID, &given).is_ok(), "{vector}");
}

fn holds_to_invalid<S: MessageSet, M: Message>(vector: &Json) {
    let error = S::decode(M::ID, &bytes(&vector["bytes"])).expect_err("invalid");
    let found = json!([error.kind().class(), error.offset(), error.path()]);
    let wanted = json!([vector["class"], vector["offset"], vector["path"]]);
    assert_eq!(found, wanted, "{error}: {vector}");
}

fn bytes(json: &Json) -> Bytes {
    let text = json.as_str().expect("a string");
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(pair).collect()
}

#[test]
fn the_generated_code_passes_every_vector() {
    let mut vectors = Vectors { seen: 0 };
    tlv_core::messages::visit_messages(&mut vectors);
    assert!(vectors.seen > 400, "{}", vectors.seen);
}
