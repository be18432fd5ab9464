//! What a client decides: whom it dials, what it says on which link, and what its user is told.
//!
//! [`ClientCore`] has two halves, the client's dealings with its server ([`Membership`]) and with
//! its peers ([`Mesh`]). What one finds out it tells the other, and what both want it says in terms
//! of links and messages. Who drives it hands it what happens, and does what it says; nothing else
//! is left to decide.

mod action;
mod event;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::{Control, Deregister, Probe, Register, Role, Welcome};

pub use self::action::{ClientAction, ClientNews, List};
pub use self::event::{ClientEvent, Purpose};
use super::LinkId;
use super::backoff::{Backoff, Chance};
use super::directory::{
    Membership, MembershipAction, MembershipConfig, MembershipEvent, ServerEnd, View,
};
use super::end::{End, Refusal};
use super::link::handshake::{Expect, PeerInfo};
use super::mesh::{Mesh, MeshAction, MeshConfig, MeshEvent, Neighbour, PeerEnd};
use super::mutant::{Mutant, mutant};

/// How a client deals with its server and its peers.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Its own node id.
    pub node: Uuid,
    /// Where its server is.
    pub server: SocketAddr,
    /// Where its peers reach it, best first; none for where it listens.
    pub advertise: Vec<SocketAddr>,
    /// Waits between attempts to reach the server.
    pub backoff: Backoff,
    /// How long an attempt may take until it can register.
    pub attempt_timeout: Duration,
    /// Whether to register as soon as the server is reached.
    pub register: bool,
    /// Whether a registration is tried again that was refused for a reason that passes.
    pub register_again: bool,
    /// How it deals with its peers.
    pub mesh: MeshConfig,
}

/// A client's decisions.
#[derive(Debug)]
pub struct ClientCore {
    membership: Membership,
    mesh: Mesh,
    server: SocketAddr,
    advertise: Vec<SocketAddr>,
    /// The dial that the link to the server came of, and the link, while it is open.
    to_server: Option<(LinkId, LinkId)>,
    links: BTreeMap<LinkId, OpenLink>,
}

#[derive(Debug)]
struct OpenLink {
    peer: Arc<PeerInfo>,
    /// Why it ends, once that is known.
    end: Option<End>,
}

impl ClientCore {
    /// A client without links, which dials its server at `now`. The waits between attempts follow
    /// from `seed`.
    pub fn new(settings: ClientSettings, now: Instant, seed: u64) -> Self {
        let ClientSettings { node, server, advertise, backoff, register, register_again, .. } =
            settings;
        let membership = MembershipConfig {
            backoff,
            // Someone may have begun to wait just before the server came back, and then has to
            // connect, shake hands and register.
            patience: backoff.max + settings.attempt_timeout,
            register,
            register_again,
        };
        let mut chance = Chance::new(seed);
        Self {
            membership: Membership::new(membership, now, chance.number()),
            mesh: Mesh::new(settings.mesh, node, chance.number()),
            server,
            advertise,
            to_server: None,
            links: BTreeMap::new(),
        }
    }

    /// The client listens here, which it tells the server if there is nothing else to tell.
    pub fn listens(&mut self, address: SocketAddr) {
        if self.advertise.is_empty() {
            // Without a zone, which no message carries: the server sees the address itself.
            self.advertise.push(SocketAddr::new(address.ip(), address.port()));
        }
    }

