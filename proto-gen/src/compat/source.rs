//! What breaks only the sources of who uses the generated code.

use super::pairing::pair;
use super::rule::Rule;
use super::walk::{Walk, mark, marks};
use crate::schema::{Body, Meta, Schema, Ty, TypeDef, TypeId, TypeKind, UnknownPolicy};

pub(super) fn compare(walk: &mut Walk) {
    types(walk);
    deprecations(walk);
}

fn types(walk: &mut Walk) {
    let (old, new) = (walk.old, walk.new);
    let pairing = pair(old.types.iter().map(|t| &t.meta), new.types.iter().map(|t| &t.meta));
    for (o, n) in pairing.both {
        let (was, is) = (&old.types[o], &new.types[n]);
        let item = is.meta.name.as_str();
        if was.meta.name != is.meta.name {
            let message = || format!("type `{}` is called `{item}` now", was.meta.name);
            walk.note(Rule::Renamed, item, message, marks(&was.meta, "", &is.meta, ""));
        }
        lost(walk, was, is);
    }
    for o in pairing.gone {
        let gone = &old.types[o];
        let message = || format!("type `{}` was removed", gone.meta.name);
        walk.note(Rule::Gone, &gone.meta.name, message, [mark(&gone.meta, ""), None]);
    }
}

fn lost(walk: &mut Walk, was: &TypeDef, is: &TypeDef) {
    let item = is.meta.name.as_str();
    let (old, new) = (Traits(walk.old), Traits(walk.new));
    for (rule, name, lost) in [
        (Rule::LostCopy, "Copy", old.copy(was) && !new.copy(is)),
        (Rule::LostEq, "Eq", old.eq(was) && !new.eq(is)),
    ] {
        if lost {
            let message = || format!("type `{item}` is no longer `{name}`");
            walk.note(rule, item, message, marks(&was.meta, "", &is.meta, ""));
        }
    }
}

/// Which traits a generated type has.
struct Traits<'a>(&'a Schema);

impl Traits<'_> {
    fn copy(&self, def: &TypeDef) -> bool {
        self.all(
            def,
            &|ty| {
                !matches!(ty, Ty::Str { .. } | Ty::Bytes { .. } | Ty::List { .. } | Ty::Map { .. })
            },
            false,
        )
    }

    fn eq(&self, def: &TypeDef) -> bool {
        self.all(def, &|ty| !matches!(ty, Ty::Float(_)), true)
    }

    /// Whether every type inside has it; `unknown` says whether kept unknown bytes have it.
    fn all(&self, def: &TypeDef, has: &dyn Fn(&Ty) -> bool, unknown: bool) -> bool {
        let body = |body: &Body| {
            let tail = body.tail.iter().map(|tail| &tail.field);
            (unknown || body.unknown == UnknownPolicy::Skip)
                && body.head.iter().chain(tail).all(|field| self.ty(&field.ty, has, unknown))
        };
        match &def.kind {
            TypeKind::Struct(def) => body(&def.body),
            TypeKind::Enum(_) | TypeKind::Flags(_) => true,
            // An unknown variant is kept.
            TypeKind::Union(def) => unknown && def.variants.iter().all(|v| body(&v.body)),
        }
    }

    fn ty(&self, ty: &Ty, has: &dyn Fn(&Ty) -> bool, unknown: bool) -> bool {
        has(ty)
            && match ty {
                Ty::List { elem, .. } | Ty::Array { elem, .. } | Ty::Opt(elem) => {
                    self.ty(elem, has, unknown)
                }
                Ty::Map { key, value, .. } => {
                    self.ty(key, has, unknown) && self.ty(value, has, unknown)
                }
                Ty::Named(TypeId(index)) => self.all(&self.0.types[*index], has, unknown),
                _ => true,
            }
    }
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
