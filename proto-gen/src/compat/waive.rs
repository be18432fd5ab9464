//! Waivers: findings that the new spec accepts, with the reason.

use super::finding::{Finding, Mark};
use super::rule::Rule;
use crate::schema::{Schema, Span};

/// Marks what is waived, and adds a finding for every waiver that waives nothing.
///
/// A waiver names a rule and an item. The item is the finding's own (`Peer.name`), or the path
/// from one message to it (`Snapshot.peers[].name`), which waives it for that message alone.
pub(super) fn apply(findings: &mut Vec<Finding>, schema: &Schema) {
    let mut unused = Vec::new();
    for waiver in &schema.waivers {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| finding.rule.id() == waiver.rule) {
            if finding.item == waiver.item {
                finding.waived = Some(waiver.reason.clone());
                used = true;
            }
            for place in finding.places.iter_mut().filter(|place| place.path == waiver.item) {
                place.waived = Some(waiver.reason.clone());
                used = true;
            }
            let all = finding.places.iter().all(|place| place.waived.is_some());
            if let Some(last) = finding.places.last().filter(|_| all && finding.waived.is_none()) {
                finding.waived.clone_from(&last.waived);
            }
        }
        if !used {
            unused.push(stale(&waiver.rule, &waiver.item, waiver.span));
        }
    }
    findings.extend(unused);
}

fn stale(rule: &str, item: &str, span: Span) -> Finding {
    let known = match Rule::from_id(rule) {
        Some(_) => String::new(),
        None => format!("; there is no rule `{rule}`"),
    };
    Finding {
        rule: Rule::UnusedWaiver,
        item: format!("{rule} {item}"),
        message: format!("this waiver of {rule} for `{item}` waives nothing{known}"),
        old: None,
        new: Some(Mark { span, text: String::new() }),
        places: Vec::new(),
        waived: None,
    }
}
