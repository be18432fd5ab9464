//! A connection that was accepted and not yet launched.

use std::fmt;
use std::net::SocketAddr;

use tlv_core::messages::RefuseReason;

use super::Port;
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

/// A connection that was accepted and waits to be launched. Dropped, it is closed.
#[must_use]
pub struct Fresh {
    port: Port,
    socket: Socket,
    origin: Origin,
}

impl Fresh {
    pub(super) fn new(port: Port, socket: Socket, origin: Origin) -> Self {
        Self { port, socket, origin }
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
    /// The system has no room for another thread, or the port is stopping; `on_end` is not called
    /// then.
    pub fn launch<C: Connection>(self, connection: C) -> Result<Link, End> {
        let Self { port, socket, origin } = self;
        thread::launch(&port, Birth::Accepted { socket, address: origin.address }, connection)
    }

    /// Tells the other end why it is not wanted.
    pub fn refuse(self, reason: RefuseReason, text: &str) {
        self.close(&End::Refused(Refusal::new(reason, text)));
    }

    pub(super) fn close(self, end: &End) {
        self.port.let_go(Arc::new(self.socket), end);
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("origin", &self.origin).finish_non_exhaustive()
    }
}
