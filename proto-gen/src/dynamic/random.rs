//! Random values of any message, reproducible from a seed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::encode::encode;
use super::keys;
use super::smallest::smallest;
use super::value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
use crate::schema::{
    self, Constraint, FloatWidth, Int, Message, Schema, Ty, TypeKind, UnknownPolicy,
};

/// A small, fast source of numbers: SplitMix64. The same seed gives the same numbers for ever, so
/// that committed vectors do not change by themselves.
#[derive(Clone, Debug)]
pub struct Prng {
    state: u64,
    chosen: std::vec::IntoIter<u8>,
}

impl Prng {
    /// A source from a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, chosen: Vec::new().into_iter() }
    }

    /// A source whose first numbers are these bytes: what a fuzzer chooses.
    pub fn chosen(bytes: Vec<u8>) -> Self {
        Self { state: 0, chosen: bytes.into_iter() }
    }

    /// A source from a text, such as a message's name.
    pub fn from_text(text: &str) -> Self {
        // FNV-1a.
        Self::new(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        if let Some(byte) = self.chosen.next() {
            return byte.into();
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, exclusive; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.bits() % end as u64) as usize }
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `items`, which are not empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn bits128(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.bits() as u8).collect()
    }
}

/// A random value of `message` that encodes: within its bounds, constraints and `max_len`.
pub fn random(schema: &Schema, message: &Message, prng: &mut Prng) -> Body {
    // Long collections are tried first, and less of everything where that is too much.
    let mut room = if prng.once_in(24) { 300 } else { *prng.pick(&[3, 6, 12, 30]) };
    while room > 0 {
        let mut maker = Maker { schema, prng, room };
        let value = maker.body(&message.body);
        if encode(schema, message, &value).is_ok() {
            return value;
        }
        room /= 2;
    }
    smallest(schema, message)
}

struct Maker<'a> {
    schema: &'a Schema,
    prng: &'a mut Prng,
    /// Most elements or bytes of anything that has a length.
    room: usize,
}

