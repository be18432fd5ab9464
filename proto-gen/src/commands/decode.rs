//! `proto-gen decode`: bytes to text.

use std::io::{self, Read, Write};

use serde_json::{Value as Json, json};

use crate::dynamic::json::{hex, to_json};
use crate::dynamic::tree::{self, Raw};
use crate::dynamic::{Fault, Frame, Frames, Piece, decode};
use crate::schema::{Message, Schema};

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object per frame and line; `encode` reads them.
    Json,
    /// An indented tree with offsets and raw bytes.
    Tree,
}

/// Prints what it is given, and counts what is wrong in it.
#[derive(Debug)]
pub struct Printer<'a, W> {
    schema: &'a Schema,
    form: Form,
    out: W,
    faults: usize,
}

impl<'a, W: Write> Printer<'a, W> {
    /// Prints to `out`.
    pub fn new(schema: &'a Schema, form: Form, out: W) -> Self {
        Self { schema, form, out, faults: 0 }
    }

    /// Where it printed to, and how many frames did not decode or were not whole.
    pub fn finish(self) -> (W, usize) {
        (self.out, self.faults)
    }

    /// Prints a stream of frames, each before the next is waited for, however long the stream is. It
    /// has a name where there are several.
    ///
    /// # Errors
    ///
    /// Those of reading and of writing.
    pub fn stream(&mut self, name: &str, input: impl Read) -> io::Result<()> {
        if self.form == Form::Tree && !name.is_empty() {
            writeln!(self.out, "== {name}")?;
        }
        let mut frames = Frames::new(self.schema, input);
        loop {
            if frames.must_wait() {
                self.out.flush()?;
            }
            let Some(piece) = frames.next_piece()? else { return Ok(()) };
            self.piece(name, &piece)?;
        }
    }

    fn piece(&mut self, name: &str, piece: &Piece<'_>) -> io::Result<()> {
        match self.form {
            Form::Json => self.object(name, piece_json(self.schema, piece)),
            Form::Tree => {
                let mut text = String::new();
                let right = tree::piece(self.schema, piece, &mut text);
                self.text(&text, right)
            }
        }
    }

    /// Says that a stream went on after what was printed of it, and that the capture lacks how.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn hole(&mut self, name: &str, offset: usize) -> io::Result<()> {
        let detail = "bytes are missing from the capture, and the stream goes on after them";
        match self.form {
            Form::Json => {
                let error = json!({ "class": "truncated", "detail": detail });
                self.object(name, json!({ "offset": offset, "rest": "", "error": error }))
            }
            Form::Tree => self.text(&format!("{offset:06x}  !! truncated: {detail}\n"), false),
        }
    }

    /// Prints one message's value, without a header.
    ///
    /// # Errors
    ///
    /// Those of reading and of writing.
    pub fn value(&mut self, message: &Message, input: impl Read) -> io::Result<()> {
        let mut value = Vec::new();
        // One byte more than there may be is enough to see that there are too many.
        input.take(u64::from(message.max_len) + 1).read_to_end(&mut value)?;
        match self.form {
            Form::Json => self.object("", value_json(self.schema, message, &value)),
            Form::Tree => {
                let mut text = String::new();
                let right = tree::body(self.schema, message, 0, &value, Raw::Start, &mut text);
                self.text(&text, right)
            }
        }
    }

    fn object(&mut self, stream: &str, mut object: Json) -> io::Result<()> {
        self.faults += usize::from(object.get("error").is_some());
        if !stream.is_empty() {
            object["stream"] = stream.into();
        }
        writeln!(self.out, "{object}")
    }

    fn text(&mut self, text: &str, right: bool) -> io::Result<()> {
        self.faults += usize::from(!right);
        self.out.write_all(text.as_bytes())
    }
}

fn piece_json(schema: &Schema, piece: &Piece<'_>) -> Json {
    match piece {
        Piece::Frame(frame) => frame_json(schema, frame),
        Piece::Endless { offset, header } => {
            let error = tree::too_long(schema, *header).map(|fault| fault_json(&fault));
            json!({ "offset": offset, "id": header.id, "len": header.len, "error": error })
        }
        Piece::Rest { offset, bytes, header } => {
            let fault = tree::rest_fault(schema, bytes, *header);
            let error = json!({ "class": fault.class.name(), "detail": fault.detail });
            json!({ "offset": offset, "rest": hex(bytes), "error": error })
        }
    }
}

fn frame_json(schema: &Schema, frame: &Frame<'_>) -> Json {
    let mut object = match tree::message(schema, frame.id) {
        Some((set, message)) => {
            let mut object = value_json(schema, message, frame.value);
            object["set"] = set.into();
            object
        }
        None => {
            let mut object = json!({ "bytes": hex(frame.value) });
            if let Some(fault) = tree::too_long(schema, frame.header()) {
                object["error"] = fault_json(&fault);
            }
            object
        }
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
        Err(fault) => object["error"] = fault_json(&fault),
    }
    object
}

fn fault_json(fault: &Fault) -> Json {
    let Fault { class, offset, path, detail } = fault;
    json!({ "class": class.name(), "offset": offset, "path": path, "detail": detail })
}
