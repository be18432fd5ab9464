//! Numbers as people write them: digits in groups of three.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::schema::FloatWidth;

/// A number that is not negative.
pub(super) fn number(value: u128) -> Literal {
    grouped(&value.to_string())
}

/// A number that may be negative.
pub(super) fn signed(value: i128) -> TokenStream {
    let magnitude = grouped(&value.unsigned_abs().to_string());
    if value < 0 { quote!(-#magnitude) } else { quote!(#magnitude) }
}

/// A message or record id: four hexadecimal digits.
pub(super) fn hex(id: u16) -> Literal {
    literal(&format!("0x{id:04x}"))
}

/// A finite or infinite float.
pub(super) fn float(value: f64, width: FloatWidth) -> TokenStream {
    let ty = match width {
        FloatWidth::F32 => quote!(f32),
        FloatWidth::F64 => quote!(f64),
    };
    if value.is_nan() {
        return quote!(#ty::NAN);
    }
    if value.is_infinite() {
        return if value < 0.0 { quote!(#ty::NEG_INFINITY) } else { quote!(#ty::INFINITY) };
    }
    // The shortest text that reads back as the value, at the width that it has.
    let text = match width {
        FloatWidth::F32 => format!("{:?}", value.abs() as f32),
        FloatWidth::F64 => format!("{:?}", value.abs()),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let fraction: Vec<String> =
        fraction.as_bytes().chunks(3).map(|d| String::from_utf8_lossy(d).into_owned()).collect();
    let mut out = format!("{}.{}", group(whole), fraction.join("_"));
    if !exponent.is_empty() {
        out.push('e');
        out.push_str(exponent);
    }
    let magnitude = literal(&out);
    if value.is_sign_negative() { quote!(-#magnitude) } else { quote!(#magnitude) }
}

fn grouped(digits: &str) -> Literal {
    literal(&group(digits))
}

fn group(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

fn literal(text: &str) -> Literal {
    text.parse().expect("digits with a prefix, a point or an exponent are a literal")
}
