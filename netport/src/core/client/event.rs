//! What a client is told, and what its links are for.

use std::sync::Arc;

use tlv_core::Uuid;
use tlv_core::messages::{ControlRef, RefuseReason, Role};

use crate::core::LinkId;
use crate::core::directory::MembershipEvent;
use crate::core::end::End;
use crate::core::link::handshake::PeerInfo;
use crate::core::mesh::MeshEvent;

/// What a client's link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To its server, as the dial of this number.
    Server(LinkId),
    /// To another client: to which, where this side dialled.
    Peer(Option<Uuid>),
}

/// What happened to a client.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// Between the client and its server; or the user wants it to.
    Membership(MembershipEvent),
    /// Between the client and its peers; or the user wants it to.
    Mesh(MeshEvent),
    /// The handshake of a link is done: see [`Self::opened`].
    Opened(LinkId, Purpose, Arc<PeerInfo>),
    /// A link ended, whether it had opened or not.
    Ended(LinkId, Purpose, End),
    /// A dial could not even begin.
    NotDialled(Purpose, End),
}

impl ClientEvent {
    /// The handshake of a link is done.
    ///
    /// # Errors
    ///
    /// Where `peer` is not one to have such a link with: how the link is to end.
    pub fn opened(link: LinkId, purpose: Purpose, peer: Arc<PeerInfo>) -> Result<Self, End> {
        match purpose {
            Purpose::Peer(_) if peer.role != Role::Client => {
                Err(End::refuse(RefuseReason::NotAllowed, "only clients are peers here"))
            }
            _ => Ok(Self::Opened(link, purpose, peer)),
        }
    }

    /// One of netport's own messages arrived.
    ///
    /// # Errors
    ///
    /// Where it does not decode, or means nothing on such a link: how the link is to end.
    pub fn received(link: LinkId, purpose: Purpose, control: ControlRef<'_>) -> Result<Self, End> {
        let event = match (purpose, control) {
            (Purpose::Server(dial), ControlRef::Snapshot(list)) => {
                Self::Membership(MembershipEvent::Snapshot(dial, list.to_owned()?))
            }
            (Purpose::Server(dial), ControlRef::Changes(list)) => {
                Self::Membership(MembershipEvent::Changes(dial, list.to_owned()?))
            }
            (Purpose::Server(dial), ControlRef::RegisterRefused(refused)) => {
                Self::Membership(MembershipEvent::Refused(dial, refused.reason))
            }
            (Purpose::Peer(_), ControlRef::Welcome(_)) => Self::Mesh(MeshEvent::Welcome(link)),
            (Purpose::Peer(_), ControlRef::Alive(alive)) => {
                Self::Mesh(MeshEvent::Alive(link, alive.nonce))
            }
            (Purpose::Server(_), other) => {
                return Err(meaningless(&other, "to a client from its server"));
            }
            (Purpose::Peer(_), other) => return Err(meaningless(&other, "between clients")),
        };
        Ok(event)
    }
}

fn meaningless(control: &ControlRef<'_>, here: &str) -> End {
    End::refuse(RefuseReason::NotAllowed, format!("{control:?} means nothing {here}"))
}
