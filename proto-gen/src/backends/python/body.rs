//! The class of a message, a struct or a variant: its fields, and the table that says how they are
//! read and written.

use super::docstring;
use super::names::{self, annotation, codec, ruled};
use crate::backends::layout::constraint_text;
use crate::schema::{Body, Field, Schema, UnknownPolicy};

/// Whose body it is.
pub(super) struct Owner {
    pub(super) class: String,
    pub(super) base: &'static str,
    pub(super) doc: String,
    /// Class constants, as statements.
    pub(super) constants: Vec<String>,
}

/// Writes the class. `tail` is false for a frozen struct.
pub(super) fn class_of_body(
    schema: &Schema,
    out: &mut String,
    owner: &Owner,
    body: &Body,
    tail: bool,
) {
    out.push_str(&format!("\n\n@_dataclass\nclass {}({}):\n", owner.class, owner.base));
    docstring(out, "    ", &owner.doc);
    if !owner.constants.is_empty() {
        out.push('\n');
    }
    for constant in &owner.constants {
        out.push_str(&format!("    {constant}\n"));
    }
    let retain = tail && body.unknown == UnknownPolicy::Retain;
    attributes(schema, out, body, retain);
    table(schema, out, body, tail, retain);
}

fn attributes(schema: &Schema, out: &mut String, body: &Body, retain: bool) {
    for field in &body.head {
        let name = names::field(&field.meta.name);
        out.push_str(&format!("\n    {name}: {}\n", annotation(schema, &field.ty)));
        docstring(out, "    ", &super::doc(&field.meta));
    }
    for tail in &body.tail {
        let name = names::field(&tail.field.meta.name);
        let ty = annotation(schema, &tail.field.ty);
        out.push_str(&format!("\n    {name}: {ty} | None = None\n"));
        docstring(out, "    ", &super::doc(&tail.field.meta));
    }
    if retain {
        out.push_str("\n    retained: dict[int, bytes] = _field(default_factory=dict)\n");
        docstring(out, "    ", "Tail records that the spec does not know, by their odd ids.");
    }
}

fn table(schema: &Schema, out: &mut String, body: &Body, tail: bool, retain: bool) {
    out.push('\n');
    if !body.head.is_empty() {
        out.push_str("    _HEAD = (\n");
        for field in &body.head {
            out.push_str(&format!("        {},\n", entry(schema, field)));
        }
        out.push_str("    )\n");
    }
    if !body.tail.is_empty() {
        out.push_str("    _TAIL = {\n");
        for tail in &body.tail {
            out.push_str(&format!("        {}: {},\n", tail.id, entry(schema, &tail.field)));
        }
        out.push_str("    }\n");
    } else if tail {
        out.push_str("    _TAIL = {}\n");
    }
    if retain {
        out.push_str("    _RETAINS = True\n");
    }
}

fn entry(schema: &Schema, field: &Field) -> String {
    let text = field.constraint.as_ref().map_or(String::new(), constraint_text);
    let codec = ruled(&codec(schema, &field.ty), field.constraint.as_ref(), &text);
    let name = &field.meta.name;
    format!("_Field({name:?}, {:?}, {codec})", names::field(name))
}
