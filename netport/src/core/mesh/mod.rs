//! A client's view of its peers: who is there, who is connected, who must dial.
//!
//! Of two nodes the one with the lower id decides: it sends `Welcome` on exactly one of their
//! links, and both use that one. It also dials first; the higher dials too if nothing came of that
//! within a grace period. A link that is up is never replaced by another one of the same
//! incarnation: when the peer comes on a second link, the first is asked for a sign of life, and
//! only its end lets the second take its place.
//!
//! A peer need not be listed to be accepted, and leaving the list closes nothing.

mod dialling;
mod pairing;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::{GoodbyeReason, Peer, RefuseReason};

use self::dialling::Dialling;
use super::LinkId;
use super::backoff::{Backoff, Chance};
use super::directory::ListChange;
use super::end::{End, Refusal};
use super::mutant::{Mutant, mutant};
use super::timers::Timers;

/// Whom a client dials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dial {
    /// Every listed peer.
    #[default]
    All,
    /// Those that something is to be sent to.
    OnDemand,
    /// Nobody.
    Never,
}

/// How a client deals with its peers.
#[derive(Clone, Debug)]
pub struct MeshConfig {
    /// Whom to dial.
    pub dial: Dial,
    /// How long the node with the higher id waits to be dialled before it dials.
    pub grace: Duration,
    /// How long the node with the higher id waits on an open link for `Welcome`; longer than
    /// `probe_timeout`, for which the other may have a reason to wait.
    pub welcome_timeout: Duration,
    /// How long a link that is up may take to show that it is alive.
    pub probe_timeout: Duration,
    /// Waits between attempts to reach a peer.
    pub backoff: Backoff,
    /// Most dials at the same time.
    pub dials_max: usize,
}

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            dial: Dial::All,
            grace: Duration::from_secs(2),
            welcome_timeout: Duration::from_secs(8),
            probe_timeout: Duration::from_secs(3),
            backoff: Backoff::default(),
            dials_max: 64,
        }
    }
}

/// Who is at the other end of a link, as its `Hello` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Node id.
    pub node: Uuid,
    /// Grows each time the node starts.
    pub incarnation: u64,
    /// Whether this side dialled the link, on behalf of a [`MeshAction::Dial`].
    pub dialled: bool,
}

/// What happened. Events of a link that the mesh does not know (any more) change nothing.
#[derive(Clone, Debug)]
pub enum MeshEvent {
    /// The list changed.
    List(ListChange),
    /// There is no list any more. Links stay as they are.
    Unlisted,
    /// Something is to be sent to this node.
    Wanted(Uuid),
    /// The handshake of a link is done.
    Opened(LinkId, Neighbour),
    /// `Welcome` arrived.
    Welcome(LinkId),
    /// `Alive` arrived, with this nonce.
    Alive(LinkId, u64),
    /// A link that was open ended.
    Closed(LinkId, PeerEnd),
    /// A dial ended before its link was open.
    DialFailed(Uuid, PeerEnd),
}

/// What the end of a link to a peer means for coming back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEnd {
    /// The peer is out of reach for now.
    Lost,
    /// One side said that it is done: this incarnation is not dialled unless it is wanted.
    Done,
}

impl PeerEnd {
    /// What this end of the link means.
    pub fn of(end: &End) -> Self {
        match end {
            End::Goodbye(GoodbyeReason::Done | GoodbyeReason::Replaced)
            | End::Closed(GoodbyeReason::Done | GoodbyeReason::Replaced)
            | End::RefusedBy(Refusal { reason: RefuseReason::Older, .. }) => Self::Done,
            _ => Self::Lost,
        }
    }
}

/// What the client has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeshAction {
    /// Dial this node at this address.
    Dial(Uuid, SocketAddr),
    /// Send `Welcome`.
    Welcome(LinkId),
    /// Send `Probe` with this nonce.
    Probe(LinkId, u64),
    /// Refuse the link, which the mesh has forgotten. `Older` comes with the incarnation known.
    Refuse(LinkId, RefuseReason, Option<u64>),
    /// Say goodbye and close; the mesh has forgotten the link.
    Close(LinkId, GoodbyeReason),
    /// Tell the user: messages can be sent to this node, on this link.
    Up(Uuid, LinkId),
    /// Tell the user: this link to this node is no more. Where this side ends it, that comes first.
    Down(Uuid, LinkId),
    /// Tell who waits to send to this node: there is no way to it now.
    Unreached(Uuid),
}

/// Who is there, who is connected, who must dial.
#[derive(Debug)]
pub struct Mesh {
    config: MeshConfig,
    me: Uuid,
    nodes: BTreeMap<Uuid, Node>,
    /// The node behind each open link.
    links: BTreeMap<LinkId, Uuid>,
    timers: Timers<Timer>,
    /// Nodes whose turn to be dialled has come, while too many dials are under way.
    ready: VecDeque<Uuid>,
    dials: usize,
    nonce: u64,
    chance: Chance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The node is to be dialled.
    Dial(Uuid),
    /// The link waited long enough for `Welcome`.
    Welcome(LinkId),
    /// The link of the node that is up had time enough for a sign of life.
    Probe(Uuid),
}

/// Everything about one peer.
#[derive(Debug, Default)]
struct Node {
    listed: Option<Listed>,
    up: Option<Candidate>,
    /// Open links, oldest first, that may become the one that is up.
    candidates: Vec<Candidate>,
    /// The nonce of the probe on the link that is up.
    probe: Option<u64>,
    dialling: Dialling,
}

