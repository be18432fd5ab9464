//! What no frame shows today: names and versions of the protocol, constants, reservations.

use super::finding::Mark;
use super::pairing::pair;
use super::rule::Rule;
use super::walk::{Walk, mark, marks};
use crate::schema::{Body, Reserved, Schema, Span, TypeKind};

pub(super) fn compare(walk: &mut Walk) {
    protocol(walk);
    constants(walk);
    let (old, new) = (walk.old, walk.new);
    ids(walk, "", &old.reserved_ids, &new.reserved_ids, |id| {
        new.messages().any(|message| message.id == id)
    });
    let items = item_names(new);
    names(walk, "", &old.reserved_names, &new.reserved_names, &items);
    types(walk);
    messages(walk);
}

/// The protocol has no name of its own to underline; its file stands for it.
fn file(text: String) -> Option<Mark> {
    Some(Mark { span: Span::default(), text })
}

fn protocol(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    if old.name != new.name {
        let message = || format!("the protocol was `{}`, and is `{}`", old.name, new.name);
        walk.note(
            Rule::ProtocolName,
            &new.name,
            message,
            [file(old.name.clone()), file(new.name.clone())],
        );
    }
    if new.version < old.version {
        let message = || format!("the version was {}, and is {}", old.version, new.version);
        let texts = [old.version, new.version].map(|version| file(format!("version {version}")));
        walk.note(Rule::VersionWentBack, &new.name, message, texts);
    }
}

fn constants(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let pairing =
        pair(old.constants.iter().map(|c| &c.meta), new.constants.iter().map(|c| &c.meta));
    for (o, n) in pairing.both {
        let (old, new) = (&old.constants[o], &new.constants[n]);
        let item = new.meta.name.as_str();
        if old.value != new.value {
            let message = || format!("constant `{item}` changed");
            walk.note(Rule::ConstantChanged, item, message, marks(&old.meta, "", &new.meta, ""));
        }
        if old.meta.name != new.meta.name {
            let message = || format!("constant `{}` is called `{item}` now", old.meta.name);
            walk.note(Rule::Renamed, item, message, marks(&old.meta, "", &new.meta, ""));
        }
    }
    for o in pairing.gone {
        let gone = &old.constants[o];
        let successor =
            pairing.fresh.iter().map(|&n| &new.constants[n]).find(|new| new.value == gone.value);
        let item = gone.meta.name.as_str();
        match successor {
            Some(successor) => {
                let message =
                    || format!("constant `{}` stands where `{item}` stood", successor.meta.name);
                let marks = marks(&gone.meta, "gone", &successor.meta, "in its place");
                walk.note(Rule::RenamedWithoutWas, &successor.meta.name, message, marks);
            }
            None => {
                let message = || format!("constant `{item}` was removed");
                walk.note(Rule::ConstantChanged, item, message, [mark(&gone.meta, ""), None]);
            }
        }
    }
}

/// Reserved ids of one container; `used` says which ids its new form uses.
fn ids<N: Copy + PartialEq + std::fmt::Display>(
    walk: &mut Walk,
    container: &str,
    old: &[Reserved<N>],
    new: &[Reserved<N>],
    used: impl Fn(N) -> bool,
) {
    for gone in old.iter().filter(|old| new.iter().all(|new| new.value != old.value)) {
        // One that is in use again is reported with who uses it.
        if !used(gone.value) {
            let item = path(container, &gone.value.to_string());
            let message =
                || format!("the reservation of id {}{} was removed", gone.value, within(container));
            walk.note(Rule::ReservationRemoved, &item, message, [reserved(gone.span), None]);
        }
    }
}

/// Reserved names of one container; `used` are the names that its new form uses.
fn names(
    walk: &mut Walk,
    container: &str,
    old: &[Reserved<String>],
    new: &[Reserved<String>],
    used: &[(&str, Span)],
) {
    for gone in old.iter().filter(|old| new.iter().all(|new| new.value != old.value)) {
        let item = path(container, &gone.value);
        match used.iter().find(|(name, _)| *name == gone.value) {
            Some((_, span)) => {
                let message = || format!("the reserved name `{item}` is in use again");
                let used = Mark { span: *span, text: "used here".to_owned() };
                walk.note(
                    Rule::ReservedNameReused,
                    &item,
                    message,
                    [reserved(gone.span), Some(used)],
                );
            }
            None => {
                let message = || {
                    format!("the reservation of `{}`{} was removed", gone.value, within(container))
                };
                walk.note(Rule::ReservationRemoved, &item, message, [reserved(gone.span), None]);
            }
        }
    }
}

