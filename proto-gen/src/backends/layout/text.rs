//! Types, bounds and numbers as people read them.

use crate::schema::{Constraint, FloatWidth, LenWidth, Schema, Size, Ty};

/// The type as the spec writes it: `List(Peer, 32_768)`.
pub fn type_text(schema: &Schema, ty: &Ty) -> String {
    match ty {
        Ty::Bool => "Bool".to_owned(),
        Ty::Int(int) => format!("{int:?}"),
        Ty::Float(FloatWidth::F32) => "F32".to_owned(),
        Ty::Float(FloatWidth::F64) => "F64".to_owned(),
        Ty::Str { max } => format!("Str({})", count(*max)),
        Ty::Bytes { max } => format!("Bytes({})", count(*max)),
        Ty::List { elem, max } => format!("List({}, {})", type_text(schema, elem), count(*max)),
        Ty::Array { elem, len } => format!("Array({}, {})", type_text(schema, elem), count(*len)),
        Ty::Map { key, value, max } => {
            let (key, value) = (type_text(schema, key), type_text(schema, value));
            format!("Map({key}, {value}, {})", count(*max))
        }
        Ty::Opt(inner) => format!("Opt({})", type_text(schema, inner)),
        Ty::Ip => "Ip".to_owned(),
        Ty::SocketAddr => "SocketAddr".to_owned(),
        Ty::Uuid => "Uuid".to_owned(),
        Ty::Duration => "Duration".to_owned(),
        Ty::Timestamp => "Timestamp".to_owned(),
        Ty::Named(id) => schema.type_def(*id).meta.name.clone(),
    }
}

/// How the length of a type is written, where it has one: `u16, at most 500 bytes`.
pub fn bound_text(ty: &Ty) -> Option<String> {
    let (max, what) = match ty {
        Ty::Str { max } | Ty::Bytes { max } => (max, "bytes"),
        Ty::List { max, .. } => (max, "elements"),
        Ty::Map { max, .. } => (max, "pairs"),
        Ty::Opt(inner) => return bound_text(inner),
        _ => return None,
    };
    let width = match LenWidth::for_bound(*max) {
        LenWidth::U8 => "u8",
        LenWidth::U16 => "u16",
        LenWidth::U32 => "u32",
    };
    Some(format!("{width}, at most {} {what}", count(*max)))
}

/// A constraint in words: `from 1 to 100`.
pub fn constraint_text(constraint: &Constraint) -> String {
    match constraint {
        Constraint::IntRange { min, max } => format!("from {min} to {max}"),
        Constraint::FloatRange { min, max } => {
            format!("from {} to {}, never NaN", float_text(*min), float_text(*max))
        }
        Constraint::NonEmpty => "not empty".to_owned(),
        Constraint::Lengths(allowed) => {
            let allowed: Vec<String> = allowed.iter().map(u32::to_string).collect();
            format!("of length {}", allowed.join(" or "))
        }
    }
}

/// A float in as few digits as tell it: those of an `F32` where it is one.
pub fn float_text(value: f64) -> String {
    let short = value as f32;
    if f64::from(short) == value { short.to_string() } else { value.to_string() }
}

/// `4`, or `2..66`: the smallest and the largest size.
pub fn size_text(size: Size) -> String {
    match size.fixed() {
        Some(size) => count(size),
        None => format!("{}..{}", count(size.min), count(size.max)),
    }
}

/// `1 byte`, `2..66 bytes`.
pub fn bytes_text(size: Size) -> String {
    format!("{} byte{}", size_text(size), if size.max == 1 { "" } else { "s" })
}

/// The spec's own name, without the folder: what is generated may stand in another.
pub fn spec_name(schema: &Schema) -> String {
    let name = schema.files.first().and_then(|spec| spec.file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// What a number of a type counts, where the type says so.
pub fn unit_text(ty: &Ty) -> Option<&'static str> {
    match ty {
        Ty::Duration => Some("nanoseconds, u64"),
        Ty::Timestamp => Some("microseconds since 1970 in UTC, i64"),
        Ty::Opt(inner) => unit_text(inner),
        Ty::List { elem, .. } | Ty::Array { elem, .. } => unit_text(elem),
        _ => None,
    }
}

/// A number with a comma between thousands, as the documents write it.
pub fn count(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `UpperCamelCase` as `snake_case`.
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && !letters[index - 1].is_uppercase();
        let before_small = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let new_word = letter.is_uppercase() && index > 0 && (after_small || before_small);
        if new_word && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// A name with an underscore behind it where the language has taken it.
pub fn escaped(name: &str, taken: &[&str]) -> String {
    if taken.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// Text in lines of at most `width` letters, where its words allow; its own line breaks stay.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// A name in small letters, digits and underscores: part of a display filter, or of a file's name.
pub fn filter_name(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect()
}

/// What display filters call a message or a type: small letters, and no name of the dissector's own.
pub fn item_filter(name: &str) -> String {
    escaped(&snake(name), &["cut", "fault", "malformed", "message", "record", "unknown"])
}
