//! Compares enums, flags and unions: what is chosen by a number.

use super::body;
use super::finding::Mark;
use super::pairing::pair;
use super::rule::Rule;
use super::walk::{Focus, Owner, Step, Walk, mark, marks};
use super::{shape, ty};
use crate::schema::{Enum, Flags, Meta, Reserved, Union, Variant};

/// An item that says `was`: the wire is the same, code that uses the name is not.
pub(super) fn renamed(walk: &mut Walk<'_>, owner: &Owner<'_>, what: &str) {
    if owner.old.name != owner.new.name {
        let message = || format!("{what} `{}` is called `{}` now", owner.old.name, owner.new.name);
        walk.note(Rule::Renamed, &owner.item, message, marks(owner.old, "", owner.new, ""));
    }
}

/// Room of a message or union.
pub(super) fn max_len(walk: &mut Walk<'_>, owner: &Owner<'_>, what: &str, old: u32, new: u32) {
    let (rule, word) = match old.cmp(&new) {
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Greater => (Rule::MaxLenNarrowed, "smaller"),
        std::cmp::Ordering::Less => (Rule::MaxLenWidened, "larger"),
    };
    let message = || format!("`max_len` of {what} `{}` is {word}", owner.item);
    let texts = (format!("at most {old} bytes"), format!("at most {new} bytes"));
    walk.report(
        rule,
        &owner.item,
        message,
        marks(owner.old, texts.0, owner.new, texts.1),
        Focus::Length,
    );
}

/// A member's path and both of its metas.
fn member<'a>(owner: &Owner<'a>, old: &'a Meta, new: &'a Meta) -> Owner<'a> {
    Owner { item: format!("{}.{}", owner.item, new.name), old, new }
}

/// A new member that has a reserved number.
fn reused<N: Copy + PartialEq + std::fmt::Display>(
    walk: &mut Walk<'_>,
    item: &str,
    new: &Meta,
    number: N,
    reserved: &[Reserved<N>],
) {
    if let Some(reserved) = reserved.iter().find(|reserved| reserved.value == number) {
        let message = || format!("`{item}` has the reserved number {number}");
        let was = Mark { span: reserved.span, text: "reserved here".to_owned() };
        walk.note(Rule::ReservedIdReused, item, message, [Some(was), mark(new, "used here")]);
    }
}

pub(super) fn enums<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Enum, new: &'a Enum) {
    ty::number(walk, owner, old.repr, new.repr);
    if old.closed != new.closed {
        let text = |closed| if closed { "closed" } else { "open" };
        let message = || {
            format!("enum `{}` was {}, and is {}", owner.item, text(old.closed), text(new.closed))
        };
        let marks = marks(owner.old, text(old.closed), owner.new, text(new.closed));
        walk.report(Rule::Openness, &owner.item, message, marks, Focus::UnknownNumber);
    }
    let pairing = pair(old.values.iter().map(|v| &v.meta), new.values.iter().map(|v| &v.meta));
    for (o, n) in pairing.both {
        let (old, new) = (&old.values[o], &new.values[n]);
        let value = member(owner, &old.meta, &new.meta);
        renamed(walk, &value, "value");
        if old.value != new.value {
            let message = || format!("`{}` was {}, and is {}", value.item, old.value, new.value);
            let marks = marks(&old.meta, old.value.to_string(), &new.meta, new.value.to_string());
            // Either number can show it, each to the other side's readers.
            walk.report(
                Rule::EnumRenumbered,
                &value.item,
                message,
                marks,
                Focus::Number(old.value),
            );
            walk.report(
                Rule::EnumRenumbered,
                &value.item,
                String::new,
                [None, None],
                Focus::Number(new.value),
            );
        }
    }
    for o in pairing.gone {
        let gone = &old.values[o];
        let focus = Focus::Number(gone.value);
        let successor =
            pairing.fresh.iter().map(|&n| &new.values[n]).find(|new| new.value == gone.value);
        if let Some(successor) = successor {
            let value = member(owner, &gone.meta, &successor.meta);
            renamed_without_was(walk, &value, &gone.value.to_string(), focus);
            continue;
        }
        let item = format!("{}.{}", owner.item, gone.meta.name);
        let message = || format!("value `{item}` was removed");
        let marks = marks(&gone.meta, gone.value.to_string(), owner.new, "not in here");
        let reserved = new.reserved_ids.iter().any(|reserved| reserved.value == gone.value);
        let taken = new.values.iter().any(|value| value.value == gone.value);
        if old.closed || new.closed || !(reserved || taken) {
            walk.report(Rule::EnumRemoved, &item, message, marks, focus);
        } else {
            walk.note(Rule::Gone, &item, message, marks);
        }
    }
    for n in pairing.fresh {
        let fresh = &new.values[n];
        let item = format!("{}.{}", owner.item, fresh.meta.name);
        let message = || format!("value `{item}` is new");
        let marks = [mark(owner.old, "not in here"), mark(&fresh.meta, fresh.value.to_string())];
        reused(walk, &item, &fresh.meta, fresh.value, &old.reserved_ids);
        if old.values.iter().any(|value| value.value == fresh.value) {
            continue;
        }
        if old.closed {
            walk.report(Rule::ClosedEnumGrew, &item, message, marks, Focus::Number(fresh.value));
        } else {
            walk.note(Rule::NewChoice, &item, message, marks);
        }
    }
}

