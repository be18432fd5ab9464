//! The server's list of who is registered, with an epoch that grows on every change.
//!
//! [`Directory`] decides who is listed: it is told what happens on the links of clients, and says
//! what to do about it. Its feed says what each subscriber is to be sent. [`View`] is the list
//! as a client knows it, and [`Membership`] is a client's dealings with its server.
//!
//! An entry is owned by the incarnation and session that made it. The greatest owner wins, and only
//! the owner removes the entry. While its link is in doubt (the name is wanted by another node, or
//! a newer link of the same node took over without registering yet) an entry stays listed until its
//! deadline has passed.

mod addresses;
mod feed;
mod log;
mod membership;
mod names;
mod view;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::{Epoch, GoodbyeReason, Peer, RefuseReason, RegisterError};

pub use self::addresses::{ADDRESSES_MAX, AddressError, Audience, listed};
use self::feed::Feed;
pub use self::feed::{Push, Pushed};
pub use self::membership::{
    Membership, MembershipAction, MembershipConfig, MembershipEvent, ServerEnd,
};
pub(crate) use self::names::is_name;
pub use self::view::{Gap, ListChange, View};
use super::LinkId;
use super::mutant::{Mutant, mutant};
use super::timers::Timers;

/// Most entries that a `Snapshot` can carry.
pub const ENTRIES_MAX: usize = 32_768;

/// The directory's settings.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// Most entries; a registration beyond is refused as `Full`. No more than [`ENTRIES_MAX`].
    pub entries_max: usize,
    /// Changes that are remembered for subscribers that fall behind; who is further behind than
    /// that gets a snapshot. No more than [`ENTRIES_MAX`].
    pub changes_max: usize,
    /// How long the holder of a name may take to show that it is alive.
    pub probe_timeout: Duration,
    /// Whether advertised addresses are listed as they are, in place of the observed one.
    pub trust_advertised: bool,
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self {
            entries_max: ENTRIES_MAX,
            changes_max: 4_096,
            probe_timeout: Duration::from_secs(3),
            trust_advertised: false,
        }
    }
}

/// Who is registered, and who is told.
#[derive(Debug)]
pub struct Directory {
    config: DirectoryConfig,
    run: u64,
    entries: BTreeMap<Uuid, Entry>,
    names: BTreeMap<String, Uuid>,
    links: BTreeMap<LinkId, ClientLink>,
    /// The newest link of each node that has one.
    newest: BTreeMap<Uuid, LinkId>,
    /// Links that want a name whose holder is in doubt, first come first served.
    waiting: BTreeMap<String, VecDeque<LinkId>>,
    /// When the doubt about an entry becomes certainty.
    doubts: Timers<Uuid>,
    feed: Feed,
    nonce: u64,
}

/// Who is at the other end of a client's link, as its `Hello` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Node id.
    pub node: Uuid,
    /// Grows each time the node starts.
    pub incarnation: u64,
    /// Grows with each link that the node dials.
    pub session: u64,
    /// The name that it wants to be listed under.
    pub name: String,
    /// Where the link comes from, as the server sees it.
    pub observed: IpAddr,
}

/// What happened on a client's link. Events of a link that the directory does not know (any more)
/// change nothing.
#[derive(Clone, Debug)]
pub enum DirectoryEvent {
    /// The handshake is done.
    Opened(LinkId, Caller),
    /// `Register` arrived, with these addresses.
    Register(LinkId, Vec<SocketAddr>),
    /// `Deregister` arrived.
    Deregister(LinkId),
    /// `Alive` arrived, with this nonce.
    Alive(LinkId, u64),
    /// The link ended.
    Closed(LinkId),
}

/// What the server has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryAction {
    /// Refuse the link. `Older` comes with the incarnation that is known.
    Refuse(LinkId, RefuseReason, Option<u64>),
    /// Send `RegisterRefused`; the link stays open.
    RefuseRegistration(LinkId, RegisterError),
    /// Send `Probe` with this nonce.
    Probe(LinkId, u64),
    /// Say goodbye and close; the directory has forgotten the link already.
    Dismiss(LinkId, GoodbyeReason),
    /// Wake the pusher: a subscriber has something to receive.
    Push,
}

/// A registered client.
#[derive(Debug)]
struct Entry {
    peer: Peer,
    /// When it became what it is.
    since: Instant,
    /// The link that answers for the entry; none while a newer link has yet to register.
    holder: Option<LinkId>,
    /// The nonce of the probe under way.
    probe: Option<u64>,
}

