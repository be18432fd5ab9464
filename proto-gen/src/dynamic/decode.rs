//! Bytes to value.

use std::net::SocketAddr;

use super::fault::{Fault, FaultClass};
use super::reader::Reader;
use super::rules;
use super::trace::{Step, What};
use super::value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
use crate::schema::{
    self, Field, FloatWidth, Message, Schema, Ty, TypeId, TypeKind, UnknownPolicy,
};

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message's value.
    pub value: Body,
    /// Whether an unknown odd tail record was dropped; if not, encoding gives the same bytes.
    pub skipped: bool,
}

/// Reads the whole value of one message, without the frame's header.
///
/// # Errors
///
/// The first fault in reading order, as `spec/WIRE.md` defines it.
pub fn decode(schema: &Schema, message: &Message, bytes: &[u8]) -> Result<Decoded, Fault> {
    Reader::new(schema, message, bytes, None).message(message)
}

/// Like [`decode`], and says what it read, as far as it came.
pub fn decode_traced(
    schema: &Schema,
    message: &Message,
    bytes: &[u8],
) -> (Vec<Step>, Result<Decoded, Fault>) {
    let mut steps = Vec::new();
    let result = Reader::new(schema, message, bytes, Some(&mut steps)).message(message);
    (steps, result)
}

