//! The listening socket.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{SocketFlags, acceptfrom_with};
use socket2::{Domain, Protocol, Socket, Type};

/// A socket that connections arrive at.
#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

/// What an accept came to.
#[derive(Debug)]
pub(crate) enum Accept {
    /// A connection from this address.
    Connection(OwnedFd, SocketAddr),
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
        let ty = Type::STREAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::for_address(address), ty, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(Self(socket.into()))
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = socket2::SockRef::from(&self.0).local_addr()?;
        address.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Takes one connection; never waits.
    pub(crate) fn accept(&self) -> Accept {
        use rustix::io::Errno;
        match acceptfrom_with(&self.0, SocketFlags::CLOEXEC) {
            Ok((fd, Some(address))) => match SocketAddr::try_from(address) {
                Ok(address) => Accept::Connection(fd, canonical(address)),
                Err(_) => Accept::Gone,
            },
            Ok((_, None)) => Accept::Gone,
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

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// An IPv4 address as such, where a dual-stack socket shows it as an IPv6 one.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
