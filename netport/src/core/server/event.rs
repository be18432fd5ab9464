//! What a server is told.

use tlv_core::messages::{ControlRef, RefuseReason, Role};

use crate::core::LinkId;
use crate::core::directory::{Caller, DirectoryEvent};
use crate::core::end::End;
use crate::core::link::handshake::PeerInfo;

/// What happened to a server.
#[derive(Clone, Debug)]
pub enum ServerEvent {
    /// On a client's link, which opened, said something, or ended.
    Directory(DirectoryEvent),
    /// A link that had no room for its list has room again, or has ended.
    Room(LinkId),
    /// A link had no room for a [`ServerAction::Send`](super::ServerAction::Send).
    Unsent(LinkId),
}

impl ServerEvent {
    /// The handshake of a link is done.
    ///
    /// # Errors
    ///
    /// Where `peer` is not one to be served: how the link is to end.
    pub fn opened(link: LinkId, peer: &PeerInfo) -> Result<Self, End> {
        if peer.role != Role::Client {
            return Err(End::refuse(RefuseReason::NotAllowed, "only clients are served here"));
        }
        let caller = Caller {
            node: peer.node,
            incarnation: peer.incarnation,
            session: peer.session,
            name: peer.name.clone(),
            observed: peer.address.ip(),
        };
        Ok(Self::Directory(DirectoryEvent::Opened(link, caller)))
    }

    /// One of netport's own messages arrived.
    ///
    /// # Errors
    ///
    /// Where it does not decode, or means nothing to a server: how the link is to end.
    pub fn received(link: LinkId, control: ControlRef<'_>) -> Result<Self, End> {
        let event = match control {
            ControlRef::Register(register) => {
                DirectoryEvent::Register(link, register.to_owned()?.addresses)
            }
            ControlRef::Deregister(_) => DirectoryEvent::Deregister(link),
            ControlRef::Alive(alive) => DirectoryEvent::Alive(link, alive.nonce),
            other => {
                let text = format!("{other:?} means nothing to a server");
                return Err(End::refuse(RefuseReason::NotAllowed, text));
            }
        };
        Ok(Self::Directory(event))
    }

    /// A link ended, whether it had opened or not.
    pub fn ended(link: LinkId) -> Self {
        Self::Directory(DirectoryEvent::Closed(link))
    }
}
