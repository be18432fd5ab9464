//! Types and constraints in the spec's own words.

use crate::backends::layout::float_text;
use crate::schema::{Constraint, FloatWidth, Schema, Ty, TypeKind};

pub(super) fn ty(schema: &Schema, of: &Ty) -> String {
    match of {
        Ty::Bool => "Bool".to_owned(),
        Ty::Int(int) => format!("{int:?}"),
        Ty::Float(FloatWidth::F32) => "F32".to_owned(),
        Ty::Float(FloatWidth::F64) => "F64".to_owned(),
        Ty::Str { max } => format!("Str({max})"),
        Ty::Bytes { max } => format!("Bytes({max})"),
        Ty::List { elem, max } => format!("List({}, {max})", ty(schema, elem)),
        Ty::Array { elem, len } => format!("Array({}, {len})", ty(schema, elem)),
        Ty::Map { key, value, max } => {
            format!("Map({}, {}, {max})", ty(schema, key), ty(schema, value))
        }
        Ty::Opt(inner) => format!("Opt({})", ty(schema, inner)),
        Ty::Ip => "Ip".to_owned(),
        Ty::SocketAddr => "SocketAddr".to_owned(),
        Ty::Uuid => "Uuid".to_owned(),
        Ty::Duration => "Duration".to_owned(),
        Ty::Timestamp => "Timestamp".to_owned(),
        Ty::Named(id) => schema.type_def(*id).meta.name.clone(),
    }
}

pub(super) fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Struct(_) => "a struct",
        TypeKind::Enum(_) => "an enum",
        TypeKind::Flags(_) => "flags",
        TypeKind::Union(_) => "a union",
    }
}

pub(super) fn constraint(of: Option<&Constraint>) -> String {
    match of {
        None => "any value".to_owned(),
        Some(Constraint::IntRange { min, max }) => format!("{min} to {max}"),
        Some(Constraint::FloatRange { min, max }) => {
            format!("{} to {}", float_text(*min), float_text(*max))
        }
        Some(Constraint::NonEmpty) => "not empty".to_owned(),
        Some(Constraint::Lengths(lengths)) => format!("a length out of {lengths:?}"),
    }
}
