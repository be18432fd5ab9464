//! The list as a client knows it: complete after every change, and patient with a server that has
//! just been started again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tlv_core::Uuid;
use tlv_core::messages::{Changes, Epoch, Peer, Snapshot};

use crate::core::mutant::{Mutant, mutant};

/// What changed in the list, by node id. A peer that started again both left and joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListChange {
    /// Those who were listed, and are not any more.
    pub left: Vec<Arc<Peer>>,
    /// Those who are listed, and were not before.
    pub joined: Vec<Arc<Peer>>,
    /// Those who were listed already, and whose entry reads differently now.
    pub updated: Vec<Arc<Peer>>,
}

impl ListChange {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty() && self.joined.is_empty() && self.updated.is_empty()
    }
}

/// Changes that do not start from the version that the client has. They were not applied; a new
/// registration is answered with the complete list.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("changes that start from another version of the list than the one that is known")]
pub struct Gap;

/// The list of registered peers as the server last told it.
///
/// When a new run of the server tells its list, those who have not registered there yet are kept
/// for a while, so that nobody sees everyone leave and join.
#[derive(Debug)]
pub struct View {
    /// How long peers that a new run of the server does not list yet are kept.
    patience: Duration,
    epoch: Option<Epoch>,
    peers: BTreeMap<Uuid, Arc<Peer>>,
    /// Those among `peers` whom only an earlier run of the server has listed.
    kept: BTreeSet<Uuid>,
    kept_until: Option<Instant>,
}

