//! Compares two types by the bytes they write, and follows what they contain.

use super::rule::Rule;
use super::walk::{Focus, Owner, Step, Walk, marks};
use super::{body, choice, describe, shape};
use crate::schema::{FloatWidth, Int, LenWidth, Struct, Ty, TypeId, TypeKind};

/// Compares the types of `owner`, which is a field.
pub(super) fn compare<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Ty, new: &'a Ty) {
    match (old, new) {
        (Ty::Int(old), Ty::Int(new)) => number(walk, owner, *old, *new),
        (Ty::Float(old), Ty::Float(new)) if old != new => {
            let name = |width: &FloatWidth| match width {
                FloatWidth::F32 => "F32",
                FloatWidth::F64 => "F64",
            };
            changed(walk, owner, Rule::Width, name(old), name(new));
        }
        (Ty::Str { max: old }, Ty::Str { max: new })
        | (Ty::Bytes { max: old }, Ty::Bytes { max: new }) => bound(walk, owner, *old, *new),
        (Ty::List { elem: old_elem, max: old }, Ty::List { elem: new_elem, max: new }) => {
            bound(walk, owner, *old, *new);
            walk.step(Step::Elem, "[]", |walk| compare(walk, owner, old_elem, new_elem));
        }
        (
            Ty::Map { key: old_key, value: old_value, max: old },
            Ty::Map { key: new_key, value: new_value, max: new },
        ) => {
            bound(walk, owner, *old, *new);
            walk.step(Step::Key, "[].key", |walk| compare(walk, owner, old_key, new_key));
            walk.step(Step::MapValue, "[].value", |walk| {
                compare(walk, owner, old_value, new_value)
            });
        }
        (Ty::Array { elem: old_elem, len: old }, Ty::Array { elem: new_elem, len: new }) => {
            if old != new {
                let texts = (format!("{old} elements"), format!("{new} elements"));
                changed(walk, owner, Rule::ArrayLength, &texts.0, &texts.1);
            }
            walk.step(Step::Elem, "[]", |walk| compare(walk, owner, old_elem, new_elem));
        }
        (Ty::Opt(old), Ty::Opt(new)) => {
            walk.step(Step::Some, "", |walk| compare(walk, owner, old, new));
        }
        (Ty::Opt(_), _) => changed(walk, owner, Rule::Optionality, "optional", "required"),
        (_, Ty::Opt(_)) => changed(walk, owner, Rule::Optionality, "required", "optional"),
        (Ty::Named(old), Ty::Named(new)) => named(walk, owner, *old, *new),
        (old, new) if old == new => {}
        (old, new) => other(walk, owner, old, new),
    }
}

/// Types of different kinds.
fn other<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Ty, new: &'a Ty) {
    let same_bytes = shape::of(walk.old, old) == shape::of(walk.new, new);
    let rule = if same_bytes { Rule::Meaning } else { Rule::Retyped };
    let texts = (describe::ty(walk.old, old), describe::ty(walk.new, new));
    changed(walk, owner, rule, &texts.0, &texts.1);
}

fn changed<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, rule: Rule, old: &str, new: &str) {
    let message = || format!("`{}` was {old}, and is {new}", owner.item);
    let marks = marks(owner.old, format!("was {old}"), owner.new, format!("is {new}"));
    walk.report(rule, &owner.item, message, marks, Focus::Type);
}

pub(super) fn number<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: Int, new: Int) {
    let rule = match (old.bytes() == new.bytes(), old.is_signed() == new.is_signed()) {
        (true, true) => return,
        (true, false) => Rule::Signedness,
        (false, _) => Rule::Width,
    };
    changed(walk, owner, rule, &format!("{old:?}"), &format!("{new:?}"));
}

/// Bounds of one kind of type.
fn bound<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: u32, new: u32) {
    let rule = match (LenWidth::for_bound(old) == LenWidth::for_bound(new), old.cmp(&new)) {
        (_, std::cmp::Ordering::Equal) => return,
        (false, _) => Rule::LengthPrefix,
        (true, std::cmp::Ordering::Greater) => Rule::BoundNarrowed,
        (true, std::cmp::Ordering::Less) => Rule::BoundWidened,
    };
    let message = || format!("the bound of `{}` was {old}, and is {new}", owner.item);
    let marks = marks(owner.old, format!("at most {old}"), owner.new, format!("at most {new}"));
    walk.report(rule, &owner.item, message, marks, Focus::Type);
}

fn named<'a>(walk: &mut Walk<'a>, field: &Owner<'a>, old_id: TypeId, new_id: TypeId) {
    let (old, new) = (walk.old.type_def(old_id), walk.new.type_def(new_id));
    if walk.types.get(&old_id) != Some(&new_id) {
        other_name(walk, field, old_id, new_id);
    }
    if !walk.enter_types(old_id, new_id) {
        return;
    }
    let owner = Owner { item: new.meta.name.clone(), old: &old.meta, new: &new.meta };
    match (&old.kind, &new.kind) {
        (TypeKind::Struct(old), TypeKind::Struct(new)) => structs(walk, &owner, old, new),
        (TypeKind::Enum(old), TypeKind::Enum(new)) => choice::enums(walk, &owner, old, new),
        (TypeKind::Flags(old), TypeKind::Flags(new)) => choice::flags(walk, &owner, old, new),
        (TypeKind::Union(old), TypeKind::Union(new)) => choice::unions(walk, &owner, old, new),
        (old_kind, new_kind) => {
            let same_bytes =
                shape::of(walk.old, &Ty::Named(old_id)) == shape::of(walk.new, &Ty::Named(new_id));
            let rule = if same_bytes { Rule::Meaning } else { Rule::Retyped };
            let texts = (describe::kind(old_kind), describe::kind(new_kind));
            changed(walk, field, rule, texts.0, texts.1);
        }
    }
}

/// The field names a type that the old one did not become.
fn other_name<'a>(walk: &mut Walk<'a>, field: &Owner<'a>, old_id: TypeId, new_id: TypeId) {
    let (old, new) = (walk.old.type_def(old_id), walk.new.type_def(new_id));
    if walk.types.contains_key(&old_id) {
        let message =
            || format!("`{}` was a `{}`, and is a `{}`", field.item, old.meta.name, new.meta.name);
        let marks = marks(field.old, "", field.new, "");
        walk.note(Rule::OtherTypeName, &field.item, message, marks);
    } else if !walk.types.values().any(|id| *id == new_id) {
        let message = || format!("type `{}` stands where `{}` stood", new.meta.name, old.meta.name);
        let marks = marks(&old.meta, "gone", &new.meta, "in its place");
        walk.note(Rule::RenamedWithoutWas, &new.meta.name, message, marks);
    }
}

fn structs<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Struct, new: &'a Struct) {
    let text = |width: Option<LenWidth>| match width {
        None => "frozen".to_owned(),
        Some(width) => format!("extensible, its length {} bytes wide", width.bytes()),
    };
    if old.extensible != new.extensible {
        let rule = if old.extensible.is_some() && new.extensible.is_some() {
            Rule::ExtensibleWidth
        } else {
            Rule::Extensibility
        };
        changed(walk, owner, rule, &text(old.extensible), &text(new.extensible));
    }
    let frozen = old.extensible.is_none() && new.extensible.is_none();
    let at = body::At { owner, frozen, skip_call: false };
    body::compare(walk, &at, &old.body, &new.body);
}
