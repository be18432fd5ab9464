//! One client: its mesh and its view of the list, and a model that judges whatever the mesh decides.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::{GoodbyeReason, Peer, RefuseReason, Snapshot};

use crate::core::LinkId;
use crate::core::backoff::Backoff;
use crate::core::directory::{ListChange, View};
use crate::core::mesh::{Dial, Mesh, MeshAction, MeshConfig, MeshEvent, Neighbour, PeerEnd};

/// How long those are kept whom a new run of the server does not list.
const PATIENCE: Duration = Duration::from_secs(5);
/// Links of one peer that may wait for a decision beside the one that is up.
const CANDIDATES_MAX: usize = 4;

/// What goes out from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Welcome,
    Probe(u64),
    Alive(u64),
    /// The end of the link.
    Gone(PeerEnd),
}

/// The model of an open link.
#[derive(Debug)]
struct Open {
    peer: Uuid,
    incarnation: u64,
    at: Instant,
    /// Whether `Welcome` went by it, in the one direction that it has.
    is_welcome: bool,
}

pub(super) struct Client {
    pub(super) node: Uuid,
    pub(super) incarnation: u64,
    pub(super) view: View,
    pub(super) dial: Dial,
    mesh: Mesh,
    config: MeshConfig,
    /// Who is being dialled, and where.
    pub(super) dials: BTreeMap<Uuid, SocketAddr>,
    pub(super) up: BTreeMap<Uuid, LinkId>,
    links: BTreeMap<LinkId, Open>,
    /// Who waits for a link that is up, and was not told that there is no way.
    pub(super) wanted: BTreeSet<Uuid>,
    /// Nonce and time of the probe of each node's link.
    probes: BTreeMap<Uuid, (u64, Instant)>,
    /// What is to be said on which link.
    pub(super) said: Vec<(LinkId, Said)>,
}

