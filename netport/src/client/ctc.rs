//! A client's link to another client.

use std::fmt;

use bytes::Bytes;
use crossbeam_channel::Sender;
use tlv_core::messages::{ControlRef, RefuseReason};
use tlv_core::{MessageSet, Uuid};

use super::{ClientHub, Event};
use crate::connection::{Connection, dispatch};
use crate::core::client::{ClientEvent, Purpose};
use crate::core::link::handshake::PeerInfo;
use crate::error::End;
use crate::link::{Link, Packet, Reply};
use crate::sync::{Arc, AtomicBool, Ordering};

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
        Self::new(hub, None)
    }

    /// A connection that is dialled to reach `node`.
    pub fn dialled(hub: Arc<ClientHub<S>>, node: Uuid) -> Self {
        Self::new(hub, Some(node))
    }

    pub(super) fn new(hub: Arc<ClientHub<S>>, dialled: Option<Uuid>) -> Self {
        let events = hub.events();
        Self { hub, dialled, peer: None, events, frame: (0, Bytes::new()) }
    }

    fn purpose(&self) -> Purpose {
        Purpose::Peer(self.dialled)
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
        let peer = Arc::new(peer.clone());
        let is_up = self.hub.opened(link, self.purpose(), Arc::clone(&peer))?;
        self.peer = Some((peer, is_up));
        Ok(())
    }

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        self.frame = (packet.id(), packet.bytes());
        dispatch(self, link, packet)
    }

    fn on_control(&mut self, link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        self.hub.handle(ClientEvent::received(link.id(), self.purpose(), control)?);
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
        if let (Some(node), End::Dial(_)) = (self.dialled, end) {
            // No event tells it.
            tracing::warn!(%node, "a listed peer is not reached: {end}");
        }
        self.hub.handle(ClientEvent::Ended(link.id(), self.purpose(), end.clone()));
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