    /// Takes note of `event`, and says what to do about it, in order.
    pub fn handle(&mut self, now: Instant, event: ClientEvent) -> Vec<ClientAction> {
        let mut actions = Vec::new();
        match event {
            ClientEvent::Membership(event) => self.membership(now, event, None, &mut actions),
            ClientEvent::Mesh(event) => self.mesh(now, event, &mut actions),
            ClientEvent::Opened(link, purpose, peer) => {
                self.opened(now, link, purpose, peer, &mut actions);
            }
            ClientEvent::Ended(link, purpose, end) => {
                self.ended(now, link, purpose, end, &mut actions);
            }
            ClientEvent::NotDialled(..) if mutant(Mutant::ForgetDeadDial) => {}
            ClientEvent::NotDialled(purpose, end) => {
                self.never_opened(now, purpose, &end, &mut actions);
            }
        }
        actions
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        [self.membership.deadline(), self.mesh.deadline()].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn on_deadline(&mut self, now: Instant) -> Vec<ClientAction> {
        let mut actions = Vec::new();
        let decided = self.membership.on_deadline(now);
        self.follow_membership(now, decided, None, &mut actions);
        let decided = self.mesh.on_deadline(now);
        self.follow_mesh(decided, &mut actions);
        actions
    }

    /// The list as it is known.
    pub fn view(&self) -> &View {
        self.membership.view()
    }

    /// Whether the server lists this client, as far as is known.
    pub fn is_registered(&self) -> bool {
        self.membership.is_registered()
    }

    /// The link that messages to `node` go by, while there is one.
    pub fn up(&self, node: &Uuid) -> Option<LinkId> {
        self.mesh.up(node)
    }

    /// Every node that messages can be sent to, and the link they go by.
    pub fn all_up(&self) -> impl Iterator<Item = (Uuid, LinkId)> {
        self.mesh.all_up()
    }

    /// Who is at the other end of the links that messages go by.
    pub fn connected(&self) -> impl Iterator<Item = &Arc<PeerInfo>> {
        self.all_up().filter_map(|(_, link)| Some(&self.links.get(&link)?.peer))
    }

    /// Whether `node` is listed or connected.
    pub fn knows(&self, node: &Uuid) -> bool {
        self.up(node).is_some() || self.view().peer(node).is_some()
    }

    /// The node of this name, if it is listed; or the only one connected that calls itself so. The
    /// list comes first: the server sees to it that a name is one node's, while anybody may connect
    /// and call himself by it.
    pub fn named(&self, name: &str) -> Option<Uuid> {
        if let Some(listed) = self.view().peers().find(|peer| peer.name == name) {
            return Some(listed.node);
        }
        let mut named = self.connected().filter(|peer| peer.name == name);
        match (named.next(), named.next()) {
            (Some(peer), None) => Some(peer.node),
            _ => None,
        }
    }

    fn opened(
        &mut self,
        now: Instant,
        link: LinkId,
        purpose: Purpose,
        peer: Arc<PeerInfo>,
        actions: &mut Vec<ClientAction>,
    ) {
        let (node, incarnation) = (peer.node, peer.incarnation);
        self.links.insert(link, OpenLink { peer, end: None });
        match purpose {
            Purpose::Server(dial) => {
                self.to_server = Some((dial, link));
                self.membership(now, MembershipEvent::Opened(dial), None, actions);
            }
            Purpose::Peer(dialled) => {
                let neighbour = Neighbour { node, incarnation, dialled: dialled.is_some() };
                self.mesh(now, MeshEvent::Opened(link, neighbour), actions);
            }
        }
    }

    fn ended(
        &mut self,
        now: Instant,
        link: LinkId,
        purpose: Purpose,
        end: End,
        actions: &mut Vec<ClientAction>,
    ) {
        match purpose {
            Purpose::Peer(_) if self.links.contains_key(&link) => {
                let closed = MeshEvent::Closed(link, PeerEnd::of(&end));
                self.ends(link, end);
                self.mesh(now, closed, actions);
            }
            _ => self.never_opened(now, purpose, &end, actions),
        }
        self.links.remove(&link);
    }

    /// A link to the server ended, or one to a peer that was not open.
    fn never_opened(
        &mut self,
        now: Instant,
        purpose: Purpose,
        end: &End,
        actions: &mut Vec<ClientAction>,
    ) {
        match purpose {
            Purpose::Server(dial) => {
                self.to_server.take_if(|(open, _)| *open == dial);
                let event = MembershipEvent::Ended(dial, ServerEnd::of(end));
                self.membership(now, event, Some(end), actions);
            }
            Purpose::Peer(Some(node)) => {
                self.mesh(now, MeshEvent::DialFailed(node, PeerEnd::of(end)), actions);
            }
            Purpose::Peer(None) => {}
        }
    }

    fn membership(
        &mut self,
        now: Instant,
        event: MembershipEvent,
        end: Option<&End>,
        actions: &mut Vec<ClientAction>,
    ) {
        let decided = self.membership.handle(now, event);
        self.follow_membership(now, decided, end, actions);
    }

    fn mesh(&mut self, now: Instant, event: MeshEvent, actions: &mut Vec<ClientAction>) {
        let decided = self.mesh.handle(now, event);
        self.follow_mesh(decided, actions);
    }

    /// What the membership's decisions mean. `end` is why the link ended that they are about.
    fn follow_membership(
        &mut self,
        now: Instant,
        decided: Vec<MembershipAction>,
        end: Option<&End>,
        actions: &mut Vec<ClientAction>,
    ) {
        let end = || end.cloned().unwrap_or(End::Lost);
        for action in decided {
            let news = match action {
                MembershipAction::Dial(dial) => {
                    let expect = Expect::any().role(Role::Server);
                    actions.push(ClientAction::Dial(Purpose::Server(dial), self.server, expect));
                    continue;
                }
                MembershipAction::SendRegister(dial) => {
                    let register = Register::new(self.advertise.clone());
                    self.send_server(dial, Control::Register(register), actions);
                    continue;
                }
                MembershipAction::SendDeregister(dial) => {
                    self.send_server(dial, Control::Deregister(Deregister::new()), actions);
                    continue;
                }
                MembershipAction::Unlisted => {
                    self.mesh(now, MeshEvent::Unlisted, actions);
                    continue;
                }
                MembershipAction::List(change) => {
                    self.mesh(now, MeshEvent::List(change.clone()), actions);
                    ClientNews::List(List { peers: self.view().peers().cloned().collect(), change })
                }
                MembershipAction::Registered => ClientNews::Registered,
                MembershipAction::Refused(error, retry) => {
                    ClientNews::RegisterRefused(error, retry)
                }
                MembershipAction::Lost => ClientNews::ServerLost(end()),
                MembershipAction::Unreached(attempt, retry) => {
                    ClientNews::ServerUnreached(attempt, end(), retry)
                }
                MembershipAction::Over(_) => ClientNews::ServerGone(end()),
            };
            actions.push(ClientAction::Tell(news));
        }
    }

    /// What the mesh's decisions mean.
    fn follow_mesh(&mut self, decided: Vec<MeshAction>, actions: &mut Vec<ClientAction>) {
        for action in decided {
            match action {
                MeshAction::Dial(node, address) => {
                    let expect = Expect::any().node(node).role(Role::Client);
                    actions.push(ClientAction::Dial(Purpose::Peer(Some(node)), address, expect));
                }
                MeshAction::Welcome(link) => {
                    actions.push(ClientAction::Send(link, Control::Welcome(Welcome::new())));
                }
                MeshAction::Probe(link, nonce) => {
                    actions.push(ClientAction::Send(link, Control::Probe(Probe::new(nonce))));
                }
                MeshAction::Refuse(link, reason, current) => {
                    let text = "the mesh has no use for this link";
                    let refusal = Refusal { current, ..Refusal::new(reason, text) };
                    self.ends(link, End::Refused(refusal.clone()));
                    actions.push(ClientAction::Refuse(link, refusal));
                }
                MeshAction::Close(link, reason) => {
                    self.ends(link, End::Closed(reason));
                    actions.push(ClientAction::Close(link, reason));
                }
                MeshAction::Up(_, link) => {
                    if let Some(open) = self.links.get(&link) {
                        actions.push(ClientAction::Up(link, Arc::clone(&open.peer)));
                    }
                }
                MeshAction::Down(_, link) => {
                    if let Some(OpenLink { peer, end }) = self.links.get(&link) {
                        let end = end.clone().unwrap_or(End::Lost);
                        actions.push(ClientAction::Down(link, Arc::clone(peer), end));
                    }
                }
                MeshAction::Unreached(node) => actions.push(ClientAction::Unreached(node)),
            }
        }
    }

    fn send_server(&self, dial: LinkId, message: Control, actions: &mut Vec<ClientAction>) {
        if let Some((open, link)) = self.to_server
            && open == dial
        {
            actions.push(ClientAction::Send(link, message));
        }
    }

    /// Remembers why a link ends; the first reason counts.
    fn ends(&mut self, link: LinkId, end: End) {
        if let Some(open) = self.links.get_mut(&link) {
            open.end.get_or_insert(end);
        }
    }
}

#[cfg(test)]
mod tests;
