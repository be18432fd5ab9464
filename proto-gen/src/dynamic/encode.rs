//! Value to bytes.

use std::net::{IpAddr, SocketAddr};

use super::fault::{Path, Refusal, RefusalClass};
use super::rules;
use super::value::{Body, Choice, ChoiceValue, TailValue, Value};
use crate::schema::{
    self, Field, FloatWidth, Int, LenWidth, Message, Schema, Ty, TypeId, TypeKind, UnknownPolicy,
};

/// Length of a record's header: `id: u16`, `len: u32`.
pub const FRAME_HEADER_LEN: usize = 6;

/// Writes the value of one message, without the frame's header.
///
/// # Errors
///
/// Where the value is not of the message's type, or breaks a bound or a constraint.
pub fn encode(schema: &Schema, message: &Message, value: &Body) -> Result<Vec<u8>, Refusal> {
    let path = Path::new(&message.meta.name);
    let mut writer = Writer { schema, out: Vec::new(), path };
    writer.body(&message.body, value)?;
    if writer.out.len() > message.max_len as usize {
        let detail = format!("{} bytes, at most {}", writer.out.len(), message.max_len);
        return Err(writer.refusal(RefusalClass::TooLong, detail));
    }
    Ok(writer.out)
}

/// A frame: header, then `value`, whose length no message's `max_len` lets exceed a `u32`.
pub fn frame(id: u16, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(FRAME_HEADER_LEN + value.len());
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(value);
    out
}

struct Writer<'a> {
    schema: &'a Schema,
    out: Vec<u8>,
    path: Path,
}

