//! Rules that reading and writing share: constraints and the order of keys.

use std::cmp::Ordering;

use super::value::Value;
use crate::schema::Constraint;

/// What `constraint` wants and does not get from `value`, in words; `None` where it is content.
pub(super) fn violation(constraint: &Constraint, value: &Value) -> Option<String> {
    match constraint {
        Constraint::IntRange { min, max } => {
            let inside = match value {
                Value::Unsigned(n) => i128::try_from(*n).is_ok_and(|n| (*min..=*max).contains(&n)),
                Value::Signed(n) => (*min..=*max).contains(n),
                _ => true,
            };
            (!inside).then(|| format!("a number from {min} to {max} is wanted"))
        }
        Constraint::FloatRange { min, max } => {
            let number = match value {
                Value::F32(bits) => f64::from(f32::from_bits(*bits)),
                Value::F64(bits) => f64::from_bits(*bits),
                _ => return None,
            };
            // NaN is in no range.
            (!(*min..=*max).contains(&number))
                .then(|| format!("a number from {min} to {max} is wanted, found {number}"))
        }
        Constraint::NonEmpty => {
            (length(value) == Some(0)).then(|| "it must not be empty".to_owned())
        }
        Constraint::Lengths(allowed) => {
            let len = length(value)?;
            let inside = allowed.iter().any(|allowed| *allowed as usize == len);
            (!inside).then(|| format!("one of the lengths {allowed:?} is wanted, found {len}"))
        }
    }
}

/// Bytes or elements, of what has a length.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Str(text) => Some(text.len()),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::List(items) => Some(items.len()),
        Value::Map(pairs) => Some(pairs.len()),
        _ => None,
    }
}

/// The order of two keys of one type: numbers and enums by number, the others by bytes.
/// `None` for what cannot be a key.
pub(super) fn key_order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Unsigned(left), Value::Unsigned(right)) => Some(left.cmp(right)),
        (Value::Signed(left), Value::Signed(right)) => Some(left.cmp(right)),
        (Value::Enum(left), Value::Enum(right)) => Some(left.cmp(right)),
        (Value::Str(left), Value::Str(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Uuid(left), Value::Uuid(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// BOLT 1's "it's OK to be odd": what does not know an even id must not go on.
pub(super) fn critical(id: u16) -> bool {
    id & 1 == 0
}
