//! What the numbers of each type can be.

use crate::parse::{Kind, Node};
use crate::schema::Int;

/// Integers by name.
pub(super) const INTS: &[(&str, Int)] = &[
    ("U8", Int::U8),
    ("U16", Int::U16),
    ("U32", Int::U32),
    ("U64", Int::U64),
    ("U128", Int::U128),
    ("I8", Int::I8),
    ("I16", Int::I16),
    ("I32", Int::I32),
    ("I64", Int::I64),
    ("I128", Int::I128),
];

/// Smallest and largest value, the latter as far as a range's end can say.
pub(super) fn limits(int: Int) -> (i128, i128) {
    let bits = 8 * int.bytes() as u32;
    match (int.is_signed(), bits) {
        (_, 128) => (if int.is_signed() { i128::MIN } else { 0 }, i128::MAX),
        (true, _) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        (false, _) => (0, (1 << bits) - 1),
    }
}

/// A float, or an integer that stands for one.
pub(super) fn float(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Float(value) => Some(*value),
        Kind::Int(number) => {
            let value = number.magnitude as f64;
            Some(if number.negative { -value } else { value })
        }
        _ => None,
    }
}