impl Client {
    pub(super) fn new(node: Uuid, incarnation: u64, dial: Dial, dials_max: usize) -> Self {
        let config = MeshConfig {
            dial,
            dials_max,
            grace: Duration::from_secs(2),
            welcome_timeout: Duration::from_secs(3),
            probe_timeout: Duration::from_secs(1),
            backoff: Backoff { first: Duration::from_millis(100), max: Duration::from_secs(2) },
        };
        Self {
            node,
            incarnation,
            view: View::new(PATIENCE),
            dial,
            mesh: Mesh::new(config.clone(), node, incarnation),
            config,
            dials: BTreeMap::new(),
            up: BTreeMap::new(),
            links: BTreeMap::new(),
            wanted: BTreeSet::new(),
            probes: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.mesh.deadline().into_iter().chain(self.view.deadline()).min()
    }

    /// Something happened.
    pub(super) fn on(&mut self, now: Instant, event: &MeshEvent) {
        let known = self.note(now, event);
        let up = self.up.clone();
        let actions = self.mesh.handle(now, event.clone());
        self.judge(now, Some(event), &up, actions);
        if let MeshEvent::Opened(link, neighbour) = event
            && neighbour.incarnation < known
        {
            assert!(!self.links.contains_key(link), "a link of an older incarnation is kept");
        }
    }

    /// Does what is due.
    pub(super) fn turn(&mut self, now: Instant) {
        if self.view.deadline().is_some_and(|at| at <= now) {
            let change = self.view.on_deadline(now);
            self.on(now, &MeshEvent::List(change));
        }
        let up = self.up.clone();
        let actions = self.mesh.on_deadline(now);
        self.judge(now, None, &up, actions);
        assert!(self.deadline().is_none_or(|at| at > now), "an overdue deadline stays armed");
    }

    /// The server tells its list.
    pub(super) fn told(&mut self, now: Instant, list: Snapshot) {
        let known = self.view.epoch();
        let is_new_run = known.is_some_and(|known| known.run != list.epoch.run);
        let change = self.view.snapshot(now, list);
        let joins = |peer: &Peer| change.joined.iter().any(|joined| joined.node == peer.node);
        let is_kept = !is_new_run || change.left.iter().all(|peer| joins(peer));
        assert!(is_kept, "a new run of the server takes somebody away");
        self.on(now, &MeshEvent::List(change));
    }

    /// The client is told no list any more.
    pub(super) fn unlisted(&mut self, now: Instant) {
        self.view.clear();
        self.on(now, &MeshEvent::Unlisted);
    }

    /// Takes `event` into the model. Returns the greatest incarnation that was known of the node
    /// whose link opened.
    fn note(&mut self, now: Instant, event: &MeshEvent) -> u64 {
        match event {
            MeshEvent::Opened(link, Neighbour { node, incarnation, dialled }) => {
                if *dialled {
                    self.dials.remove(node);
                }
                let up = self.up.get(node).and_then(|link| self.links.get(link));
                let listed = self.view.peer(node).filter(|_| *node != self.node);
                let known = listed.map(|peer| peer.incarnation);
                let known = known.into_iter().chain(up.map(|up| up.incarnation)).max();
                let (peer, incarnation) = (*node, *incarnation);
                let open = Open { peer, incarnation, at: now, is_welcome: false };
                self.links.insert(*link, open);
                return known.unwrap_or(0);
            }
            MeshEvent::Welcome(link) => {
                if let Some(open) = self.links.get_mut(link) {
                    open.is_welcome = true;
                }
            }
            MeshEvent::Alive(link, nonce) => {
                let Some(open) = self.links.get(link) else { return 0 };
                let is_right = self.probes.get(&open.peer).is_some_and(|(probe, _)| probe == nonce);
                if is_right && self.up.get(&open.peer) == Some(link) {
                    self.probes.remove(&open.peer);
                }
            }
            MeshEvent::Closed(link, _) => {
                self.links.remove(link);
            }
            MeshEvent::DialFailed(node, _) => {
                self.dials.remove(node);
            }
            MeshEvent::Wanted(node) => {
                if !self.up.contains_key(node) {
                    self.wanted.insert(*node);
                }
            }
            MeshEvent::List(_) | MeshEvent::Unlisted => {}
        }
        0
    }

    /// Judges what was decided because of `cause`, or of the time; `up` is what was up before.
    fn judge(
        &mut self,
        now: Instant,
        cause: Option<&MeshEvent>,
        up: &BTreeMap<Uuid, LinkId>,
        actions: Vec<MeshAction>,
    ) {
        let mut duplicates = Vec::new();
        for action in actions {
            match action {
                MeshAction::Dial(node, address) => self.dials(node, address),
                MeshAction::Welcome(link) => {
                    let open = self.links.get_mut(&link).expect("an open link");
                    assert!(self.node < open.peer, "the lower id decides");
                    assert!(!self.up.contains_key(&open.peer), "a second link is chosen");
                    open.is_welcome = true;
                    self.said.push((link, Said::Welcome));
                }
                MeshAction::Probe(link, nonce) => {
                    let peer = self.links.get(&link).expect("an open link").peer;
                    assert!(self.node < peer, "the lower id decides");
                    assert_eq!(self.up.get(&peer), Some(&link), "only what is up is probed");
                    assert!(self.links_of(peer) > 1, "a probe without a reason");
                    assert!(self.probes.insert(peer, (nonce, now)).is_none(), "two probes at once");
                    self.said.push((link, Said::Probe(nonce)));
                }
                MeshAction::Refuse(link, reason, current) => {
                    let open = self.links.remove(&link).expect("an open link");
                    if reason == RefuseReason::Duplicate {
                        duplicates.push(open.peer);
                    }
                    let was_up = up.get(&open.peer) == Some(&link);
                    self.refuses(now, cause, (link, &open), was_up, (reason, current));
                    let is_older = reason == RefuseReason::Older;
                    let end = if is_older { PeerEnd::Done } else { PeerEnd::Lost };
                    self.said.push((link, Said::Gone(end)));
                }
                MeshAction::Close(link, reason) => {
                    let open = self.links.remove(&link).expect("an open link");
                    self.closes(now, cause, &open, reason);
                    let is_lost = reason == GoodbyeReason::Idle;
                    let end = if is_lost { PeerEnd::Lost } else { PeerEnd::Done };
                    self.said.push((link, Said::Gone(end)));
                }
                MeshAction::Up(node, link) => {
                    let open = self.links.get(&link).expect("an open link");
                    assert!(open.peer == node && open.is_welcome, "up without `Welcome`");
                    assert!(self.up.insert(node, link).is_none(), "two links are up");
                    self.wanted.remove(&node);
                }
                MeshAction::Down(node, link) => {
                    assert_eq!(self.up.remove(&node), Some(link), "down, and was not up");
                    self.probes.remove(&node);
                }
                MeshAction::Unreached(node) => {
                    assert!(self.wanted.remove(&node), "nobody waits for it");
                }
            }
        }
        for peer in duplicates {
            assert!(self.up.contains_key(&peer), "a duplicate of nothing");
        }
        for (node, link) in up {
            let is_down = self.up.get(node) != Some(link);
            assert!(!(is_down && self.links.contains_key(link)), "down for no reason");
        }
        self.audit();
    }

    fn dials(&mut self, node: Uuid, address: SocketAddr) {
        let peer = self.view.peer(&node).expect("who is dialled is listed");
        assert!(peer.addresses.contains(&address), "an address that is not listed");
        let is_meant = match self.dial {
            Dial::All => true,
            Dial::OnDemand => self.wanted.contains(&node),
            Dial::Never => false,
        };
        assert!(is_meant && node != self.node, "nobody asked for it");
        assert_eq!(self.links_of(node), 0, "there is a link already");
        assert!(self.dials.insert(node, address).is_none(), "dialled twice at once");
        assert!(self.dials.len() <= self.config.dials_max, "too many dials");
    }

    fn refuses(
        &self,
        now: Instant,
        cause: Option<&MeshEvent>,
        (link, open): (LinkId, &Open),
        was_up: bool,
        (reason, current): (RefuseReason, Option<u64>),
    ) {
        let is_lower = self.node < open.peer;
        match reason {
            RefuseReason::Older => {
                assert!(current.is_some_and(|known| known > open.incarnation), "not older");
            }
            // The peer decides, so by its choice of another the one that is up is over.
            RefuseReason::Duplicate if was_up => {
                let is_chosen = matches!(cause, Some(MeshEvent::Welcome(other)) if *other != link);
                assert!(is_chosen && !is_lower, "a link that is up makes room");
            }
            RefuseReason::Duplicate => {}
            RefuseReason::Busy => assert!(self.links_of(open.peer) >= CANDIDATES_MAX, "not busy"),
            RefuseReason::Timeout => {
                let is_late = now >= open.at + self.config.welcome_timeout;
                assert!(is_late && !is_lower && !open.is_welcome, "too early");
            }
            RefuseReason::WrongNode => assert_eq!(open.peer, self.node),
            RefuseReason::NotAllowed => {
                let is_welcome = matches!(cause, Some(MeshEvent::Welcome(at)) if *at == link);
                assert!(is_welcome && is_lower, "it did nothing wrong");
            }
            other => panic!("a mesh does not refuse as {other:?}"),
        }
    }

    fn closes(&self, now: Instant, cause: Option<&MeshEvent>, open: &Open, reason: GoodbyeReason) {
        match reason {
            GoodbyeReason::Idle => {
                let (_, probed_at) = self.probes.get(&open.peer).expect("it was probed");
                assert!(now >= *probed_at + self.config.probe_timeout, "given up too early");
            }
            GoodbyeReason::Replaced => {
                let opened = match cause {
                    Some(MeshEvent::Opened(_, newer)) => Some(newer.incarnation),
                    _ => self.view.peer(&open.peer).map(|peer| peer.incarnation),
                };
                assert!(opened.is_some_and(|newer| newer > open.incarnation), "not replaced");
            }
            other => panic!("a mesh does not close as {other:?}"),
        }
    }

    /// What holds after every event.
    fn audit(&self) {
        let up: BTreeMap<Uuid, LinkId> = self.mesh.all_up().collect();
        assert_eq!(up, self.up);
        assert!(up.values().all(|link| self.links.contains_key(link)), "up, and over");
        for open in self.links.values() {
            let (links, is_up) = (self.links_of(open.peer), up.contains_key(&open.peer));
            assert!(links <= CANDIDATES_MAX + usize::from(is_up), "{links} links of one peer");
            if self.node < open.peer {
                assert!(is_up, "the lower id does not decide");
                let is_probed = self.probes.contains_key(&open.peer);
                assert!(links == 1 || is_probed, "a second link waits for nothing");
            }
        }
        let is_justified = self.mesh.deadline().is_none() || self.has_reason();
        assert!(is_justified, "a deadline without a reason: {:?}", self.mesh);
        for node in &self.wanted {
            let is_coming = self.dials.contains_key(node) || self.links_of(*node) > 0;
            let is_next = self.view.peer(node).is_some_and(|peer| !peer.addresses.is_empty());
            let may_dial = self.dial != Dial::Never;
            assert!(is_coming || is_next && may_dial, "nobody tells who waits that it is in vain");
        }
    }

    /// Whether there is something that a deadline can be for.
    fn has_reason(&self) -> bool {
        let is_undecided = |(link, open): (&LinkId, &Open)| {
            self.node > open.peer && self.up.get(&open.peer) != Some(link)
        };
        let is_to_dial = |peer: &Peer| {
            let is_meant = match self.dial {
                Dial::All => true,
                Dial::OnDemand => self.wanted.contains(&peer.node),
                Dial::Never => false,
            };
            is_meant
                && peer.node != self.node
                && !peer.addresses.is_empty()
                && !self.dials.contains_key(&peer.node)
                && self.links_of(peer.node) == 0
        };
        !self.probes.is_empty()
            || self.links.iter().any(is_undecided)
            || self.view.peers().any(|peer| is_to_dial(peer))
    }

    /// Whether the link is open, and this side decides about it.
    pub(super) fn is_lower_on(&self, link: LinkId) -> bool {
        self.links.get(&link).is_some_and(|open| self.node < open.peer)
    }

    /// Open links of `peer`.
    fn links_of(&self, peer: Uuid) -> usize {
        self.links.values().filter(|open| open.peer == peer).count()
    }

    /// Everything is over: nothing is left.
    pub(super) fn end(mut self, now: Instant) {
        self.unlisted(now);
        for link in self.links.keys().copied().collect::<Vec<_>>() {
            self.on(now, &MeshEvent::Closed(link, PeerEnd::Lost));
        }
        for node in self.dials.keys().copied().collect::<Vec<_>>() {
            self.on(now, &MeshEvent::DialFailed(node, PeerEnd::Lost));
        }
        assert_eq!(self.mesh.deadline(), None);
        assert!(self.up.is_empty() && self.wanted.is_empty() && self.dials.is_empty());
    }
}

/// A change that changes nothing.
pub(super) fn no_change() -> MeshEvent {
    MeshEvent::List(ListChange::default())
}
