//! Values of the types that hold no other, one for each thing that can be special about them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::keys;
use super::value::Value;
use crate::schema::{Constraint, Enum, Flags, FloatWidth};

/// Values that differ from the smallest in one thing each, with a name for it.
pub(super) type Variations<T> = Vec<(String, T)>;

/// Bounds above this are tried with this many elements or bytes instead.
const BOUND_TRIED: u32 = 300;

pub(super) fn map_values(values: Variations<Value>, map: fn(Value) -> Value) -> Variations<Value> {
    values.into_iter().map(|(name, value)| (name, map(value))).collect()
}

pub(super) fn named<const N: usize>(values: [(&str, Value); N]) -> Variations<Value> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Lengths at the ends of what bound and constraint allow.
pub(super) fn tried(
    max: u32,
    constraint: Option<&Constraint>,
) -> impl Iterator<Item = (String, usize)> + use<> {
    let lens = match constraint {
        Some(Constraint::Lengths(allowed)) => allowed.clone(),
        _ => vec![max.min(BOUND_TRIED)],
    };
    lens.into_iter().map(move |len| {
        let name = if len == max { " at bound".to_owned() } else { format!(" of length {len}") };
        (name, len as usize)
    })
}

pub(super) fn strings(max: u32, constraint: Option<&Constraint>) -> Variations<Value> {
    let mut out = Vec::new();
    for (name, len) in tried(max, constraint) {
        // Two bytes each, so that a count of letters is not mistaken for a count of bytes.
        let wide = format!("{}{}", "é".repeat(len / 2), "x".repeat(len % 2));
        out.push((name.clone(), Value::Str("x".repeat(len))));
        out.push((format!("{name}, two-byte letters"), Value::Str(wide)));
    }
    out
}

pub(super) fn floats(width: FloatWidth, constraint: Option<&Constraint>) -> Variations<Value> {
    if let Some(Constraint::FloatRange { min, max }) = constraint {
        let ends = [(" smallest", *min), (" largest", *max)];
        return named(ends.map(|(name, number)| (name, keys::float(width, number, *min))));
    }
    let special = [
        (" -0", 1 << 31, 1 << 63),
        (" infinity", 0x7f80_0000, 0x7ff0_0000_0000_0000),
        (" NaN", 0x7fc0_0000, 0x7ff8_0000_0000_0000),
        (" NaN with payload", 0xffc0_1234, 0xfff4_0000_0000_1234),
        (" subnormal", 1, 1),
    ];
    named(special.map(|(name, narrow, wide)| {
        let value = match width {
            FloatWidth::F32 => Value::F32(narrow),
            FloatWidth::F64 => Value::F64(wide),
        };
        (name, value)
    }))
}

pub(super) fn ips() -> [(&'static str, IpAddr); 4] {
    [
        (" IPv4", IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
        (" IPv6", IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
        (" IPv6 of all ones", IpAddr::V6(Ipv6Addr::from([0xff; 16]))),
        (" IPv4-mapped IPv6", IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped())),
    ]
}

pub(super) fn enums(def: &Enum) -> Variations<Value> {
    let mut out: Variations<Value> = def
        .values
        .iter()
        .map(|value| (format!(" {}", value.meta.name), Value::Enum(value.value)))
        .collect();
    let top = keys::mask(def.repr) as u32;
    let unknown = (0..=top).rev().find(|n| def.values.iter().all(|value| value.value != *n));
    if let Some(unknown) = unknown.filter(|_| !def.closed) {
        out.push((" unknown value".to_owned(), Value::Enum(unknown)));
    }
    out
}

pub(super) fn flags(def: &Flags) -> Variations<Value> {
    let mut out: Variations<Value> = def
        .bits
        .iter()
        .map(|bit| {
            (
                format!(" {}", bit.meta.name),
                Value::Flags(1_u64.checked_shl(bit.bit.into()).unwrap_or(0)),
            )
        })
        .collect();
    out.push((" all bits".to_owned(), Value::Flags(keys::mask(def.repr) as u64)));
    out
}
