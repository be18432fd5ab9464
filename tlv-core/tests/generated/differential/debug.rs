//! The interpreter's values as generated code shows its own: `Greet { text: "hi", mood: None }`.
//!
//! Bytes that come back prove no value: two fields that are read and written in each other's place
//! come back too. So the text of what was decoded is compared, names and all.

use std::time::Duration;

use proto_gen::dynamic::{Body, Choice, ChoiceValue, TailValue, Value};
use proto_gen::schema::{self, Message, Schema, Ty, TypeKind, UnknownPolicy};
use tlv_core::bytes::Bytes;
use tlv_core::{Timestamp, Uuid};

/// A message, as a variant of its set.
pub(crate) fn message(schema: &Schema, message: &Message, value: &Body) -> String {
    let name = &message.meta.name;
    format!("{}({})", ident(name), body(schema, name, &message.body, value))
}

fn body(schema: &Schema, name: &str, def: &schema::Body, value: &Body) -> String {
    let mut fields: Vec<String> = Vec::new();
    for (field, value) in def.head.iter().zip(&value.head) {
        fields.push(format!("{}: {}", ident(&field.meta.name), shown(schema, &field.ty, value)));
    }
    for tail in &def.tail {
        let field = &tail.field;
        let value = value.tail_field(tail.id).map(|value| shown(schema, &field.ty, value));
        fields.push(format!("{}: {}", ident(&field.meta.name), optional(value)));
    }
    if def.unknown == UnknownPolicy::Retain {
        let records = value.tail.iter().filter_map(|tail| match &tail.value {
            TailValue::Known(_) => None,
            TailValue::Retained(value) => Some(record(tail.id, value)),
        });
        fields.push(format!("retained: Retained([{}])", records.collect::<Vec<_>>().join(", ")));
    }
    match fields.is_empty() {
        true => ident(name),
        false => format!("{} {{ {} }}", ident(name), fields.join(", ")),
    }
}

fn shown(schema: &Schema, ty: &Ty, value: &Value) -> String {
    match (ty, value) {
        (_, Value::Bool(value)) => format!("{value:?}"),
        (_, Value::Unsigned(value)) => value.to_string(),
        (_, Value::Signed(value)) => value.to_string(),
        (_, Value::F32(bits)) => format!("{:?}", f32::from_bits(*bits)),
        (_, Value::F64(bits)) => format!("{:?}", f64::from_bits(*bits)),
        (_, Value::Str(value)) => format!("{value:?}"),
        (_, Value::Bytes(value)) => format!("{:?}", Bytes::copy_from_slice(value)),
        (Ty::List { elem, .. } | Ty::Array { elem, .. }, Value::List(values)) => {
            let values: Vec<String> = values.iter().map(|v| shown(schema, elem, v)).collect();
            format!("[{}]", values.join(", "))
        }
        (Ty::Map { key, value: of, .. }, Value::Map(pairs)) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}: {}", shown(schema, key, k), shown(schema, of, v)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        (Ty::Opt(inner), Value::Opt(value)) => {
            optional(value.as_ref().map(|value| shown(schema, inner, value)))
        }
        (_, Value::Ip(value)) => format!("{value:?}"),
        (_, Value::SocketAddr(value)) => format!("{value:?}"),
        (_, Value::Uuid(value)) => format!("{:?}", Uuid::from_bytes(*value)),
        (_, Value::Duration(nanos)) => format!("{:?}", Duration::from_nanos(*nanos)),
        (_, Value::Timestamp(micros)) => format!("{:?}", Timestamp::from_micros(*micros)),
        (Ty::Named(id), value) => {
            let def = schema.type_def(*id);
            named(schema, &def.meta.name, &def.kind, value)
        }
        (ty, value) => panic!("{value:?} is no {ty:?}"),
    }
}

fn named(schema: &Schema, name: &str, kind: &TypeKind, value: &Value) -> String {
    match (kind, value) {
        (TypeKind::Struct(def), Value::Struct(value)) => body(schema, name, &def.body, value),
        (TypeKind::Enum(def), Value::Enum(number)) => {
            match def.values.iter().find(|value| value.value == *number) {
                Some(value) => ident(&value.meta.name),
                None => format!("Unknown(Unknown{name}({number}))"),
            }
        }
        (TypeKind::Flags(def), Value::Flags(bits)) => {
            let mut bits = *bits;
            let mut words = Vec::new();
            for bit in &def.bits {
                if bits & (1 << bit.bit) != 0 {
                    words.push(snake(&bit.meta.name));
                    bits &= !(1 << bit.bit);
                }
            }
            if bits != 0 || words.is_empty() {
                words.push(format!("{bits:#x}"));
            }
            words.join(" | ")
        }
        (TypeKind::Union(def), Value::Union(Choice { id, value })) => match value {
            ChoiceValue::Unknown(value) => format!("Unknown({})", record(*id, value)),
            ChoiceValue::Known(value) => {
                let variant = def.variants.iter().find(|variant| variant.id == *id);
                let variant = variant.expect("the interpreter knows it");
                let word = &variant.meta.name;
                let inner = body(schema, &format!("{name}{word}"), &variant.body, value);
                format!("{}({inner})", ident(word))
            }
        },
        (_, value) => panic!("{value:?} is no {name}"),
    }
}

fn record(id: u16, value: &[u8]) -> String {
    format!("UnknownRecord {{ id: {id}, value: {:?} }}", Bytes::copy_from_slice(value))
}

fn optional(value: Option<String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}

/// What `Debug` calls it: names that cannot be raw identifiers get a `_`.
fn ident(name: &str) -> String {
    match name {
        "self" | "super" | "crate" => format!("{name}_"),
        _ => name.to_owned(),
    }
}

/// `FlyHigh` as `fly_high`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && out.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
