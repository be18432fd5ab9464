//! One frame as an indented tree: offset, raw bytes, and what they say.

use super::json::{hex, leaf_to_json};
use super::{FRAME_HEADER_LEN, Frame, Rest, Step, Value, What, decode_traced};
use crate::backends::layout::count;
use crate::schema::{Message, Schema, Ty, TypeKind};

/// Raw bytes shown per line.
const RAW_MAX: usize = 8;

/// Which raw bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Those that fit in the line.
    Start,
    /// All, in as many lines as they take.
    All,
}

/// Columns of the raw bytes: three per byte, less one, and the sign that there are more.
const RAW_COLUMNS: usize = 3 * RAW_MAX + 1;

/// Letters shown of a string.
const TEXT_MAX: usize = 200;

/// Writes a frame of a stream; returns whether it is right.
pub fn frame(schema: &Schema, frame: &Frame<'_>, raw: Raw, out: &mut String) -> bool {
    let Frame { offset, id, value } = *frame;
    let found = message(schema, id);
    let name = found.map_or_else(
        || {
            let critical = if id & 1 == 0 { "critical" } else { "may be skipped" };
            format!("unknown message ({critical})")
        },
        |(set, message)| format!("{set}.{}", message.meta.name),
    );
    let bytes = bytes_text(value.len() as u64);
    let header = format!("{name}, id {id:#06x}, {bytes}");
    line(out, offset, &header_bytes(id, value), 0, &header);
    let Some((_, message)) = found else {
        if !value.is_empty() {
            lines(out, offset + FRAME_HEADER_LEN, value, raw, 1, "value");
        }
        return true;
    };
    body(schema, message, offset + FRAME_HEADER_LEN, value, raw, out)
}

/// Writes the value of a message that begins at `base`; returns whether it is right.
pub fn body(
    schema: &Schema,
    message: &Message,
    base: usize,
    value: &[u8],
    raw: Raw,
    out: &mut String,
) -> bool {
    let (steps, result) = decode_traced(schema, message, value);
    for step in &steps {
        let bytes = match step.what {
            // What it holds shows its bytes itself.
            What::Group(_) => &[][..],
            _ => &value[step.range.clone()],
        };
        let text = step_text(schema, step);
        lines(out, base + step.range.start, bytes, raw, step.depth + 1, &text);
    }
    match result {
        Ok(_) => true,
        Err(fault) => {
            let at = base + fault.offset;
            let rest = value.get(fault.offset..).unwrap_or_default();
            let text = format!(
                "!! {}: {} at byte {} of the value: {}",
                fault.class, fault.path, fault.offset, fault.detail
            );
            line(out, at, rest, 1, &text);
            false
        }
    }
}

/// Writes what a stream ends with, where that is no whole frame.
pub fn rest(rest: &Rest<'_>, out: &mut String) {
    let text = match rest.announced {
        Some(len) => format!(
            "!! truncated: the header announces {}, {} are there",
            bytes_text(len.into()),
            rest.bytes.len().saturating_sub(FRAME_HEADER_LEN)
        ),
        None => "!! truncated: half a header".to_owned(),
    };
    line(out, rest.offset, rest.bytes, 0, &text);
}

/// The message with this id, and the name of its set.
pub fn message(schema: &Schema, id: u16) -> Option<(&str, &Message)> {
    schema.sets.iter().find_map(|set| {
        let message = set.messages.iter().find(|message| message.id == id)?;
        Some((set.meta.name.as_str(), message))
    })
}

fn header_bytes(id: u16, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
    [&id.to_le_bytes()[..], &len.to_le_bytes()].concat()
}

/// One line, or as many as the bytes take.
fn lines(out: &mut String, offset: usize, bytes: &[u8], raw: Raw, depth: usize, text: &str) {
    if raw == Raw::Start || bytes.len() <= RAW_MAX {
        return line(out, offset, bytes, depth, text);
    }
    for (index, part) in bytes.chunks(RAW_MAX).enumerate() {
        let text = if index == 0 { text } else { "" };
        line(out, offset + index * RAW_MAX, part, depth, text);
    }
}

