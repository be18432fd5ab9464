//! The handle of one link: how everybody but the connection itself reaches the peer.

mod batch;
mod calls;
mod inbox;
mod shared;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tlv_core::messages::{Control, GoodbyeReason, RefuseReason};
use tlv_core::{Message, MessageSet, Request};

pub use self::batch::Batch;
pub(crate) use self::calls::Calls;
pub use self::calls::Reply;
pub use self::inbox::{Inbox, InboxEvent, Packet};
pub(crate) use self::shared::Shared;
use self::shared::on_a_connections_thread;
pub use crate::core::frame::Frame;
use crate::core::link::handshake::PeerInfo;
use crate::error::{CallFailure, End, Refusal, SendError};
use crate::io::writer::Manner;
use crate::sync::{self, Arc};

/// Ids below this are netport's own, whose versions are not the application's.
pub(crate) const CONTROL_IDS: u16 = 0x0100;

/// A handle to a link, cheap to clone, usable from any thread and after the link has ended. Two of
/// them are equal if they are handles to the same link.
///
/// **Order and loss.** What one thread sends arrives in that order. A frame that was accepted is
/// sent whole, and arrives unless the connection or one of its ends fails; a link that is closed in
/// order loses nothing that was accepted.
///
/// **Blocking.** Sending waits for nothing but room, in [`Self::send`] and its kin, and there only
/// on threads that are not a connection's own: two peers that answered each other with waiting
/// sends would wait for ever. What a connection sends from its callbacks leaves when it has handled
/// what it received, or at 64 KiB, or after a millisecond.
///
/// | call | no room | afterwards |
/// | --- | --- | --- |
/// | [`Self::try_send`], [`Self::try_send_frame`] | `Full`: the caller's to keep or drop | sent |
/// | [`Self::send`], [`Self::send_frame`] | waits, then `Timeout`: not sent | sent |
/// | the same on a connection's thread | `Full` at once | sent |
/// | [`Batch::push`], [`Batch::flush`] | as `send`; the batch keeps it | sent with the next flush |
/// | dropping a [`Batch`] | what it holds is lost | sent |
/// | [`Self::call`], [`Self::call_then`] | as `send`, `try_send` | answered, or a [`CallFailure`] |
/// | dropping a [`Reply`] | the refusal is lost: the caller waits until its deadline | sent |
/// | netport's own messages, a few KiB of them | sent all the same: a reserve is theirs | sent |
/// | heartbeats, a server's lists | put off until there is room; then one tells of all | sent |
///
/// Nothing that was accepted is dropped to make room for something else.
#[derive(Clone)]
pub struct Link(pub(crate) Arc<Shared>);

impl Link {
    /// Number of the link, unique in the process.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Number of this side's dial; 0 on an accepted link.
    pub fn session(&self) -> u64 {
        self.0.session
    }

    /// Address of the other end.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The other end as it described itself; `None` before the handshake is over.
    pub fn peer(&self) -> Option<&PeerInfo> {
        self.0.peer.get()
    }

    /// Waits for the end of the handshake, for `timeout`: from then on frames are admitted. A
    /// connection's own thread need not, since [`on_open`](crate::Connection::on_open) comes first.
    ///
    /// # Errors
    ///
    /// [`SendError`], as a message would meet with: the link ended before that, or `Timeout`. On a
    /// connection's thread, which does not wait, `NotOpen`.
    pub fn wait_open(&self, timeout: Duration) -> Result<&PeerInfo, SendError> {
        if !on_a_connections_thread() && !self.0.writer.wait_open(sync::deadline(timeout)) {
            return Err(SendError::Timeout);
        }
        match (self.end(), self.peer()) {
            (Some(end), _) => Err(SendError::Closed(end)),
            (None, Some(peer)) => Ok(peer),
            (None, None) => Err(SendError::NotOpen),
        }
    }

    /// Whether frames are admitted, room permitting.
    pub fn is_open(&self) -> bool {
        self.peer().is_some() && !self.is_closed()
    }

    /// Whether the link is closed or closing.
    pub fn is_closed(&self) -> bool {
        self.0.writer.is_closed()
    }

    /// Why the link is closed or closing.
    pub fn end(&self) -> Option<End> {
        self.0.writer.why_closed()
    }

    /// Bytes accepted and not yet taken by the kernel.
    pub fn backlog_bytes(&self) -> usize {
        self.0.writer.backlog_bytes()
    }

