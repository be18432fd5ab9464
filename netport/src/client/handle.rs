//! A running client, for its user.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use thiserror::Error;
use tlv_core::messages::{GoodbyeReason, Peer};
use tlv_core::{EncodeError, Message, MessageSet, Uuid};

use super::hub::State;
use super::{ClientHub, Event};
use crate::core::client::ClientEvent;
use crate::core::directory::MembershipEvent;
use crate::core::link::handshake::PeerInfo;
use crate::core::mesh::MeshEvent;
use crate::error::{End, SendError};
use crate::link::{Frame, Link};
use crate::port::{Port, PortHandle};
use crate::sync::{self, Arc};

/// A running client. Its calls may be made from any thread, and none waits for the user to take
/// events. Dropping it stops the client and waits for its end; on a thread of the client itself it
/// only stops it, as [`PortHandle`] says.
#[must_use = "dropped, it stops the client and waits for its end"]
pub struct ClientHandle<S: MessageSet> {
    hub: Arc<ClientHub<S>>,
    events: Receiver<Event<S>>,
    /// Taken by `join` alone.
    port: Option<PortHandle>,
}

/// Whom to send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// The peer that is listed under this name, or the only one connected that calls itself so.
    Name(&'a str),
    /// The peer with this node id.
    Node(Uuid),
}

/// Who was reached by a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broadcast {
    /// How many peers are sent the message.
    pub sent: usize,
    /// Those whose link had no room for it, or ended.
    pub missed: Vec<Uuid>,
}

/// Why a message was not sent to a peer.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The peer's link did not take it.
    #[error(transparent)]
    Send(#[from] SendError),
    /// There is no link to the peer, and none came about in time.
    #[error("the peer cannot be reached")]
    Unreached,
    /// Nobody of this name or node id is listed or connected; or nobody is listed of this name, and
    /// several are connected that call themselves so.
    #[error("no such peer is known")]
    UnknownPeer,
}

impl<S: MessageSet> ClientHandle<S> {
    pub(super) fn new(
        port: PortHandle,
        hub: Arc<ClientHub<S>>,
        events: Receiver<Event<S>>,
    ) -> Self {
        Self { hub, events, port: Some(port) }
    }

    /// What happens to the client. Disconnects when it has ended.
    pub fn events(&self) -> &Receiver<Event<S>> {
        &self.events
    }

    /// Its port.
    pub fn port(&self) -> &Port {
        // `join` alone takes it, and `join` takes the handle too.
        self.port.as_ref().expect("a handle in use has its port")
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.port().local_addr()
    }

    /// Its node id.
    pub fn node(&self) -> Uuid {
        self.port().identity().node
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.port().identity().name
    }

