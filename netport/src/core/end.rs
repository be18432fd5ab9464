//! Why links and ports end, and what the other side is told of it.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use thiserror::Error;
use tlv_core::messages::{Goodbye, GoodbyeReason, Refuse, RefuseReason};
use tlv_core::{DecodeError, Message};

/// Longest text in a `Refuse` or `CallRefused`, in bytes.
const TEXT_BYTES_MAX: usize = 200;

/// Why a link or a port ended.
///
/// A callback that returns one ends its link for that reason; what the peer is told is said with
/// each. What befalls a link, and is nobody's decision, is known before any callback returns it. So
/// [`Self::Dial`], [`Self::Goodbye`], [`Self::Lost`], [`Self::NoRoom`], [`Self::RefusedBy`],
/// [`Self::Reset`] and [`Self::Stalled`] from a callback are those of another link, and the user's
/// own reason to end this one: [`Self::User`] holds them.
///
/// Its text is the whole reason, as it stands in logs and events; only what [`Self::User`] holds may
/// have a source.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum End {
    /// This side closed in order. The peer is sent `Goodbye`.
    #[error("closed here: {0}")]
    Closed(GoodbyeReason),
    /// No connection could be made. There is no peer to tell.
    #[error("cannot connect: {0}")]
    Dial(io::ErrorKind),
    /// What had to be sent from the connection's own thread found no room. The peer is sent
    /// `Goodbye(Restart)`.
    #[error("the backlog is full")]
    Full,
    /// The peer closed in order. It is sent nothing more.
    #[error("the peer said goodbye: {0}")]
    Goodbye(GoodbyeReason),
    /// Nothing was received, or a port had no connection, for the idle time. The peer is sent
    /// `Goodbye(Idle)`.
    #[error("idle for too long")]
    Idle,
    /// The stream ended without a `Goodbye`. There is no peer to tell.
    #[error("the peer vanished")]
    Lost,
    /// A message did not decode. The peer is sent `Refuse(Malformed)`.
    #[error("malformed: {0}")]
    Malformed(DecodeError),
    /// There was no room for the connection, which was not begun. A peer that had connected is sent
    /// `Refuse(Busy)`.
    #[error("no room for a connection: {0}")]
    NoRoom(Limit),
    /// A callback panicked with this message. The peer is sent `Goodbye(Restart)`.
    #[error("panicked: {0}")]
    Panicked(String),
    /// This side refused the peer, which is sent `Refuse`.
    #[error("refused the peer: {0}")]
    Refused(Refusal),
    /// The peer refused this side. It is sent nothing more.
    #[error("refused by the peer: {0}")]
    RefusedBy(Refusal),
    /// The socket failed. There is no peer to tell.
    #[error("the connection failed: {0}")]
    Reset(io::ErrorKind),
    /// Bytes waited, and the peer took none for the stall timeout. It is sent nothing more.
    #[error("the peer stopped reading")]
    Stalled,
    /// The port was stopped, or nobody takes a client's events any more. The peer is sent
    /// `Goodbye(Done)`.
    #[error("stopped")]
    Stopped,
    /// The system refused what a link or a port cannot do without. The peer is sent
    /// `Goodbye(Restart)`.
    #[error("the system failed: {0}")]
    System(io::ErrorKind),
    /// The user's own reason. The peer is sent `Goodbye(Restart)`.
    #[error(transparent)]
    User(Arc<dyn StdError + Send + Sync>),
}

impl End {
    /// Ends the link with a `Refuse`; `text` is cut to what the message carries.
    pub fn refuse(reason: RefuseReason, text: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(reason, text))
    }

    /// Ends the link for a reason of the user's own.
    pub fn user(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::User(Arc::from(error.into()))
    }

    /// A word for counters.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::Dial(_) => "dial",
            Self::Full => "full",
            Self::Goodbye(_) => "goodbye",
            Self::Idle => "idle",
            Self::Lost => "lost",
            Self::Malformed(_) => "malformed",
            Self::NoRoom(_) => "no_room",
            Self::Panicked(_) => "panicked",
            Self::Refused(_) => "refused",
            Self::RefusedBy(_) => "refused_by",
            Self::Reset(_) => "reset",
            Self::Stalled => "stalled",
            Self::Stopped => "stopped",
            Self::System(_) => "system",
            Self::User(_) => "user",
        }
    }

    /// What it means for the link of the callback that returned it.
    pub(crate) fn of_callback(self) -> Self {
        match self {
            Self::Dial(_)
            | Self::Goodbye(_)
            | Self::Lost
            | Self::NoRoom(_)
            | Self::RefusedBy(_)
            | Self::Reset(_)
            | Self::Stalled => Self::user(self),
            decided => decided,
        }
    }

    /// The frame that tells the peer; empty where there is nothing to tell, or nobody.
    pub(crate) fn farewell(&self) -> Vec<u8> {
        match self {
            Self::Closed(reason) => goodbye(*reason),
            Self::Idle => goodbye(GoodbyeReason::Idle),
            Self::Stopped => goodbye(GoodbyeReason::Done),
            Self::Full | Self::Panicked(_) | Self::System(_) | Self::User(_) => {
                goodbye(GoodbyeReason::Restart)
            }
            Self::Malformed(error) => {
                Refusal::new(RefuseReason::Malformed, error.to_string()).frame()
            }
            Self::NoRoom(limit) => Refusal::new(RefuseReason::Busy, limit.to_string()).frame(),
            Self::Refused(refusal) => refusal.frame(),
            Self::Dial(_)
            | Self::Goodbye(_)
            | Self::Lost
            | Self::RefusedBy(_)
            | Self::Reset(_)
            | Self::Stalled => Vec::new(),
        }
    }
}

impl From<DecodeError> for End {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

fn goodbye(reason: GoodbyeReason) -> Vec<u8> {
    encoded(&Goodbye::new(reason))
}

/// A frame of netport's own, within its bounds by construction.
pub(crate) fn encoded(message: &impl Message) -> Vec<u8> {
    let mut frame = Vec::new();
    let fits = message.encode_frame(&mut frame);
    debug_assert!(fits.is_ok(), "a control message beyond its bounds: {fits:?}");
    frame
}

/// Which limit left no room for another connection.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The port has [`connections_max`](crate::PortConfig::connections_max).
    #[error("too many connections")]
    Connections,
    /// The port has [`connections_per_address_max`](crate::PortConfig::connections_per_address_max)
    /// from there.
    #[error("too many connections from this address")]
    ConnectionsPerAddress,
    /// The system has no descriptor, or no memory for another socket.
    #[error("no descriptor is left")]
    Descriptors,
    /// The system has no thread, or no memory for its stack.
    #[error("no thread is left")]
    Threads,
}

/// A `Refuse`: why one side does not want the link.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}{}{text}", if text.is_empty() { "" } else { ": " })]
pub struct Refusal {
    /// For programs.
    pub reason: RefuseReason,
    /// For people.
    pub text: String,
    /// The incarnation that is known, for `Older`.
    pub current: Option<u64>,
}

impl Refusal {
    /// A refusal; `text` is cut to what the message carries.
    pub fn new(reason: RefuseReason, text: impl Into<String>) -> Self {
        Self { reason, text: cut(text.into()), current: None }
    }

    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut message = Refuse::new(self.reason, cut(self.text.clone()));
        message.current = self.current;
        encoded(&message)
    }
}

/// Cuts a text to [`TEXT_BYTES_MAX`], between characters.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    }
    text
}
