//! Compares two bodies: of a message, a struct or a variant.

use super::finding::Mark;
use super::pairing::{Pairing, Slot, fields, pair_fields};
use super::rule::Rule;
use super::walk::{Focus, Owner, Step, Walk, mark, marks};
use super::{choice, constraint, shape, ty};
use crate::schema::{Body, Field, UnknownPolicy};

/// What the bodies belong to.
#[derive(Clone, Copy)]
pub(super) struct At<'o, 'a> {
    pub(super) owner: &'o Owner<'a>,
    /// Of a frozen struct.
    pub(super) frozen: bool,
    /// Of a message whose pair changed: the generated `call` is no change of its own.
    pub(super) skip_call: bool,
}

type Fields<'a> = Vec<(Slot, &'a Field)>;

pub(super) fn compare<'a>(walk: &mut Walk<'a>, at: &At<'_, 'a>, old: &'a Body, new: &'a Body) {
    let (olds, news) = (fields(old), fields(new));
    let pairing = pair_fields(&olds, &news);
    let replaced = replaced(walk, &olds, &news, &pairing, old.head.len() == new.head.len());
    for &(o, n) in &pairing.both {
        both(walk, at, (olds[o], old), (news[n], new));
    }
    reordered(walk, at, &olds, &news, &pairing);
    for &(o, n) in &replaced {
        replacement(walk, at, (olds[o], old), (news[n], new));
    }
    for &o in pairing.gone.iter().filter(|gone| replaced.iter().all(|(o, _)| o != *gone)) {
        gone(walk, at, olds[o], old, new);
    }
    for &n in pairing.fresh.iter().filter(|fresh| replaced.iter().all(|(_, n)| n != *fresh)) {
        fresh(walk, at, news[n], old, new);
    }
    unknown(walk, at, old.unknown, new.unknown);
}

fn path(at: &At<'_, '_>, field: &Field) -> String {
    format!("{}.{}", at.owner.item, field.meta.name)
}

fn tail_id(body: &Body, slot: Slot) -> Option<u16> {
    match slot {
        Slot::Head(_) => None,
        Slot::Tail(index) => body.tail.get(index).map(|tail| tail.id),
    }
}

/// Fields that vanished, each with the new one that stands in its place.
fn replaced(
    walk: &Walk<'_>,
    olds: &Fields<'_>,
    news: &Fields<'_>,
    pairing: &Pairing,
    same_len: bool,
) -> Vec<(usize, usize)> {
    let head_place = |o: usize, n: usize| {
        let same = matches!((olds[o].0, news[n].0), (Slot::Head(o), Slot::Head(n)) if o == n);
        same && (same_len || shape::similar(walk.old, &olds[o].1.ty, walk.new, &news[n].1.ty))
    };
    let mut found = Vec::new();
    for &o in &pairing.gone {
        if let Some(&n) = pairing.fresh.iter().find(|&&n| head_place(o, n)) {
            found.push((o, n));
        }
    }
    found
}

