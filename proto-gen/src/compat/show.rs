//! Frames in hex and values as text; what is long is abbreviated.

use std::fmt::Write as _;

use crate::dynamic::{Body, Choice, ChoiceValue, FRAME_HEADER_LEN, TailValue, Value};
use crate::schema::{self, Message, Schema, Ty, TypeKind};

/// Shortest run of one byte that is abbreviated.
const RUN_MIN: usize = 8;
/// Most bytes that are shown one by one.
const BYTES_MAX: usize = 64;
/// Most letters of a text and elements of a list that are shown.
const LETTERS_MAX: usize = 32;
const ELEMENTS_MAX: usize = 4;

/// A frame in hex: its header, then its value: `02 01 f4 01 00 00 | 500 x 00`.
pub(super) fn frame(frame: &[u8]) -> String {
    match frame.split_at_checked(FRAME_HEADER_LEN) {
        Some((header, value)) if !value.is_empty() => format!("{} | {}", hex(header), hex(value)),
        _ => hex(frame),
    }
}

/// Bytes in hex: `02 01 f7 01 00 00, 500 x 00`.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut shown = 0;
    let mut rest = bytes;
    let mut comma = false;
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|byte| **byte == first).count();
        if shown >= BYTES_MAX {
            // Writing to a `String` cannot fail.
            let _ = write!(out, ", {} more", rest.len());
            break;
        }
        let abbreviated = run >= RUN_MIN;
        if !out.is_empty() {
            out.push_str(if abbreviated || comma { ", " } else { " " });
        }
        comma = abbreviated;
        let taken = if abbreviated { run } else { 1 };
        let _ = match abbreviated {
            true => write!(out, "{run} x {first:02x}"),
            false => write!(out, "{first:02x}"),
        };
        shown += 1;
        rest = &rest[taken..];
    }
    out
}

/// A message as text: `Greet { text: "hello", mood: Happy }`.
pub(crate) fn message(schema: &Schema, message: &Message, value: &Body) -> String {
    format!("{}{}", message.meta.name, body(schema, &message.body, value))
}

fn body(schema: &Schema, def: &schema::Body, value: &Body) -> String {
    let head = def.head.iter().zip(&value.head).map(|(field, value)| {
        format!("{}: {}", field.meta.name, self::value(schema, &field.ty, value))
    });
    let tail = value.tail.iter().map(|tail| {
        let known = def.tail.iter().find(|known| known.id == tail.id);
        match (known, &tail.value) {
            (Some(known), TailValue::Known(value)) => {
                format!(
                    "{}: {}",
                    known.field.meta.name,
                    self::value(schema, &known.field.ty, value)
                )
            }
            (_, TailValue::Retained(bytes)) => format!("#{}: {}", tail.id, counted(bytes)),
            (None, TailValue::Known(value)) => format!("#{}: {value:?}", tail.id),
        }
    });
    let fields: Vec<String> = head.chain(tail).collect();
    if fields.is_empty() { " {}".to_owned() } else { format!(" {{ {} }}", fields.join(", ")) }
}

/// A value as text.
pub(crate) fn value(schema: &Schema, ty: &Ty, value: &Value) -> String {
    match (ty, value) {
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::Unsigned(number)) => number.to_string(),
        (_, Value::Signed(number)) => number.to_string(),
        (_, Value::F32(bits)) => format!("{:?}", f32::from_bits(*bits)),
        (_, Value::F64(bits)) => format!("{:?}", f64::from_bits(*bits)),
        (_, Value::Str(text)) => self::text(text),
        (_, Value::Bytes(bytes)) => counted(bytes),
        (Ty::List { elem, .. } | Ty::Array { elem, .. }, Value::List(values)) => {
            list(values, |value| self::value(schema, elem, value))
        }
        (Ty::Map { key, value: value_ty, .. }, Value::Map(pairs)) => list(pairs, |(k, v)| {
            format!("{}: {}", self::value(schema, key, k), self::value(schema, value_ty, v))
        }),
        (_, Value::Opt(None)) => "none".to_owned(),
        (Ty::Opt(inner), Value::Opt(Some(value))) => {
            format!("some {}", self::value(schema, inner, value))
        }
        (_, Value::Ip(ip)) => ip.to_string(),
        (_, Value::SocketAddr(addr)) => addr.to_string(),
        (_, Value::Uuid(bytes)) => format!("uuid {}", hex(bytes)),
        (_, Value::Duration(nanos)) => format!("{nanos} ns"),
        (_, Value::Timestamp(micros)) => format!("{micros} us since the epoch"),
        (Ty::Named(id), value) => named(schema, &schema.type_def(*id).kind, value),
        // Not a value of the type; no decode makes one.
        (_, value) => format!("{value:?}"),
    }
}

