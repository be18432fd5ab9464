//! Values that are likely to show a change: the smallest, the ends of what either side allows, and
//! whatever lies just beyond the other side's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::build::{with, with_all_tails};
use crate::compat::pairing::{Slot, field, fields};
use crate::dynamic::{Body, Choice, ChoiceValue, Smallest, Value};
use crate::schema::{self, Constraint, FloatWidth, Int, LenWidth, Schema, Ty, TypeKind, Union};

/// How deep values inside values are varied.
const DEPTH_MAX: usize = 3;
/// Most values that one type is tried with.
const VALUES_MAX: usize = 200;

/// A type and what it allows, on the side that reads: a hint, where there is one.
pub(super) type Hint<'a> = Option<(&'a Ty, Option<&'a Constraint>)>;

/// Makes values on the side that writes.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) schema: &'a Schema,
    /// Longest value that is worth making, in bytes.
    pub(super) room: u64,
}

impl<'a> Probe<'a> {
    fn smallest(&self) -> Smallest<'a> {
        Smallest { schema: self.schema }
    }

    /// Values of a body: the smallest, then with each field varied.
    pub(super) fn bodies(&self, body: &schema::Body, depth: usize) -> Vec<Body> {
        let mut out = vec![self.smallest().body(body)];
        if depth < DEPTH_MAX {
            for (slot, _) in fields(body) {
                out.extend(self.field(body, slot, depth + 1));
            }
        }
        let full = out.iter().filter_map(|value| with_all_tails(self.schema, body, value));
        let full: Vec<Body> = full.collect();
        out.extend(full);
        out.truncate(VALUES_MAX);
        out
    }

    /// Values of a body with one field varied; a tail field is there in all of them.
    pub(super) fn field(&self, body: &schema::Body, slot: Slot, depth: usize) -> Vec<Body> {
        let Some(field) = field(body, slot) else { return Vec::new() };
        let smallest = self.smallest().body(body);
        let values = self.values(&field.ty, field.constraint.as_ref(), None, depth);
        values.into_iter().map(|value| with(smallest.clone(), body, slot, value)).collect()
    }

    /// Values of a type under a constraint.
    pub(super) fn values(
        &self,
        ty: &Ty,
        constraint: Option<&Constraint>,
        hint: Hint<'_>,
        depth: usize,
    ) -> Vec<Value> {
        let mut out = vec![self.smallest().value(ty, constraint)];
        match ty {
            Ty::Bool => out.push(Value::Bool(true)),
            Ty::Int(int) => out.extend(ints(*int, constraint, hint)),
            Ty::Float(width) => out.extend(floats(*width, constraint, hint)),
            Ty::Str { max } => {
                let lens = self.lens(*max, 1, constraint, hint);
                out.extend(lens.into_iter().map(|len| Value::Str("x".repeat(len))));
            }
            Ty::Bytes { max } => {
                let lens = self.lens(*max, 1, constraint, hint);
                // 0xff is no UTF-8.
                out.extend(lens.iter().map(|len| Value::Bytes(vec![0xff; *len])));
                out.extend(lens.iter().map(|len| Value::Bytes(vec![0; *len])));
            }
            Ty::List { elem, max } => out.extend(self.lists(elem, *max, constraint, hint, depth)),
            Ty::Array { elem, len } => {
                let least = self.smallest().value(elem, None);
                out.extend(self.varied(elem, depth).into_iter().map(|value| {
                    let mut values = vec![least.clone(); *len as usize];
                    values[0] = value;
                    Value::List(values)
                }));
            }
            Ty::Map { key, value, max } => {
                let least = self.schema.size_of(key).and(self.schema.size_of(value)).min;
                let lens = self.lens(*max, least, constraint, hint);
                out.extend(lens.into_iter().map(|len| self.smallest().map(key, value, len)));
                let (least_key, least_value) =
                    (self.smallest().value(key, None), self.smallest().value(value, None));
                let keys = self.varied(key, depth).into_iter();
                out.extend(keys.map(|key| Value::Map(vec![(key, least_value.clone())])));
                let values = self.varied(value, depth).into_iter();
                out.extend(values.map(|value| Value::Map(vec![(least_key.clone(), value)])));
            }
            Ty::Opt(inner) => {
                let hint = hint.map(|(ty, constraint)| match ty {
                    Ty::Opt(inner) => (&**inner, constraint),
                    ty => (ty, constraint),
                });
                let values = match depth < DEPTH_MAX {
                    true => self.values(inner, constraint, hint, depth + 1),
                    false => vec![self.smallest().value(inner, constraint)],
                };
                out.extend(values.into_iter().map(|value| Value::Opt(Some(Box::new(value)))));
            }
            Ty::Ip => out.extend(ips().map(Value::Ip)),
            Ty::SocketAddr => out.extend(ips().map(|ip| Value::SocketAddr(SocketAddr::new(ip, 1)))),
            Ty::Uuid => out.push(Value::Uuid([0xff; 16])),
            Ty::Duration => {
                out.extend(ints(Int::U64, constraint, hint).into_iter().filter_map(duration))
            }
            Ty::Timestamp => {
                out.extend(ints(Int::I64, constraint, hint).into_iter().filter_map(timestamp))
            }
            Ty::Named(id) => out.extend(self.named(&self.schema.type_def(*id).kind, depth)),
        }
        out.truncate(VALUES_MAX);
        out
    }

    fn named(&self, kind: &TypeKind, depth: usize) -> Vec<Value> {
        match kind {
            TypeKind::Enum(def) => {
                def.values.iter().map(|value| Value::Enum(value.value)).collect()
            }
            TypeKind::Flags(def) => def
                .bits
                .iter()
                .filter_map(|bit| Some(Value::Flags(1_u64.checked_shl(bit.bit.into())?)))
                .collect(),
            TypeKind::Struct(def) => {
                self.bodies(&def.body, depth).into_iter().map(Value::Struct).collect()
            }
            TypeKind::Union(def) => {
                def.variants.iter().flat_map(|v| self.variant(def, v.id, depth)).collect()
            }
        }
    }

    /// Values of one variant of a union.
    pub(super) fn variant(&self, def: &Union, id: u16, depth: usize) -> Vec<Value> {
        let Some(variant) = def.variants.iter().find(|variant| variant.id == id) else {
            return Vec::new();
        };
        let bodies = self.bodies(&variant.body, depth).into_iter();
        bodies.map(|body| Value::Union(Choice { id, value: ChoiceValue::Known(body) })).collect()
    }

    /// Values inside of others.
    fn varied(&self, ty: &Ty, depth: usize) -> Vec<Value> {
        if depth < DEPTH_MAX { self.values(ty, None, None, depth + 1) } else { Vec::new() }
    }

    fn lists(
        &self,
        elem: &Ty,
        max: u32,
        constraint: Option<&Constraint>,
        hint: Hint<'_>,
        depth: usize,
    ) -> Vec<Value> {
        let least = self.smallest().value(elem, None);
        let lens = self.lens(max, self.schema.size_of(elem).min, constraint, hint);
        let some = lens.iter().copied().filter(|len| *len > 0).min();
        let mut out: Vec<Value> =
            lens.iter().map(|len| Value::List(vec![least.clone(); *len])).collect();
        if let Some(some) = some {
            out.extend(self.varied(elem, depth).into_iter().map(|value| {
                let mut values = vec![least.clone(); some];
                values[0] = value;
                Value::List(values)
            }));
        }
        out
    }

    /// Lengths at the ends of what either side allows, that this side allows.
    fn lens(
        &self,
        max: u32,
        elem: u64,
        constraint: Option<&Constraint>,
        hint: Hint<'_>,
    ) -> Vec<usize> {
        let mut lens = vec![0, 1, 2, max];
        if let Some((ty, _)) = hint {
            lens.extend(bound(ty).map(|other| other.saturating_add(1)));
            // Where the widths of the length differ, what one reads as its second byte.
            lens.extend([LenWidth::U8, LenWidth::U16].map(|width| 1_u32 << (8 * width.bytes())));
        }
        for constraint in
            [constraint, hint.and_then(|(_, constraint)| constraint)].into_iter().flatten()
        {
            if let Constraint::Lengths(lengths) = constraint {
                lens.extend(lengths.iter().flat_map(|length| [*length, length.saturating_add(1)]));
            }
        }
        lens.sort_unstable();
        lens.dedup();
        lens.retain(|len| {
            *len <= max
                && u64::from(*len).saturating_mul(elem) <= self.room
                && allows_len(constraint, *len)
        });
        lens.into_iter().map(|len| len as usize).collect()
    }
}

