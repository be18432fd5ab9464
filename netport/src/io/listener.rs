//! The listening socket.

use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;

use super::kernel::{self, Fd};

/// A socket that connections arrive at.
#[derive(Debug)]
pub(crate) struct Listener(Fd);

/// What an accept came to.
#[derive(Debug)]
pub(crate) enum Accept {
    /// A connection from this address.
    Connection(Fd, SocketAddr),
    /// Nobody is waiting.
    WouldBlock,
    /// The one who was waiting has gone; the next may be there.
    Gone,
    /// The system has no room: trying again at once would only spin.
    Exhausted(io::Error),
}

impl Listener {
    /// Listens on `address`, with room for `backlog` connections ahead of [`Self::accept`].
    pub(crate) fn bind(address: SocketAddr, backlog: u32) -> io::Result<Self> {
        Ok(Self(kernel::listen(address, backlog)?))
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        kernel::local_addr(&self.0)
    }

    /// What becomes readable when somebody waits.
    pub(crate) fn fd(&self) -> &Fd {
        &self.0
    }

    /// Takes one connection; never waits.
    pub(crate) fn accept(&self) -> Accept {
        match kernel::accept(&self.0) {
            Ok((fd, address)) => Accept::Connection(fd, canonical(address)),
            Err(Errno::AGAIN) => Accept::WouldBlock,
            // A connection's own errors arrive here before it was ever ours.
            Err(
                Errno::CONNABORTED
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::INTR
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::PERM
                | Errno::PROTO,
            ) => Accept::Gone,
            Err(error) => Accept::Exhausted(error.into()),
        }
    }
}

/// An IPv4 address as such, where a dual-stack socket shows it as an IPv6 one.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