/// A field that both bodies have.
fn both<'a>(
    walk: &mut Walk<'a>,
    at: &At<'_, 'a>,
    ((old_slot, old), old_body): ((Slot, &'a Field), &'a Body),
    ((new_slot, new), new_body): ((Slot, &'a Field), &'a Body),
) {
    let owner = Owner { item: path(at, new), old: &old.meta, new: &new.meta };
    let item = owner.item.as_str();
    choice::renamed(walk, &owner, "field");
    match (tail_id(old_body, old_slot), tail_id(new_body, new_slot)) {
        (None, None) => {}
        (Some(was), Some(is)) if was == is => {}
        (Some(was), Some(is)) => {
            let rule = if was % 2 == is % 2 { Rule::TailId } else { Rule::Parity };
            let message = || format!("tail field `{item}` has another id");
            let marks = marks(&old.meta, format!("id {was}"), &new.meta, format!("id {is}"));
            let focus = Focus::Field { old: Some(old_slot), new: Some(new_slot) };
            walk.report(rule, item, message, marks, focus);
            return;
        }
        (was, _) => {
            let (old_text, new_text) = match was {
                None => ("required", "optional"),
                Some(_) => ("optional", "required"),
            };
            let message = || format!("field `{item}` was {old_text}, and is {new_text}");
            let marks = marks(&old.meta, old_text, &new.meta, new_text);
            let focus = Focus::Field { old: Some(old_slot), new: Some(new_slot) };
            walk.report(Rule::Optionality, item, message, marks, focus);
            return;
        }
    }
    let segment = format!(".{}", new.meta.name);
    walk.step(Step::Field { old: old_slot, new: new_slot }, &segment, |walk| {
        ty::compare(walk, &owner, &old.ty, &new.ty);
        constraint::compare(walk, &owner, old, new);
    });
}

/// Whether the head fields that both have stand in the same order.
fn reordered<'a>(
    walk: &mut Walk<'a>,
    at: &At<'_, 'a>,
    olds: &Fields<'a>,
    news: &Fields<'a>,
    pairing: &Pairing,
) {
    let heads = pairing.both.iter().filter_map(|&(o, n)| match (olds[o].0, news[n].0) {
        (Slot::Head(_), Slot::Head(place)) => Some((o, n, place)),
        _ => None,
    });
    let mut last = None;
    for (o, n, place) in heads {
        if last.is_some_and(|last| place < last) {
            let rule = if at.frozen { Rule::FrozenStruct } else { Rule::HeadReordered };
            let item = if at.frozen { at.owner.item.clone() } else { path(at, news[n].1) };
            let message = || format!("the fields of `{}` stand in another order", at.owner.item);
            let marks = marks(&olds[o].1.meta, "stood here", &news[n].1.meta, "stands here now");
            return walk.report(rule, &item, message, marks, Focus::Body);
        }
        last = Some(place);
    }
}

