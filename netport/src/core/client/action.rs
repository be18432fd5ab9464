//! What is to be done about a client, and what its user is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tlv_core::Uuid;
use tlv_core::messages::{Control, GoodbyeReason, Peer, RegisterError};

use super::Purpose;
use crate::core::LinkId;
use crate::core::directory::ListChange;
use crate::core::end::{End, Refusal};
use crate::core::link::handshake::{Expect, PeerInfo};

/// What is to be done about a client. Links that are not known (any more) are left alone.
#[derive(Clone, Debug)]
pub enum ClientAction {
    /// Dial, for this purpose, at this address, where this is expected. Where that cannot even
    /// begin, [`ClientEvent::NotDialled`](super::ClientEvent::NotDialled) follows.
    Dial(Purpose, SocketAddr, Expect),
    /// Send this.
    Send(LinkId, Control),
    /// Say goodbye and close.
    Close(LinkId, GoodbyeReason),
    /// Refuse the link.
    Refuse(LinkId, Refusal),
    /// Messages go by this link from now on; tell the user.
    Up(LinkId, Arc<PeerInfo>),
    /// Messages do not go by this link any more, for this reason; tell the user.
    Down(LinkId, Arc<PeerInfo>, End),
    /// Tell who waits to send to this node: there is no way to it now.
    Unreached(Uuid),
    /// Tell the user.
    Tell(ClientNews),
}

/// What the user of a client is told of its server.
#[derive(Clone, Debug)]
pub enum ClientNews {
    /// The list changed.
    List(List),
    /// The client is registered.
    Registered,
    /// It is not, and is tried again after this time, if there is one.
    RegisterRefused(RegisterError, Option<Duration>),
    /// The server ended the link for good.
    ServerGone(End),
    /// The server is out of reach.
    ServerLost(End),
    /// This attempt to reach it, counted from 1, came to nothing; the next follows after this time.
    ServerUnreached(u32, End, Duration),
}

/// The list of registered clients after a change, and what changed.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Everyone who is registered, this client included, by node id.
    pub peers: Arc<[Arc<Peer>]>,
    /// What changed since the list before.
    pub change: ListChange,
}
