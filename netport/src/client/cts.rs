//! A client's link to its server.

use std::fmt;

use tlv_core::MessageSet;
use tlv_core::messages::{ControlRef, RefuseReason};

use super::ClientHub;
use crate::connection::Connection;
use crate::core::LinkId;
use crate::core::client::{ClientEvent, Purpose};
use crate::core::link::handshake::PeerInfo;
use crate::error::End;
use crate::link::{Link, Reply};
use crate::sync::Arc;

/// Tells the membership what the server says.
pub struct CtsConnection<S> {
    hub: Arc<ClientHub<S>>,
    purpose: Purpose,
}

impl<S: MessageSet> CtsConnection<S> {
    /// The connection that the membership of `hub` asked for as `dial`.
    pub fn new(hub: Arc<ClientHub<S>>, dial: LinkId) -> Self {
        Self { hub, purpose: Purpose::Server(dial) }
    }
}

impl<S: MessageSet> Connection for CtsConnection<S> {
    type Set = S;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        self.hub.opened(link, self.purpose, Arc::new(peer.clone())).map(drop)
    }

    fn on_control(&mut self, link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        self.hub.handle(ClientEvent::received(link.id(), self.purpose, control)?);
        Ok(())
    }

    fn on_message(&mut self, _link: &Link, _message: S::Ref<'_>) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server has no messages for applications"))
    }

    fn on_request(&mut self, _link: &Link, _request: S::Ref<'_>, _reply: Reply) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server has no messages for applications"))
    }

    fn on_end(&mut self, link: &Link, end: &End) {
        self.hub.handle(ClientEvent::Ended(link.id(), self.purpose, end.clone()));
    }
}

impl<S> fmt::Debug for CtsConnection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtsConnection").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
