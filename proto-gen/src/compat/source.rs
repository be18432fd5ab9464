//! What breaks only the sources of who uses the generated code.

use super::pairing::pair;
use super::rule::Rule;
use super::walk::{Walk, mark, marks};
use crate::backends::rust::Types;
use crate::schema::{Body, Message, Meta, Schema, TypeKind};

pub(super) fn compare(walk: &mut Walk) {
    sets(walk);
    types(walk);
    messages(walk);
    deprecations(walk);
}

fn sets(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let pairing = pair(old.sets.iter().map(|s| &s.meta), new.sets.iter().map(|s| &s.meta));
    for (o, n) in pairing.both {
        let (was, is) = (&old.sets[o].meta, &new.sets[n].meta);
        if was.name != is.name {
            let message = || format!("set `{}` is called `{}` now", was.name, is.name);
            walk.note(Rule::Renamed, &is.name, message, marks(was, "", is, ""));
        }
    }
}

fn types(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let (had, has) = (Types::new(old), Types::new(new));
    let pairing = pair(old.types.iter().map(|t| &t.meta), new.types.iter().map(|t| &t.meta));
    for (o, n) in pairing.both {
        let (was, is) = (&old.types[o], &new.types[n]);
        let item = is.meta.name.as_str();
        if was.meta.name != is.meta.name {
            let message = || format!("type `{}` is called `{item}` now", was.meta.name);
            walk.note(Rule::Renamed, item, message, marks(&was.meta, "", &is.meta, ""));
        }
        if had.named(o).copy && !has.named(n).copy {
            lost(walk, Rule::LostCopy, "Copy", &was.meta, &is.meta);
        }
        if had.named(o).eq && !has.named(n).eq {
            lost(walk, Rule::LostEq, "Eq", &was.meta, &is.meta);
        }
    }
    for o in pairing.gone {
        let gone = &old.types[o];
        let message = || format!("type `{}` was removed", gone.meta.name);
        walk.note(Rule::Gone, &gone.meta.name, message, [mark(&gone.meta, ""), None]);
    }
}

/// Messages are never `Copy`, and `Eq` if all that they hold is.
fn messages(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let (had, has) = (Types::new(old), Types::new(new));
    let eq = |known: &Types, message: &Message| {
        message.body.fields().all(|field| known.of(&field.ty).eq)
    };
    let (olds, news): (Vec<_>, Vec<_>) = (old.messages().collect(), new.messages().collect());
    for (o, n) in pair(olds.iter().map(|m| &m.meta), news.iter().map(|m| &m.meta)).both {
        if eq(&had, olds[o]) && !eq(&has, news[n]) {
            lost(walk, Rule::LostEq, "Eq", &olds[o].meta, &news[n].meta);
        }
    }
}

fn lost(walk: &mut Walk, rule: Rule, name: &str, was: &Meta, is: &Meta) {
    let message = || format!("`{}` is no longer `{name}`", is.name);
    walk.note(rule, &is.name, message, marks(was, "", is, ""));
}

fn deprecations(walk: &mut Walk) {
    let old = items(walk.old);
    let old: std::collections::HashMap<&str, &Meta> =
        old.iter().map(|(path, meta)| (path.as_str(), *meta)).collect();
    for (path, new) in items(walk.new) {
        let Some(was) = old.get(path.as_str()) else { continue };
        if was.deprecated.is_none() && new.deprecated.is_some() {
            let message = || format!("`{path}` is deprecated now");
            walk.note(Rule::Deprecated, &path, message, marks(was, "", new, ""));
        }
    }
}

/// Every item that can be deprecated, by its path.
fn items(schema: &Schema) -> Vec<(String, &Meta)> {
    let mut items = Vec::new();
    for constant in &schema.constants {
        items.push((constant.meta.name.clone(), &constant.meta));
    }
    for def in &schema.types {
        let name = &def.meta.name;
        items.push((name.clone(), &def.meta));
        let members: Vec<&Meta> = match &def.kind {
            TypeKind::Struct(def) => fields(&def.body).collect(),
            TypeKind::Enum(def) => def.values.iter().map(|value| &value.meta).collect(),
            TypeKind::Flags(def) => def.bits.iter().map(|bit| &bit.meta).collect(),
            TypeKind::Union(def) => {
                for variant in &def.variants {
                    let path = format!("{name}.{}", variant.meta.name);
                    items.extend(fields(&variant.body).map(|m| (format!("{path}.{}", m.name), m)));
                }
                def.variants.iter().map(|variant| &variant.meta).collect()
            }
        };
        items.extend(members.into_iter().map(|meta| (format!("{name}.{}", meta.name), meta)));
    }
    for message in schema.messages() {
        let name = &message.meta.name;
        items.push((name.clone(), &message.meta));
        items.extend(fields(&message.body).map(|meta| (format!("{name}.{}", meta.name), meta)));
    }
    items
}

fn fields(body: &Body) -> impl Iterator<Item = &Meta> {
    let tail = body.tail.iter().map(|tail| &tail.field.meta);
    body.head.iter().map(|field| &field.meta).chain(tail)
}