impl Writer<'_> {
    fn body(&mut self, body: &schema::Body, value: &Body) -> Result<(), Refusal> {
        self.head(&body.head, &value.head)?;
        let mut last = None;
        for tail in &value.tail {
            if last.is_some_and(|last| tail.id <= last) {
                let detail = format!("tail record {} is not in ascending order", tail.id);
                return Err(self.refusal(RefusalClass::TailOrder, detail));
            }
            last = Some(tail.id);
            let known = body.tail.iter().find(|known| known.id == tail.id);
            match (known, &tail.value) {
                (Some(known), TailValue::Known(value)) => {
                    let start = self.begin_record(tail.id);
                    self.field(&known.field, value)?;
                    self.end_record(start)?;
                }
                (None, TailValue::Retained(bytes)) => {
                    if rules::critical(tail.id) || body.unknown == UnknownPolicy::Skip {
                        let detail = format!("tail record {} is not one that is kept", tail.id);
                        return Err(self.refusal(RefusalClass::UnknownCritical, detail));
                    }
                    let start = self.begin_record(tail.id);
                    self.out.extend_from_slice(bytes);
                    self.end_record(start)?;
                }
                _ => return Err(self.shape("tail record", "another kind of tail record")),
            }
        }
        Ok(())
    }

    fn head(&mut self, fields: &[Field], values: &[Value]) -> Result<(), Refusal> {
        if fields.len() != values.len() {
            return Err(self.shape(
                &format!("{} head fields", fields.len()),
                &format!("{} values", values.len()),
            ));
        }
        fields.iter().zip(values).try_for_each(|(field, value)| self.field(field, value))
    }

    fn field(&mut self, field: &Field, value: &Value) -> Result<(), Refusal> {
        let mark = self.path.mark();
        self.path.push(format_args!(".{}", field.meta.name));
        self.value(&field.ty, value)?;
        let violation = field.constraint.as_ref().and_then(|rule| rules::violation(rule, value));
        if let Some(detail) = violation {
            return Err(self.refusal(RefusalClass::Constraint, detail));
        }
        self.path.back_to(mark);
        Ok(())
    }

    fn value(&mut self, ty: &Ty, value: &Value) -> Result<(), Refusal> {
        match (ty, value) {
            (Ty::Bool, Value::Bool(value)) => self.out.push(u8::from(*value)),
            (Ty::Int(int), value) => self.int(*int, value)?,
            (Ty::Float(FloatWidth::F32), Value::F32(bits)) => self.raw(&bits.to_le_bytes()),
            (Ty::Float(FloatWidth::F64), Value::F64(bits)) => self.raw(&bits.to_le_bytes()),
            (Ty::Str { max }, Value::Str(text)) => self.counted_bytes(*max, text.as_bytes())?,
            (Ty::Bytes { max }, Value::Bytes(bytes)) => self.counted_bytes(*max, bytes)?,
            (Ty::List { elem, max }, Value::List(values)) => {
                self.count(*max, values.len())?;
                self.elements(elem, values)?;
            }
            (Ty::Array { elem, len }, Value::List(values)) => {
                if values.len() != *len as usize {
                    let found = format!("{} values", values.len());
                    return Err(self.shape(&format!("{len} elements"), &found));
                }
                self.elements(elem, values)?;
            }
            (Ty::Map { key, value, max }, Value::Map(pairs)) => {
                self.count(*max, pairs.len())?;
                self.pairs(key, value, pairs)?;
            }
            (Ty::Opt(_), Value::Opt(None)) => self.out.push(0),
            (Ty::Opt(inner), Value::Opt(Some(value))) => {
                self.out.push(1);
                self.value(inner, value)?;
            }
            (Ty::Ip, Value::Ip(ip)) => self.ip(*ip),
            (Ty::SocketAddr, Value::SocketAddr(addr)) => {
                if matches!(addr, SocketAddr::V6(v6) if v6.scope_id() != 0 || v6.flowinfo() != 0) {
                    return Err(self.shape("no scope and no flow", &addr.to_string()));
                }
                self.ip(addr.ip());
                self.raw(&addr.port().to_le_bytes());
            }
            (Ty::Uuid, Value::Uuid(bytes)) => self.raw(bytes),
            (Ty::Duration, Value::Duration(nanos)) => self.raw(&nanos.to_le_bytes()),
            (Ty::Timestamp, Value::Timestamp(micros)) => self.raw(&micros.to_le_bytes()),
            (Ty::Named(id), value) => self.named(*id, value)?,
            _ => return Err(self.shape(&format!("{ty:?}"), &format!("{value:?}"))),
        }
        Ok(())
    }

    fn elements(&mut self, elem: &Ty, values: &[Value]) -> Result<(), Refusal> {
        for (index, value) in values.iter().enumerate() {
            let mark = self.path.mark();
            self.path.push(format_args!("[{index}]"));
            self.value(elem, value)?;
            self.path.back_to(mark);
        }
        Ok(())
    }

    fn pairs(
        &mut self,
        key_ty: &Ty,
        value_ty: &Ty,
        pairs: &[(Value, Value)],
    ) -> Result<(), Refusal> {
        let mut last: Option<&Value> = None;
        for (index, (key, value)) in pairs.iter().enumerate() {
            let mark = self.path.mark();
            self.path.push(format_args!("[{index}].key"));
            self.value(key_ty, key)?;
            let ascending = last
                .is_none_or(|last| rules::key_order(last, key).is_some_and(|order| order.is_lt()));
            if !ascending {
                let detail = "a key that is not greater than the one before".to_owned();
                return Err(self.refusal(RefusalClass::MapOrder, detail));
            }
            last = Some(key);
            self.path.back_to(mark);
            self.path.push(format_args!("[{index}].value"));
            self.value(value_ty, value)?;
            self.path.back_to(mark);
        }
        Ok(())
    }

    fn named(&mut self, id: TypeId, value: &Value) -> Result<(), Refusal> {
        match (&self.schema.type_def(id).kind, value) {
            (TypeKind::Enum(def), Value::Enum(number)) => {
                if def.closed && def.values.iter().all(|value| value.value != *number) {
                    let detail = format!("{number} is no value of this closed enum");
                    return Err(self.refusal(RefusalClass::UnknownValue, detail));
                }
                self.unsigned(def.repr, u128::from(*number))
            }
            (TypeKind::Flags(def), Value::Flags(bits)) => {
                self.unsigned(def.repr, u128::from(*bits))
            }
            (TypeKind::Struct(def), Value::Struct(value)) => match def.extensible {
                None if value.tail.is_empty() => self.head(&def.body.head, &value.head),
                None => Err(self.shape("a frozen struct", "one with a tail")),
                Some(width) => {
                    let start = self.out.len();
                    self.raw(&[0; 4][..width.bytes() as usize]);
                    let contents = self.out.len();
                    self.body(&def.body, value)?;
                    self.patch(start, width, self.out.len() - contents)
                }
            },
            (TypeKind::Union(def), Value::Union(value)) => self.union(def, value),
            (kind, value) => Err(self.shape(&format!("{kind:?}"), &format!("{value:?}"))),
        }
    }

    fn union(&mut self, def: &schema::Union, choice: &Choice) -> Result<(), Refusal> {
        let start = self.begin_record(choice.id);
        let known = def.variants.iter().find(|variant| variant.id == choice.id);
        match (known, &choice.value) {
            (Some(variant), ChoiceValue::Known(body)) => {
                let mark = self.path.mark();
                self.path.push(format_args!(".{}", variant.meta.name));
                self.body(&variant.body, body)?;
                self.path.back_to(mark);
            }
            (None, ChoiceValue::Unknown(bytes)) => {
                if rules::critical(choice.id) {
                    let detail = format!("variant {} is critical and unknown", choice.id);
                    return Err(self.refusal(RefusalClass::UnknownCritical, detail));
                }
                self.raw(bytes);
            }
            _ => return Err(self.shape("a variant", "another kind of variant")),
        }
        let len = self.out.len() - start - FRAME_HEADER_LEN;
        if len > def.max_len as usize {
            let detail = format!("{len} bytes, at most {}", def.max_len);
            return Err(self.refusal(RefusalClass::UnionLength, detail));
        }
        self.end_record(start)
    }

    fn int(&mut self, int: Int, value: &Value) -> Result<(), Refusal> {
        let width = int.bytes() as usize;
        match (int.is_signed(), value) {
            (false, Value::Unsigned(number)) => self.unsigned(int, *number),
            (true, Value::Signed(number)) => {
                // The value fits exactly if the bits above its width are copies of its sign.
                let unused = 128 - 8 * width as u32;
                if ((number << unused) >> unused) != *number {
                    return Err(self.shape(&format!("{int:?}"), &number.to_string()));
                }
                self.raw(&number.to_le_bytes()[..width]);
                Ok(())
            }
            _ => Err(self.shape(&format!("{int:?}"), &format!("{value:?}"))),
        }
    }

    fn unsigned(&mut self, int: Int, number: u128) -> Result<(), Refusal> {
        let width = int.bytes() as usize;
        let bytes = number.to_le_bytes();
        if bytes[width..].iter().any(|byte| *byte != 0) {
            return Err(self.shape(&format!("{int:?}"), &number.to_string()));
        }
        self.raw(&bytes[..width]);
        Ok(())
    }

    fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => {
                self.out.push(4);
                self.raw(&ip.octets());
            }
            IpAddr::V6(ip) => {
                self.out.push(6);
                self.raw(&ip.octets());
            }
        }
    }

    fn counted_bytes(&mut self, max: u32, bytes: &[u8]) -> Result<(), Refusal> {
        self.count(max, bytes.len())?;
        self.raw(bytes);
        Ok(())
    }

    /// A length or count in the width of its bound.
    fn count(&mut self, max: u32, found: usize) -> Result<(), Refusal> {
        if found > max as usize {
            let detail = format!("{found}, where {max} is the most allowed");
            return Err(self.refusal(RefusalClass::OverBound, detail));
        }
        let start = self.out.len();
        let width = LenWidth::for_bound(max);
        self.raw(&[0; 4][..width.bytes() as usize]);
        self.patch(start, width, found)
    }

    /// Writes a record's header with a length to be patched; returns where the record starts.
    fn begin_record(&mut self, id: u16) -> usize {
        let start = self.out.len();
        self.raw(&id.to_le_bytes());
        self.raw(&[0; 4]);
        start
    }

    fn end_record(&mut self, start: usize) -> Result<(), Refusal> {
        let len = self.out.len() - start - FRAME_HEADER_LEN;
        self.patch(start + 2, LenWidth::U32, len)
    }

    /// Writes `len` over the placeholder at `at`.
    fn patch(&mut self, at: usize, width: LenWidth, len: usize) -> Result<(), Refusal> {
        let width = width.bytes() as usize;
        let bytes = (len as u64).to_le_bytes();
        if bytes[width..].iter().any(|byte| *byte != 0) {
            let detail = format!("{len} bytes do not fit in a length of {width} bytes");
            return Err(self.refusal(RefusalClass::TooLong, detail));
        }
        self.out[at..at + width].copy_from_slice(&bytes[..width]);
        Ok(())
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn refusal(&self, class: RefusalClass, detail: String) -> Refusal {
        Refusal { class, path: self.path.text().to_owned(), detail }
    }

    fn shape(&self, wanted: &str, found: &str) -> Refusal {
        self.refusal(RefusalClass::Shape, format!("{wanted} is wanted, found {found}"))
    }
}
