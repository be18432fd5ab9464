//! What each subscriber of the directory is to be sent.
//!
//! A subscriber costs one number: the count of the version that it was sent last. What it lacks is
//! worked out when its link has room, so who reads slowly falls behind without a queue. Subscribers
//! at the same version share one encoded frame.

use std::collections::BTreeMap;
use std::ops::Bound;

use tlv_core::messages::{Changes, Epoch, Peer, Snapshot};
use tlv_core::{EncodeError, Uuid};

use super::log::ChangeLog;
use super::{Audience, Directory, LinkId};
use crate::core::frame::Frame;
use crate::core::mutant::{Mutant, mutant};

/// Most frames kept for sharing: the current version, seen from this many others.
const FRAMES_MAX: usize = 64;

/// Who is told what changed, and how far each of them is.
#[derive(Debug)]
pub(super) struct Feed {
    log: ChangeLog,
    subscribers: BTreeMap<LinkId, Subscriber>,
    subscriptions: u64,
    /// Frames that lead to the current version, by the version that they start from.
    frames: BTreeMap<(Option<u64>, Audience), Frame>,
}

#[derive(Debug)]
struct Subscriber {
    audience: Audience,
    /// Count of the version sent last; none before the first snapshot.
    sent: Option<u64>,
    /// Tells this subscription from earlier ones of the same link.
    subscription: u64,
}

/// A list that is to be sent to one subscriber.
#[derive(Clone, Debug)]
pub struct Push {
    /// The frame, `Snapshot` or `Changes`, shared among those who lack the same.
    pub frame: Frame,
    /// What to hand to [`Directory::pushed`] once the link has admitted the frame.
    pub receipt: Pushed,
}

/// That a subscriber was sent a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The subscriber's link.
    pub link: LinkId,
    subscription: u64,
    count: u64,
}

impl Feed {
    pub(super) fn new(changes_max: usize) -> Self {
        Self {
            log: ChangeLog::new(changes_max),
            subscribers: BTreeMap::new(),
            subscriptions: 0,
            frames: BTreeMap::new(),
        }
    }

    /// Changes since the run began.
    pub(super) fn count(&self) -> u64 {
        self.log.count()
    }

    /// The entry of `node` came, was replaced, or went.
    pub(super) fn changed(&mut self, node: Uuid, was_listed: bool) {
        self.log.push(node, was_listed);
        self.frames.clear();
    }

    /// From now on `link` is sent the list, beginning with a snapshot.
    pub(super) fn subscribe(&mut self, link: LinkId, audience: Audience) {
        self.subscriptions += 1;
        let sent = mutant(Mutant::SkipSnapshot).then(|| self.count());
        let subscriber = Subscriber { audience, sent, subscription: self.subscriptions };
        self.subscribers.insert(link, subscriber);
    }

    /// From now on `link` is sent nothing.
    pub(super) fn unsubscribe(&mut self, link: LinkId) {
        self.subscribers.remove(&link);
    }
}

impl Directory {
    /// What to send to the first subscriber, in the order of their links and after `after`, that
    /// lacks something. The error never occurs while every entry is within the spec's bounds.
    pub fn next_push(&mut self, after: Option<LinkId>) -> Result<Option<Push>, EncodeError> {
        let count = self.feed.count();
        let later = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let behind = self.feed.subscribers.range(later).find(|(_, who)| who.sent != Some(count));
        let Some((&link, &Subscriber { audience, sent, subscription })) = behind else {
            // Whole lists are large, and who is still behind is not many.
            self.feed.frames.clear();
            return Ok(None);
        };
        let count = match sent {
            Some(sent) if mutant(Mutant::ForgetToCoalesce) => sent + 1,
            _ => count,
        };
        let frame = match self.feed.frames.get(&(sent, audience)) {
            Some(frame) => frame.clone(),
            None => {
                let frame = self.frame_since(sent, count, audience)?;
                if self.feed.frames.len() >= FRAMES_MAX {
                    self.feed.frames.clear();
                }
                self.feed.frames.insert((sent, audience), frame.clone());
                frame
            }
        };
        Ok(Some(Push { frame, receipt: Pushed { link, subscription, count } }))
    }

    /// The link has admitted a frame, which will arrive unless the link ends.
    pub fn pushed(&mut self, receipt: Pushed) {
        if let Some(subscriber) = self.feed.subscribers.get_mut(&receipt.link)
            && subscriber.subscription == receipt.subscription
        {
            subscriber.sent = Some(receipt.count);
        }
    }

    /// How many clients are told the list.
    pub fn subscribers(&self) -> usize {
        self.feed.subscribers.len()
    }

    /// What leads from count `sent` to the current version, which is `count`: the changes, or
    /// everything where there is no `sent`, or where the log no longer reaches back to it.
    fn frame_since(
        &self,
        sent: Option<u64>,
        count: u64,
        audience: Audience,
    ) -> Result<Frame, EncodeError> {
        let version = |count| Epoch::new(self.run, count);
        let Some((from, changed)) = sent.and_then(|sent| Some((sent, self.feed.log.since(sent)?)))
        else {
            let peers = self.peers().map(|peer| shown(peer, audience)).collect();
            return Frame::of(&Snapshot::new(version(count), peers));
        };
        let mut joined = Vec::with_capacity(changed.len());
        let mut left = Vec::with_capacity(changed.len());
        for (node, was_listed) in changed {
            match self.entries.get(&node) {
                Some(entry) => joined.push(shown(&entry.peer, audience)),
                // Who came and went in between is no news.
                None if was_listed => left.push(node),
                None => {}
            }
        }
        Frame::of(&Changes::new(version(from), version(count), joined, left))
    }
}

/// The entry as `audience` is told it: without the addresses that are of no use there.
fn shown(peer: &Peer, audience: Audience) -> Peer {
    let mut shown = peer.clone();
    shown.addresses.retain(|address| audience.may_see(address));
    shown
}
