//! The values that every implementation is tried with: the smallest, each bound, each choice.

use std::net::SocketAddr;

use super::encode::encode;
use super::leaves::{self, Variations};
use super::smallest::{Smallest, duration, smallest, timestamp};
use super::typical::typical;
use super::value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
use crate::schema::{self, Constraint, Int, Message, Schema, Ty, TypeKind, Union, UnknownPolicy};

/// A value with what it is an example of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `smallest`, `typical`, or a path and what is special there: `joined[0].name at bound`.
    pub name: String,
    /// The value, which encodes.
    pub value: Body,
}

/// About the most cases per message; the rest is left to random values.
const CASES_MAX: usize = 400;

/// The smallest and the typical value of `message`, then the smallest one with one thing at a time
/// at its bound, at each of its choices, or there where it was not. All of them encode.
pub fn cases(schema: &Schema, message: &Message) -> Vec<Case> {
    let maker = Maker { smallest: Smallest { schema } };
    let mut cases = vec![
        Case { name: "smallest".to_owned(), value: smallest(schema, message) },
        Case { name: "typical".to_owned(), value: typical(schema, message) },
    ];
    let variations = maker.body(&message.body);
    cases.extend(
        variations
            .into_iter()
            .map(|(name, value)| Case { name: name.trim_start_matches('.').to_owned(), value }),
    );
    cases.retain(|case| encode(schema, message, &case.value).is_ok());
    let mut seen: Vec<Body> = Vec::new();
    cases.retain(|case| {
        let fresh = !seen.contains(&case.value);
        if fresh {
            seen.push(case.value.clone());
        }
        fresh
    });
    cases
}

struct Maker<'a> {
    smallest: Smallest<'a>,
}