impl Maker<'_> {
    fn body(&mut self, body: &schema::Body) -> Body {
        let head = body.head.iter().map(|f| self.value(&f.ty, f.constraint.as_ref())).collect();
        let mut tail = Vec::new();
        for known in &body.tail {
            if !self.prng.once_in(3) {
                let field = &known.field;
                let value = self.value(&field.ty, field.constraint.as_ref());
                tail.push(Tail { id: known.id, value: TailValue::Known(value) });
            }
        }
        if body.unknown == UnknownPolicy::Retain && self.prng.once_in(2) {
            let id = self.prng.bits() as u16 | 1;
            if body.tail.iter().all(|known| known.id != id) {
                let len = self.prng.below(self.room.min(9));
                tail.push(Tail { id, value: TailValue::Retained(self.prng.bytes(len)) });
                tail.sort_by_key(|tail| tail.id);
            }
        }
        Body { head, tail }
    }

    fn value(&mut self, ty: &Ty, constraint: Option<&Constraint>) -> Value {
        match ty {
            Ty::Bool => Value::Bool(self.prng.once_in(2)),
            Ty::Int(int) => self.int(*int, constraint),
            Ty::Float(width) => self.float(*width, constraint),
            Ty::Str { max } => {
                let len = self.len(*max, constraint);
                Value::Str(self.text(len))
            }
            Ty::Bytes { max } => {
                let len = self.len(*max, constraint);
                Value::Bytes(self.prng.bytes(len))
            }
            Ty::List { elem, max } => {
                let len = self.len(*max, constraint);
                Value::List((0..len).map(|_| self.value(elem, None)).collect())
            }
            Ty::Array { elem, len } => {
                Value::List((0..*len).map(|_| self.value(elem, None)).collect())
            }
            Ty::Map { key, value, max } => {
                let len = self.len(*max, constraint);
                let found: Vec<Value> = (0..len).map(|_| self.value(key, None)).collect();
                let keys = keys::ascending(self.schema, key, found, len);
                Value::Map(keys.into_iter().map(|key| (key, self.value(value, None))).collect())
            }
            Ty::Opt(inner) => {
                let some = self.prng.once_in(2);
                Value::Opt(some.then(|| Box::new(self.value(inner, constraint))))
            }
            Ty::Ip => Value::Ip(self.ip()),
            Ty::SocketAddr => {
                Value::SocketAddr(SocketAddr::new(self.ip(), self.prng.bits() as u16))
            }
            Ty::Uuid => Value::Uuid(self.prng.bits128().to_be_bytes()),
            Ty::Duration => match self.int(Int::U64, constraint) {
                Value::Unsigned(nanos) => Value::Duration(nanos as u64),
                other => other,
            },
            Ty::Timestamp => match self.int(Int::I64, constraint) {
                Value::Signed(micros) => Value::Timestamp(micros as i64),
                other => other,
            },
            Ty::Named(id) => self.named(&self.schema.type_def(*id).kind),
        }
    }

    fn named(&mut self, kind: &TypeKind) -> Value {
        match kind {
            TypeKind::Enum(def) => {
                if def.values.is_empty() || (!def.closed && self.prng.once_in(4)) {
                    let any = self.prng.bits() & keys::mask(def.repr) as u64;
                    return Value::Enum(any as u32);
                }
                Value::Enum(def.values[self.prng.below(def.values.len())].value)
            }
            TypeKind::Flags(def) => {
                let any = self.prng.bits() & self.prng.bits();
                Value::Flags(any & keys::mask(def.repr) as u64)
            }
            TypeKind::Struct(def) => {
                let mut body = self.body(&def.body);
                if def.extensible.is_none() {
                    body.tail.clear();
                }
                Value::Struct(body)
            }
            TypeKind::Union(def) => {
                let odd = self.prng.bits() as u16 | 1;
                let free = def.variants.iter().all(|variant| variant.id != odd);
                if def.variants.is_empty() || (free && self.prng.once_in(5)) {
                    let len = self.prng.below(self.room.min(9));
                    let value = ChoiceValue::Unknown(self.prng.bytes(len));
                    return Value::Union(Choice { id: odd, value });
                }
                let variant = &def.variants[self.prng.below(def.variants.len())];
                let value = ChoiceValue::Known(self.body(&variant.body));
                Value::Union(Choice { id: variant.id, value })
            }
        }
    }

    fn int(&mut self, int: Int, constraint: Option<&Constraint>) -> Value {
        let (min, max) = keys::range(int, constraint);
        // Half of the numbers are small, as most numbers are.
        let any = self.prng.bits128() >> if self.prng.once_in(2) { 0 } else { 121 };
        let span = max.wrapping_sub(min) as u128;
        let step = if span == u128::MAX { any } else { any % (span + 1) };
        match constraint {
            _ if int.is_signed() => Value::Signed(min.wrapping_add(step as i128)),
            Some(Constraint::IntRange { .. }) => Value::Unsigned((min as u128).wrapping_add(step)),
            _ => Value::Unsigned(any & keys::mask(int)),
        }
    }

    fn float(&mut self, width: FloatWidth, constraint: Option<&Constraint>) -> Value {
        let bits = self.prng.bits();
        if let Some(Constraint::FloatRange { min, max }) = constraint {
            let part = (bits >> 11) as f64 / (1_u64 << 53) as f64;
            let number = (min + (max - min) * part).clamp(*min, *max);
            return keys::float(width, number, *min);
        }
        match width {
            FloatWidth::F32 => Value::F32(bits as u32),
            FloatWidth::F64 => Value::F64(bits),
        }
    }

    /// A length from 0 to `max`, often at an end; or one that the constraint allows.
    fn len(&mut self, max: u32, constraint: Option<&Constraint>) -> usize {
        let bound = (max as usize).min(self.room);
        let least = keys::least_len(constraint);
        match constraint {
            Some(Constraint::Lengths(allowed)) if !allowed.is_empty() => {
                allowed[self.prng.below(allowed.len())] as usize
            }
            _ if self.prng.once_in(6) => least,
            _ if self.prng.once_in(6) => bound.max(least),
            _ => self.prng.below(bound + 1).max(least),
        }
    }

    /// Text of exactly `len` bytes.
    fn text(&mut self, len: usize) -> String {
        const LETTERS: [char; 12] =
            ['a', 'b', 'z', '0', ' ', '"', '\\', '\n', 'é', 'ß', '語', '🙂'];
        let mut text = String::new();
        while text.len() < len {
            let letter = LETTERS[self.prng.below(LETTERS.len())];
            if text.len() + letter.len_utf8() <= len {
                text.push(letter);
            }
        }
        text
    }

    fn ip(&mut self) -> IpAddr {
        match self.prng.below(4) {
            0 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            1 => IpAddr::V4(Ipv4Addr::from(self.prng.bits() as u32)),
            2 => IpAddr::V6(Ipv6Addr::from(self.prng.bits128())),
            _ => IpAddr::V6(Ipv4Addr::from(self.prng.bits() as u32).to_ipv6_mapped()),
        }
    }
}