/// A head field that vanished, and the new one in its place.
fn replacement<'a>(
    walk: &mut Walk<'a>,
    at: &At<'_, 'a>,
    ((old_slot, old), _): ((Slot, &'a Field), &'a Body),
    ((new_slot, new), _): ((Slot, &'a Field), &'a Body),
) {
    let item = path(at, new);
    let message = || format!("`{item}` stands where `{}` stood", old.meta.name);
    let marks = marks(&old.meta, "gone", &new.meta, "in its place");
    let focus = Focus::Field { old: Some(old_slot), new: Some(new_slot) };
    walk.report(Rule::RenamedWithoutWas, &item, message, marks, focus);
    let owner = Owner { item: item.clone(), old: &old.meta, new: &new.meta };
    let segment = format!(".{}", new.meta.name);
    walk.step(Step::Field { old: old_slot, new: new_slot }, &segment, |walk| {
        ty::compare(walk, &owner, &old.ty, &new.ty);
        constraint::compare(walk, &owner, old, new);
    });
}

/// A field that only the old body has.
fn gone<'a>(
    walk: &mut Walk<'a>,
    at: &At<'_, 'a>,
    (slot, field): (Slot, &'a Field),
    old: &'a Body,
    new: &'a Body,
) {
    let item = path(at, field);
    let focus = Focus::Field { old: Some(slot), new: None };
    let Some(id) = tail_id(old, slot) else {
        if at.skip_call && field.meta.name == "call" {
            return;
        }
        let rule = if at.frozen { Rule::FrozenStruct } else { Rule::HeadRemoved };
        let message = || format!("required field `{item}` was removed");
        return walk.report(
            rule,
            &item,
            message,
            marks(&field.meta, "", at.owner.new, "not in here"),
            focus,
        );
    };
    let marks = marks(&field.meta, format!("id {id}"), at.owner.new, "not in here");
    let message = || format!("tail field `{item}` was removed");
    let successor = new.tail.iter().position(|tail| tail.id == id);
    let reserved = new.reserved_ids.iter().any(|reserved| reserved.value == id);
    if let Some(index) = successor {
        let tail = &new.tail[index];
        let other = format!("{}.{}", at.owner.item, tail.field.meta.name);
        let known = old.tail.iter().any(|old| old.field.meta.name == tail.field.meta.name);
        let similar = shape::similar(walk.old, &field.ty, walk.new, &tail.field.ty);
        let rule = if similar && !known { Rule::RenamedWithoutWas } else { Rule::TailIdReused };
        let message = || format!("tail id {id} was `{item}`, and is `{other}`");
        let marks = super::walk::marks(
            &field.meta,
            format!("id {id}"),
            &tail.field.meta,
            format!("id {id}"),
        );
        let focus = Focus::Field { old: Some(slot), new: Some(Slot::Tail(index)) };
        walk.report(rule, &other, message, marks, focus);
    } else if id % 2 == 0 {
        walk.report(Rule::EvenRemoved, &item, message, marks, focus);
    } else if !reserved {
        walk.report(Rule::TailRemoved, &item, message, marks, focus);
    } else {
        walk.note(Rule::Gone, &item, message, marks);
    }
}

/// A field that only the new body has.
fn fresh<'a>(
    walk: &mut Walk<'a>,
    at: &At<'_, 'a>,
    (slot, field): (Slot, &'a Field),
    old: &'a Body,
    new: &'a Body,
) {
    let item = path(at, field);
    let focus = Focus::Field { old: None, new: Some(slot) };
    let Some(id) = tail_id(new, slot) else {
        if at.skip_call && field.meta.name == "call" {
            return;
        }
        let rule = if at.frozen { Rule::FrozenStruct } else { Rule::HeadAdded };
        let message = || format!("required field `{item}` is new");
        return walk.report(
            rule,
            &item,
            message,
            marks(at.owner.old, "not in here", &field.meta, ""),
            focus,
        );
    };
    let message = || format!("tail field `{item}` is new");
    let label = |text: &str| [mark(at.owner.old, "not in here"), mark(&field.meta, text)];
    // Where an old field had the id, that one's change is the finding.
    let holder = old.tail.iter().find(|tail| tail.id == id);
    if let Some(holder) = holder {
        let moved = new.tail.iter().any(|tail| same(&holder.field, &tail.field))
            || new.head.iter().any(|field| same(&holder.field, field));
        if moved {
            let message =
                || format!("tail id {id} was `{}`, and is `{item}`", holder.field.meta.name);
            let marks =
                marks(&holder.field.meta, format!("id {id}"), &field.meta, format!("id {id}"));
            walk.report(Rule::TailIdReused, &item, message, marks, focus);
        }
        return;
    }
    if id % 2 == 0 {
        let marks = label(&format!("id {id} is even"));
        walk.report(Rule::NewCritical, &item, message, marks, focus);
    }
    if let Some(reserved) = old.reserved_ids.iter().find(|reserved| reserved.value == id) {
        let was = Some(Mark { span: reserved.span, text: "reserved here".to_owned() });
        let message = || format!("tail field `{item}` has the reserved id {id}");
        walk.note(Rule::ReservedIdReused, &item, message, [was, mark(&field.meta, "used here")]);
    }
    walk.note(Rule::NewField, &item, message, label(""));
}

fn same(old: &Field, new: &Field) -> bool {
    old.meta.name == new.meta.name || new.meta.was.as_ref() == Some(&old.meta.name)
}

fn unknown<'a>(walk: &mut Walk<'a>, at: &At<'_, 'a>, old: UnknownPolicy, new: UnknownPolicy) {
    if old != new {
        let text = |policy| match policy {
            UnknownPolicy::Skip => "unknown records are dropped",
            UnknownPolicy::Retain => "unknown records are kept",
        };
        let message = || format!("what becomes of unknown records in `{}` changed", at.owner.item);
        let marks = marks(at.owner.old, text(old), at.owner.new, text(new));
        walk.report(Rule::UnknownPolicy, &at.owner.item, message, marks, Focus::UnknownTail);
    }
}