fn line(out: &mut String, offset: usize, raw: &[u8], depth: usize, text: &str) {
    let shown = hex(&raw[..raw.len().min(RAW_MAX)]);
    let pairs: Vec<&str> = (0..shown.len() / 2).map(|at| &shown[2 * at..2 * at + 2]).collect();
    let mut raw_text = pairs.join(" ");
    if raw.len() > RAW_MAX {
        raw_text.push_str("..");
    }
    let text = format!("{}{text}", "  ".repeat(depth));
    let line = format!("{offset:06x}  {raw_text:<RAW_COLUMNS$}  {text}");
    out.push_str(line.trim_end());
    out.push('\n');
}

fn step_text(schema: &Schema, step: &Step) -> String {
    let name = &step.name;
    match &step.what {
        What::Length(len) => format!("{name}: length {}", count(*len)),
        What::Count(number) => format!("{name}: count {}", count(*number)),
        What::Present(true) => format!("{name}: present"),
        What::Present(false) => format!("{name}: absent"),
        What::TailHeader { id, len } => {
            format!("{name}: tail record {id}, {}", bytes_text((*len).into()))
        }
        What::VariantHeader { id, len, known: true } => {
            format!("{name}: variant {id}, {}", bytes_text((*len).into()))
        }
        What::VariantHeader { id, len, known: false } => {
            format!("unknown variant {id}, {}", bytes_text((*len).into()))
        }
        What::UnknownTail { id, retained } => {
            let what = if *retained { "retained" } else { "skipped" };
            format!("unknown tail record {id}, {what}")
        }
        What::UnknownVariant(_) => "value".to_owned(),
        What::Group(ty) => format!("{name} ({})", group_text(schema, ty)),
        What::Leaf(ty, value) => format!("{name}: {}", leaf_text(schema, ty, value)),
    }
}

fn group_text(schema: &Schema, ty: &Ty) -> String {
    match ty {
        Ty::List { .. } => "list".to_owned(),
        Ty::Array { .. } => "array".to_owned(),
        Ty::Map { .. } => "map".to_owned(),
        Ty::Named(id) => schema.type_def(*id).meta.name.clone(),
        _ => String::new(),
    }
}

/// A value as people read it; an enum with its name and number.
fn leaf_text(schema: &Schema, ty: &Ty, value: &Value) -> String {
    match value {
        Value::F32(bits) => format!("{:?}", f32::from_bits(*bits)),
        Value::F64(bits) => format!("{:?}", f64::from_bits(*bits)),
        Value::Str(text) if text.chars().count() > TEXT_MAX => {
            let start: String = text.chars().take(TEXT_MAX).collect();
            format!("{start:?}..")
        }
        Value::Str(text) => format!("{text:?}"),
        Value::Bytes(bytes) => bytes_text(bytes.len() as u64),
        Value::Duration(nanos) => format!("{:?}", std::time::Duration::from_nanos(*nanos)),
        Value::Timestamp(micros) => format!("{micros} us since 1970"),
        Value::Enum(number) => {
            let Ty::Named(id) = ty else { return number.to_string() };
            let TypeKind::Enum(def) = &schema.type_def(*id).kind else {
                return number.to_string();
            };
            let name = def.values.iter().find(|value| value.value == *number);
            let name = name.map_or("unknown", |value| value.meta.name.as_str());
            format!("{name} ({number})")
        }
        Value::Flags(bits) => format!("{} ({bits:#x})", leaf_to_json(schema, ty, value)),
        _ => match leaf_to_json(schema, ty, value) {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        },
    }
}

fn bytes_text(len: u64) -> String {
    format!("{} byte{}", count(len), if len == 1 { "" } else { "s" })
}
