//! Tables of fields, values and bits, with the pictures over them.

use std::fmt::Display;

use super::about;
use super::markdown::link;
use crate::backends::layout::{
    HEADER_LEN, Region, bound_text, bytes_text, constraint_text, count, diagram, rows, size_text,
    type_text, unit_text,
};
use crate::schema::{Body, Enum, Field, Flags, Reserved, Schema, Size, Ty, UnknownPolicy};

/// A body: its picture, its head, its tail.
pub(super) fn body(schema: &Schema, body: &Body, region: &Region, out: &mut String) {
    match (body.head.is_empty() && body.tail.is_empty(), region.has_tail) {
        (true, true) => out.push_str("No fields; later versions may add tail records.\n\n"),
        (true, false) => out.push_str("No fields.\n\n"),
        (false, _) => {}
    }
    if !body.head.is_empty() {
        let picture = diagram(schema, body, region);
        out.push_str(&format!("```text\n{picture}```\n\n"));
        out.push_str("| offset | field | type | bytes | meaning |\n");
        out.push_str("| --- | --- | --- | --- | --- |\n");
        for row in rows(schema, body, region) {
            let offset = row.offset.map_or("..".to_owned(), count);
            out.push_str(&field(schema, &offset, row.field, row.size));
        }
        out.push('\n');
    }
    if !body.tail.is_empty() {
        out.push_str("| tail id | field | type | record's bytes | meaning |\n");
        out.push_str("| --- | --- | --- | --- | --- |\n");
        for tail in &body.tail {
            let size = schema.size_of(&tail.field.ty);
            let header = Size { min: HEADER_LEN, max: HEADER_LEN };
            let size = region.limit(header.and(size));
            out.push_str(&field(schema, &tail.id.to_string(), &tail.field, size));
        }
        out.push('\n');
    }
    if region.has_tail && body.unknown == UnknownPolicy::Retain {
        out.push_str("Unknown odd tail records are retained.\n\n");
    }
    reserved("tail ids", &body.reserved_ids, out);
    reserved("names", &body.reserved_names, out);
}

fn field(schema: &Schema, place: &str, field: &Field, size: Size) -> String {
    let mut about = vec![about(&field.meta)];
    if let Some(bound) = bound_text(&field.ty) {
        about.push(format!("Length: {bound}."));
    }
    if let Some(unit) = unit_text(&field.ty) {
        about.push(format!("In {unit}."));
    }
    if let Some(constraint) = &field.constraint {
        about.push(format!("**Must be** {}.", constraint_text(constraint)));
    }
    let ty = linked_type(schema, &field.ty);
    let about = about.join(" ");
    let name = &field.meta.name;
    format!("| {place} | `{name}` | {ty} | {} | {} |\n", size_text(size), about.trim())
}

/// The type as the spec writes it, with links to the spec's own.
fn linked_type(schema: &Schema, ty: &Ty) -> String {
    match ty {
        Ty::Named(id) => link(&schema.type_def(*id).meta.name),
        Ty::List { elem, max } => format!("List({}, {})", linked_type(schema, elem), count(*max)),
        Ty::Array { elem, len } => format!("Array({}, {})", linked_type(schema, elem), count(*len)),
        Ty::Map { key, value, max } => {
            let (key, value) = (linked_type(schema, key), linked_type(schema, value));
            format!("Map({key}, {value}, {})", count(*max))
        }
        Ty::Opt(inner) => format!("Opt({})", linked_type(schema, inner)),
        _ => type_text(schema, ty),
    }
}

fn fixed_bytes(bytes: u64) -> String {
    bytes_text(Size { min: bytes, max: bytes })
}

pub(super) fn enumeration(def: &Enum, out: &mut String) {
    let open =
        if def.closed { "Closed: other values are refused" } else { "Open: other values are kept" };
    out.push_str(&format!("An enum of {}. {open}.\n\n", fixed_bytes(def.repr.bytes())));
    out.push_str("| value | name | meaning |\n| --- | --- | --- |\n");
    for value in &def.values {
        let name = &value.meta.name;
        out.push_str(&format!("| {} | `{name}` | {} |\n", value.value, about(&value.meta)));
    }
    out.push('\n');
    reserved("values", &def.reserved_ids, out);
    reserved("names", &def.reserved_names, out);
}

pub(super) fn flags(def: &Flags, out: &mut String) {
    let bytes = def.repr.bytes();
    out.push_str(&format!("Flags of {}. Unknown bits are kept.\n\n", fixed_bytes(bytes)));
    out.push_str("| bit | mask | name | meaning |\n| --- | --- | --- | --- |\n");
    for bit in &def.bits {
        let mask = 1_u64.checked_shl(bit.bit.into()).unwrap_or(0);
        let (bit, meta) = (bit.bit, &bit.meta);
        out.push_str(&format!("| {bit} | `{mask:#x}` | `{}` | {} |\n", meta.name, about(meta)));
    }
    out.push('\n');
    reserved("bits", &def.reserved_ids, out);
    reserved("names", &def.reserved_names, out);
}

/// What must not be used again.
pub(super) fn reserved<T: Display>(what: &str, reserved: &[Reserved<T>], out: &mut String) {
    if !reserved.is_empty() {
        let list: Vec<String> = reserved.iter().map(|item| format!("`{}`", item.value)).collect();
        out.push_str(&format!("Reserved {what}: {}.\n\n", list.join(", ")));
    }
}