/// An open link of a client.
#[derive(Debug)]
struct ClientLink {
    caller: Caller,
    /// Whether `Register` ever arrived here.
    has_registered: bool,
    /// The addresses to list once the name is free.
    waits_with: Option<Vec<SocketAddr>>,
}

impl Directory {
    /// An empty directory of the server run `run`, a number that no other run should share.
    pub fn new(config: DirectoryConfig, run: u64) -> Self {
        Self {
            feed: Feed::new(config.changes_max.min(ENTRIES_MAX)),
            config,
            run,
            entries: BTreeMap::new(),
            names: BTreeMap::new(),
            links: BTreeMap::new(),
            newest: BTreeMap::new(),
            waiting: BTreeMap::new(),
            doubts: Timers::new(),
            nonce: 0,
        }
    }

    /// Takes note of `event`, and says what to do about it.
    pub fn handle(&mut self, now: Instant, event: DirectoryEvent) -> Vec<DirectoryAction> {
        let mut actions = Actions::default();
        match event {
            DirectoryEvent::Opened(link, caller) => self.opened(now, link, caller, &mut actions),
            DirectoryEvent::Register(link, addresses) => {
                if let Some(client) = self.links.get_mut(&link) {
                    client.has_registered = true;
                    self.register(now, link, &addresses, &mut actions);
                }
            }
            DirectoryEvent::Deregister(link) => self.deregister(link, &mut actions),
            DirectoryEvent::Alive(link, nonce) => self.alive(link, nonce, &mut actions),
            DirectoryEvent::Closed(link) => self.closed(link, &mut actions),
        }
        self.settle(now, actions)
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.doubts.next()
    }

    /// Removes the entries whose time to show a sign of life has passed at `now`.
    pub fn on_deadline(&mut self, now: Instant) -> Vec<DirectoryAction> {
        let mut actions = Actions::default();
        while let Some(node) = self.doubts.pop_due(now) {
            if let Some(link) = self.entries.get(&node).and_then(|entry| entry.holder) {
                actions.add(DirectoryAction::Dismiss(link, GoodbyeReason::Idle));
                self.forget(link);
            }
            self.remove(node, &mut actions);
        }
        self.settle(now, actions)
    }

