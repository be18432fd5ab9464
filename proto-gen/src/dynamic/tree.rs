//! One frame as an indented tree: offset, raw bytes, and what they say.

use super::json::{hex, leaf_to_json};
use super::{
    FRAME_HEADER_LEN, Fault, FaultClass, Frame, Header, Piece, Step, UNKNOWN_MAX_LEN, Value, What,
    decode_traced,
};
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

/// Writes a piece of a stream; returns whether it is right.
pub fn piece(schema: &Schema, piece: &Piece<'_>, out: &mut String) -> bool {
    match piece {
        Piece::Frame(found) => return frame(schema, found, Raw::Start, out),
        Piece::Endless { offset, header } => {
            line(out, *offset, &header.bytes(), 0, &header_text(schema, *header));
            let text = too_long(schema, *header).map_or(String::new(), |fault| fault_text(&fault));
            line(out, offset + FRAME_HEADER_LEN, &[], 1, &text);
        }
        Piece::Rest { offset, bytes, header } => {
            let fault = rest_fault(schema, bytes, *header);
            line(out, *offset, bytes, 0, &format!("!! {}: {}", fault.class, fault.detail));
        }
    }
    false
}

/// Writes a frame; returns whether it is right.
pub fn frame(schema: &Schema, frame: &Frame<'_>, raw: Raw, out: &mut String) -> bool {
    let Frame { offset, id, value } = *frame;
    let header = frame.header();
    line(out, offset, &header.bytes(), 0, &header_text(schema, header));
    let base = offset + FRAME_HEADER_LEN;
    if let Some((_, message)) = message(schema, id) {
        return body(schema, message, base, value, raw, out);
    }
    let fault = too_long(schema, header);
    match &fault {
        Some(fault) => line(out, base, value, 1, &fault_text(fault)),
        None if value.is_empty() => {}
        None => lines(out, base, value, raw, 1, "value"),
    }
    fault.is_none()
}

fn header_text(schema: &Schema, header: Header) -> String {
    let Header { id, len } = header;
    let name = match message(schema, id) {
        Some((set, message)) => format!("{set}.{}", message.meta.name),
        None if id & 1 == 0 => "unknown message (critical)".to_owned(),
        None => "unknown message (may be skipped)".to_owned(),
    };
    format!("{name}, id {id:#06x}, {}", bytes_text(len.into()))
}

/// What is wrong with a frame by its header alone, if anything is.
pub fn too_long(schema: &Schema, header: Header) -> Option<Fault> {
    let Header { id, len } = header;
    let found = message(schema, id).map(|(_, message)| message);
    let max = found.map_or(UNKNOWN_MAX_LEN, |message| message.max_len);
    let path = found.map_or_else(|| format!("{id:#06x}"), |message| message.meta.name.clone());
    let detail = format!("{} announced, where {} is the most", bytes_text(len.into()), count(max));
    (len > max).then_some(Fault { class: FaultClass::TooLong, offset: 0, path, detail })
}

/// What is wrong with what a stream ends with. A header that announces too much is refused before
/// anything that is missing behind it.
pub fn rest_fault(schema: &Schema, bytes: &[u8], header: Option<Header>) -> Fault {
    if let Some(fault) = header.and_then(|header| too_long(schema, header)) {
        return fault;
    }
    let detail = match header {
        Some(header) => format!(
            "the header announces {}, {} are there",
            bytes_text(header.len.into()),
            count((bytes.len() - FRAME_HEADER_LEN) as u64)
        ),
        None => "half a header".to_owned(),
    };
    Fault { class: FaultClass::Truncated, offset: 0, path: String::new(), detail }
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
            line(out, at, rest, 1, &fault_text(&fault));
            false
        }
    }
}

/// The message with this id, and the name of its set.
pub fn message(schema: &Schema, id: u16) -> Option<(&str, &Message)> {
    schema.sets.iter().find_map(|set| {
        let message = set.messages.iter().find(|message| message.id == id)?;
        Some((set.meta.name.as_str(), message))
    })
}

fn fault_text(fault: &Fault) -> String {
    let Fault { class, path, offset, detail } = fault;
    format!("!! {class}: {path} at byte {offset} of the value: {detail}")
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
        Value::Timestamp(micros) => time_text(*micros),
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

/// `2026-01-01 12:00:00.000000 UTC`, by the calendar of today whatever the year.
fn time_text(micros: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let (days, micros_of_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    // Counted from a first of March, in spans of 400 years, after which the calendar repeats: so
    // that a leap day is the last of its year, and the years before it are whole.
    let days = days + 719_468;
    let (spans, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * years + years / 4 - years / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    let year = spans * 400 + years + i64::from(month <= 2);
    let (seconds, micros) = (micros_of_day / 1_000_000, micros_of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06} UTC")
}

fn bytes_text(len: u64) -> String {
    format!("{} byte{}", count(len), if len == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::time_text;

    #[test]
    fn a_time_is_shown_by_the_calendar() {
        for (micros, text) in [
            (0, "1970-01-01 00:00:00.000000 UTC"),
            (-1, "1969-12-31 23:59:59.999999 UTC"),
            (951_782_400_000_000, "2000-02-29 00:00:00.000000 UTC"),
            (1_767_268_800_000_000, "2026-01-01 12:00:00.000000 UTC"),
            (4_107_542_399_000_000, "2100-02-28 23:59:59.000000 UTC"),
            (4_107_542_400_000_000, "2100-03-01 00:00:00.000000 UTC"),
            (i64::MAX, "294247-01-10 04:00:54.775807 UTC"),
            (i64::MIN, "-290308-12-21 19:59:05.224192 UTC"),
        ] {
            assert_eq!(time_text(micros), text);
        }
    }
}