impl Reader<'_> {
    fn message(mut self, message: &Message) -> Result<Decoded, Fault> {
        if self.input.len() > message.max_len as usize {
            let detail = format!(
                "{} bytes, where {} are the most allowed",
                self.input.len(),
                message.max_len
            );
            return Err(self.fault(FaultClass::TooLong, 0, detail));
        }
        let value = self.body(&message.body)?;
        Ok(Decoded { value, skipped: self.skipped })
    }

    fn body(&mut self, body: &schema::Body) -> Result<Body, Fault> {
        Ok(Body { head: self.head(&body.head)?, tail: self.tail(body)? })
    }

    fn head(&mut self, fields: &[Field]) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::new();
        for field in fields {
            values.push(self.field(field)?);
        }
        Ok(values)
    }

    fn field(&mut self, field: &Field) -> Result<Value, Fault> {
        let mark = self.path.mark();
        self.path.push(format_args!(".{}", field.meta.name));
        let start = self.pos;
        let value = self.value(&field.meta.name, &field.ty)?;
        let violation = field.constraint.as_ref().and_then(|rule| rules::violation(rule, &value));
        if let Some(detail) = violation {
            return Err(self.fault(FaultClass::Constraint, start, detail));
        }
        self.path.back_to(mark);
        Ok(value)
    }

    /// The tail: records up to the end of the region.
    fn tail(&mut self, body: &schema::Body) -> Result<Vec<Tail>, Fault> {
        let mut tails: Vec<Tail> = Vec::new();
        let mut last: Option<u16> = None;
        while self.pos < self.end {
            let start = self.pos;
            let (id, len) = self.record_header()?;
            self.announced("value of a tail record", len as usize)?;
            if last == Some(id) {
                let detail = format!("tail record {id} stands twice");
                return Err(self.fault(FaultClass::TailDuplicate, start, detail));
            }
            if let Some(last) = last.filter(|last| id < *last) {
                let detail = format!("tail record {id} after {last}");
                return Err(self.fault(FaultClass::TailOrder, start, detail));
            }
            last = Some(id);
            let region = self.enter(len as usize);
            match body.tail.iter().find(|tail| tail.id == id) {
                Some(known) => {
                    self.step(&known.field.meta.name, start, What::TailHeader { id, len });
                    let value = TailValue::Known(self.field(&known.field)?);
                    if self.pos < self.end {
                        self.path.push(format_args!(".{}", known.field.meta.name));
                        let detail =
                            format!("{} bytes left in tail record {id}", self.end - self.pos);
                        return Err(self.fault(FaultClass::TrailingBytes, self.pos, detail));
                    }
                    tails.push(Tail { id, value });
                }
                None if rules::critical(id) => {
                    let detail = format!("tail record {id} is critical and unknown");
                    return Err(self.fault(FaultClass::UnknownCritical, start, detail));
                }
                None => {
                    let value = self.take("value of a tail record", len as usize)?.to_vec();
                    let retained = body.unknown == UnknownPolicy::Retain;
                    self.step(&format!("#{id}"), start, What::UnknownTail { id, retained });
                    if retained {
                        tails.push(Tail { id, value: TailValue::Retained(value) });
                    } else {
                        self.skipped = true;
                    }
                }
            }
            self.end = region;
        }
        Ok(tails)
    }

    /// A value of any type; `name` is for the trace.
    fn value(&mut self, name: &str, ty: &Ty) -> Result<Value, Fault> {
        let mut start = self.pos;
        let value = match ty {
            Ty::List { elem, max } => return self.list(name, ty, elem, *max),
            Ty::Array { elem, len } => return self.array(name, ty, elem, *len),
            Ty::Map { key, value, max } => return self.map(name, ty, key, value, *max),
            Ty::Opt(inner) => return self.opt(name, inner),
            Ty::Named(id) => return self.named(name, ty, *id),
            Ty::Bool => Value::Bool(self.bool()?),
            Ty::Int(int) => self.int(*int)?,
            Ty::Float(FloatWidth::F32) => Value::F32(self.number("number", 4)? as u32),
            Ty::Float(FloatWidth::F64) => Value::F64(self.number("number", 8)? as u64),
            Ty::Str { max } => {
                let bytes = self.counted_bytes(name, *max)?;
                start = self.pos - bytes.len();
                match std::str::from_utf8(bytes) {
                    Ok(text) => Value::Str(text.to_owned()),
                    Err(error) => {
                        let at = start + error.valid_up_to();
                        let detail = "not UTF-8".to_owned();
                        return Err(self.fault(FaultClass::BadUtf8, at, detail));
                    }
                }
            }
            Ty::Bytes { max } => {
                let bytes = self.counted_bytes(name, *max)?;
                start = self.pos - bytes.len();
                Value::Bytes(bytes.to_vec())
            }
            Ty::Ip => Value::Ip(self.ip()?),
            Ty::SocketAddr => {
                let ip = self.ip()?;
                let port = self.number("port", 2)? as u16;
                Value::SocketAddr(SocketAddr::new(ip, port))
            }
            Ty::Uuid => Value::Uuid(self.fixed("uuid")?),
            Ty::Duration => Value::Duration(self.number("duration", 8)? as u64),
            Ty::Timestamp => Value::Timestamp(self.number("timestamp", 8)? as u64 as i64),
        };
        self.leaf(name, start, ty, &value);
        Ok(value)
    }

    fn list(&mut self, name: &str, ty: &Ty, elem: &Ty, max: u32) -> Result<Value, Fault> {
        let open = self.open(name, ty);
        let count = self.count(name, max, self.schema.size_of(elem).min)?;
        let values = self.elements(elem, count)?;
        self.close(open);
        Ok(Value::List(values))
    }

    fn array(&mut self, name: &str, ty: &Ty, elem: &Ty, len: u32) -> Result<Value, Fault> {
        let open = self.open(name, ty);
        let values = self.elements(elem, len)?;
        self.close(open);
        Ok(Value::List(values))
    }

    fn elements(&mut self, elem: &Ty, count: u32) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::new();
        for index in 0..count {
            let mark = self.path.mark();
            self.path.push(format_args!("[{index}]"));
            values.push(self.value(&format!("[{index}]"), elem)?);
            self.path.back_to(mark);
        }
        Ok(values)
    }

    fn map(
        &mut self,
        name: &str,
        ty: &Ty,
        key_ty: &Ty,
        value_ty: &Ty,
        max: u32,
    ) -> Result<Value, Fault> {
        let open = self.open(name, ty);
        let pair = self.schema.size_of(key_ty).and(self.schema.size_of(value_ty));
        let count = self.count(name, max, pair.min)?;
        let mut pairs: Vec<(Value, Value)> = Vec::new();
        for index in 0..count {
            let mark = self.path.mark();
            self.path.push(format_args!("[{index}].key"));
            let start = self.pos;
            let key = self.value(&format!("[{index}].key"), key_ty)?;
            let ascending = pairs
                .last()
                .is_none_or(|(last, _)| rules::key_order(last, &key).is_some_and(|o| o.is_lt()));
            if !ascending {
                let detail = "a key that is not greater than the one before".to_owned();
                return Err(self.fault(FaultClass::MapOrder, start, detail));
            }
            self.path.back_to(mark);
            self.path.push(format_args!("[{index}].value"));
            let value = self.value(&format!("[{index}].value"), value_ty)?;
            self.path.back_to(mark);
            pairs.push((key, value));
        }
        self.close(open);
        Ok(Value::Map(pairs))
    }

    fn opt(&mut self, name: &str, inner: &Ty) -> Result<Value, Fault> {
        let start = self.pos;
        let present = self.bool()?;
        self.step(name, start, What::Present(present));
        let value = if present { Some(Box::new(self.value(name, inner)?)) } else { None };
        Ok(Value::Opt(value))
    }

    fn named(&mut self, name: &str, ty: &Ty, id: TypeId) -> Result<Value, Fault> {
        let start = self.pos;
        match &self.schema.type_def(id).kind {
            TypeKind::Enum(def) => {
                let number = self.number("enum", def.repr.bytes() as usize)? as u32;
                if def.closed && def.values.iter().all(|value| value.value != number) {
                    let detail = format!("{number} is no value of this closed enum");
                    return Err(self.fault(FaultClass::UnknownValue, start, detail));
                }
                let value = Value::Enum(number);
                self.leaf(name, start, ty, &value);
                Ok(value)
            }
            TypeKind::Flags(def) => {
                let bits = self.number("flags", def.repr.bytes() as usize)? as u64;
                let value = Value::Flags(bits);
                self.leaf(name, start, ty, &value);
                Ok(value)
            }
            TypeKind::Struct(def) => {
                let open = self.open(name, ty);
                let body = match def.extensible {
                    None => Body { head: self.head(&def.body.head)?, tail: Vec::new() },
                    Some(width) => {
                        let len = self.prefix("length of a struct", width)?;
                        self.step(name, start, What::Length(len));
                        self.announced("contents of a struct", len as usize)?;
                        let region = self.enter(len as usize);
                        let body = self.body(&def.body)?;
                        self.end = region;
                        body
                    }
                };
                self.close(open);
                Ok(Value::Struct(body))
            }
            TypeKind::Union(def) => self.union(name, ty, def),
        }
    }

    fn union(&mut self, name: &str, ty: &Ty, def: &schema::Union) -> Result<Value, Fault> {
        let open = self.open(name, ty);
        let start = self.pos;
        let (id, len) = self.record_header()?;
        if len > def.max_len {
            let detail = format!("{len} bytes, where {} are the most allowed", def.max_len);
            return Err(self.fault(FaultClass::UnionLength, start, detail));
        }
        self.announced("value of a variant", len as usize)?;
        let value = match def.variants.iter().find(|variant| variant.id == id) {
            Some(variant) => {
                let mark = self.path.mark();
                self.path.push(format_args!(".{}", variant.meta.name));
                let what = What::VariantHeader { id, len, known: true };
                self.step(&variant.meta.name, start, what);
                let region = self.enter(len as usize);
                let body = self.body(&variant.body)?;
                self.end = region;
                self.path.back_to(mark);
                ChoiceValue::Known(body)
            }
            None if rules::critical(id) => {
                let detail = format!("variant {id} is critical and unknown");
                return Err(self.fault(FaultClass::UnknownCritical, start, detail));
            }
            None => {
                let label = format!("#{id}");
                self.step(&label, start, What::VariantHeader { id, len, known: false });
                let from = self.pos;
                let bytes = self.take("value of a variant", len as usize)?.to_vec();
                self.step(&label, from, What::UnknownVariant(bytes.clone()));
                ChoiceValue::Unknown(bytes)
            }
        };
        self.close(open);
        Ok(Value::Union(Choice { id, value }))
    }
}
