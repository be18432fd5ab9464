//! The smallest value of any type.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::keys;
use super::value::{Body, Choice, ChoiceValue, Value};
use crate::schema::{self, Constraint, Int, Message, Schema, Ty, TypeKind, Union};

/// The smallest value of `message` that satisfies its constraints.
pub fn smallest(schema: &Schema, message: &Message) -> Body {
    Smallest { schema }.body(&message.body)
}

/// Makes the smallest value of anything: zeros, nothing optional, the fewest elements.
#[derive(Clone, Copy)]
pub(crate) struct Smallest<'a> {
    pub(crate) schema: &'a Schema,
}

impl Smallest<'_> {
    pub(crate) fn body(&self, body: &schema::Body) -> Body {
        let fields = body.head.iter();
        let head = fields.map(|f| self.value(&f.ty, f.constraint.as_ref())).collect();
        Body { head, tail: Vec::new() }
    }

    pub(crate) fn value(&self, ty: &Ty, constraint: Option<&Constraint>) -> Value {
        let len = keys::least_len(constraint);
        match ty {
            Ty::Bool => Value::Bool(false),
            Ty::Int(int) => self.number(*int, constraint, 0),
            Ty::Float(width) => {
                let (min, max) = match constraint {
                    Some(Constraint::FloatRange { min, max }) => (*min, *max),
                    _ => (0.0, 0.0),
                };
                keys::float(*width, 0.0_f64.clamp(min, max), min)
            }
            Ty::Str { .. } => Value::Str("x".repeat(len)),
            Ty::Bytes { .. } => Value::Bytes(vec![0; len]),
            // Types that hold a type twice, many times nested, would never end if what is in no list
            // were made all the same.
            Ty::List { .. } if len == 0 => Value::List(Vec::new()),
            Ty::List { elem, .. } => Value::List(vec![self.value(elem, None); len]),
            Ty::Array { elem, len } => Value::List(vec![self.value(elem, None); *len as usize]),
            Ty::Map { key, value, .. } => self.map(key, value, len),
            Ty::Opt(_) => Value::Opt(None),
            Ty::Ip => Value::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Ty::SocketAddr => {
                Value::SocketAddr(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0))
            }
            Ty::Uuid => Value::Uuid([0; 16]),
            Ty::Duration => duration(self.number(Int::U64, constraint, 0)),
            Ty::Timestamp => timestamp(self.number(Int::I64, constraint, 0)),
            Ty::Named(id) => match &self.schema.type_def(*id).kind {
                TypeKind::Enum(def) => {
                    Value::Enum(def.values.iter().map(|value| value.value).min().unwrap_or(0))
                }
                TypeKind::Flags(_) => Value::Flags(0),
                TypeKind::Struct(def) => Value::Struct(self.body(&def.body)),
                TypeKind::Union(def) => Value::Union(self.choice(def)),
            },
        }
    }

    fn choice(&self, def: &Union) -> Choice {
        let size = |variant: &&schema::Variant| {
            let head = variant.body.head.iter().map(|field| self.schema.size_of(&field.ty).min);
            head.fold(0, u64::saturating_add)
        };
        match def.variants.iter().min_by_key(size) {
            Some(variant) => {
                Choice { id: variant.id, value: ChoiceValue::Known(self.body(&variant.body)) }
            }
            None => Choice { id: 1, value: ChoiceValue::Unknown(Vec::new()) },
        }
    }

    pub(crate) fn map(&self, key: &Ty, value: &Ty, len: usize) -> Value {
        if len == 0 {
            return Value::Map(Vec::new());
        }
        let keys = keys::ascending(self.schema, key, Vec::new(), len);
        let value = self.value(value, None);
        Value::Map(keys.into_iter().map(|key| (key, value.clone())).collect())
    }

    /// `wanted`, or the number nearest to it that the type and the constraint allow.
    pub(super) fn number(&self, int: Int, constraint: Option<&Constraint>, wanted: i128) -> Value {
        let (min, max) = keys::range(int, constraint);
        let number = wanted.clamp(min, max.max(min));
        if int.is_signed() { Value::Signed(number) } else { Value::Unsigned(number as u128) }
    }
}

/// A `Duration` of a number.
pub(super) fn duration(number: Value) -> Value {
    match number {
        Value::Unsigned(nanos) => Value::Duration(nanos as u64),
        other => other,
    }
}

/// A `Timestamp` of a number.
pub(super) fn timestamp(number: Value) -> Value {
    match number {
        Value::Signed(micros) => Value::Timestamp(micros as i64),
        other => other,
    }
}
