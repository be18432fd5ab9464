//! Numbers that stand for something on the wire: ids, values, bits. Unique, not reserved, in the
//! range of their place, and numbered in one style.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use super::cx::Cx;
use super::keys::{Keys, grouped, number};
use super::meta::reserved_twice;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::Node;
use crate::schema::{Reserved, Span};

/// First id of the range for private experiments.
pub(super) const PRIVATE_FIRST: u16 = 0xff00;

/// A number that was read, and how it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id<T> {
    pub(super) value: T,
    pub(super) span: Span,
    radix: u32,
}

/// A number that fits `most`; `what` names it in the mistake.
pub(super) fn read<T>(cx: &mut Cx, node: &Node, what: &str, most: u32) -> Option<Id<T>>
where
    T: TryFrom<u32>,
{
    let number = number(cx, node)?;
    let value = number
        .to_unsigned::<u32>()
        .filter(|value| *value <= most)
        .and_then(|value| T::try_from(value).ok());
    let Some(value) = value else {
        cx.report(Diagnostic::new(
            Code::NumberOutOfRange,
            node.span,
            format!("{what} is a number from 0 to {}", grouped(most.into())),
            "",
        ));
        return None;
    };
    Some(Id { value, span: node.span, radix: number.radix })
}

/// The numbers of a `reserved_ids` list.
pub(super) fn reserved<T>(cx: &mut Cx, keys: &Keys<'_>, most: u32) -> Vec<Reserved<T>>
where
    T: TryFrom<u32> + PartialEq + Display,
{
    let mut reserved: Vec<Reserved<T>> = Vec::new();
    for node in keys.list(cx, "reserved_ids") {
        let Some(id) = read::<T>(cx, node, "a reserved id", most) else { continue };
        if let Some(first) = reserved.iter().find(|first| first.value == id.value) {
            cx.report(reserved_twice(&id.value.to_string(), id.span, first.span));
            continue;
        }
        reserved.push(Reserved { value: id.value, span: id.span });
    }
    reserved
}

/// Reports ids that occur twice or are reserved. `what` is the plain word: `id`, `value`, `bit`.
pub(super) fn distinct<T>(cx: &mut Cx, what: &str, ids: &[Id<T>], reserved: &[Reserved<T>])
where
    T: Copy + Eq + Hash + Display + Into<u32> + TryFrom<u32>,
{
    let mut first: HashMap<T, Span> = HashMap::new();
    for id in ids {
        let shown = show(id);
        if let Some(span) = first.get(&id.value) {
            cx.report(
                Diagnostic::new(
                    Code::DuplicateId,
                    id.span,
                    format!("the {what} {shown} is used twice"),
                    "again here",
                )
                .also(*span, "first used here")
                .maybe_help(
                    free(what, id, ids, reserved)
                        .map(|free| format!("give one of them a free number, {free} for example")),
                ),
            );
        } else {
            first.insert(id.value, id.span);
        }
        if let Some(first) = reserved.iter().find(|reserved| reserved.value == id.value) {
            cx.report(
                Diagnostic::new(
                    Code::ReservedId,
                    id.span,
                    format!("the {what} {shown} is reserved"),
                    "used here",
                )
                .also(first.span, "reserved here")
                .help(match free(what, id, ids, reserved) {
                    Some(free) => format!("take another {what}, {free} for example: {REUSED}"),
                    None => format!("take another {what}: {REUSED}"),
                }),
            );
        }
    }
}

const REUSED: &str = "an old spec gives this one another meaning";

/// The next number that is neither used nor reserved; of an id, one of the same parity.
fn free<T>(what: &str, id: &Id<T>, ids: &[Id<T>], reserved: &[Reserved<T>]) -> Option<String>
where
    T: Copy + Eq + Display + Into<u32> + TryFrom<u32>,
{
    let step = if what.ends_with("id") { 2 } else { 1 };
    let taken = |value: &T| {
        ids.iter().any(|id| id.value == *value) || reserved.iter().any(|r| r.value == *value)
    };
    let after = std::iter::successors(Some(id.value.into()), |value: &u32| value.checked_add(step));
    let value = after.map_while(|value| T::try_from(value).ok()).find(|value| !taken(value))?;
    Some(show(&Id { value, ..*id }))
}

/// The number as the spec writes it.
pub(super) fn show<T: Display>(id: &Id<T>) -> String {
    let decimal = id.value.to_string();
    match (id.radix, decimal.parse::<u64>()) {
        (16, Ok(value)) => format!("{value:#06x}"),
        _ => decimal,
    }
}

/// Lints the numbering of a list: ascending, in one notation.
pub(super) fn style<T>(cx: &mut Cx, what: &str, ids: &[Id<T>])
where
    T: Copy + Ord + Display,
{
    for pair in ids.windows(2) {
        if pair[1].value < pair[0].value {
            cx.report(
                Diagnostic::new(
                    Code::IdOrder,
                    pair[1].span,
                    format!("the {what} {} stands after a greater one", show(&pair[1])),
                    "",
                )
                .also(pair[0].span, "this one is greater")
                .help("sort the list, so that the next free number can be seen"),
            );
        }
    }
    if let Some(other) = ids.iter().find(|id| id.radix != ids[0].radix) {
        cx.report(
            Diagnostic::new(
                Code::IdNotation,
                other.span,
                "two notations for the numbers of one list",
                "",
            )
            .also(ids[0].span, "the first is written differently"),
        );
    }
}

/// Lints gaps wider than the parity rule explains: something was there, or it looks like it.
pub(super) fn gaps(cx: &mut Cx, what: &str, ids: &[Id<u16>], reserved: &[Reserved<u16>]) {
    let mut sorted: Vec<&Id<u16>> = ids.iter().collect();
    sorted.sort_by_key(|id| id.value);
    for pair in sorted.windows(2) {
        let (from, to) = (pair[0].value, pair[1].value);
        let explained = reserved.iter().any(|r| from < r.value && r.value < to);
        if to - from > 2 && to < PRIVATE_FIRST && !explained {
            cx.report(
                Diagnostic::new(
                    Code::IdGap,
                    pair[1].span,
                    format!("no {what} between {from} and {to}"),
                    "",
                )
                .also(pair[0].span, "the one before")
                .help("reserve what was there (`reserved_ids: [...]`), or use the next number"),
            );
        }
    }
}

/// Lints ids of the range for private experiments.
pub(super) fn private(cx: &mut Cx, ids: &[Id<u16>]) {
    for id in ids.iter().filter(|id| id.value >= PRIVATE_FIRST) {
        cx.report(
            Diagnostic::new(
                Code::PrivateId,
                id.span,
                format!("{} is an id for private experiments", show(id)),
                "",
            )
            .help("take an id below 0xff00 before others come to rely on this one"),
        );
    }
}
