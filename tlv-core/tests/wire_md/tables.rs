//! The tables of messages, structs and enums, against the spec.

use std::path::Path;

use proto_gen::dynamic::FaultClass;
use proto_gen::schema::{Body, LenWidth, Message, Schema, Ty, TypeDef, TypeKind};

use crate::WIRE;

/// The spec, checked.
pub(crate) fn schema() -> Schema {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    proto_gen::load(spec).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// What stands under `#### NAME` up to the next heading, if there is such a heading.
fn section(name: &str) -> Option<&'static str> {
    let start = WIRE.find(&format!("\n#### `{name}`\n\n"))?;
    let text = WIRE[start..].split_once("\n\n")?.1;
    Some(text.split("\n#").next().unwrap_or(text))
}

/// The cells of a section's table, without its header.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let rows = section.lines().filter(|line| line.starts_with("| "));
    rows.skip(2).map(|row| row.trim_matches(['|', ' ']).split(" | ").collect()).collect()
}

#[test]
fn every_control_message_is_described_as_the_spec_has_it() {
    let schema = schema();
    let control = schema.sets.iter().find(|set| set.meta.name == "Control").expect("the set");
    for message in &control.messages {
        check_message(&schema, message);
    }
}

#[test]
fn what_else_is_described_is_as_the_spec_has_it() {
    let schema = schema();
    for message in schema.messages().filter(|message| section(&message.meta.name).is_some()) {
        check_message(&schema, message);
    }
    let described: Vec<_> = WIRE.lines().filter_map(|line| line.strip_prefix("#### `")).collect();
    for name in described.iter().map(|heading| heading.trim_end_matches('`')) {
        let is_message = schema.messages().any(|message| message.meta.name == name);
        let is_type = schema.types.iter().any(|ty| ty.meta.name == name);
        assert!(is_message || is_type, "the spec has no {name}");
    }
}

#[test]
fn every_type_that_a_described_message_uses_is_described_as_the_spec_has_it() {
    let schema = schema();
    let mut used = Vec::new();
    for message in schema.messages().filter(|message| section(&message.meta.name).is_some()) {
        collect_body(&schema, &message.body, &mut used);
    }
    for ty in used {
        check_type(&schema, ty);
    }
}

#[test]
fn every_class_of_fault_is_described() {
    let start = WIRE.find("\n## The first fault\n").expect("the section");
    let text = WIRE[start..].split("\n## ").nth(1).expect("its text");
    let cells = rows(text).into_iter().flat_map(|row| row[0].split(", ").collect::<Vec<_>>());
    let mut described: Vec<_> = cells.map(|class| class.trim_matches('`')).collect();
    described.sort_unstable();
    let classes: Vec<_> = FaultClass::ALL.iter().map(|class| class.name()).collect();
    assert_eq!(described, classes);
}

fn check_message(schema: &Schema, message: &Message) {
    let name = &message.meta.name;
    let section = section(name).unwrap_or_else(|| panic!("{name} is not described"));
    let mut facts = format!("id {:#06x}, `max_len` {}", message.id, grouped(message.max_len));
    for role in &message.from {
        facts += &format!(", from `{}`", role_name(schema, *role));
    }
    let begin = format!("{facts}. {}", message.meta.doc);
    assert!(section.starts_with(&begin), "{name} should begin:\n{begin}\nnot:\n{section}");
    check_fields(schema, name, &message.body, section);
}

