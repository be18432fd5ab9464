//! JSON to value.

use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::check::suggest::instead;
use crate::dynamic::fault::Path;
use crate::dynamic::rules;
use crate::dynamic::value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
use crate::schema::{self, Enum, Flags, FloatWidth, Meta, Schema, Ty, TypeKind, Union};

/// Why a JSON value is not one of the message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {detail}")]
pub struct JsonError {
    /// Where: `Changes.joined[3].name`.
    pub path: String,
    /// What was wanted and what was there.
    pub detail: String,
}

/// Reads what [`to_json`](super::to_json) writes; `root` is the first part of the paths in errors.
/// For those who write by hand, a float may also be a number, and a map an object.
///
/// Bounds and constraints are `encode`'s matter.
///
/// # Errors
///
/// Where a field is missing, unknown, or of another type.
pub fn from_json(
    schema: &Schema,
    root: &str,
    body: &schema::Body,
    json: &Json,
) -> Result<Body, JsonError> {
    Parser { schema, path: Path::new(root) }.body(body, json)
}

struct Parser<'a> {
    schema: &'a Schema,
    path: Path,
}

impl Parser<'_> {
    fn body(&mut self, body: &schema::Body, json: &Json) -> Result<Body, JsonError> {
        let Json::Object(object) = json else { return Err(self.error("an object", json)) };
        let mut head = Vec::new();
        for field in &body.head {
            let Some(json) = object.get(&field.meta.name) else {
                let detail = format!("the field `{}` is missing", field.meta.name);
                return Err(self.detail(detail));
            };
            head.push(self.at(format_args!(".{}", field.meta.name), &field.ty, json)?);
        }
        let mut tail = Vec::new();
        for (name, json) in object {
            if body.head.iter().any(|field| field.meta.name == *name) {
                continue;
            }
            if let Some(known) = body.tail.iter().find(|known| known.field.meta.name == *name) {
                let value = self.at(format_args!(".{name}"), &known.field.ty, json)?;
                tail.push(Tail { id: known.id, value: TailValue::Known(value) });
            } else if let Some(id) = unknown_id(name) {
                tail.push(Tail { id, value: TailValue::Retained(self.hex(json)?) });
            } else {
                return Err(self.unknown("field", name, body.fields().map(|field| &field.meta)));
            }
        }
        tail.sort_by_key(|tail| tail.id);
        Ok(Body { head, tail })
    }

    fn at(
        &mut self,
        segment: std::fmt::Arguments<'_>,
        ty: &Ty,
        json: &Json,
    ) -> Result<Value, JsonError> {
        let mark = self.path.mark();
        self.path.push(segment);
        let value = self.value(ty, json)?;
        self.path.back_to(mark);
        Ok(value)
    }

    fn value(&mut self, ty: &Ty, json: &Json) -> Result<Value, JsonError> {
        Ok(match ty {
            Ty::Bool => Value::Bool(json.as_bool().ok_or_else(|| self.error("a bool", json))?),
            Ty::Int(int) if int.is_signed() => Value::Signed(self.number(json)?),
            Ty::Int(_) => Value::Unsigned(self.number(json)?),
            Ty::Float(width) => self.float(*width, json)?,
            Ty::Str { .. } => Value::Str(self.text(json)?.to_owned()),
            Ty::Bytes { .. } => Value::Bytes(self.hex(json)?),
            Ty::List { elem, .. } | Ty::Array { elem, .. } => {
                let mut values = Vec::new();
                for (index, json) in self.array(json)?.iter().enumerate() {
                    values.push(self.at(format_args!("[{index}]"), elem, json)?);
                }
                Value::List(values)
            }
            Ty::Map { key, value, .. } if json.is_object() => self.object_map(key, value, json)?,
            Ty::Map { key, value, .. } => {
                let mut pairs = Vec::new();
                for (index, json) in self.array(json)?.iter().enumerate() {
                    let [key_json, value_json] = self.array(json)?.as_slice() else {
                        return Err(self.error("a key and a value", json));
                    };
                    let key = self.at(format_args!("[{index}].key"), key, key_json)?;
                    let value = self.at(format_args!("[{index}].value"), value, value_json)?;
                    pairs.push((key, value));
                }
                Value::Map(pairs)
            }
            Ty::Opt(_) if json.is_null() => Value::Opt(None),
            Ty::Opt(inner) if matches!(**inner, Ty::Opt(_)) => {
                let [json] = self.array(json)?.as_slice() else {
                    return Err(self.error("an array of one", json));
                };
                Value::Opt(Some(Box::new(self.value(inner, json)?)))
            }
            Ty::Opt(inner) => Value::Opt(Some(Box::new(self.value(inner, json)?))),
            Ty::Ip => Value::Ip(self.parsed(json, "an IP address")?),
            Ty::SocketAddr => Value::SocketAddr(self.parsed(json, "an address and port")?),
            Ty::Uuid => {
                let text = self.text(json)?.replace('-', "");
                let bytes = unhex(&text).and_then(|bytes| bytes.try_into().ok());
                Value::Uuid(bytes.ok_or_else(|| self.error("a uuid", json))?)
            }
            Ty::Duration => Value::Duration(self.number(json)?),
            Ty::Timestamp => Value::Timestamp(self.number(json)?),
            Ty::Named(id) => {
                let schema = self.schema;
                match &schema.type_def(*id).kind {
                    TypeKind::Enum(def) => Value::Enum(self.enumeration(def, json)?),
                    TypeKind::Flags(def) => Value::Flags(self.flags(def, json)?),
                    TypeKind::Struct(def) => Value::Struct(self.body(&def.body, json)?),
                    TypeKind::Union(def) => Value::Union(self.union(def, json)?),
                }
            }
        })
    }

    fn enumeration(&self, def: &Enum, json: &Json) -> Result<u32, JsonError> {
        let Json::String(name) = json else { return self.number(json) };
        let named = def.values.iter().find(|value| value.meta.name == *name);
        let names = def.values.iter().map(|value| &value.meta);
        named.map(|value| value.value).ok_or_else(|| self.unknown("value", name, names))
    }

    fn flags(&self, def: &Flags, json: &Json) -> Result<u64, JsonError> {
        let mut bits = 0;
        for json in self.array(json)? {
            let bit = match json {
                Json::String(name) => {
                    let named = def.bits.iter().find(|bit| bit.meta.name == *name);
                    let names = def.bits.iter().map(|bit| &bit.meta);
                    named.map(|bit| bit.bit).ok_or_else(|| self.unknown("bit", name, names))?
                }
                _ => self.number(json)?,
            };
            let bit = 1_u64.checked_shl(bit.into()).ok_or_else(|| self.error("a bit", json))?;
            bits |= bit;
        }
        Ok(bits)
    }

    fn union(&mut self, def: &Union, json: &Json) -> Result<Choice, JsonError> {
        let one = |object: &Map<String, Json>| (object.len() == 1).then(|| object.clone());
        let Some((name, json)) =
            json.as_object().and_then(one).and_then(|object| object.into_iter().next())
        else {
            return Err(self.error("an object with the variant's name", json));
        };
        if let Some(variant) = def.variants.iter().find(|variant| variant.meta.name == name) {
            let mark = self.path.mark();
            self.path.push(format_args!(".{name}"));
            let body = self.body(&variant.body, &json)?;
            self.path.back_to(mark);
            return Ok(Choice { id: variant.id, value: ChoiceValue::Known(body) });
        }
        match unknown_id(&name) {
            Some(id) => Ok(Choice { id, value: ChoiceValue::Unknown(self.hex(&json)?) }),
            None => {
                let names = def.variants.iter().map(|variant| &variant.meta);
                Err(self.unknown("variant", &name, names))
            }
        }
    }

    /// An object's pairs, in the order of the keys as the map has it.
    fn object_map(&mut self, key_ty: &Ty, value_ty: &Ty, json: &Json) -> Result<Value, JsonError> {
        let mut pairs = Vec::new();
        for (name, json) in json.as_object().into_iter().flatten() {
            let key = Json::from(name.as_str());
            let key = self.at(format_args!("[{name:?}].key"), key_ty, &key)?;
            pairs.push((key, self.at(format_args!("[{name:?}].value"), value_ty, json)?));
        }
        pairs.sort_by(|(left, _), (right, _)| {
            // Keys of one type have an order.
            rules::key_order(left, right).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(Value::Map(pairs))
    }

    /// The bits; or a number, which is the nearest float.
    fn float(&self, width: FloatWidth, json: &Json) -> Result<Value, JsonError> {
        let Json::Number(number) = json else {
            return Ok(match width {
                FloatWidth::F32 => Value::F32(self.bits(json, 8)? as u32),
                FloatWidth::F64 => Value::F64(self.bits(json, 16)?),
            });
        };
        let value = match width {
            FloatWidth::F32 => {
                let near = number.to_string().parse().ok().filter(|near: &f32| near.is_finite());
                near.map(|near| Value::F32(near.to_bits()))
            }
            FloatWidth::F64 => number.as_f64().map(|near| Value::F64(near.to_bits())),
        };
        value.ok_or_else(|| self.error("a number of the type's range", json))
    }

    /// A JSON number, or a string of digits.
    fn number<T: std::str::FromStr>(&self, json: &Json) -> Result<T, JsonError> {
        let text = match json {
            Json::Number(number) => number.to_string(),
            Json::String(text) => text.clone(),
            _ => return Err(self.error("an integer", json)),
        };
        text.parse().map_err(|_| self.error("an integer of the type's range", json))
    }

    /// `0x` and exactly `digits` hex digits.
    fn bits(&self, json: &Json, digits: usize) -> Result<u64, JsonError> {
        let text = self.text(json)?;
        text.strip_prefix("0x")
            .filter(|hex| hex.len() == digits)
            .and_then(|hex| u64::from_str_radix(hex, 16).ok())
            .ok_or_else(|| {
                let wanted = format!("a number, or \"0x\" and {digits} hex digits,");
                self.error(&wanted, json)
            })
    }

    fn parsed<T: std::str::FromStr>(&self, json: &Json, wanted: &str) -> Result<T, JsonError> {
        self.text(json)?.parse().map_err(|_| self.error(wanted, json))
    }

    fn text<'j>(&self, json: &'j Json) -> Result<&'j str, JsonError> {
        json.as_str().ok_or_else(|| self.error("a string", json))
    }

    fn array<'j>(&self, json: &'j Json) -> Result<&'j Vec<Json>, JsonError> {
        json.as_array().ok_or_else(|| self.error("an array", json))
    }

    fn hex(&self, json: &Json) -> Result<Vec<u8>, JsonError> {
        unhex(self.text(json)?).ok_or_else(|| self.error("hex digits, two per byte", json))
    }

    fn error(&self, wanted: &str, found: &Json) -> JsonError {
        // A long value would hide what is wrong with it.
        let found: String = found.to_string().chars().take(60).collect();
        self.detail(format!("{wanted} is wanted, found {found}"))
    }

    fn unknown<'m>(
        &self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'m Meta>,
    ) -> JsonError {
        let instead = instead(name, known.map(|meta| meta.name.as_str()));
        self.detail(format!("there is no {what} `{name}`: {instead}"))
    }

    fn detail(&self, detail: String) -> JsonError {
        JsonError { path: self.path.text().to_owned(), detail }
    }
}

/// `#7`: the id of a record that the schema does not know.
fn unknown_id(name: &str) -> Option<u16> {
    name.strip_prefix('#').and_then(|id| id.parse().ok())
}

/// Bytes from hex digits, two per byte; `None` where there is anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
