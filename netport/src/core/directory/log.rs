//! The directory's recent changes, bounded, and what they add up to.

use std::collections::{BTreeMap, VecDeque};

use tlv_core::Uuid;

use crate::core::mutant::{Mutant, mutant};

/// The last changes, oldest first. Change number `n` leads from count `n - 1` to count `n`.
#[derive(Clone, Debug)]
pub(super) struct ChangeLog {
    /// The count that the newest change led to.
    count: u64,
    changes: VecDeque<Change>,
    changes_max: usize,
}

/// An entry came, was replaced, or went. What became of it stands in the directory.
#[derive(Clone, Copy, Debug)]
struct Change {
    node: Uuid,
    /// Whether the node was listed before this change.
    was_listed: bool,
}

impl ChangeLog {
    /// An empty log that remembers at most `changes_max` changes.
    pub(super) fn new(changes_max: usize) -> Self {
        Self { count: 0, changes: VecDeque::new(), changes_max }
    }

    /// Changes since the beginning, the forgotten ones included.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Notes that the entry of `node` changed; forgets the oldest change at the bound.
    pub(super) fn push(&mut self, node: Uuid, was_listed: bool) {
        self.count += 1;
        self.changes.push_back(Change { node, was_listed });
        if self.changes.len() > self.changes_max {
            self.changes.pop_front();
        }
    }

    /// For each node that changed after `count`: whether it was listed at `count`. `None` where the
    /// log no longer reaches back that far.
    pub(super) fn since(&self, count: u64) -> Option<BTreeMap<Uuid, bool>> {
        let behind = usize::try_from(self.count.checked_sub(count)?).ok()?;
        let first = match self.changes.len().checked_sub(behind) {
            None if mutant(Mutant::ReachBackTooFar) => 0,
            first => first?,
        };
        let mut was_listed = BTreeMap::new();
        for change in self.changes.range(first..) {
            // Only the first change after `count` tells what was there at `count`.
            was_listed.entry(change.node).or_insert(change.was_listed);
        }
        Some(was_listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> Uuid {
        Uuid::from_bytes([number; 16])
    }

    #[test]
    fn changes_of_one_node_add_up_to_what_it_was_before_the_first() {
        let mut log = ChangeLog::new(10);
        log.push(node(1), false);
        log.push(node(2), false);
        log.push(node(1), true);
        log.push(node(1), true);

        let since = |count| log.since(count).map(|map| map.into_iter().collect::<Vec<_>>());
        assert_eq!(since(0), Some(vec![(node(1), false), (node(2), false)]));
        assert_eq!(since(1), Some(vec![(node(1), true), (node(2), false)]));
        assert_eq!(since(3), Some(vec![(node(1), true)]));
        assert_eq!(since(4), Some(vec![]));
    }

    #[test]
    fn the_log_forgets_beyond_its_bound_and_says_so() {
        let mut log = ChangeLog::new(2);
        for number in 1..=4 {
            log.push(node(number), false);
        }
        assert_eq!(log.count(), 4);
        assert!(log.since(1).is_none());
        assert_eq!(log.since(2).map(|map| map.len()), Some(2));
        assert!(log.since(5).is_none(), "a count from the future has no changes after it");
    }
}
