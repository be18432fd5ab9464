//! What the client's state machines decide, done: links dialled and closed, messages sent, and the
//! user told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tlv_core::messages::{Deregister, Peer, Probe, Register, Role, Welcome};
use tlv_core::{MessageSet, Uuid};

use super::event::{Event, List};
use super::hub::State;
use super::{ClientHub, CtcConnection, CtsConnection};
use crate::core::LinkId;
use crate::core::directory::{MembershipAction, MembershipEvent};
use crate::core::link::handshake::Expect;
use crate::core::mesh::{MeshAction, MeshEvent};
use crate::error::{End, SendError};
use crate::link::Link;

impl<S: MessageSet> ClientHub<S> {
    /// Does what was decided. `end` is why the link ended that it was decided about.
    pub(super) fn perform_membership(
        self: &Arc<Self>,
        state: &mut State<S>,
        actions: Vec<MembershipAction>,
        end: Option<&End>,
    ) {
        for action in actions {
            match action {
                MembershipAction::Dial(key) => self.dial_server(state, key),
                MembershipAction::SendRegister(_) => {
                    let register = Register::new(self.advertised());
                    state.to_server(|link| link.try_send(&register));
                }
                MembershipAction::SendDeregister(_) => {
                    state.to_server(|link| link.try_send(&Deregister::new()));
                }
                MembershipAction::Registered => state.told.push_back(Event::Registered),
                MembershipAction::Refused(error, retry) => {
                    state.told.push_back(Event::RegisterRefused { error, retry });
                }
                MembershipAction::List(change) => {
                    let peers: Arc<[Arc<Peer>]> =
                        state.membership.view().peers().cloned().collect();
                    self.decide_mesh(state, MeshEvent::List(change.clone()), None);
                    state.told.push_back(Event::List(List { peers, change }));
                }
                MembershipAction::Unlisted => self.decide_mesh(state, MeshEvent::Unlisted, None),
                MembershipAction::Lost => {
                    state.told.push_back(Event::ServerLost(end.cloned().unwrap_or(End::Lost)));
                }
                MembershipAction::Unreached(attempt, retry) => {
                    let end = end.cloned().unwrap_or(End::Lost);
                    tracing::info!(attempt, ?retry, "no way to the server: {end}");
                    state.told.push_back(Event::ServerUnreached { attempt, end, retry });
                }
                MembershipAction::Over(_) => {
                    state.told.push_back(Event::ServerGone(end.cloned().unwrap_or(End::Lost)));
                }
            }
        }
    }

    pub(super) fn perform_mesh(
        self: &Arc<Self>,
        state: &mut State<S>,
        actions: Vec<MeshAction>,
        end: Option<&End>,
    ) {
        // A dial that cannot even begin has consequences of its own.
        let mut follow_up = VecDeque::from(actions);
        while let Some(action) = follow_up.pop_front() {
            match action {
                MeshAction::Dial(node, address) => {
                    if let Err(event) = self.dial_peer(node, address) {
                        follow_up.extend(state.mesh.handle(Instant::now(), event));
                    }
                }
                MeshAction::Welcome(id) => {
                    state.to_peer(id, |link| link.try_send(&Welcome::new()));
                }
                MeshAction::Probe(id, nonce) => {
                    state.to_peer(id, |link| link.try_send(&Probe::new(nonce)));
                }
                MeshAction::Refuse(id, reason, current) => {
                    if let Some(peer) = state.peers.get(&id) {
                        peer.link.refuse(reason, "the mesh has no use for this link", current);
                    }
                }
                MeshAction::Close(id, reason) => {
                    if let Some(peer) = state.peers.get(&id) {
                        peer.link.close(reason);
                    }
                }
                MeshAction::Up(_, id) => {
                    if let Some(peer) = state.peers.get(&id) {
                        peer.is_up.store(true, Ordering::Release);
                        state.told.push_back(Event::Up(Arc::clone(&peer.info)));
                    }
                }
                MeshAction::Down(_, id) => {
                    if let Some(peer) = state.peers.get(&id) {
                        peer.is_up.store(false, Ordering::Release);
                        let end = end.cloned().or_else(|| peer.link.end());
                        let end = end.unwrap_or(End::Lost);
                        state.told.push_back(Event::Down(Arc::clone(&peer.info), end));
                    }
                }
                MeshAction::Unreached(node) => {
                    if let Some(sought) = state.sought.get_mut(&node) {
                        sought.unreached = true;
                    }
                }
            }
        }
    }

    fn dial_server(self: &Arc<Self>, state: &mut State<S>, key: LinkId) {
        let Some(port) = self.port.get() else { return };
        let connection = CtsConnection::new(Arc::clone(self), key);
        if let Err(end) = port.dial(self.server, Expect::any().role(Role::Server), connection) {
            let event = MembershipEvent::Ended(key, super::server_end(&end));
            self.decide_membership(state, event, Some(&end));
        }
    }

    /// Dials a peer; where that cannot even begin, returns what the mesh is to be told.
    fn dial_peer(self: &Arc<Self>, node: Uuid, address: SocketAddr) -> Result<(), MeshEvent> {
        let Some(port) = self.port.get() else { return Ok(()) };
        let expect = Expect::any().node(node).role(Role::Client);
        let own = CtcConnection::dialled(Arc::clone(self), node);
        let dialled = self.launch().dial(port, address, expect, own);
        dialled.map_err(|end| MeshEvent::DialFailed(node, super::peer_end(&end)))
    }

    /// Where this client listens, as it tells the server.
    fn advertised(&self) -> Vec<SocketAddr> {
        match self.port.get() {
            Some(port) if self.advertise.is_empty() => {
                // Without a zone, which no message carries: the server sees the address itself.
                let listens = port.local_addr();
                vec![SocketAddr::new(listens.ip(), listens.port())]
            }
            _ => self.advertise.clone(),
        }
    }
}

impl<S> State<S> {
    fn to_server(&self, send: impl FnOnce(&Link) -> Result<(), SendError>) {
        if let Some(link) = &self.server {
            sent(link, send(link));
        }
    }

    fn to_peer(&self, id: LinkId, send: impl FnOnce(&Link) -> Result<(), SendError>) {
        if let Some(peer) = self.peers.get(&id) {
            sent(&peer.link, send(&peer.link));
        }
    }
}

/// A link that takes no more is as good as dead, and its end is told as such before long.
fn sent(link: &Link, result: Result<(), SendError>) {
    match result {
        Ok(()) => {}
        Err(error @ SendError::Encode(_)) => {
            tracing::error!(link = link.id(), %error, "a control message cannot be sent");
        }
        Err(error) => tracing::debug!(link = link.id(), %error, "a control message was not sent"),
    }
}