#[derive(Debug)]
struct Listed {
    incarnation: u64,
    addresses: Vec<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    link: LinkId,
    incarnation: u64,
}

impl Mesh {
    /// The mesh of the node `me`, without any peers. The waits between attempts follow from
    /// `seed`.
    pub fn new(config: MeshConfig, me: Uuid, seed: u64) -> Self {
        Self {
            config,
            me,
            nodes: BTreeMap::new(),
            links: BTreeMap::new(),
            timers: Timers::new(),
            ready: VecDeque::new(),
            dials: 0,
            nonce: 0,
            chance: Chance::new(seed),
        }
    }

    /// The link that messages to `node` go by, while there is one.
    pub fn up(&self, node: &Uuid) -> Option<LinkId> {
        Some(self.nodes.get(node)?.up?.link)
    }

    /// Every node that messages can be sent to, and the link they go by.
    pub fn all_up(&self) -> impl Iterator<Item = (Uuid, LinkId)> {
        self.nodes.iter().filter_map(|(node, state)| Some((*node, state.up?.link)))
    }

    /// Takes note of `event`, and says what to do about it.
    pub fn handle(&mut self, now: Instant, event: MeshEvent) -> Vec<MeshAction> {
        let mut actions = Vec::new();
        match event {
            MeshEvent::List(change) => self.list(now, change, &mut actions),
            MeshEvent::Unlisted => self.unlisted(&mut actions),
            MeshEvent::Wanted(node) => self.wanted(node, &mut actions),
            MeshEvent::Opened(link, neighbour) => {
                self.opened(now, link, neighbour, &mut actions);
                self.tidy(neighbour.node, &mut actions);
            }
            MeshEvent::Welcome(link) => self.welcome(now, link, &mut actions),
            MeshEvent::Alive(link, nonce) => self.alive(link, nonce, &mut actions),
            MeshEvent::Closed(link, end) => self.closed(now, link, end, &mut actions),
            MeshEvent::DialFailed(node, end) => self.dial_failed(now, node, end, &mut actions),
        }
        self.start_dials(&mut actions);
        actions
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what is due at `now`.
    pub fn on_deadline(&mut self, now: Instant) -> Vec<MeshAction> {
        let mut actions = Vec::new();
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Dial(node) => self.ready_to_dial(node),
                Timer::Welcome(link) => {
                    actions.push(MeshAction::Refuse(link, RefuseReason::Timeout, None));
                    self.closed(now, link, PeerEnd::Lost, &mut actions);
                }
                Timer::Probe(node) => {
                    if let Some(dead) = self.nodes.get(&node).and_then(|state| state.up) {
                        actions.push(MeshAction::Close(dead.link, GoodbyeReason::Idle));
                        self.closed(now, dead.link, PeerEnd::Lost, &mut actions);
                    }
                }
            }
        }
        self.start_dials(&mut actions);
        actions
    }

    fn list(&mut self, now: Instant, change: ListChange, actions: &mut Vec<MeshAction>) {
        for peer in change.left {
            self.left(peer.node, actions);
        }
        for peer in change.joined.iter().chain(&change.updated) {
            self.joined(now, peer, actions);
        }
    }

    fn joined(&mut self, now: Instant, peer: &Peer, actions: &mut Vec<MeshAction>) {
        if peer.node == self.me {
            return;
        }
        let node = self.nodes.entry(peer.node).or_default();
        let is_new = node.listed.is_none();
        let Peer { incarnation, addresses, .. } = peer;
        let listed = Listed { incarnation: *incarnation, addresses: addresses.clone() };
        node.listed = Some(listed);
        node.dialling.refresh(is_new, peer.incarnation);
        self.retire_older(peer.node, peer.incarnation, actions);
        self.schedule_first(now, peer.node);
        self.tidy(peer.node, actions);
    }

    fn left(&mut self, node: Uuid, actions: &mut Vec<MeshAction>) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        state.listed = None;
        state.dialling.step_back();
        self.ready.retain(|ready| *ready != node);
        if let Some(up) = state.up.filter(|_| mutant(Mutant::CloseUnlisted)) {
            actions.push(MeshAction::Close(up.link, GoodbyeReason::Done));
        }
        if state.dialling.give_up() {
            actions.push(MeshAction::Unreached(node));
        }
        self.tidy(node, actions);
    }

    fn unlisted(&mut self, actions: &mut Vec<MeshAction>) {
        let listed = self.nodes.iter().filter(|(_, state)| state.listed.is_some());
        for node in listed.map(|(node, _)| *node).collect::<Vec<_>>() {
            self.left(node, actions);
        }
    }

    /// After whatever happened to `node`: plans no dial that is not to be, tells who waits for it
    /// where no way to it is left, and drops what is known about a node of which nothing is left.
    fn tidy(&mut self, node: Uuid, actions: &mut Vec<MeshAction>) {
        if !self.should_dial(node) {
            self.timers.clear(&Timer::Dial(node));
        }
        let may_dial = self.config.dial != Dial::Never;
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let has_address = state.listed.as_ref().is_some_and(|peer| !peer.addresses.is_empty());
        let is_here_or_coming =
            state.up.is_some() || !state.candidates.is_empty() || state.dialling.is_running();
        if is_here_or_coming {
            return;
        }
        if !(may_dial && has_address) && state.dialling.give_up() {
            actions.push(MeshAction::Unreached(node));
        }
        if state.listed.is_none() {
            self.nodes.remove(&node);
        }
    }
}

#[cfg(test)]
mod tests;
