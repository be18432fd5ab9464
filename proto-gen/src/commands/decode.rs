//! `proto-gen decode`: bytes to text.

use serde_json::{Value as Json, json};

use super::pcap::Stream;
use crate::dynamic::json::{hex, to_json};
use crate::dynamic::tree::{self, Raw};
use crate::dynamic::{Frame, decode, frames};
use crate::schema::{Message, Schema};

/// What `decode` prints, and whether all of it was right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Lines.
    pub text: String,
    /// Frames that do not decode, and streams that end in half a frame.
    pub faults: usize,
}

/// Streams of frames as trees.
pub fn decode_text(schema: &Schema, streams: &[Stream]) -> Output {
    let mut out = Output::default();
    for stream in streams {
        if !stream.name.is_empty() {
            out.text.push_str(&format!("== {}\n", stream.name));
        }
        let (frames, rest) = frames(&stream.bytes);
        for frame in &frames {
            out.faults += usize::from(!tree::frame(schema, frame, Raw::Start, &mut out.text));
        }
        if let Some(rest) = rest {
            tree::rest(&rest, &mut out.text);
            out.faults += 1;
        }
    }
    out
}

/// Streams of frames as JSON, one object per line and frame; `encode` reads them.
pub fn decode_json(schema: &Schema, streams: &[Stream]) -> Output {
    let mut out = Output::default();
    for stream in streams {
        let (frames, rest) = frames(&stream.bytes);
        let objects = frames.iter().map(|frame| frame_json(schema, frame));
        let half = rest.map(|rest| {
            let error = json!({ "class": "truncated", "detail": "the stream ends in a frame" });
            json!({ "offset": rest.offset, "rest": hex(rest.bytes), "error": error })
        });
        for mut object in objects.chain(half) {
            out.faults += usize::from(object.get("error").is_some());
            if !stream.name.is_empty() {
                object["stream"] = stream.name.clone().into();
            }
            out.text.push_str(&format!("{object}\n"));
        }
    }
    out
}

/// One message's value, without a header, as a tree or as JSON.
pub fn decode_value(schema: &Schema, message: &Message, value: &[u8], as_json: bool) -> Output {
    if !as_json {
        let mut text = String::new();
        let right = tree::body(schema, message, 0, value, Raw::Start, &mut text);
        return Output { text, faults: usize::from(!right) };
    }
    let object = value_json(schema, message, value);
    let faults = usize::from(object.get("error").is_some());
    Output { text: format!("{object}\n"), faults }
}

fn frame_json(schema: &Schema, frame: &Frame<'_>) -> Json {
    let mut object = match tree::message(schema, frame.id) {
        Some((set, message)) => {
            let mut object = value_json(schema, message, frame.value);
            object["set"] = set.into();
            object
        }
        None => json!({ "bytes": hex(frame.value) }),
    };
    object["offset"] = frame.offset.into();
    object["id"] = frame.id.into();
    object
}

fn value_json(schema: &Schema, message: &Message, value: &[u8]) -> Json {
    let mut object = json!({ "message": message.meta.name, "bytes": hex(value) });
    match decode(schema, message, value) {
        Ok(decoded) => {
            object["value"] = to_json(schema, &message.body, &decoded.value);
            if decoded.skipped {
                object["skipped"] = true.into();
            }
        }
        Err(fault) => {
            object["error"] = json!({
                "class": fault.class.name(),
                "offset": fault.offset,
                "path": fault.path,
                "detail": fault.detail,
            });
        }
    }
    object
}
