//! Compiles the data sets' specs, and one that is made here: messages of more and more fields.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// How many fields the messages have. `src/plot.rs` names them too.
const FIELDS: [usize; 7] = [4, 8, 16, 32, 64, 128, 256];
/// The fields' types take turns.
const TYPES: [&str; 4] = ["U64", "Str(40)", "Opt(U16)", "Bytes(40)"];

fn main() {
    for spec in ["linear", "log", "mesh", "mk48"] {
        proto_gen::compile(format!("specs/{spec}.ron"));
    }
    let spec = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("fields.ron");
    fs::write(&spec, fields()).expect("the output folder can be written to");
    proto_gen::compile(spec);
}

/// The spec whose message `FieldsN` has `N` fields.
fn fields() -> String {
    let mut messages = String::new();
    for (id, count) in (0x0100..).zip(FIELDS) {
        let mut fields = String::new();
        for (index, ty) in (0..count).zip(TYPES.iter().cycle()) {
            write!(fields, r#"Field(name: "f{index}", ty: {ty}, doc: "One."),"#).expect("text");
        }
        write!(
            messages,
            r#"Message(id: {id}, name: "Fields{count}", doc: "Many.", fields: [{fields}]),"#
        )
        .expect("text");
    }
    format!(
        r#"Protocol(name: "fields", version: 1, doc: "Messages of many fields.", sets: [
            Set(name: "FieldsSet", doc: "By their number of fields.", messages: [{messages}]),
        ])"#
    )
}
