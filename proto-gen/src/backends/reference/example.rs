//! A worked example: the frame of a typical value, each byte explained.

use crate::dynamic::tree::{self, Raw};
use crate::dynamic::{Frame, encode, typical};
use crate::schema::{Message, Schema};

/// Longest example in bytes; a longer one explains nothing better.
const BYTES_MAX: usize = 600;

pub(super) fn message(schema: &Schema, message: &Message, out: &mut String) {
    // The typical value encodes.
    let Ok(value) = encode(schema, message, &typical(schema, message)) else { return };
    if value.len() > BYTES_MAX {
        return;
    }
    let mut text = String::new();
    let frame = Frame { offset: 0, id: message.id, value: &value };
    tree::frame(schema, &frame, Raw::All, &mut text);
    out.push_str(&format!("Example, a whole frame:\n\n```text\n{text}```\n\n"));
}
