//! Names and types as Python has them.

use crate::backends::layout::{escaped, snake};
use crate::schema::{Constraint, FloatWidth, Int, LenWidth, Schema, Ty, TypeKind};

/// What a class of the spec cannot be called.
const CLASSES_TAKEN: &[&str] = &[
    "Address",
    "DecodeError",
    "EncodeError",
    "Exception",
    "False",
    "FrameReader",
    "Json",
    "Message",
    "NaN",
    "None",
    "NotImplementedError",
    "OverflowError",
    "SocketAddr",
    "True",
    "TypeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnknownMessage",
    "UnknownVariant",
    "ValueError",
];

/// What a constant of the spec cannot be called.
const CONSTANTS_TAKEN: &[&str] =
    &["HEADER_LEN", "MESSAGES", "PROTOCOL", "PROTOCOL_VERSION", "SETS", "UNKNOWN_MAX_LEN"];

/// What a field cannot be called: keywords, the built-in types that annotations name, and the
/// methods that every class has.
const FIELDS_TAKEN: &[&str] = &[
    "and",
    "as",
    "assert",
    "async",
    "await",
    "bool",
    "break",
    "bytes",
    "class",
    "cls",
    "continue",
    "decode",
    "decode_reporting",
    "def",
    "del",
    "dict",
    "elif",
    "else",
    "encode",
    "except",
    "finally",
    "float",
    "for",
    "frame",
    "from",
    "global",
    "if",
    "import",
    "in",
    "int",
    "is",
    "lambda",
    "list",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "retained",
    "return",
    "self",
    "set",
    "str",
    "to_json",
    "try",
    "tuple",
    "type",
    "while",
    "with",
    "yield",
];

pub(super) fn class(name: &str) -> String {
    escaped(name, CLASSES_TAKEN)
}

pub(super) fn constant(name: &str) -> String {
    escaped(name, CONSTANTS_TAKEN)
}

pub(super) fn field(name: &str) -> String {
    escaped(name, FIELDS_TAKEN)
}

/// A member of an enum, in capitals; as the spec has it where others would be called the same.
pub(super) fn member<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> String {
    let capitals = |name: &str| snake(name).to_ascii_uppercase();
    let same = all.filter(|other| capitals(other) == capitals(name)).count();
    if same > 1 { name.to_owned() } else { capitals(name) }
}

/// A variant's class: no name of a spec has an underscore and a capital letter.
pub(super) fn variant(union: &str, name: &str) -> String {
    format!("{union}_{name}")
}

/// The type that a field is annotated with.
pub(super) fn annotation(schema: &Schema, ty: &Ty) -> String {
    match ty {
        Ty::Bool => "bool".to_owned(),
        Ty::Int(_) | Ty::Duration | Ty::Timestamp => "int".to_owned(),
        Ty::Float(_) => "float".to_owned(),
        Ty::Str { .. } => "str".to_owned(),
        Ty::Bytes { .. } => "bytes".to_owned(),
        Ty::List { elem, .. } | Ty::Array { elem, .. } => {
            format!("list[{}]", annotation(schema, elem))
        }
        Ty::Map { key, value, .. } => {
            format!("dict[{}, {}]", annotation(schema, key), annotation(schema, value))
        }
        Ty::Opt(inner) if matches!(**inner, Ty::Opt(_)) => {
            format!("tuple[{}] | None", annotation(schema, inner))
        }
        Ty::Opt(inner) => format!("{} | None", annotation(schema, inner)),
        Ty::Ip => "Address".to_owned(),
        Ty::SocketAddr => "SocketAddr".to_owned(),
        Ty::Uuid => "_uuid.UUID".to_owned(),
        Ty::Named(id) => {
            let def = schema.type_def(*id);
            let name = class(&def.meta.name);
            match &def.kind {
                TypeKind::Enum(def) if !def.closed => format!("{name} | int"),
                _ => name,
            }
        }
    }
}

/// The expression of the codec of a type.
pub(super) fn codec(schema: &Schema, ty: &Ty) -> String {
    match ty {
        Ty::Bool => "_BOOL".to_owned(),
        Ty::Int(int) => format!("_{int:?}"),
        Ty::Float(FloatWidth::F32) => "_F32".to_owned(),
        Ty::Float(FloatWidth::F64) => "_F64".to_owned(),
        Ty::Str { max } => format!("_Str({}, {max})", width(*max)),
        Ty::Bytes { max } => format!("_Bytes({}, {max})", width(*max)),
        Ty::List { elem, max } => {
            format!("_List({}, {}, {max})", codec(schema, elem), width(*max))
        }
        Ty::Array { elem, len } => format!("_Array({}, {len})", codec(schema, elem)),
        Ty::Map { key, value, max } => {
            let (key, value) = (codec(schema, key), codec(schema, value));
            format!("_Map({key}, {value}, {}, {max})", width(*max))
        }
        Ty::Opt(inner) if matches!(**inner, Ty::Opt(_)) => {
            format!("_Opt(_Nested({}))", codec(schema, inner))
        }
        Ty::Opt(inner) => format!("_Opt({})", codec(schema, inner)),
        Ty::Ip => "_IP".to_owned(),
        Ty::SocketAddr => "_SOCKET_ADDR".to_owned(),
        Ty::Uuid => "_UUID".to_owned(),
        Ty::Duration => format!("_{:?}", Int::U64),
        Ty::Timestamp => format!("_{:?}", Int::I64),
        Ty::Named(id) => named_codec(&class(&schema.type_def(*id).meta.name)),
    }
}

/// The constant that holds the codec of a named type.
pub(super) fn named_codec(class: &str) -> String {
    format!("_C_{class}")
}

/// A codec that minds a constraint.
pub(super) fn ruled(codec: &str, constraint: Option<&Constraint>, text: &str) -> String {
    let rule = match constraint {
        None => return codec.to_owned(),
        Some(Constraint::IntRange { min, max }) => format!("{min} <= v <= {max}"),
        Some(Constraint::FloatRange { min, max }) => {
            let value = if codec == "_F32" { "_nearest_f32(v)" } else { "v" };
            format!("{} <= {value} <= {}", float(*min), float(*max))
        }
        Some(Constraint::NonEmpty) => "_length(v) > 0".to_owned(),
        Some(Constraint::Lengths(allowed)) => format!("_length(v) in {allowed:?}"),
    };
    format!("_Ruled({codec}, lambda v: {rule}, {text:?})")
}

pub(super) fn float(number: f64) -> String {
    if number.is_finite() { format!("{number:?}") } else { format!("float(\"{number}\")") }
}

fn width(max: u32) -> u64 {
    LenWidth::for_bound(max).bytes()
}