impl Maker<'_> {
    fn body(&self, body: &schema::Body) -> Variations<Body> {
        let smallest = self.smallest.body(body);
        let mut out = Vec::new();
        for (index, field) in body.head.iter().enumerate() {
            // Types that hold the same type twice, many times nested, would never end.
            if out.len() >= CASES_MAX {
                break;
            }
            for (name, value) in self.value(&field.ty, field.constraint.as_ref()) {
                let mut body = smallest.clone();
                body.head[index] = value;
                out.push((format!(".{}{name}", field.meta.name), body));
            }
        }
        let mut all = smallest.clone();
        for known in &body.tail {
            let (field, constraint) = (&known.field, known.field.constraint.as_ref());
            let least = self.smallest.value(&field.ty, constraint);
            let present = (" present".to_owned(), least.clone());
            all.tail.push(Tail { id: known.id, value: TailValue::Known(least) });
            for (name, value) in [present].into_iter().chain(self.value(&field.ty, constraint)) {
                let mut body = smallest.clone();
                body.tail.push(Tail { id: known.id, value: TailValue::Known(value) });
                out.push((format!(".{}{name}", field.meta.name), body));
            }
        }
        if all.tail.len() > 1 {
            out.push((" all tail fields".to_owned(), all.clone()));
        }
        if body.unknown == UnknownPolicy::Retain {
            out.extend(self.retained(body, all));
        }
        out
    }

    /// Unknown tail records before, between and after the known ones.
    fn retained(&self, body: &schema::Body, all: Body) -> Variations<Body> {
        let known = |id: u16| body.tail.iter().any(|known| known.id == id);
        let mut with = all;
        let last = body.tail.last().map_or(0, |known| known.id);
        let ids: Vec<u16> = [1, last | 1, last.saturating_add(1) | 1, u16::MAX]
            .into_iter()
            .filter(|id| !known(*id))
            .collect();
        for id in ids {
            if with.tail.iter().all(|tail| tail.id != id) {
                with.tail.push(Tail { id, value: TailValue::Retained(id.to_le_bytes().to_vec()) });
            }
        }
        with.tail.sort_by_key(|tail| tail.id);
        vec![(" retained tail records".to_owned(), with)]
    }

    fn value(&self, ty: &Ty, constraint: Option<&Constraint>) -> Variations<Value> {
        match ty {
            Ty::Bool => vec![(" true".to_owned(), Value::Bool(true))],
            Ty::Int(int) => self.ints(*int, constraint),
            Ty::Float(width) => leaves::floats(*width, constraint),
            Ty::Str { max } => leaves::strings(*max, constraint),
            Ty::Bytes { max } => leaves::tried(*max, constraint)
                .map(|(name, len)| {
                    (name, Value::Bytes((0..len).map(|index| index as u8).collect()))
                })
                .collect(),
            Ty::List { elem, max } => self.list(elem, *max, constraint),
            Ty::Array { elem, len } => {
                let least = self.smallest.value(elem, None);
                self.first(elem, &vec![least; *len as usize])
            }
            Ty::Map { key, value, max } => self.maps(key, value, *max, constraint),
            Ty::Opt(inner) => {
                let least = (" present".to_owned(), self.smallest.value(inner, constraint));
                let values = [least].into_iter().chain(self.value(inner, constraint));
                values.map(|(name, value)| (name, Value::Opt(Some(Box::new(value))))).collect()
            }
            Ty::Ip => leaves::ips()
                .into_iter()
                .map(|(name, ip)| (name.to_owned(), Value::Ip(ip)))
                .collect(),
            Ty::SocketAddr => leaves::ips()
                .into_iter()
                .map(|(name, ip)| {
                    (name.to_owned(), Value::SocketAddr(SocketAddr::new(ip, u16::MAX)))
                })
                .collect(),
            Ty::Uuid => vec![(" all ones".to_owned(), Value::Uuid([0xff; 16]))],
            Ty::Duration => leaves::map_values(self.ints(Int::U64, constraint), duration),
            Ty::Timestamp => leaves::map_values(self.ints(Int::I64, constraint), timestamp),
            Ty::Named(id) => match &self.smallest.schema.type_def(*id).kind {
                TypeKind::Enum(def) => leaves::enums(def),
                TypeKind::Flags(def) => leaves::flags(def),
                TypeKind::Struct(def) => {
                    let bodies = self.body(&def.body);
                    bodies.into_iter().map(|(name, body)| (name, Value::Struct(body))).collect()
                }
                TypeKind::Union(def) => self.union(def),
            },
        }
    }

    fn ints(&self, int: Int, constraint: Option<&Constraint>) -> Variations<Value> {
        let least = (" smallest", self.smallest.number(int, constraint, i128::MIN));
        let most = match (int, constraint) {
            (Int::U128, None) => Value::Unsigned(u128::MAX),
            _ => self.smallest.number(int, constraint, i128::MAX),
        };
        leaves::named([least, (" largest", most)])
    }

    fn list(&self, elem: &Ty, max: u32, constraint: Option<&Constraint>) -> Variations<Value> {
        let least = self.smallest.value(elem, None);
        let mut out: Variations<Value> = leaves::tried(max, constraint)
            .map(|(name, len)| (name, Value::List(vec![least.clone(); len])))
            .collect();
        let some = match constraint {
            Some(Constraint::Lengths(allowed)) => {
                allowed.iter().find(|len| **len > 0).map_or(0, |len| *len as usize)
            }
            _ => 1,
        };
        out.extend(self.first(elem, &vec![least; some]));
        out
    }

    /// `values`, the first of which is varied.
    fn first(&self, elem: &Ty, values: &[Value]) -> Variations<Value> {
        if values.is_empty() {
            return Vec::new();
        }
        let variations = self.value(elem, None);
        let with = |value| {
            let mut values = values.to_vec();
            values[0] = value;
            Value::List(values)
        };
        variations.into_iter().map(|(name, value)| (format!("[0]{name}"), with(value))).collect()
    }

    fn maps(
        &self,
        key: &Ty,
        value: &Ty,
        max: u32,
        constraint: Option<&Constraint>,
    ) -> Variations<Value> {
        let mut out: Variations<Value> = leaves::tried(max, constraint)
            .map(|(name, len)| (name, self.smallest.map(key, value, len)))
            .collect();
        let least = self.smallest.value(value, None);
        for (name, key) in self.value(key, None) {
            out.push((format!("[0].key{name}"), Value::Map(vec![(key, least.clone())])));
        }
        let least = self.smallest.value(key, None);
        for (name, value) in self.value(value, None) {
            out.push((format!("[0].value{name}"), Value::Map(vec![(least.clone(), value)])));
        }
        out
    }

    fn union(&self, def: &Union) -> Variations<Value> {
        let mut out = Vec::new();
        let mut add = |name: String, id, value| {
            out.push((name, Value::Union(Choice { id, value })));
        };
        for variant in &def.variants {
            let name = &variant.meta.name;
            let least = ChoiceValue::Known(self.smallest.body(&variant.body));
            add(format!(".{name} smallest"), variant.id, least);
            for (rest, body) in self.body(&variant.body) {
                add(format!(".{name}{rest}"), variant.id, ChoiceValue::Known(body));
            }
        }
        let free = |id: &u16| def.variants.iter().all(|variant| variant.id != *id);
        if let Some(id) = (1..=u16::MAX).step_by(2).find(free) {
            add(" unknown variant".to_owned(), id, ChoiceValue::Unknown(b"new".to_vec()));
        }
        out
    }
}
