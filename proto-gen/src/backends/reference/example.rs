//! A worked example: the frame of a typical value, each byte explained.

use crate::dynamic::tree::{self, Raw};
use crate::dynamic::{Frame, encode, smallest, typical};
use crate::schema::{Message, Schema};

/// Longest example in bytes, where there is a shorter one; a longer one explains nothing better.
const BYTES_MAX: usize = 600;

pub(super) fn message(schema: &Schema, message: &Message, out: &mut String) {
    let (name, value) = match encode(schema, message, &typical(schema, message)) {
        Ok(value) if value.len() <= BYTES_MAX => ("Example", Ok(value)),
        _ => ("The smallest one", encode(schema, message, &smallest(schema, message))),
    };
    // The smallest value of a message encodes.
    let Ok(value) = value else { return };
    let mut text = String::new();
    let frame = Frame { offset: 0, id: message.id, value: &value };
    tree::frame(schema, &frame, Raw::All, &mut text);
    out.push_str(&format!("{name}, as a whole frame:\n\n```text\n{text}```\n\n"));
}
