//! Value to JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::EXACT_MAX;
use crate::dynamic::value::{Body, Choice, ChoiceValue, TailValue, Value};
use crate::schema::{self, Enum, Flags, Schema, Ty, TypeKind};

/// A body as a JSON object: fields by name; tail fields only where they are there; retained
/// records as `"#7": "hex"`.
pub fn to_json(schema: &Schema, body: &schema::Body, value: &Body) -> Json {
    let mut object = Map::new();
    for (field, value) in body.head.iter().zip(&value.head) {
        object.insert(field.meta.name.clone(), ty_to_json(schema, &field.ty, value));
    }
    for tail in &value.tail {
        let known = body.tail.iter().find(|known| known.id == tail.id);
        match (known, &tail.value) {
            (Some(known), TailValue::Known(value)) => {
                let value = ty_to_json(schema, &known.field.ty, value);
                object.insert(known.field.meta.name.clone(), value);
            }
            (_, TailValue::Retained(bytes)) => {
                object.insert(format!("#{}", tail.id), hex(bytes).into());
            }
            // No decode gives a known value with an unknown id.
            (None, TailValue::Known(_)) => {}
        }
    }
    Json::Object(object)
}

/// A value of a type that holds no other, as JSON.
pub fn leaf_to_json(schema: &Schema, ty: &Ty, value: &Value) -> Json {
    ty_to_json(schema, ty, value)
}

/// Lower-case hex, two digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A value that is not of type `ty` becomes `null`; no decode gives one.
fn ty_to_json(schema: &Schema, ty: &Ty, value: &Value) -> Json {
    match (ty, value) {
        (_, Value::Bool(value)) => Json::Bool(*value),
        (_, Value::Unsigned(number)) => unsigned(*number),
        (_, Value::Signed(number)) => signed(*number),
        (_, Value::F32(bits)) => format!("0x{bits:08x}").into(),
        (_, Value::F64(bits)) => format!("0x{bits:016x}").into(),
        (_, Value::Str(text)) => text.clone().into(),
        (_, Value::Bytes(bytes)) => hex(bytes).into(),
        (Ty::List { elem, .. } | Ty::Array { elem, .. }, Value::List(values)) => {
            values.iter().map(|value| ty_to_json(schema, elem, value)).collect()
        }
        (Ty::Map { key, value: value_ty, .. }, Value::Map(pairs)) => pairs
            .iter()
            .map(|(key_value, value)| {
                Json::Array(vec![
                    ty_to_json(schema, key, key_value),
                    ty_to_json(schema, value_ty, value),
                ])
            })
            .collect(),
        (Ty::Opt(_), Value::Opt(None)) => Json::Null,
        (Ty::Opt(inner), Value::Opt(Some(value))) => {
            let value = ty_to_json(schema, inner, value);
            // `Some(None)` must not look like `None`.
            if matches!(**inner, Ty::Opt(_)) { Json::Array(vec![value]) } else { value }
        }
        (_, Value::Ip(ip)) => ip.to_string().into(),
        (_, Value::SocketAddr(addr)) => addr.to_string().into(),
        (_, Value::Uuid(bytes)) => uuid(bytes).into(),
        (_, Value::Duration(nanos)) => unsigned(u128::from(*nanos)),
        (_, Value::Timestamp(micros)) => signed(i128::from(*micros)),
        (Ty::Named(id), value) => match (&schema.type_def(*id).kind, value) {
            (TypeKind::Enum(def), Value::Enum(number)) => enum_to_json(def, *number),
            (TypeKind::Flags(def), Value::Flags(bits)) => flags_to_json(def, *bits),
            (TypeKind::Struct(def), Value::Struct(body)) => to_json(schema, &def.body, body),
            (TypeKind::Union(def), Value::Union(choice)) => union_to_json(schema, def, choice),
            _ => Json::Null,
        },
        _ => Json::Null,
    }
}

fn enum_to_json(def: &Enum, number: u32) -> Json {
    match def.values.iter().find(|value| value.value == number) {
        Some(value) => value.meta.name.clone().into(),
        None => number.into(),
    }
}

fn flags_to_json(def: &Flags, bits: u64) -> Json {
    (0..64_u8)
        .filter(|bit| bits >> bit & 1 == 1)
        .map(|bit| match def.bits.iter().find(|named| named.bit == bit) {
            Some(named) => Json::from(named.meta.name.clone()),
            None => bit.into(),
        })
        .collect()
}

fn union_to_json(schema: &Schema, def: &schema::Union, choice: &Choice) -> Json {
    let known = def.variants.iter().find(|variant| variant.id == choice.id);
    let (name, value) = match (known, &choice.value) {
        (Some(variant), ChoiceValue::Known(body)) => {
            (variant.meta.name.clone(), to_json(schema, &variant.body, body))
        }
        (_, ChoiceValue::Unknown(bytes)) => (format!("#{}", choice.id), hex(bytes).into()),
        (None, ChoiceValue::Known(_)) => return Json::Null,
    };
    Json::Object(Map::from_iter([(name, value)]))
}

fn unsigned(number: u128) -> Json {
    match u64::try_from(number) {
        Ok(small) if number <= EXACT_MAX => small.into(),
        _ => number.to_string().into(),
    }
}

fn signed(number: i128) -> Json {
    match i64::try_from(number) {
        Ok(small) if number.unsigned_abs() <= EXACT_MAX => small.into(),
        _ => number.to_string().into(),
    }
}

fn uuid(bytes: &[u8; 16]) -> String {
    let digits = hex(bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}
