//! A client's link, as the server sees it.

use std::fmt;
use std::marker::PhantomData;

use tlv_core::MessageSet;
use tlv_core::messages::{ControlRef, RefuseReason};

use super::ServerHub;
use crate::connection::Connection;
use crate::core::link::handshake::PeerInfo;
use crate::core::server::ServerEvent;
use crate::error::End;
use crate::link::{Link, Reply};
use crate::sync::Arc;

/// Tells the hub what a client says. Of the application's messages a server has no use: they
/// go from client to client.
pub struct ServerConnection<S> {
    hub: Arc<ServerHub>,
    speaks: PhantomData<fn() -> S>,
}

impl<S: MessageSet> ServerConnection<S> {
    /// A connection that serves from the directory of `hub`.
    pub fn new(hub: Arc<ServerHub>) -> Self {
        Self { hub, speaks: PhantomData }
    }
}

impl<S: MessageSet> Connection for ServerConnection<S> {
    type Set = S;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        self.hub.opened(link, peer)
    }

    fn on_control(&mut self, link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        self.hub.handle(ServerEvent::received(link.id(), control)?);
        Ok(())
    }

    fn on_message(&mut self, _link: &Link, _message: S::Ref<'_>) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server takes no messages for applications"))
    }

    fn on_request(&mut self, _link: &Link, _request: S::Ref<'_>, _reply: Reply) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server takes no messages for applications"))
    }

    fn on_end(&mut self, link: &Link, _end: &End) {
        self.hub.ended(link);
    }
}

impl<S> fmt::Debug for ServerConnection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConnection").finish_non_exhaustive()
    }
}
