//! Values of about a given length, for what differs only in how long it may be.

use std::net::Ipv6Addr;

use super::build::with;
use crate::compat::pairing::fields;
use crate::dynamic::{Body, Choice, ChoiceValue, FRAME_HEADER_LEN, Smallest, Value};
use crate::schema::{self, Constraint, Schema, Ty, TypeKind};

/// By how much an IPv6 address is longer than an IPv4 one.
const IPV6_EXTRA: u64 = 12;

/// Makes values longer than the smallest.
#[derive(Clone, Copy)]
pub(super) struct Fill<'a> {
    pub(super) schema: &'a Schema,
}

impl Fill<'_> {
    /// The smallest value of `body`, at least `extra` bytes longer where its bounds allow it, and
    /// little more.
    pub(super) fn body(&self, def: &schema::Body, mut extra: u64) -> (Body, u64) {
        let smallest = Smallest { schema: self.schema };
        let mut out = smallest.body(def);
        let mut gained = 0;
        for (slot, field) in fields(def) {
            if extra == 0 {
                break;
            }
            // A tail record costs its header and the smallest value before it grows.
            let base = match slot {
                crate::compat::pairing::Slot::Head(_) => 0,
                crate::compat::pairing::Slot::Tail(_) => {
                    FRAME_HEADER_LEN as u64
                        + self.smallest_len(&field.ty, field.constraint.as_ref())
                }
            };
            let (value, more) =
                self.value(&field.ty, field.constraint.as_ref(), extra.saturating_sub(base));
            let more = more + base;
            if more > 0 {
                out = with(out, def, slot, value);
                gained += more;
                extra = extra.saturating_sub(more);
            }
        }
        (out, gained)
    }

    /// About the smallest length of a type: bounds of elements, not of what they hold.
    fn smallest_len(&self, ty: &Ty, constraint: Option<&Constraint>) -> u64 {
        match constraint {
            None => self.schema.size_of(ty).min,
            Some(_) => self.schema.size_of(ty).min + least(constraint),
        }
    }

    /// A value `extra` bytes longer than the smallest, and by how much it is.
    fn value(&self, ty: &Ty, constraint: Option<&Constraint>, extra: u64) -> (Value, u64) {
        let smallest = Smallest { schema: self.schema };
        let plain = || (smallest.value(ty, constraint), 0);
        if extra == 0 || matches!(constraint, Some(Constraint::Lengths(_))) {
            return plain();
        }
        let least = least(constraint);
        match ty {
            Ty::Str { max } => {
                let len = (least + extra).min(u64::from(*max));
                (Value::Str("x".repeat(len as usize)), len - least)
            }
            Ty::Bytes { max } => {
                let len = (least + extra).min(u64::from(*max));
                (Value::Bytes(vec![0; len as usize]), len - least)
            }
            Ty::List { elem, max } => self.list(elem, *max, least, extra),
            Ty::Array { elem, len } => self.elements(elem, *len as usize, extra),
            Ty::Map { key, value, max } => {
                let pair = self.schema.size_of(key).min + self.schema.size_of(value).min;
                let len = (least + extra.div_ceil(pair.max(1))).min(u64::from(*max));
                let Value::Map(mut pairs) = smallest.map(key, value, len as usize) else {
                    return plain();
                };
                let mut gained = (pairs.len() as u64).saturating_sub(least) * pair;
                // Longer values, where more pairs are not enough.
                for (_, place) in &mut pairs {
                    let (longer, more) = self.value(value, None, extra.saturating_sub(gained));
                    *place = longer;
                    gained += more;
                }
                (Value::Map(pairs), gained)
            }
            Ty::Ip => (Value::Ip(Ipv6Addr::UNSPECIFIED.into()), IPV6_EXTRA),
            Ty::SocketAddr => (Value::SocketAddr((Ipv6Addr::UNSPECIFIED, 0).into()), IPV6_EXTRA),
            Ty::Opt(inner) => {
                let base = self.smallest_len(inner, constraint);
                let (value, more) = self.value(inner, constraint, extra.saturating_sub(base));
                (Value::Opt(Some(Box::new(value))), base + more)
            }
            Ty::Named(id) => match &self.schema.type_def(*id).kind {
                TypeKind::Struct(def) => {
                    let (body, gained) = self.body(&def.body, extra);
                    (Value::Struct(body), gained)
                }
                TypeKind::Union(def) => self.union(def, extra).unwrap_or_else(plain),
                _ => plain(),
            },
            _ => plain(),
        }
    }

    /// The variant that grows most.
    fn union(&self, def: &schema::Union, extra: u64) -> Option<(Value, u64)> {
        let grown = def.variants.iter().map(|variant| {
            let (body, gained) = self.body(&variant.body, extra);
            (Value::Union(Choice { id: variant.id, value: ChoiceValue::Known(body) }), gained)
        });
        grown.max_by_key(|(_, gained)| *gained)
    }

    fn list(&self, elem: &Ty, max: u32, least: u64, extra: u64) -> (Value, u64) {
        let size = self.schema.size_of(elem).min.max(1);
        let len = (least + extra.div_ceil(size)).min(u64::from(max));
        let gained = (len - least) * size;
        let (value, more) = self.elements(elem, len as usize, extra.saturating_sub(gained));
        (value, gained + more)
    }

    /// This many elements, longer ones first.
    fn elements(&self, elem: &Ty, len: usize, extra: u64) -> (Value, u64) {
        let mut values = vec![Smallest { schema: self.schema }.value(elem, None); len];
        let mut gained = 0;
        for value in &mut values {
            let (longer, more) = self.value(elem, None, extra.saturating_sub(gained));
            if more == 0 {
                break;
            }
            *value = longer;
            gained += more;
        }
        (Value::List(values), gained)
    }
}

fn least(constraint: Option<&Constraint>) -> u64 {
    u64::from(matches!(constraint, Some(Constraint::NonEmpty)))
}