fn renamed_without_was(walk: &mut Walk<'_>, member: &Owner<'_>, place: &str, focus: Focus) {
    let message = || format!("`{}` stands where `{}` stood", member.item, member.old.name);
    let marks = marks(member.old, place, member.new, place);
    walk.report(Rule::RenamedWithoutWas, &member.item, message, marks, focus);
}

pub(super) fn flags<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Flags, new: &'a Flags) {
    ty::number(walk, owner, old.repr, new.repr);
    let pairing = pair(old.bits.iter().map(|b| &b.meta), new.bits.iter().map(|b| &b.meta));
    for (o, n) in pairing.both {
        let (old, new) = (&old.bits[o], &new.bits[n]);
        let flag = member(owner, &old.meta, &new.meta);
        renamed(walk, &flag, "flag");
        if old.bit != new.bit {
            let message =
                || format!("flag `{}` was bit {}, and is bit {}", flag.item, old.bit, new.bit);
            let marks =
                marks(&old.meta, format!("bit {}", old.bit), &new.meta, format!("bit {}", new.bit));
            walk.report(Rule::FlagMoved, &flag.item, message, marks, Focus::Bit(old.bit));
            walk.report(
                Rule::FlagMoved,
                &flag.item,
                String::new,
                [None, None],
                Focus::Bit(new.bit),
            );
        }
    }
    for o in pairing.gone {
        let gone = &old.bits[o];
        let successor = pairing.fresh.iter().map(|&n| &new.bits[n]).find(|new| new.bit == gone.bit);
        if let Some(successor) = successor {
            let flag = member(owner, &gone.meta, &successor.meta);
            renamed_without_was(walk, &flag, &format!("bit {}", gone.bit), Focus::Bit(gone.bit));
            continue;
        }
        let item = format!("{}.{}", owner.item, gone.meta.name);
        let message = || format!("flag `{item}` was removed");
        let marks = marks(&gone.meta, format!("bit {}", gone.bit), owner.new, "not in here");
        let kept = new.reserved_ids.iter().any(|reserved| reserved.value == gone.bit)
            || new.bits.iter().any(|bit| bit.bit == gone.bit);
        let rule = if kept { Rule::Gone } else { Rule::FlagRemoved };
        walk.note(rule, &item, message, marks);
    }
    for n in pairing.fresh {
        let fresh = &new.bits[n];
        let item = format!("{}.{}", owner.item, fresh.meta.name);
        reused(walk, &item, &fresh.meta, fresh.bit, &old.reserved_ids);
    }
}