fn check_type(schema: &Schema, ty: &TypeDef) {
    let name = &ty.meta.name;
    let section = section(name).unwrap_or_else(|| panic!("{name} is not described"));
    match &ty.kind {
        TypeKind::Struct(item) => {
            let kind = match item.extensible {
                None => "Frozen".into(),
                Some(LenWidth::U32) => "Extensible: U32".to_string(),
                Some(_) => "Extensible: U16".into(),
            };
            let begin = format!("{kind}. {}", ty.meta.doc);
            assert!(section.starts_with(&begin), "{name} should begin: {begin}");
            check_fields(schema, name, &item.body, section);
        }
        TypeKind::Enum(item) => {
            let openness = if item.closed { "closed" } else { "open" };
            let begin = format!("`{:?}`, {openness}. {}", item.repr, ty.meta.doc);
            assert!(section.starts_with(&begin), "{name} should begin: {begin}");
            let expected: Vec<_> = item
                .values
                .iter()
                .map(|value| {
                    let name = format!("`{}`", value.meta.name);
                    vec![value.value.to_string(), name, value.meta.doc.clone()]
                })
                .collect();
            assert_eq!(rows(section), expected, "{name}");
        }
        TypeKind::Flags(_) | TypeKind::Union(_) => panic!("say how to describe {name}"),
    }
}

fn check_fields(schema: &Schema, name: &str, body: &Body, section: &str) {
    let head = body.head.iter().map(|field| (format!("`{}`", field.meta.name), field));
    let tail = body
        .tail
        .iter()
        .map(|tail| (format!("`{}` (tail {})", tail.field.meta.name, tail.id), &tail.field));
    let expected: Vec<_> = head
        .chain(tail)
        .map(|(name, field)| vec![name, format!("`{}`", ty_text(schema, &field.ty))])
        .collect();
    if expected.is_empty() {
        assert!(section.contains("\n\nNo fields."), "{name} has no fields");
    }
    // The third cell is for people, in words of its own.
    let shown: Vec<_> = rows(section).iter().map(|row| row[..2].to_vec()).collect();
    assert_eq!(shown, expected, "{name}");
}

fn collect_body<'a>(schema: &'a Schema, body: &'a Body, used: &mut Vec<&'a TypeDef>) {
    let tail = body.tail.iter().map(|tail| &tail.field);
    body.head.iter().chain(tail).for_each(|field| collect(schema, &field.ty, used));
}

fn collect<'a>(schema: &'a Schema, ty: &'a Ty, used: &mut Vec<&'a TypeDef>) {
    match ty {
        Ty::List { elem, .. } | Ty::Array { elem, .. } | Ty::Opt(elem) => {
            collect(schema, elem, used);
        }
        Ty::Map { key, value, .. } => {
            collect(schema, key, used);
            collect(schema, value, used);
        }
        Ty::Named(id) => {
            let ty = schema.type_def(*id);
            used.push(ty);
            if let TypeKind::Struct(item) = &ty.kind {
                collect_body(schema, &item.body, used);
            }
        }
        _ => {}
    }
}

/// A type as the spec writes it, large numbers with commas.
fn ty_text(schema: &Schema, ty: &Ty) -> String {
    let text = |ty| ty_text(schema, ty);
    match ty {
        Ty::Int(int) => format!("{int:?}"),
        Ty::Float(width) => format!("{width:?}"),
        Ty::Str { max } => format!("Str({})", grouped(*max)),
        Ty::Bytes { max } => format!("Bytes({})", grouped(*max)),
        Ty::List { elem, max } => format!("List({}, {})", text(elem), grouped(*max)),
        Ty::Array { elem, len } => format!("Array({}, {})", text(elem), grouped(*len)),
        Ty::Map { key, value, max } => {
            format!("Map({}, {}, {})", text(key), text(value), grouped(*max))
        }
        Ty::Opt(inner) => format!("Opt({})", text(inner)),
        Ty::Named(id) => schema.type_def(*id).meta.name.clone(),
        Ty::Bool | Ty::Ip | Ty::SocketAddr | Ty::Uuid | Ty::Duration | Ty::Timestamp => {
            format!("{ty:?}")
        }
    }
}

fn role_name(schema: &Schema, role: u32) -> &str {
    let roles = schema.roles.map(|id| &schema.type_def(id).kind);
    let Some(TypeKind::Enum(roles)) = roles else { panic!("the spec names no roles") };
    let found = roles.values.iter().find(|value| value.value == role);
    &found.unwrap_or_else(|| panic!("no role {role}")).meta.name
}

/// A number with commas between the thousands.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}