fn allows_len(constraint: Option<&Constraint>, len: u32) -> bool {
    match constraint {
        Some(Constraint::NonEmpty) => len > 0,
        Some(Constraint::Lengths(lengths)) => lengths.contains(&len),
        _ => true,
    }
}

fn bound(ty: &Ty) -> Option<u32> {
    match ty {
        Ty::Str { max } | Ty::Bytes { max } | Ty::List { max, .. } | Ty::Map { max, .. } => {
            Some(*max)
        }
        _ => None,
    }
}

fn ints(int: Int, constraint: Option<&Constraint>, hint: Hint<'_>) -> Vec<Value> {
    let bits = 8 * int.bytes() as u32;
    let mut numbers: Vec<i128> = vec![0, 1, 2, -1];
    // The ends of this type and of every narrower one.
    for width in [8, 16, 32, 64, 128].into_iter().filter(|width| *width <= bits) {
        let top = i128::MAX >> (128 - width);
        numbers.extend([top, top.saturating_add(1), top.saturating_mul(2).saturating_add(1), !top]);
    }
    for constraint in
        [constraint, hint.and_then(|(_, constraint)| constraint)].into_iter().flatten()
    {
        if let Constraint::IntRange { min, max } = constraint {
            numbers.extend([*min, *max, min.saturating_sub(1), max.saturating_add(1)]);
        }
    }
    // What is no UTF-8, no family, no `Bool`, where the bytes are read as such.
    numbers.push(0x7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f & (i128::MAX >> (128 - bits)));
    let inside = |number: &i128| match constraint {
        Some(Constraint::IntRange { min, max }) => (*min..=*max).contains(number),
        _ => true,
    };
    let fits = |number: &i128| match int.is_signed() {
        true => (*number << (128 - bits)) >> (128 - bits) == *number,
        false => *number >= 0 && (bits == 128 || number >> bits == 0),
    };
    numbers.retain(|number| inside(number) && fits(number));
    let value = |number: i128| match int.is_signed() {
        true => Value::Signed(number),
        false => Value::Unsigned(number.unsigned_abs()),
    };
    let mut out: Vec<Value> = numbers.into_iter().map(value).collect();
    if !int.is_signed() && !matches!(constraint, Some(Constraint::IntRange { .. })) {
        out.push(Value::Unsigned(u128::MAX >> (128 - bits)));
        out.push(Value::Unsigned(1_u128 << (bits - 1)));
    }
    out
}