    /// Everyone who is registered, as far as is known; this client included, by node id.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.hub.lock().core.view().peers().cloned().collect()
    }

    /// Whether the server lists this client, as far as is known.
    pub fn is_registered(&self) -> bool {
        self.hub.lock().core.is_registered()
    }

    /// Everyone who can be talked to, by node id.
    pub fn connected(&self) -> Vec<Arc<PeerInfo>> {
        let state = self.hub.lock();
        // Counted first, so that the list does not grow: a user may ask often, on any thread.
        let mut connected = Vec::with_capacity(state.core.connected().count());
        connected.extend(state.core.connected().cloned());
        connected
    }

    /// Waits until a peer is listed and can be talked to, for `timeout`, and returns the link that
    /// messages to it go by. Has it dialled where the settings allow that. So this is how to begin:
    /// right after [`Client::connect`](crate::Client::connect) nobody is known yet.
    ///
    /// # Errors
    ///
    /// `UnknownPeer`: it was not listed in time. `Unreached`: it was, and there is no link to it.
    pub fn wait_for<'a>(
        &self,
        to: impl Into<To<'a>>,
        timeout: Duration,
    ) -> Result<Link, DeliverError> {
        let (to, deadline) = (to.into(), sync::deadline(timeout));
        let mut state = self.hub.lock();
        while state.node(to).is_none() {
            let left = deadline.saturating_duration_since(sync::now());
            if left.is_zero() || self.port().is_stopping() {
                return Err(DeliverError::UnknownPeer);
            }
            state = self.hub.wait(state, left);
        }
        drop(state);
        self.reach(to, deadline)
    }

    /// The link that messages to a peer go by, while there is one: for requests and batches.
    pub fn link<'a>(&self, to: impl Into<To<'a>>) -> Option<Link> {
        let state = self.hub.lock();
        let node = state.node(to.into())?;
        state.link_to(&node)
    }

    /// Sends a message of the client's set to a peer that is known. Where there is no link yet,
    /// waits for one for the link's `send_timeout`, and has it dialled where the settings allow
    /// that; then waits for room, as [`Link::send`] does. Who is not listed is not waited for: see
    /// [`Self::wait_for`].
    ///
    /// # Errors
    ///
    /// [`DeliverError`]; nothing was sent then.
    pub fn send<'a, M>(&self, to: impl Into<To<'a>>, message: &M) -> Result<(), DeliverError>
    where
        M: Message,
        S: From<M>,
    {
        let deadline = sync::now() + self.port().config().link.send_timeout;
        Ok(self.reach(to.into(), deadline)?.send(message)?)
    }

    /// Sends a message of the client's set to a peer if it can be talked to and its link has room;
    /// never waits.
    ///
    /// # Errors
    ///
    /// [`DeliverError`]; nothing was sent then.
    pub fn try_send<'a, M>(&self, to: impl Into<To<'a>>, message: &M) -> Result<(), DeliverError>
    where
        M: Message,
        S: From<M>,
    {
        let link = {
            let state = self.hub.lock();
            let node = state.node(to.into()).ok_or(DeliverError::UnknownPeer)?;
            state.link_to(&node).ok_or(DeliverError::Unreached)?
        };
        Ok(link.try_send(message)?)
    }

    /// Sends a message of the client's set, encoded once, to everyone who can be talked to; never
    /// waits. Who has no room for it does not get it, and is named in the result; the others are not
    /// held up by that.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where the message is not within its bounds; nothing was sent then.
    pub fn broadcast<M>(&self, message: &M) -> Result<Broadcast, EncodeError>
    where
        M: Message,
        S: From<M>,
    {
        let frame = Frame::of(message)?;
        let state = self.hub.lock();
        let links = state.core.all_up().map(|(node, _)| (node, state.link_to(&node)));
        let links: Vec<_> = links.collect();
        drop(state);
        let mut broadcast = Broadcast::default();
        for (node, link) in links {
            match link.map(|link| link.try_send_frame(&frame)) {
                Some(Ok(())) => broadcast.sent += 1,
                Some(Err(_)) | None => broadcast.missed.push(node),
            }
        }
        Ok(broadcast)
    }

    /// Has the server list this client, on the link that is open or on the next one. Answered by
    /// [`Event::Registered`] or [`Event::RegisterRefused`].
    pub fn register(&self) {
        self.membership(MembershipEvent::Register);
    }

    /// Has the server list this client no longer. The link to it stays open, and so do the links
    /// to peers; the list is empty from now on.
    pub fn deregister(&self) {
        self.membership(MembershipEvent::Deregister);
    }

    /// Stops the client: it deregisters, says goodbye to everyone, and sends what was accepted.
    /// Returns at once.
    pub fn stop(&self) {
        self.membership(MembershipEvent::Leave);
        self.port().stop(GoodbyeReason::Done);
    }

    /// Waits until the client has stopped, and says why. It does not stop it: see [`Self::stop`].
    /// Events that come meanwhile are taken and dropped, so that the client goes on; who wants them
    /// takes them until they are disconnected, and joins then.
    pub fn join(mut self) -> End {
        while self.events.recv().is_ok() {}
        self.port.take().map_or(End::Stopped, PortHandle::join)
    }

    fn membership(&self, event: MembershipEvent) {
        let event = ClientEvent::Membership(event);
        self.hub.command(|state| state.core.handle(sync::now(), event));
    }

    /// The link to a peer, which is waited for where there is none.
    fn reach(&self, to: To<'_>, deadline: Instant) -> Result<Link, DeliverError> {
        let mut state = self.hub.lock();
        let node = state.node(to).ok_or(DeliverError::UnknownPeer)?;
        if let Some(link) = state.link_to(&node) {
            return Ok(link);
        }
        drop(state);
        self.hub.command(|state| {
            let sought = state.sought.entry(node).or_default();
            sought.waiting += 1;
            sought.unreached = false;
            state.core.handle(sync::now(), ClientEvent::Mesh(MeshEvent::Wanted(node)))
        });
        state = self.hub.lock();
        let link = loop {
            let link = state.link_to(&node);
            let left = deadline.saturating_duration_since(sync::now());
            let is_hopeless = left.is_zero()
                || state.sought.get(&node).is_some_and(|sought| sought.unreached)
                || self.port().is_stopping();
            if link.is_some() || is_hopeless {
                break link;
            }
            state = self.hub.wait(state, left);
        };
        if let Some(sought) = state.sought.get_mut(&node) {
            sought.waiting -= 1;
            if sought.waiting == 0 {
                state.sought.remove(&node);
            }
        }
        link.ok_or(DeliverError::Unreached)
    }
}

impl<S: MessageSet> Drop for ClientHandle<S> {
    fn drop(&mut self) {
        if self.port.is_some() {
            self.stop();
        }
    }
}

impl<S: MessageSet> fmt::Debug for ClientHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandle").field("port", &self.port).finish_non_exhaustive()
    }
}

impl<S> State<S> {
    fn link_to(&self, node: &Uuid) -> Option<Link> {
        let id = self.core.up(node)?;
        Some(self.links.get(&id)?.link.clone())
    }

    /// The node that is meant, if it is listed or connected.
    fn node(&self, to: To<'_>) -> Option<Uuid> {
        match to {
            To::Node(node) => self.core.knows(&node).then_some(node),
            To::Name(name) => self.core.named(name),
        }
    }
}

impl From<Uuid> for To<'_> {
    fn from(node: Uuid) -> Self {
        Self::Node(node)
    }
}

impl From<&Uuid> for To<'_> {
    fn from(node: &Uuid) -> Self {
        Self::Node(*node)
    }
}

impl<'a> From<&'a str> for To<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a String> for To<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}
