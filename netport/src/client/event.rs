//! What a client tells its user.

use std::time::Duration;

use tlv_core::messages::RegisterError;

pub use crate::core::client::List;
use crate::core::link::handshake::PeerInfo;
use crate::error::End;
use crate::link::Reply;
use crate::sync::Arc;

/// What happened to a client, in order.
///
/// Nothing is dropped while the client runs. Who does not take events stops receiving messages,
/// lists and the rest, and its peers find its links full. What has not been taken when the client
/// is stopped may be lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<S> {
    /// A peer cannot be talked to any more, for this reason. Messages from its link may still
    /// follow, if another link takes its place.
    Down(Arc<PeerInfo>, End),
    /// The list changed.
    List(List),
    /// A message from a peer.
    Message {
        /// Who sent it.
        from: Arc<PeerInfo>,
        /// What was sent.
        message: S,
    },
    /// The server lists this client. The list follows.
    Registered,
    /// The server does not list this client.
    RegisterRefused {
        /// Why.
        error: RegisterError,
        /// It is asked again after this time, with growing waits, as
        /// [`ClientConfig::register_again`](crate::ClientConfig::register_again) says. `None`: not
        /// until the user asks, by [`ClientHandle::register`](crate::ClientHandle::register).
        retry: Option<Duration>,
    },
    /// A request from a peer, which waits for an answer until its own deadline.
    Request {
        /// Who asks.
        from: Arc<PeerInfo>,
        /// What is asked.
        request: S,
        /// How to answer; dropping it refuses the request.
        reply: Reply,
    },
    /// The server ended the link for good, for this reason. Peers stay.
    ServerGone(End),
    /// The server is out of reach, for this reason, and is dialled until it is back. Peers stay.
    ServerLost(End),
    /// An attempt to reach the server came to nothing: the first one, or one that follows
    /// [`ServerLost`](Self::ServerLost). The next one is made by itself.
    ServerUnreached {
        /// How many attempts have failed since the server was last reached; this one included.
        attempt: u32,
        /// Why this one did.
        end: End,
        /// How long until the next one.
        retry: Duration,
    },
    /// A peer can be talked to.
    Up(Arc<PeerInfo>),
}