fn path(container: &str, item: &str) -> String {
    if container.is_empty() { item.to_owned() } else { format!("{container}.{item}") }
}

fn within(container: &str) -> String {
    if container.is_empty() { String::new() } else { format!(" in `{container}`") }
}

fn reserved(span: Span) -> Option<Mark> {
    Some(Mark { span, text: "reserved here".to_owned() })
}

/// Names of what the protocol's own name space holds.
fn item_names(schema: &Schema) -> Vec<(&str, Span)> {
    let types = schema.types.iter().map(|def| &def.meta);
    let messages = schema.messages().map(|message| &message.meta);
    let constants = schema.constants.iter().map(|constant| &constant.meta);
    let sets = schema.sets.iter().map(|set| &set.meta);
    let metas = types.chain(messages).chain(constants).chain(sets);
    metas.map(|meta| (meta.name.as_str(), meta.span)).collect()
}

fn body(walk: &mut Walk, container: &str, old: &Body, new: &Body) {
    ids(walk, container, &old.reserved_ids, &new.reserved_ids, |id| {
        new.tail.iter().any(|tail| tail.id == id)
    });
    let tail = new.tail.iter().map(|tail| &tail.field);
    let used: Vec<(&str, Span)> = new
        .head
        .iter()
        .chain(tail)
        .map(|field| (field.meta.name.as_str(), field.meta.span))
        .collect();
    names(walk, container, &old.reserved_names, &new.reserved_names, &used);
}

fn messages(walk: &mut Walk) {
    let old: Vec<_> = walk.old.messages().collect();
    let new: Vec<_> = walk.new.messages().collect();
    let pairing = pair(old.iter().map(|m| &m.meta), new.iter().map(|m| &m.meta));
    for (o, n) in pairing.both {
        body(walk, &new[n].meta.name, &old[o].body, &new[n].body);
    }
}

fn types(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let mut pairs: Vec<_> = walk.types.iter().map(|(o, n)| (*o, *n)).collect();
    pairs.sort();
    for (o, n) in pairs {
        let (old, new) = (old.type_def(o), new.type_def(n));
        let item = new.meta.name.as_str();
        match (&old.kind, &new.kind) {
            (TypeKind::Struct(old), TypeKind::Struct(new)) => {
                body(walk, item, &old.body, &new.body)
            }
            (TypeKind::Enum(old), TypeKind::Enum(new)) => {
                let used: Vec<_> =
                    new.values.iter().map(|v| (v.meta.name.as_str(), v.meta.span)).collect();
                ids(walk, item, &old.reserved_ids, &new.reserved_ids, |id| {
                    new.values.iter().any(|v| v.value == id)
                });
                names(walk, item, &old.reserved_names, &new.reserved_names, &used);
            }
            (TypeKind::Flags(old), TypeKind::Flags(new)) => {
                let used: Vec<_> =
                    new.bits.iter().map(|b| (b.meta.name.as_str(), b.meta.span)).collect();
                ids(walk, item, &old.reserved_ids, &new.reserved_ids, |id| {
                    new.bits.iter().any(|b| b.bit == id)
                });
                names(walk, item, &old.reserved_names, &new.reserved_names, &used);
            }
            (TypeKind::Union(old), TypeKind::Union(new)) => {
                let used: Vec<_> =
                    new.variants.iter().map(|v| (v.meta.name.as_str(), v.meta.span)).collect();
                ids(walk, item, &old.reserved_ids, &new.reserved_ids, |id| {
                    new.variants.iter().any(|v| v.id == id)
                });
                names(walk, item, &old.reserved_names, &new.reserved_names, &used);
                let variants = pair(
                    old.variants.iter().map(|v| &v.meta),
                    new.variants.iter().map(|v| &v.meta),
                );
                for (o, n) in variants.both {
                    let (old, new) = (&old.variants[o], &new.variants[n]);
                    body(walk, &format!("{item}.{}", new.meta.name), &old.body, &new.body);
                }
            }
            _ => {}
        }
    }
}
