//! Compares two versions of a spec, and proves with a frame what would break.
//!
//! [`compare`] walks both schemas side by side. Items match by name, or by `was`; types are
//! followed through every message that contains them, so that a change of a shared struct is
//! reported at each. Every change that can break the wire is then shown by a [`Witness`]: the
//! shortest frame that one side writes, and the other refuses or reads differently. A frame is
//! believed only after both schemas have read it with the interpreter ([`crate::dynamic`]).

mod body;
mod choice;
mod constraint;
mod describe;
mod finding;
mod input;
mod message;
mod pairing;
mod policy;
mod proof;
mod release;
mod report;
mod rule;
mod shape;
mod show;
mod side;
mod source;
mod ty;
mod waive;
mod walk;

pub use self::finding::{Finding, Mark, Place, Standing, Witness};
pub use self::input::{Input, lock_path};
pub use self::release::{Release, ReleaseError, release};
pub use self::report::{Report, Spec};
pub use self::rule::{Class, Rule};
pub use self::side::{Direction, Side};
use self::walk::Walk;
use crate::schema::Schema;

/// Everything that a change from `old` to `new` breaks, by rule and item.
///
/// What `new` waives is in the list, marked as such; a waiver that waives nothing is a finding.
pub fn compare(old: &Schema, new: &Schema) -> Vec<Finding> {
    let mut walk = Walk::new(old, new);
    message::compare(&mut walk);
    policy::compare(&mut walk);
    source::compare(&mut walk);
    let pair = proof::Pair { old, new };
    let crowded = proof::crowded(&walk.changes);
    let mut findings: Vec<Finding> = walk
        .changes
        .into_iter()
        .map(|change| Finding {
            places: proof::prove(pair, &change, &crowded),
            rule: change.rule,
            item: change.item,
            message: change.message,
            old: change.old,
            new: change.new,
            waived: None,
        })
        .collect();
    waive::apply(&mut findings, new);
    findings.sort_by(|a, b| (a.rule, &a.item).cmp(&(b.rule, &b.item)));
    findings
}

/// What goes wrong with a frame that `writer` writes and the other side reads; `None` where the
/// reader understands all that it knows of, or skips what it does not know.
///
/// The comparison of the specs has no part in this, so the one can be held against the other.
pub fn misread(old: &Schema, new: &Schema, writer: Side, frame: &[u8]) -> Option<String> {
    proof::misread(proof::Pair { old, new }, writer, frame, &proof::Link::default())
}