    /// The directory's version.
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.run, self.feed.count())
    }

    /// Every entry, by node id.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.registered().map(|(peer, _)| peer)
    }

    /// Every entry, by node id, and when it became what it is.
    pub fn registered(&self) -> impl Iterator<Item = (&Peer, Instant)> {
        self.entries.values().map(|entry| (&entry.peer, entry.since))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn opened(&mut self, now: Instant, link: LinkId, caller: Caller, actions: &mut Actions) {
        let known = self.newest.get(&caller.node).copied();
        let greatest = [
            known.and_then(|link| self.links.get(&link)).map(|client| client.caller.owner()),
            self.entries.get(&caller.node).map(|entry| owner_of(&entry.peer)),
        ];
        if let Some(greatest) = greatest.into_iter().flatten().max()
            && caller.owner() <= greatest
            && !mutant(Mutant::SkipIncarnationCheck)
        {
            actions.add(DirectoryAction::Refuse(link, RefuseReason::Older, Some(greatest.0)));
            return;
        }
        if let Some(older) = known {
            self.supersede(now, older, &caller, actions);
        }
        self.newest.insert(caller.node, link);
        let client = ClientLink { caller, has_registered: false, waits_with: None };
        self.links.insert(link, client);
    }

    /// The node behind `older` came back on a newer link. What it registered stays listed for a
    /// while, so that nobody sees it leave and join.
    fn supersede(&mut self, now: Instant, older: LinkId, newer: &Caller, actions: &mut Actions) {
        let Some(client) = self.forget(older) else { return };
        let restarted = client.caller.incarnation < newer.incarnation;
        let reason = if restarted { GoodbyeReason::Replaced } else { GoodbyeReason::Done };
        actions.add(DirectoryAction::Dismiss(older, reason));
        if let Some(entry) = self.entries.get_mut(&newer.node)
            && entry.holder == Some(older)
        {
            entry.holder = None;
            entry.probe = None;
            self.doubts.set(newer.node, now + self.config.probe_timeout);
        }
    }

    fn register(
        &mut self,
        now: Instant,
        link: LinkId,
        addresses: &[SocketAddr],
        actions: &mut Actions,
    ) {
        self.stop_waiting(link);
        let Some(client) = self.links.get(&link) else { return };
        let caller = client.caller.clone();
        let refusal = |error| DirectoryAction::RefuseRegistration(link, error);
        if !is_name(&caller.name) {
            actions.add(refusal(RegisterError::BadName));
            return;
        }
        let Ok(listed) = listed(addresses, caller.observed, self.config.trust_advertised) else {
            actions.add(refusal(RegisterError::BadAddress));
            return;
        };
        if self.has_to_wait(now, link, addresses, actions) {
            return;
        }
        let is_new = !self.entries.contains_key(&caller.node);
        if is_new && self.entries.len() >= self.config.entries_max.min(ENTRIES_MAX) {
            actions.add(refusal(RegisterError::Full));
            return;
        }
        let Caller { node, incarnation, session, name, observed } = caller;
        let peer = Peer::new(node, incarnation, session, name, listed);
        self.insert(now, link, peer, actions);
        self.feed.subscribe(link, Audience::of(observed));
        actions.add(DirectoryAction::Push);
    }

    fn deregister(&mut self, link: LinkId, actions: &mut Actions) {
        let Some(client) = self.links.get(&link) else { return };
        if !client.has_registered {
            actions.add(DirectoryAction::Refuse(link, RefuseReason::NotAllowed, None));
            return;
        }
        let node = client.caller.node;
        self.stop_waiting(link);
        self.feed.unsubscribe(link);
        if self.entries.get(&node).is_some_and(|entry| entry.holder == Some(link)) {
            self.remove(node, actions);
        }
    }

    fn closed(&mut self, link: LinkId, actions: &mut Actions) {
        let Some(client) = self.forget(link) else { return };
        let node = client.caller.node;
        if self.entries.get(&node).is_some_and(|entry| entry.holder == Some(link))
            && !mutant(Mutant::KeepDeadEntry)
        {
            self.remove(node, actions);
        }
    }

    /// Lists `peer`, in place of what its node had listed.
    fn insert(&mut self, now: Instant, link: LinkId, peer: Peer, actions: &mut Actions) {
        let node = peer.node;
        self.doubts.clear(&node);
        let same = self.entries.get(&node).filter(|entry| entry.peer == peer);
        let since = same.map_or(now, |entry| entry.since);
        let entry = Entry { peer: peer.clone(), since, holder: Some(link), probe: None };
        let Some(old) = self.entries.insert(node, entry) else {
            self.names.insert(peer.name.clone(), node);
            self.feed.changed(node, false);
            return;
        };
        if old.peer != peer {
            self.names.remove(&old.peer.name);
            self.names.insert(peer.name, node);
            if !mutant(Mutant::ForgetReplacement) {
                self.feed.changed(node, true);
            }
        }
        // The doubt is over: who waited asks once more, even where the holder keeps its name.
        actions.freed.push_back(old.peer.name);
    }

    fn remove(&mut self, node: Uuid, actions: &mut Actions) {
        let Some(entry) = self.entries.remove(&node) else { return };
        self.doubts.clear(&node);
        if !mutant(Mutant::KeepName) {
            self.names.remove(&entry.peer.name);
        }
        self.feed.changed(node, true);
        actions.add(DirectoryAction::Push);
        actions.freed.push_back(entry.peer.name);
    }

    /// Forgets a link, but not what it registered.
    fn forget(&mut self, link: LinkId) -> Option<ClientLink> {
        self.stop_waiting(link);
        self.feed.unsubscribe(link);
        let client = self.links.remove(&link)?;
        if self.newest.get(&client.caller.node) == Some(&link) {
            self.newest.remove(&client.caller.node);
        }
        Some(client)
    }
}

impl Caller {
    fn owner(&self) -> (u64, u64) {
        (self.incarnation, self.session)
    }
}

/// Incarnation and session that made an entry; the greatest wins.
fn owner_of(peer: &Peer) -> (u64, u64) {
    (peer.incarnation, peer.session)
}

/// What follows from an event.
#[derive(Default)]
struct Actions {
    /// What is to be done, in order.
    list: Vec<DirectoryAction>,
    /// Names whose holder went, or is in doubt no longer.
    freed: VecDeque<String>,
}

impl Actions {
    /// Adds `action`; one `Push` is enough, however much has changed.
    fn add(&mut self, action: DirectoryAction) {
        if action != DirectoryAction::Push || !self.list.contains(&action) {
            self.list.push(action);
        }
    }
}

#[cfg(test)]
mod tests;
