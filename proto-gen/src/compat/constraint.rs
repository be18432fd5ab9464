//! Compares what two constraints allow.

use super::describe;
use super::rule::Rule;
use super::walk::{Focus, Owner, Walk, marks};
use crate::schema::{Constraint, Field, Ty};

pub(super) fn compare<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Field, new: &'a Field) {
    let (was, is) = (old.constraint.as_ref(), new.constraint.as_ref());
    // Another kind of type is a finding of its own, and its constraint cannot be compared.
    if was == is || std::mem::discriminant(bare(&old.ty)) != std::mem::discriminant(bare(&new.ty)) {
        return;
    }
    let texts = (describe::constraint(was), describe::constraint(is));
    let allows_less = !contains(is, was);
    let allows_more = !contains(was, is);
    for (changed, rule, word) in [
        (allows_less, Rule::ConstraintTightened, "less"),
        (allows_more, Rule::ConstraintLoosened, "more"),
    ] {
        if changed {
            let message = || format!("the constraint of `{}` allows {word}", owner.item);
            let marks = marks(owner.old, texts.0.clone(), owner.new, texts.1.clone());
            walk.report(rule, &owner.item, message, marks, Focus::Type);
        }
    }
}

/// What a constraint of an optional value is about.
fn bare(ty: &Ty) -> &Ty {
    match ty {
        Ty::Opt(inner) => inner,
        ty => ty,
    }
}

/// Whether `outer` allows all that `inner` allows, as far as the types allow it too. Where in
/// doubt, `false`: the proof has the last word.
fn contains(outer: Option<&Constraint>, inner: Option<&Constraint>) -> bool {
    match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (
            Some(Constraint::IntRange { min: outer_min, max: outer_max }),
            Some(Constraint::IntRange { min, max }),
        ) => outer_min <= min && max <= outer_max,
        (
            Some(Constraint::FloatRange { min: outer_min, max: outer_max }),
            Some(Constraint::FloatRange { min, max }),
        ) => outer_min <= min && max <= outer_max,
        (Some(Constraint::NonEmpty), Some(Constraint::NonEmpty)) => true,
        (Some(Constraint::NonEmpty), Some(Constraint::Lengths(lengths))) => !lengths.contains(&0),
        (Some(Constraint::Lengths(outer)), Some(Constraint::Lengths(inner))) => {
            inner.iter().all(|length| outer.contains(length))
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_constraint_contains() {
        let range = |min, max| Some(Constraint::IntRange { min, max });
        let lengths = |lengths: &[u32]| Some(Constraint::Lengths(lengths.to_vec()));
        let check = |outer: &Option<Constraint>, inner: &Option<Constraint>, expect: bool| {
            assert_eq!(contains(outer.as_ref(), inner.as_ref()), expect, "{outer:?} {inner:?}");
        };
        check(&None, &range(1, 2), true);
        check(&range(1, 2), &None, false);
        check(&range(0, 3), &range(1, 2), true);
        check(&range(1, 2), &range(0, 3), false);
        check(&Some(Constraint::NonEmpty), &lengths(&[1, 2]), true);
        check(&Some(Constraint::NonEmpty), &lengths(&[0, 2]), false);
        check(&lengths(&[1, 2]), &lengths(&[2]), true);
        check(&lengths(&[2]), &lengths(&[1, 2]), false);
    }
}
