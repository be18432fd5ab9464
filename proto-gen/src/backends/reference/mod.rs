//! What the spec says, for a reader who implements or debugs the protocol: `REFERENCE.md`.

mod example;
mod markdown;
mod tables;

use markdown::{anchor, cell, heading_link, link};
use tables::{body, enumeration, flags, reserved};

use super::layout::{HEADER_LEN, Region, bytes_text, count, size_text, spec_name};
use super::{Backend, OutputFile};
use crate::schema::{
    ConstValue, FIRST_FREE_ID, Message, Meta, Pair, Schema, Set, Size, TypeDef, TypeKind,
    UnknownPolicy,
};

#[cfg(test)]
mod tests;

/// Writes the reference.
#[derive(Clone, Copy, Debug)]
pub struct Reference;

impl Backend for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn files(&self, schema: &Schema) -> Vec<OutputFile> {
        vec![OutputFile { path: "REFERENCE.md".to_owned(), text: reference(schema) }]
    }
}

fn reference(schema: &Schema) -> String {
    let mut out = format!(
        "# {}: reference\n\n{}\n\nSpec version {}. Generated from `{}` by `proto-gen build`; do not \
         edit. How records, types and streams are written is in netport's `spec/WIRE.md`, as are \
         netport's own messages, whose ids are below {FIRST_FREE_ID:#06x}.\n\n\
         Sizes are those of a message's value, without the {HEADER_LEN} bytes of its frame's \
         header; offsets are counted from the value's first byte. `..` is an offset that depends \
         on what stands before, `n` a length or count that stands before what it counts. The \
         examples show how values are written, with values that are made up.\n\n",
        schema.name,
        schema.doc,
        schema.version,
        spec_name(schema)
    );
    contents(schema, &mut out);
    constants(schema, &mut out);
    for set in &schema.sets {
        out.push_str(&format!("## Set {}\n\n{}\n\n", set.meta.name, set.meta.doc));
        for message in &set.messages {
            message_section(schema, set, message, &mut out);
        }
    }
    if !schema.types.is_empty() {
        out.push_str("## Types\n\n");
    }
    for def in &schema.types {
        type_section(schema, def, &mut out);
    }
    evolution(schema, &mut out);
    // One line break at the end, not two.
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn contents(schema: &Schema, out: &mut String) {
    out.push_str("## Contents\n\n");
    let constants = (!schema.constants.is_empty()).then(|| "Constants".to_owned());
    let sets = schema.sets.iter().map(|set| format!("Set {}", set.meta.name));
    let types = (!schema.types.is_empty()).then(|| "Types".to_owned());
    let chapters = constants.into_iter().chain(sets).chain(types).chain(["What may change".into()]);
    for chapter in chapters {
        out.push_str(&format!("- {}\n", heading_link(&chapter)));
    }
    out.push_str("\n| id | message | set | value in bytes | purpose |\n");
    out.push_str("| --- | --- | --- | --- | --- |\n");
    for set in &schema.sets {
        for message in &set.messages {
            out.push_str(&format!(
                "| `{:#06x}` | {} | {} | {} | {} |\n",
                message.id,
                link(&message.meta.name),
                set.meta.name,
                sizes(message),
                cell(&message.meta.doc)
            ));
        }
    }
    out.push('\n');
    let types: Vec<String> = schema.types.iter().map(|def| link(&def.meta.name)).collect();
    if !types.is_empty() {
        out.push_str(&format!("Types: {}.\n\n", types.join(", ")));
    }
}

fn constants(schema: &Schema, out: &mut String) {
    if schema.constants.is_empty() {
        return;
    }
    out.push_str("## Constants\n\n| name | type | value | meaning |\n| --- | --- | --- | --- |\n");
    for constant in &schema.constants {
        let (ty, value) = match &constant.value {
            ConstValue::Bool(value) => ("Bool".to_owned(), value.to_string()),
            ConstValue::Unsigned(int, value) => {
                (format!("{int:?}"), format!("{} ({value:#x})", count_wide(*value)))
            }
            ConstValue::Signed(int, value) => (format!("{int:?}"), value.to_string()),
            ConstValue::Float(width, value) => (format!("{width:?}"), format!("{value:?}")),
            ConstValue::Str(text) => ("Str".to_owned(), format!("`{text:?}`")),
        };
        let name = &constant.meta.name;
        out.push_str(&format!(
            "| `{name}` | {ty} | {} | {} |\n",
            cell(&value),
            about(&constant.meta)
        ));
    }
    out.push('\n');
}

fn count_wide(number: u128) -> String {
    u64::try_from(number).map_or_else(|_| number.to_string(), count)
}

fn message_section(schema: &Schema, set: &Set, message: &Message, out: &mut String) {
    out.push_str(&format!(
        "{}\n### {} `{:#06x}`\n\n",
        anchor(&message.meta.name),
        message.meta.name,
        message.id
    ));
    out.push_str(&format!("{}\n\n", about(&message.meta)));
    out.push_str(&format!("- **Sent by:** {}.\n", senders(schema, message)));
    out.push_str(&format!("- **Since:** version {}.\n", message.meta.since));
    let parity = if message.id & 1 == 0 {
        "who does not know it refuses the link"
    } else {
        "who does not know it skips it"
    };
    out.push_str(&format!("- **Parity:** {parity}.\n"));
    if let Some(pair) = message.pair {
        let (text, id) = match pair {
            Pair::RequestOf(id) => ("Answered by", id),
            Pair::ResponseTo(id) => ("Answers", id),
        };
        let other = set.messages.iter().find(|other| other.id == id);
        let other = other.map_or_else(|| format!("{id:#06x}"), |other| link(&other.meta.name));
        out.push_str(&format!("- **{text}:** {other}; both begin with the same `call`.\n"));
    }
    out.push_str(&format!("- **Value:** {} bytes.\n\n", sizes(message)));
    let region = Region { start: 0, room: message.max_len.into(), has_tail: true };
    body(schema, &message.body, &region, out);
    example::message(schema, message, out);
}

/// `2..511 of at most 65,536`.
fn sizes(message: &Message) -> String {
    format!("{} of at most {}", size_text(message.size), count(message.max_len))
}

fn senders(schema: &Schema, message: &Message) -> String {
    let roles = schema.roles.map(|id| &schema.type_def(id).kind);
    let Some(TypeKind::Enum(roles)) = roles.filter(|_| !message.from.is_empty()) else {
        return "anyone".to_owned();
    };
    let names = message.from.iter().map(|role| {
        let named = roles.values.iter().find(|value| value.value == *role);
        named.map_or_else(|| role.to_string(), |value| value.meta.name.clone())
    });
    names.collect::<Vec<_>>().join(", ")
}

fn type_section(schema: &Schema, def: &TypeDef, out: &mut String) {
    let name = &def.meta.name;
    out.push_str(&format!("{}\n### {name}\n\n{}\n\n", anchor(name), about(&def.meta)));
    match &def.kind {
        TypeKind::Enum(kind) => enumeration(kind, out),
        TypeKind::Flags(kind) => flags(kind, out),
        TypeKind::Struct(kind) => {
            let (what, start) = match kind.extensible {
                Some(width) => (
                    format!(
                        "Extensible: a length of {}, which counts what follows it, then the \
                         fields, then tail records",
                        bytes_text(Size { min: width.bytes(), max: width.bytes() })
                    ),
                    width.bytes(),
                ),
                None => ("Frozen: it never changes".to_owned(), 0),
            };
            out.push_str(&format!("{what}. {}.\n\n", bytes_text(def.size)));
            let has_tail = kind.extensible.is_some();
            body(schema, &kind.body, &Region { start, room: def.size.max, has_tail }, out);
        }
        TypeKind::Union(kind) => {
            let largest = Size { min: def.size.min, max: u64::from(kind.max_len) + HEADER_LEN };
            out.push_str(&format!(
                "A record: the variant's id, the length of its value, its value; {}. An unknown \
                 odd variant is kept, an unknown even one refused.\n\n",
                bytes_text(largest)
            ));
            let region = Region { start: HEADER_LEN, room: kind.max_len.into(), has_tail: true };
            for variant in &kind.variants {
                let meta = &variant.meta;
                out.push_str(&format!(
                    "#### {name}.{} `{}`\n\n{}\n\n",
                    meta.name,
                    variant.id,
                    about(meta)
                ));
                body(schema, &variant.body, &region, out);
            }
            reserved("variant ids", &kind.reserved_ids, out);
            reserved("names", &kind.reserved_names, out);
        }
    }
}

/// An item's doc, and what is to be known about its history.
fn about(meta: &Meta) -> String {
    let mut text = cell(&meta.doc);
    if meta.since > 1 {
        text.push_str(&format!(" Since version {}.", meta.since));
    }
    if let Some(was) = &meta.was {
        text.push_str(&format!(" Was called `{was}`."));
    }
    if let Some(why) = &meta.deprecated {
        text.push_str(&format!(" **Deprecated:** {}", cell(why)));
    }
    text
}

fn evolution(schema: &Schema, out: &mut String) {
    out.push_str("## What may change\n\n");
    out.push_str(include_str!("evolution.md"));
    let retaining = schema.messages().filter(|m| m.body.unknown == UnknownPolicy::Retain);
    let names: Vec<String> = retaining.map(|message| link(&message.meta.name)).collect();
    if !names.is_empty() {
        out.push_str(&format!(
            "\nUnknown odd tail records are retained by {}.\n",
            names.join(", ")
        ));
    }
    out.push('\n');
    let ids: Vec<_> = schema.reserved_ids.iter().map(|id| format!("`{:#06x}`", id.value)).collect();
    if !ids.is_empty() {
        out.push_str(&format!("Reserved message ids: {}.\n\n", ids.join(", ")));
    }
    reserved("names", &schema.reserved_names, out);
}