pub(super) fn unions<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Union, new: &'a Union) {
    max_len(walk, owner, "union", old.max_len, new.max_len);
    let pairing = pair(old.variants.iter().map(|v| &v.meta), new.variants.iter().map(|v| &v.meta));
    for (o, n) in pairing.both {
        variants(walk, owner, &old.variants[o], &new.variants[n]);
    }
    for o in pairing.gone {
        let gone = &old.variants[o];
        let id = gone.id;
        let focus = Focus::Variant { old: Some(id), new: None };
        let successor = pairing.fresh.iter().map(|&n| &new.variants[n]).find(|new| new.id == id);
        if let Some(successor) = successor {
            let variant = member(owner, &gone.meta, &successor.meta);
            let focus = Focus::Variant { old: Some(id), new: Some(id) };
            if shape::similar_bodies(walk.old, &gone.body, walk.new, &successor.body) {
                renamed_without_was(walk, &variant, &format!("id {id}"), focus);
            } else {
                let message = || {
                    format!("id {id} was variant `{}`, and is `{}`", gone.meta.name, variant.item)
                };
                let marks =
                    marks(&gone.meta, format!("id {id}"), &successor.meta, format!("id {id}"));
                walk.report(Rule::VariantIdReused, &variant.item, message, marks, focus);
            }
            continue;
        }
        let item = format!("{}.{}", owner.item, gone.meta.name);
        let message = || format!("variant `{item}` was removed");
        let marks = marks(&gone.meta, format!("id {id}"), owner.new, "not in here");
        let kept = new.reserved_ids.iter().any(|reserved| reserved.value == id)
            || new.variants.iter().any(|variant| variant.id == id);
        if id.is_multiple_of(2) {
            walk.report(Rule::EvenRemoved, &item, message, marks, focus);
        } else if !kept {
            walk.report(Rule::VariantRemoved, &item, message, marks, focus);
        } else {
            walk.note(Rule::Gone, &item, message, marks);
        }
    }
    for n in pairing.fresh {
        new_variant(walk, owner, (old, new), &new.variants[n]);
    }
}

fn variants<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Variant, new: &'a Variant) {
    let variant = member(owner, &old.meta, &new.meta);
    renamed(walk, &variant, "variant");
    if old.id != new.id {
        let rule = if old.id % 2 == new.id % 2 { Rule::VariantId } else { Rule::Parity };
        let message = || format!("variant `{}` has another id", variant.item);
        let marks = marks(&old.meta, format!("id {}", old.id), &new.meta, format!("id {}", new.id));
        let focus = Focus::Variant { old: Some(old.id), new: Some(new.id) };
        return walk.report(rule, &variant.item, message, marks, focus);
    }
    let segment = format!(".{}", new.meta.name);
    walk.step(Step::Variant { old: old.id, new: new.id }, &segment, |walk| {
        let at = body::At { owner: &variant, frozen: false, skip_call: false };
        body::compare(walk, &at, &old.body, &new.body);
    });
}

fn new_variant<'a>(
    walk: &mut Walk<'a>,
    owner: &Owner<'a>,
    (old, new): (&'a Union, &'a Union),
    fresh: &'a Variant,
) {
    let item = format!("{}.{}", owner.item, fresh.meta.name);
    let id = fresh.id;
    let focus = Focus::Variant { old: None, new: Some(id) };
    let message = || format!("variant `{item}` is new");
    reused(walk, &item, &fresh.meta, id, &old.reserved_ids);
    if let Some(holder) = old.variants.iter().find(|variant| variant.id == id) {
        // Where the old variant is gone, that is the finding.
        let meta = &holder.meta;
        let kept = new
            .variants
            .iter()
            .map(|variant| &variant.meta)
            .any(|now| now.name == meta.name || now.was.as_ref() == Some(&meta.name));
        if !kept {
            return;
        }
        let message = || format!("id {id} was variant `{}`, and is `{item}`", holder.meta.name);
        let marks = marks(&holder.meta, format!("id {id}"), &fresh.meta, format!("id {id}"));
        walk.report(Rule::VariantIdReused, &item, message, marks, focus);
    } else if id.is_multiple_of(2) {
        let marks = [mark(owner.old, "not in here"), mark(&fresh.meta, format!("id {id} is even"))];
        walk.report(Rule::NewCritical, &item, message, marks, focus);
    } else {
        let marks = [mark(owner.old, "not in here"), mark(&fresh.meta, "")];
        walk.note(Rule::NewChoice, &item, message, marks);
    }
}