    /// Sends a message. Waits for room for the link's `send_timeout`; on a connection's thread not
    /// at all.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn send<M: Message>(&self, message: &M) -> Result<(), SendError> {
        self.send_timeout(message, self.0.send_timeout)
    }

    /// Sends a message. Waits for room for `timeout`; on a connection's thread not at all.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn send_timeout<M: Message>(
        &self,
        message: &M,
        timeout: Duration,
    ) -> Result<(), SendError> {
        self.0.append_message(self.0.waiting(timeout), message)
    }

    /// Sends a message if there is room; never waits.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn try_send<M: Message>(&self, message: &M) -> Result<(), SendError> {
        self.0.append_message(self.0.trying(), message)
    }

    /// Sends one of netport's own messages if there is room, of which a reserve is theirs; never
    /// waits. The same as [`Self::try_send`], for who is given one by the state machines.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn try_send_control(&self, message: &Control) -> Result<(), SendError> {
        self.0.append_few(self.0.trying(), |out| message.encode_frame(out))
    }

    /// Sends a frame that was encoded before. Waits like [`Self::send`].
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn send_frame(&self, frame: &Frame) -> Result<(), SendError> {
        self.append_frame(self.0.waiting(self.0.send_timeout), frame)
    }

    /// Sends a frame that was encoded before, if there is room; never waits.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then.
    pub fn try_send_frame(&self, frame: &Frame) -> Result<(), SendError> {
        self.append_frame(self.0.trying(), frame)
    }

    fn append_frame(&self, manner: Manner, frame: &Frame) -> Result<(), SendError> {
        self.0.admits(frame.id(), frame.since())?;
        let bytes = frame.bytes();
        self.0.writer.send_encoded(manner, bytes, |half, written| {
            half.append_shared(&bytes.slice(written..));
        })
    }

    /// Gathers many messages into few writes.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Writes at once what this connection's own callbacks have sent so far.
    pub fn flush(&self) {
        self.0.writer.flush();
    }

    /// Calls `then` once: now, if there is room or the link is closed; else when half the backlog
    /// is free, or the link has ended.
    ///
    /// If not now, it runs on the thread that serves every link of the port, under no lock: it may
    /// use the link and must be short. A panic in it ends the link.
    pub fn when_room(&self, then: impl FnOnce() + Send + 'static) {
        self.0.writer.when_room(Box::new(then));
    }

    /// Sends a request and waits for its response, for `timeout` in all.
    ///
    /// A request that is newer than what the peer speaks is not sent, whether or not the peer could
    /// skip it.
    ///
    /// # Errors
    ///
    /// [`CallFailure`]; on a connection's thread always `WrongThread`.
    pub fn call<R: Request>(
        &self,
        request: R,
        timeout: Duration,
    ) -> Result<R::Response, CallFailure> {
        if on_a_connections_thread() {
            return Err(CallFailure::WrongThread);
        }
        self.0.answers(R::ID, R::SINCE)?;
        calls::call(self, request, timeout)
    }

    /// Sends a request from the connection's own thread; `then` is called on it with the response,
    /// or with what went wrong, after `timeout` at the latest.
    pub fn call_then<R: Request>(
        &self,
        request: R,
        timeout: Duration,
        then: impl FnOnce(Result<R::Response, CallFailure>) + Send + 'static,
    ) {
        if !self.0.is_own_thread() {
            return then(Err(CallFailure::WrongThread));
        }
        match self.0.answers(R::ID, R::SINCE) {
            Ok(()) => calls::call_then(self, request, timeout, then),
            Err(error) => then(Err(error.into())),
        }
    }

    /// Closes in order: admits nothing more, sends what was accepted and a `Goodbye`. Returns at
    /// once, from any thread. What still arrives is dropped.
    ///
    /// [`Connection::on_end`](crate::Connection::on_end) follows when the callback returns that
    /// closed. Closed by another thread, a connection that sleeps is not woken: `on_end` follows
    /// when something arrives, when the peer has closed too, or after `linger`.
    pub fn close(&self, reason: GoodbyeReason) {
        self.0.close(&End::Closed(reason));
    }

    /// Closes with a `Refuse`; `current` is the incarnation that is known, for `Older`.
    pub fn refuse(&self, reason: RefuseReason, text: &str, current: Option<u64>) {
        self.0.close(&End::Refused(Refusal { current, ..Refusal::new(reason, text) }));
    }
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Link {}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("id", &self.0.id)
            .field("address", &self.0.address)
            .field("peer", &self.0.peer.get().map(|peer| &peer.name))
            .finish_non_exhaustive()
    }
}
