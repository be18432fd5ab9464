//! Values by number: ranges of numbers, the n-th key of a type, keys in order.

use super::rules;
use super::value::Value;
use crate::schema::{Constraint, FloatWidth, Int, Schema, Ty, TypeKind};

/// All bits that an integer of this width has.
pub(super) fn mask(int: Int) -> u128 {
    u128::MAX >> (128 - 8 * int.bytes() as u32)
}

/// Smallest and largest value of an integer under a constraint; those of `U128` without one are
/// cut to `i128`.
pub(super) fn range(int: Int, constraint: Option<&Constraint>) -> (i128, i128) {
    if let Some(Constraint::IntRange { min, max }) = constraint {
        return (*min, *max);
    }
    if int.is_signed() {
        let max = (mask(int) >> 1) as i128;
        (-max - 1, max)
    } else {
        (0, i128::try_from(mask(int)).unwrap_or(i128::MAX))
    }
}

/// A float of this width; `otherwise` where rounding to 32 bits would leave the range.
pub(super) fn float(width: FloatWidth, number: f64, otherwise: f64) -> Value {
    match width {
        FloatWidth::F64 => Value::F64(number.to_bits()),
        FloatWidth::F32 => {
            let narrow = number as f32;
            let inside = f64::from(narrow) >= otherwise;
            Value::F32(if inside { narrow } else { otherwise as f32 }.to_bits())
        }
    }
}

/// The smallest length that a constraint allows.
pub(super) fn least_len(constraint: Option<&Constraint>) -> usize {
    match constraint {
        Some(Constraint::NonEmpty) => 1,
        Some(Constraint::Lengths(allowed)) => allowed.first().map_or(0, |len| *len as usize),
        _ => 0,
    }
}

/// `len` different keys in ascending order, `found` among them; fewer where the type has fewer.
pub(super) fn ascending(schema: &Schema, ty: &Ty, found: Vec<Value>, len: usize) -> Vec<Value> {
    let mut keys = found;
    sort(&mut keys);
    let mut index = 0;
    while keys.len() < len {
        let Some(key) = nth(schema, ty, index) else { break };
        if !keys.contains(&key) {
            keys.push(key);
        }
        index += 1;
    }
    sort(&mut keys);
    keys.truncate(len);
    keys
}

fn sort(keys: &mut Vec<Value>) {
    keys.sort_by(|left, right| rules::key_order(left, right).unwrap_or(std::cmp::Ordering::Equal));
    keys.dedup();
}

/// The n-th of a type's keys, in no order that matters.
fn nth(schema: &Schema, ty: &Ty, index: usize) -> Option<Value> {
    match ty {
        Ty::Bool => (index < 2).then_some(Value::Bool(index == 1)),
        Ty::Int(int) if int.is_signed() => {
            (index as u128 <= mask(*int) >> 1).then_some(Value::Signed(index as i128))
        }
        Ty::Int(int) => (index as u128 <= mask(*int)).then_some(Value::Unsigned(index as u128)),
        Ty::Uuid => Some(Value::Uuid((index as u128).to_be_bytes())),
        Ty::Str { max } => {
            let letters = digits(index, 26);
            let text = letters.iter().map(|digit| char::from(b'a' + *digit)).collect();
            (letters.len() <= *max as usize).then_some(Value::Str(text))
        }
        Ty::Bytes { max } => {
            let bytes = digits(index, 256);
            (bytes.len() <= *max as usize).then_some(Value::Bytes(bytes))
        }
        Ty::Named(id) => match &schema.type_def(*id).kind {
            TypeKind::Enum(def) if def.closed => {
                def.values.get(index).map(|value| Value::Enum(value.value))
            }
            TypeKind::Enum(def) => {
                (index as u128 <= mask(def.repr)).then_some(Value::Enum(index as u32))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The n-th word over an alphabet of `base` letters: the empty one, those of one letter, and so on.
fn digits(mut index: usize, base: usize) -> Vec<u8> {
    let mut word = Vec::new();
    while index > 0 {
        index -= 1;
        word.push((index % base) as u8);
        index /= base;
    }
    word.reverse();
    word
}
