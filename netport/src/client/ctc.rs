//! A client's link to another client.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use crossbeam_channel::Sender;
use tlv_core::messages::{ControlRef, GoodbyeReason, RefuseReason, Role};
use tlv_core::{MessageSet, Uuid};

use super::{ClientHub, Event};
use crate::connection::{Connection, dispatch};
use crate::core::link::handshake::PeerInfo;
use crate::core::mesh::{MeshEvent, Neighbour, PeerEnd};
use crate::error::{End, Refusal};
use crate::io::Packet;
use crate::link::{Link, Reply};

/// Tells the mesh what becomes of the link, and hands messages to the user as events.
pub struct CtcConnection<S> {
    hub: Arc<ClientHub<S>>,
    /// The node that was to be reached, where this side dialled.
    dialled: Option<Uuid>,
    /// The other end, once the link is open, and whether messages go by the link.
    peer: Option<(Arc<PeerInfo>, Arc<AtomicBool>)>,
    events: Option<Sender<Event<S>>>,
    /// The frame that is being handled.
    frame: (u16, Bytes),
}

impl<S: MessageSet> CtcConnection<S> {
    /// A connection that a peer dialled.
    pub fn accepted(hub: Arc<ClientHub<S>>) -> Self {
        let events = hub.events();
        Self { hub, dialled: None, peer: None, events, frame: (0, Bytes::new()) }
    }

    /// A connection that is dialled to reach `node`.
    pub fn dialled(hub: Arc<ClientHub<S>>, node: Uuid) -> Self {
        Self { dialled: Some(node), ..Self::accepted(hub) }
    }

    /// The peer, while messages go by this link.
    pub fn peer(&self) -> Option<&Arc<PeerInfo>> {
        self.peer.as_ref().filter(|(_, is_up)| is_up.load(Ordering::Acquire)).map(|(peer, _)| peer)
    }

    /// The peer and its message, which owns what it needs of the frame that is being handled.
    fn received(&mut self) -> Result<(Arc<PeerInfo>, S), End> {
        let Some(peer) = self.peer().cloned() else {
            let text = "messages follow `Welcome`, on the link that it came by";
            return Err(End::refuse(RefuseReason::NotAllowed, text));
        };
        let (id, value) = std::mem::take(&mut self.frame);
        Ok((peer, S::decode(id, &value)?))
    }

    fn tell(&self, event: Event<S>) -> Result<(), End> {
        self.events.as_ref().map_or(Err(End::Stopped), |events| self.hub.tell(events, event))
    }
}

impl<S: MessageSet> Connection for CtcConnection<S> {
    type Set = S;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        if peer.role != Role::Client {
            return Err(End::refuse(RefuseReason::NotAllowed, "only clients are peers here"));
        }
        let peer = Arc::new(peer.clone());
        let neighbour = Neighbour {
            node: peer.node,
            incarnation: peer.incarnation,
            dialled: self.dialled.is_some(),
        };
        let event = MeshEvent::Opened(link.id(), neighbour);
        let is_up = self.hub.peer_opened(link, Arc::clone(&peer), event);
        self.peer = Some((peer, is_up));
        Ok(())
    }

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        self.frame = (packet.id(), packet.bytes());
        dispatch(self, link, packet)
    }

    fn on_control(&mut self, link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        let event = match control {
            ControlRef::Welcome(_) => MeshEvent::Welcome(link.id()),
            ControlRef::Alive(alive) => MeshEvent::Alive(link.id(), alive.nonce),
            other => {
                let text = format!("{other:?} means nothing between clients");
                return Err(End::refuse(RefuseReason::NotAllowed, text));
            }
        };
        self.hub.mesh(event);
        Ok(())
    }

    fn on_message(&mut self, _link: &Link, _message: S::Ref<'_>) -> Result<(), End> {
        let (from, message) = self.received()?;
        self.tell(Event::Message { from, message })
    }

    fn on_request(&mut self, _link: &Link, _request: S::Ref<'_>, reply: Reply) -> Result<(), End> {
        let (from, request) = self.received()?;
        self.tell(Event::Request { from, request, reply })
    }

    fn on_end(&mut self, link: &Link, end: &End) {
        let event = match (&self.peer, self.dialled) {
            (Some(_), _) => MeshEvent::Closed(link.id(), peer_end(end)),
            (None, Some(node)) => {
                if let End::Dial(_) = end {
                    // No event tells it.
                    tracing::warn!(%node, "a listed peer is not reached: {end}");
                }
                MeshEvent::DialFailed(node, peer_end(end))
            }
            (None, None) => return,
        };
        self.hub.peer_ended(link, end, event);
    }
}

impl<S> fmt::Debug for CtcConnection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtcConnection")
            .field("dialled", &self.dialled)
            .field("peer", &self.peer.as_ref().map(|(peer, _)| &peer.name))
            .finish_non_exhaustive()
    }
}

/// What the end of a link to a peer means for coming back.
pub(crate) fn peer_end(end: &End) -> PeerEnd {
    match end {
        End::Goodbye(GoodbyeReason::Done | GoodbyeReason::Replaced)
        | End::Closed(GoodbyeReason::Done | GoodbyeReason::Replaced)
        | End::RefusedBy(Refusal { reason: RefuseReason::Older, .. }) => PeerEnd::Done,
        _ => PeerEnd::Lost,
    }
}
