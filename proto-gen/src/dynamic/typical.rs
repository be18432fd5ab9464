//! A value as one may see it on the wire: for examples in documents, and as a base for damage.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::encode::encode;
use super::keys;
use super::smallest::{Smallest, duration, smallest, timestamp};
use super::value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
use crate::schema::{self, ConstValue, Constraint, FloatWidth, Int, Message, Schema, Ty, TypeKind};

/// A value of `message` with everything optional there, two elements in every list, and words for
/// strings; a number called like a constant is that constant. The same for the same schema.
pub fn typical(schema: &Schema, message: &Message) -> Body {
    let mut maker = Maker { schema, count: 0 };
    let value = maker.body(&message.body);
    // Where so much does not fit, little has to do.
    if encode(schema, message, &value).is_ok() { value } else { smallest(schema, message) }
}

/// Elements of a list that may have more.
const ELEMENTS: usize = 2;

struct Maker<'a> {
    schema: &'a Schema,
    /// Grows with every number made, so that no two neighbours are equal.
    count: u32,
}

impl Maker<'_> {
    fn body(&mut self, body: &schema::Body) -> Body {
        let head = body.head.iter().map(|field| self.field(field)).collect();
        let tail = body
            .tail
            .iter()
            .map(|known| Tail { id: known.id, value: TailValue::Known(self.field(&known.field)) });
        Body { head, tail: tail.collect() }
    }

    fn field(&mut self, field: &schema::Field) -> Value {
        self.value(&field.meta.name, &field.ty, field.constraint.as_ref())
    }

    fn value(&mut self, name: &str, ty: &Ty, constraint: Option<&Constraint>) -> Value {
        self.count = self.count.saturating_add(1);
        let small = self.constant(name).unwrap_or(i128::from(self.count));
        let least = Smallest { schema: self.schema };
        let len = |max: u32| match constraint {
            Some(Constraint::Lengths(allowed)) => allowed.last().map_or(0, |len| *len as usize),
            _ => ELEMENTS.min(max as usize),
        };
        match ty {
            Ty::Bool => Value::Bool(true),
            Ty::Int(int) => least.number(*int, constraint, small),
            Ty::Float(width) => self.float(*width, constraint),
            Ty::Str { max } => Value::Str(text(name, *max, constraint)),
            Ty::Bytes { max } => Value::Bytes(text(name, *max, constraint).into_bytes()),
            Ty::List { elem, max } => {
                Value::List((0..len(*max)).map(|_| self.value(name, elem, None)).collect())
            }
            Ty::Array { elem, len } => {
                Value::List((0..*len).map(|_| self.value(name, elem, None)).collect())
            }
            Ty::Map { key, value, max } => {
                let len = len(*max);
                let keys = keys::ascending(self.schema, key, Vec::new(), len);
                let pairs = keys.into_iter().map(|key| (key, self.value(name, value, None)));
                Value::Map(pairs.collect())
            }
            Ty::Opt(inner) => Value::Opt(Some(Box::new(self.value(name, inner, constraint)))),
            Ty::Ip => Value::Ip(self.ip()),
            Ty::SocketAddr => Value::SocketAddr(SocketAddr::new(self.ip(), 4_000)),
            Ty::Uuid => {
                let mut bytes = [0; 16];
                bytes[0] = 0xa1;
                bytes[15] = self.count as u8;
                Value::Uuid(bytes)
            }
            Ty::Duration => duration(least.number(Int::U64, constraint, 1_500_000_000)),
            // Noon of the first day of 2026, in UTC.
            Ty::Timestamp => timestamp(least.number(Int::I64, constraint, 1_767_268_800_000_000)),
            Ty::Named(id) => match &self.schema.type_def(*id).kind {
                TypeKind::Enum(def) => {
                    let value = def.values.get(1).or(def.values.first());
                    Value::Enum(value.map_or(0, |value| value.value))
                }
                TypeKind::Flags(def) => {
                    let bit = def.bits.first().map_or(0, |bit| u32::from(bit.bit));
                    Value::Flags(1_u64.checked_shl(bit).unwrap_or(0))
                }
                TypeKind::Struct(def) => Value::Struct(self.body(&def.body)),
                TypeKind::Union(def) => {
                    // Neighbours in a list show different variants.
                    let index = self.count as usize % def.variants.len().max(1);
                    match def.variants.get(index) {
                        Some(variant) => Value::Union(Choice {
                            id: variant.id,
                            value: ChoiceValue::Known(self.body(&variant.body)),
                        }),
                        None => least.value(ty, None),
                    }
                }
            },
        }
    }

    /// The number of the constant that is called like a field, but in capitals: such a field carries
    /// it.
    fn constant(&self, field: &str) -> Option<i128> {
        let name = field.to_ascii_uppercase();
        let constant = self.schema.constants.iter().find(|constant| constant.meta.name == name)?;
        match constant.value {
            ConstValue::Unsigned(_, number) => i128::try_from(number).ok(),
            ConstValue::Signed(_, number) => Some(number),
            ConstValue::Bool(_) | ConstValue::Float(..) | ConstValue::Str(_) => None,
        }
    }

    fn float(&self, width: FloatWidth, constraint: Option<&Constraint>) -> Value {
        match constraint {
            Some(Constraint::FloatRange { min, max }) => {
                keys::float(width, f64::from(self.count).clamp(*min, *max), *min)
            }
            _ => keys::float(width, f64::from(self.count) + 0.5, 0.0),
        }
    }

    /// IPv4 and IPv6 in turns, from the ranges set aside for documents.
    fn ip(&self) -> IpAddr {
        let host = (self.count % 250) as u8 + 1;
        if self.count % 2 == 1 {
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))
        } else {
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()))
        }
    }
}

/// The field's own name, as long as it may be.
fn text(name: &str, max: u32, constraint: Option<&Constraint>) -> String {
    let len = match constraint {
        Some(Constraint::Lengths(allowed)) => allowed.last().map_or(0, |len| *len as usize),
        _ => name.len().min(max as usize),
    };
    // Names in a spec are ASCII: every byte is a letter.
    name.chars().filter(char::is_ascii).cycle().take(len).collect()
}
