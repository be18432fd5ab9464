//! A connection that was accepted and not yet launched.

use std::fmt;
use std::net::SocketAddr;

use tlv_core::messages::{GoodbyeReason, RefuseReason};

use super::place::Place;
use super::thread::{self, Birth};
use crate::connection::Connection;
use crate::error::{End, Refusal};
use crate::io::socket::Socket;
use crate::link::Link;
use crate::sync::Arc;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// Address of the other end.
    pub address: SocketAddr,
    /// The port's own address on this connection.
    pub local: SocketAddr,
}

/// A connection that was accepted and waits to be launched. Dropped, it is closed with
/// `Goodbye(Restart)`.
///
/// It may be kept, and launched later from any thread; it counts as one of the port's connections
/// all the while.
#[must_use]
pub struct Fresh {
    /// Taken by who launches or closes it.
    waiting: Option<(Place, Socket)>,
    origin: Origin,
}

impl Fresh {
    pub(super) fn new(place: Place, socket: Socket, origin: Origin) -> Self {
        Self { waiting: Some((place, socket)), origin }
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Launches `connection` on a thread of its own, where the handshake comes first. Returns at
    /// once; what goes wrong afterwards arrives in [`Connection::on_end`].
    ///
    /// # Errors
    ///
    /// [`End::NoRoom`] where the system has no thread left, which the other end is told;
    /// [`End::Stopped`] where the port has ended. `on_end` is not called then.
    pub fn launch<C: Connection>(mut self, connection: C) -> Result<Link, End> {
        let Some((place, socket)) = self.waiting.take() else { return Err(End::Stopped) };
        thread::launch(place, Birth::Accepted { socket, address: self.origin.address }, connection)
    }

    /// Tells the other end why it is not wanted.
    pub fn refuse(self, reason: RefuseReason, text: &str) {
        self.close(&End::Refused(Refusal::new(reason, text)));
    }

    pub(super) fn close(mut self, end: &End) {
        self.let_go(end);
    }

    fn let_go(&mut self, end: &End) {
        if let Some((place, socket)) = self.waiting.take() {
            place.port().let_go(Arc::new(socket), end);
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.let_go(&End::Closed(GoodbyeReason::Restart));
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("origin", &self.origin).finish_non_exhaustive()
    }
}
