//! Why things fail.

use std::io;

use thiserror::Error;
use tlv_core::messages::CallError;
use tlv_core::{DecodeError, EncodeError};

use crate::config::ConfigError;
pub use crate::core::end::{End, Limit, Refusal};
pub(crate) use crate::core::end::{cut, encoded};

/// Why a message was not sent. Not a byte of it was.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The link is closed, or closing.
    #[error("the link is closed")]
    Closed(#[source] End),
    /// The message breaks a bound or rule of the spec.
    #[error(transparent)]
    Encode(EncodeError),
    /// The backlog is at its mark, and the caller did not want to wait, or is a connection's thread
    /// and must not.
    #[error("the backlog is full")]
    Full,
    /// The handshake is not finished: see [`Link::wait_open`](crate::Link::wait_open).
    #[error("the handshake is not finished")]
    NotOpen,
    /// A [`Reply`](crate::Reply) was given the response to another request.
    #[error("the request is answered by message {expected:#06x}, not by {found:#06x}")]
    OtherResponse {
        /// Type of the response that the spec pairs with the request.
        expected: u16,
        /// Type of the one that was given.
        found: u16,
    },
    /// There was no room in time.
    #[error("the backlog stayed full")]
    Timeout,
    /// The message is critical or a request, and newer than what the peer speaks.
    #[error("the message came with version {since}; the peer speaks {peer}")]
    TooNew {
        /// The first version of the protocol that has the message.
        since: u32,
        /// The peer's version.
        peer: u32,
    },
}

impl From<EncodeError> for SendError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<SendError> for End {
    fn from(error: SendError) -> Self {
        match error {
            // Not why that link is closed: where it is the callback's own, the link knows.
            SendError::Full | SendError::Timeout => Self::Full,
            error => Self::user(error),
        }
    }
}

/// Why a call has no response.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum CallFailure {
    /// The link ended before the response came.
    #[error("the link ended")]
    Ended(#[source] End),
    /// The response does not decode.
    #[error(transparent)]
    Malformed(DecodeError),
    /// The other side refused.
    #[error("{reason}{}{text}", if text.is_empty() { "" } else { ": " })]
    Refused {
        /// For programs.
        reason: CallError,
        /// For people.
        text: String,
    },
    /// The request was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// No response in time: as from a peer that skipped the request, whose id is odd, because its spec
    /// does not have it, though its version says so.
    #[error("no response in time")]
    Timeout,
    /// A connection's thread must not wait, and no other thread can be called back.
    #[error("not from this thread")]
    WrongThread,
}

/// Why a port did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// What was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The settings cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system refused a thread or a descriptor.
    #[error(transparent)]
    System(#[from] io::Error),
}