impl View {
    /// An empty list. `patience` is the longest time that a peer may take to register with a new
    /// run of the server.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            epoch: None,
            peers: BTreeMap::new(),
            kept: BTreeSet::new(),
            kept_until: None,
        }
    }

    /// The version that the list has; none before the first snapshot.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Everyone who is listed, by node id.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = &Arc<Peer>> {
        self.peers.values()
    }

    /// The entry of `node`.
    pub fn peer(&self, node: &Uuid) -> Option<&Arc<Peer>> {
        self.peers.get(node)
    }

    /// Takes over the complete list.
    pub fn snapshot(&mut self, now: Instant, snapshot: Snapshot) -> ListChange {
        let Snapshot { epoch, peers, .. } = snapshot;
        let mut change = ListChange::default();
        let is_new_run = self.epoch.as_ref().is_some_and(|known| known.run != epoch.run);
        let told: BTreeSet<Uuid> = peers.iter().map(|peer| peer.node).collect();
        let missing: Vec<Uuid> =
            self.peers.keys().filter(|node| !told.contains(node)).copied().collect();
        for node in missing {
            let is_kept = is_new_run && !mutant(Mutant::DropUnlisted);
            if is_kept || self.kept.contains(&node) {
                self.kept.insert(node);
            } else {
                self.remove(node, &mut change);
            }
        }
        for peer in peers {
            self.put(peer, &mut change);
        }
        if is_new_run || self.kept_until.is_none() {
            self.kept_until = Some(now + self.patience);
        }
        self.tidy();
        self.epoch = Some(epoch);
        change
    }

    /// Applies what changed since the version that is known.
    pub fn changes(&mut self, changes: Changes) -> Result<ListChange, Gap> {
        let Changes { from, to, joined, left, .. } = changes;
        if self.epoch.as_ref() != Some(&from) {
            return Err(Gap);
        }
        let mut change = ListChange {
            left: Vec::with_capacity(left.len()),
            joined: Vec::with_capacity(joined.len()),
            updated: Vec::new(),
        };
        for node in left {
            self.remove(node, &mut change);
        }
        for peer in joined {
            self.put(peer, &mut change);
        }
        self.tidy();
        self.epoch = Some(to);
        Ok(change)
    }

    /// The server is out of reach: the list stays as it is, and nobody is dropped from it until
    /// the server has told a list again.
    pub fn lost(&mut self) {
        self.kept_until = None;
    }

    /// The client is not registered any more, so it is not told the list.
    pub fn clear(&mut self) {
        *self = Self::new(self.patience);
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.kept_until
    }

    /// Drops those who have not registered with the new run of the server in time.
    pub fn on_deadline(&mut self, now: Instant) -> ListChange {
        let mut change = ListChange::default();
        if self.kept_until.is_some_and(|until| until <= now) {
            for node in std::mem::take(&mut self.kept) {
                if mutant(Mutant::KeepUnlisted) {
                    continue;
                }
                self.remove(node, &mut change);
            }
            self.kept_until = None;
        }
        change
    }

    fn put(&mut self, peer: Peer, change: &mut ListChange) {
        self.kept.remove(&peer.node);
        let peer = Arc::new(peer);
        match self.peers.insert(peer.node, Arc::clone(&peer)) {
            None => change.joined.push(peer),
            Some(old) if old.incarnation != peer.incarnation => {
                change.left.push(old);
                change.joined.push(peer);
            }
            Some(old) if old != peer => change.updated.push(peer),
            Some(_) => {}
        }
    }

    fn remove(&mut self, node: Uuid, change: &mut ListChange) {
        self.kept.remove(&node);
        change.left.extend(self.peers.remove(&node));
    }

    /// Nobody is waited for where nobody is kept.
    fn tidy(&mut self) {
        if self.kept.is_empty() {
            self.kept_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A list of peers from text such as `a1 b2`: a node's letter, then its incarnation.
    fn peers(text: &str) -> Vec<Peer> {
        text.split_whitespace()
            .map(|word| {
                let letter = word.as_bytes()[0];
                let incarnation = word[1..].parse().unwrap();
                let node = Uuid::from_bytes([letter; 16]);
                Peer::new(node, incarnation, 1, word[..1].to_owned(), Vec::new())
            })
            .collect()
    }

    fn epoch(run: u64, count: u64) -> Epoch {
        Epoch::new(run, count)
    }

    fn snapshot(run: u64, count: u64, list: &str) -> Snapshot {
        Snapshot::new(epoch(run, count), peers(list))
    }

    fn changes(run: u64, from: u64, to: u64, joined: &str, left: &str) -> Changes {
        let left = left.bytes().filter(|b| *b != b' ').map(|b| Uuid::from_bytes([b; 16]));
        Changes::new(epoch(run, from), epoch(run, to), peers(joined), left.collect())
    }

    fn text<'a>(peers: impl IntoIterator<Item = &'a Arc<Peer>>) -> String {
        let words = peers.into_iter().map(|peer| format!("{}{}", peer.name, peer.incarnation));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The whole list, who left and who joined.
    fn check(view: &View, change: &ListChange, list: &str, left: &str, joined: &str) {
        let actual = (text(view.peers()), text(&change.left), text(&change.joined));
        assert_eq!(actual, (list.to_owned(), left.to_owned(), joined.to_owned()));
    }

    #[test]
    fn a_snapshot_then_changes_give_the_complete_list_and_what_changed() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        let change = view.snapshot(now, snapshot(1, 2, "a1 b1"));
        check(&view, &change, "a1 b1", "", "a1 b1");
        let change = view.changes(changes(1, 2, 4, "c1", "a")).unwrap();
        check(&view, &change, "b1 c1", "a1", "c1");
        let change = view.snapshot(now, snapshot(1, 9, "c1 d1"));
        check(&view, &change, "c1 d1", "b1", "d1");
        assert_eq!((view.epoch(), view.deadline()), (Some(epoch(1, 9)), None));
    }

    #[test]
    fn who_started_again_left_and_joined_and_a_new_address_is_an_update() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        view.snapshot(now, snapshot(1, 1, "a1 b1"));
        let change = view.changes(changes(1, 1, 2, "a2", "")).unwrap();
        check(&view, &change, "a2 b1", "a1", "a2");

        let mut moved = changes(1, 2, 3, "b1", "");
        moved.joined[0].addresses.push("192.0.2.1:7".parse().unwrap());
        let change = view.changes(moved).unwrap();
        check(&view, &change, "a2 b1", "", "");
        assert_eq!(text(&change.updated), "b1");
    }

    #[test]
    fn what_changed_is_listed_in_memory_that_did_not_grow() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        view.snapshot(now, snapshot(1, 1, "a1 b1 c1 d1 e1"));
        let change = view.changes(changes(1, 1, 2, "f1 g1 h1 i1 j1 k1", "abcde")).unwrap();
        assert_eq!((change.left.len(), change.left.capacity()), (5, 5));
        assert_eq!((change.joined.len(), change.joined.capacity()), (6, 6));
    }

    #[test]
    fn left_is_applied_before_joined() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        view.snapshot(now, snapshot(1, 1, "a1"));
        view.changes(changes(1, 1, 3, "a1", "a")).unwrap();
        assert_eq!(text(view.peers()), "a1");
    }

    #[test]
    fn changes_from_another_version_are_a_gap_and_change_nothing() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        assert_eq!(view.changes(changes(1, 0, 1, "a1", "")), Err(Gap));
        view.snapshot(now, snapshot(1, 5, "a1"));
        assert_eq!(view.changes(changes(1, 4, 6, "b1", "")), Err(Gap));
        assert_eq!(view.changes(changes(2, 5, 6, "b1", "")), Err(Gap));
        assert_eq!(text(view.peers()), "a1");
    }

    #[test]
    fn a_new_run_of_the_server_takes_nobody_away_until_patience_ends() {
        let (mut view, start) = (View::new(PATIENCE), Instant::now());
        view.snapshot(start, snapshot(1, 5, "a1 b1 c1"));
        view.lost();
        assert_eq!(view.deadline(), None);

        let change = view.snapshot(start, snapshot(2, 1, "a1"));
        check(&view, &change, "a1 b1 c1", "", "");
        let change = view.changes(changes(2, 1, 2, "b1", "")).unwrap();
        check(&view, &change, "a1 b1 c1", "", "");

        assert!(view.on_deadline(start + PATIENCE / 2).is_empty());
        let change = view.on_deadline(start + PATIENCE);
        check(&view, &change, "a1 b1", "c1", "");
        assert_eq!(view.deadline(), None);
    }

    #[test]
    fn patience_is_over_as_soon_as_everyone_is_back() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        view.snapshot(now, snapshot(1, 5, "a1 b1"));
        view.snapshot(now, snapshot(2, 1, "a1"));
        view.changes(changes(2, 1, 2, "b1", "")).unwrap();
        assert_eq!(view.deadline(), None);
    }

    #[test]
    fn losing_the_server_again_keeps_those_who_had_no_time_to_come_back() {
        let (mut view, start) = (View::new(PATIENCE), Instant::now());
        view.snapshot(start, snapshot(1, 5, "a1 b1"));
        view.snapshot(start, snapshot(2, 1, "a1"));
        view.lost();
        let again = start + 2 * PATIENCE;
        assert!(view.on_deadline(again).is_empty());
        view.snapshot(again, snapshot(2, 3, "a1"));
        assert_eq!(text(view.peers()), "a1 b1");
        assert_eq!(text(&view.on_deadline(again + PATIENCE).left), "b1");
    }

    #[test]
    fn a_cleared_list_starts_afresh() {
        let (mut view, now) = (View::new(PATIENCE), Instant::now());
        view.snapshot(now, snapshot(1, 5, "a1 b1"));
        view.clear();
        let change = view.snapshot(now, snapshot(2, 1, "a1"));
        check(&view, &change, "a1", "", "a1");
    }
}
