//! Which item of the new spec an item of the old one became: the one of the same name, or else the
//! one that says `was`.

use std::collections::HashMap;

use crate::schema::{Body, Field, Meta};

/// Two lists of items, matched; all by index.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Items that both lists have, in the old order.
    pub(super) both: Vec<(usize, usize)>,
    /// Items that only the old list has.
    pub(super) gone: Vec<usize>,
    /// Items that only the new list has.
    pub(super) fresh: Vec<usize>,
}

/// Matches two lists of items.
pub(super) fn pair<'m>(
    old: impl IntoIterator<Item = &'m Meta>,
    new: impl IntoIterator<Item = &'m Meta>,
) -> Pairing {
    let old: Vec<&Meta> = old.into_iter().collect();
    let by_name: HashMap<&str, usize> =
        old.iter().enumerate().map(|(index, meta)| (meta.name.as_str(), index)).collect();
    let mut became: Vec<Option<usize>> = vec![None; old.len()];
    let mut fresh = Vec::new();
    for (index, meta) in new.into_iter().enumerate() {
        // A `was` that outlived its release names something that the old list no longer has.
        let was = || meta.was.as_deref().and_then(|was| by_name.get(was));
        match by_name.get(meta.name.as_str()).or_else(was) {
            Some(&found) if became[found].is_none() => became[found] = Some(index),
            _ => fresh.push(index),
        }
    }
    let both = became.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect();
    let gone = (0..old.len()).filter(|&index| became[index].is_none()).collect();
    Pairing { both, gone, fresh }
}

/// Where a field stands in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Index into `Body::head`.
    Head(usize),
    /// Index into `Body::tail`.
    Tail(usize),
}

/// Every field of a body, the head first.
pub(super) fn fields(body: &Body) -> Vec<(Slot, &Field)> {
    let head = body.head.iter().enumerate().map(|(index, field)| (Slot::Head(index), field));
    let tail = body.tail.iter().enumerate().map(|(index, tail)| (Slot::Tail(index), &tail.field));
    head.chain(tail).collect()
}

/// The field in a slot.
pub(super) fn field(body: &Body, slot: Slot) -> Option<&Field> {
    match slot {
        Slot::Head(index) => body.head.get(index),
        Slot::Tail(index) => body.tail.get(index).map(|tail| &tail.field),
    }
}

/// Matches the fields of two bodies, by index into [`fields`].
pub(super) fn pair_fields(old: &[(Slot, &Field)], new: &[(Slot, &Field)]) -> Pairing {
    pair(old.iter().map(|(_, field)| &field.meta), new.iter().map(|(_, field)| &field.meta))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metas(names: &[(&str, Option<&str>)]) -> Vec<Meta> {
        let meta = |(name, was): &(&str, Option<&str>)| Meta {
            name: (*name).to_owned(),
            was: was.map(str::to_owned),
            ..Meta::default()
        };
        names.iter().map(meta).collect()
    }

    #[test]
    fn matches_by_name_and_then_by_was() {
        let check =
            |old: &[_], new: &[_], both: &[(usize, usize)], gone: &[usize], fresh: &[usize]| {
                let (old, new) = (metas(old), metas(new));
                let pairing = pair(&old, &new);
                assert_eq!((&*pairing.both, &*pairing.gone, &*pairing.fresh), (both, gone, fresh));
            };
        check(
            &[("a", None), ("b", None)],
            &[("b", None), ("a", None)],
            &[(0, 1), (1, 0)],
            &[],
            &[],
        );
        check(&[("a", None)], &[("b", Some("a"))], &[(0, 0)], &[], &[]);
        check(&[("a", None)], &[("b", None)], &[], &[0], &[0]);
        // Renamed a release ago.
        check(&[("b", Some("a"))], &[("b", Some("a"))], &[(0, 0)], &[], &[]);
        // An old item becomes one new item at most.
        check(&[("a", None)], &[("a", None), ("b", Some("a"))], &[(0, 0)], &[], &[1]);
    }
}