fn named(schema: &Schema, kind: &TypeKind, value: &Value) -> String {
    match (kind, value) {
        (TypeKind::Enum(def), Value::Enum(number)) => {
            let known = def.values.iter().find(|value| value.value == *number);
            known.map_or_else(|| format!("unknown value {number}"), |value| value.meta.name.clone())
        }
        (TypeKind::Flags(def), Value::Flags(bits)) => {
            let is_set = |bit: u8| bits.checked_shr(bit.into()).unwrap_or(0) & 1 == 1;
            let names: Vec<&str> = def
                .bits
                .iter()
                .filter(|bit| is_set(bit.bit))
                .map(|bit| bit.meta.name.as_str())
                .collect();
            format!("{bits:#x} ({})", names.join(" | "))
        }
        (TypeKind::Struct(def), Value::Struct(value)) => {
            body(schema, &def.body, value).trim_start().to_owned()
        }
        (TypeKind::Union(def), Value::Union(Choice { id, value })) => {
            let known = def.variants.iter().find(|variant| variant.id == *id);
            match (known, value) {
                (Some(variant), ChoiceValue::Known(value)) => {
                    format!("{}{}", variant.meta.name, body(schema, &variant.body, value))
                }
                (_, ChoiceValue::Unknown(bytes)) => {
                    format!("unknown variant {id} ({})", counted(bytes))
                }
                (None, ChoiceValue::Known(value)) => format!("variant {id} {value:?}"),
            }
        }
        (_, value) => format!("{value:?}"),
    }
}

fn counted(bytes: &[u8]) -> String {
    match bytes {
        [] => "0 bytes".to_owned(),
        [_] => format!("1 byte {}", hex(bytes)),
        _ => format!("{} bytes {}", bytes.len(), hex(bytes)),
    }
}

fn text(text: &str) -> String {
    let mut letters = text.chars();
    let letter = letters.next();
    if text.len() <= LETTERS_MAX {
        format!("{text:?}")
    } else if let Some(letter) = letter.filter(|first| letters.all(|next| next == *first)) {
        format!("{} x {letter:?}", text.chars().count())
    } else {
        let start: String = text.chars().take(LETTERS_MAX).collect();
        format!("{start:?}... of {} bytes", text.len())
    }
}

fn list<T: PartialEq>(items: &[T], show: impl Fn(&T) -> String) -> String {
    match items {
        [first, rest @ ..]
            if rest.len() >= ELEMENTS_MAX && rest.iter().all(|item| item == first) =>
        {
            format!("[{}; {}]", show(first), items.len())
        }
        _ if items.len() > ELEMENTS_MAX => {
            let shown: Vec<String> = items.iter().take(ELEMENTS_MAX).map(show).collect();
            format!("[{}, {} more]", shown.join(", "), items.len() - ELEMENTS_MAX)
        }
        _ => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_abbreviates_runs_and_the_end() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(hex(bytes), expect);
        check(&[], "");
        check(&[1, 2, 0, 0], "01 02 00 00");
        check(&[&[7, 1][..], &[0; 500], &[9, 9]].concat(), "07 01, 500 x 00, 09 09");
        check(&[0xff; 8], "8 x ff");
        let all: Vec<u8> = (0..=255).collect();
        assert!(hex(&all).ends_with("3e 3f, 192 more"));
    }

    #[test]
    fn a_frame_shows_its_header_apart() {
        assert_eq!(
            frame(&[2, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            "02 01 09 00 00 00 | 9 x 00"
        );
        assert_eq!(frame(&[2, 1, 0, 0, 0, 0]), "02 01 00 00 00 00");
    }

    #[test]
    fn long_text_is_abbreviated() {
        assert_eq!(text("hello"), "\"hello\"");
        assert_eq!(text(&"x".repeat(501)), "501 x 'x'");
        assert!(text(&"ab".repeat(50)).ends_with("... of 100 bytes"));
    }
}