fn duration(value: Value) -> Option<Value> {
    match value {
        Value::Unsigned(number) => u64::try_from(number).ok().map(Value::Duration),
        _ => None,
    }
}

fn timestamp(value: Value) -> Option<Value> {
    match value {
        Value::Signed(number) => i64::try_from(number).ok().map(Value::Timestamp),
        _ => None,
    }
}

fn floats(width: FloatWidth, constraint: Option<&Constraint>, hint: Hint<'_>) -> Vec<Value> {
    let mut numbers = vec![0.0, 1.0, -1.0, 0.1, f64::MAX, f64::MIN, f64::INFINITY, f64::NAN];
    for constraint in
        [constraint, hint.and_then(|(_, constraint)| constraint)].into_iter().flatten()
    {
        if let Constraint::FloatRange { min, max } = constraint {
            let step = |end: f64| end.abs().max(1.0) * f64::from(f32::EPSILON);
            numbers.extend([*min, *max, min - step(*min), max + step(*max), min.midpoint(*max)]);
        }
    }
    let value = |number: f64| match width {
        FloatWidth::F32 => Value::F32((number as f32).to_bits()),
        FloatWidth::F64 => Value::F64(number.to_bits()),
    };
    let inside = |value: &Value| match (constraint, value) {
        (Some(Constraint::FloatRange { min, max }), Value::F32(bits)) => {
            (*min..=*max).contains(&f64::from(f32::from_bits(*bits)))
        }
        (Some(Constraint::FloatRange { min, max }), Value::F64(bits)) => {
            (*min..=*max).contains(&f64::from_bits(*bits))
        }
        _ => true,
    };
    numbers.into_iter().map(value).filter(inside).collect()
}

fn ips() -> impl Iterator<Item = IpAddr> {
    [IpAddr::V4(Ipv4Addr::BROADCAST), IpAddr::V6(Ipv6Addr::UNSPECIFIED)].into_iter()
}
