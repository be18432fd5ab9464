//! One TCP socket: made, dialled, read. Writing goes through [`super::writer`].

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use metrics::Counter;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, epoll};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, sendmsg};
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, TcpKeepalive, Type};

use crate::config::LinkConfig;
use crate::core::link::Wire;
use crate::sync::Arc;

/// First keep-alive probe after so long without a byte.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
/// Unacknowledged bytes kill a connection after this, where no stall timeout is longer.
const USER_TIMEOUT_MIN: Duration = Duration::from_secs(30);
/// The kernel counts in milliseconds, and takes no more than this: some 24 days.
const USER_TIMEOUT_MAX: Duration = Duration::from_millis(i32::MAX as u64);
/// Bytes of a discarded stream that are read at once.
const DISCARD_BYTES: usize = 16 * 1024;
/// Writes never wait, and a peer that has gone is an error and no signal.
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// So many bytes were appended.
    Bytes(usize),
    /// End of stream.
    End,
    /// A signal came first: to be tried again.
    Interrupted,
    /// Nothing is there.
    WouldBlock,
}

/// A TCP socket. It is a blocking one, so that its connection's thread can sleep in a read; every
/// other call on it says that it does not wait.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Takes over an accepted socket.
    pub(crate) fn accepted(fd: OwnedFd, config: &LinkConfig) -> io::Result<Self> {
        let socket = Self(fd);
        socket.tune(config)?;
        Ok(socket)
    }

    /// A socket that has begun to connect to `address`.
    pub(crate) fn dialling(address: SocketAddr, config: &LinkConfig) -> io::Result<Self> {
        let ty = Type::STREAM.nonblocking().cloexec();
        let raw = RawSocket::new(Domain::for_address(address), ty, Some(Protocol::TCP))?;
        match raw.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        let socket = Self(raw.into());
        socket.tune(config)?;
        Ok(socket)
    }

    fn tune(&self, config: &LinkConfig) -> io::Result<()> {
        let socket = SockRef::from(&self.0);
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_notsent_lowat(config.unsent_bytes_max)?;
        // What this runtime waits for, the kernel must not cut short.
        let stall = config.stall_timeout.unwrap_or(Duration::ZERO);
        socket.set_tcp_user_timeout(Some(stall.clamp(USER_TIMEOUT_MIN, USER_TIMEOUT_MAX)))?;
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER))
    }

    /// Waits until the dialled connection stands.
    pub(crate) fn connected(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let mut fds = [PollFd::new(&self.0, PollFlags::OUT)];
            super::wait(&mut fds, Some(deadline))?;
            if !fds[0].revents().is_empty() {
                // A socket that was shut while it dialled has none; its reader sees the end.
                let socket = SockRef::from(&self.0);
                socket.take_error()?.map_or(Ok(()), Err)?;
                return socket.set_nonblocking(false);
            }
            if Instant::now() >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// The socket's own address.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = SockRef::from(&self.0).local_addr()?;
        address.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Appends what is there to the spare capacity of `room`.
    pub(crate) fn read(&self, room: &mut Vec<u8>) -> io::Result<Read> {
        self.receive(room, RecvFlags::DONTWAIT)
    }

    /// The same, after sleeping until something is there, for the patience of [`Self::be_patient`]
    /// at most.
    pub(crate) fn read_patiently(&self, room: &mut Vec<u8>) -> io::Result<Read> {
        self.receive(room, RecvFlags::empty())
    }

    /// How long [`Self::read_patiently`] sleeps at most; `None` sleeps for ever.
    pub(crate) fn be_patient(&self, patience: Option<Duration>) -> io::Result<()> {
        SockRef::from(&self.0).set_read_timeout(patience)
    }

    fn receive(&self, room: &mut Vec<u8>, flags: RecvFlags) -> io::Result<Read> {
        match rustix::net::recv(&self.0, spare_capacity(room), flags) {
            Ok((0, _)) => Ok(Read::End),
            Ok((bytes, _)) => Ok(Read::Bytes(bytes)),
            Err(rustix::io::Errno::AGAIN) => Ok(Read::WouldBlock),
            Err(rustix::io::Errno::INTR) => Ok(Read::Interrupted),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until there is something to read, or the stream has ended, or `deadline`.
    pub(crate) fn wait_readable(&self, deadline: Option<Instant>) -> io::Result<()> {
        super::wait(&mut [PollFd::new(&self.0, PollFlags::IN)], deadline)
    }

    /// Reads and forgets until the end of the stream or `deadline`; says whether the end came.
    pub(crate) fn discard(&self, deadline: Instant) -> bool {
        let mut room = Vec::with_capacity(DISCARD_BYTES);
        while Instant::now() < deadline {
            room.clear();
            match self.read(&mut room) {
                Ok(Read::Bytes(_) | Read::Interrupted) => {}
                Ok(Read::End) | Err(_) => return true,
                Ok(Read::WouldBlock) => {
                    if self.wait_readable(Some(deadline)).is_err() {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Reads and forgets what is there, so that closing is no reset.
    pub(crate) fn discard_now(&self) {
        let mut room = Vec::with_capacity(DISCARD_BYTES);
        // One peer's flood must not hold up who calls.
        for _ in 0..4 {
            room.clear();
            if !matches!(self.read(&mut room), Ok(Read::Bytes(_))) {
                return;
            }
        }
    }

    /// Writes `bytes` as far as the kernel takes them now, and nothing after them.
    pub(crate) fn write_last(&self, bytes: &[u8]) {
        // The peer may be gone; there is nobody else to tell.
        let _ = rustix::net::send(&self.0, bytes, SEND);
        self.shut(std::net::Shutdown::Write);
    }

    pub(crate) fn shut(&self, how: std::net::Shutdown) {
        // Fails only when the connection is gone already.
        let _ = SockRef::from(&self.0).shutdown(how);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// The sending side of a socket, under its link's writer lock.
pub(crate) struct SocketWire {
    socket: Arc<Socket>,
    epoll: Arc<OwnedFd>,
    link: u64,
    /// The keeper's `epoll` knows the socket.
    registered: bool,
    sent_bytes: Counter,
}

impl SocketWire {
    pub(crate) fn new(
        socket: Arc<Socket>,
        epoll: Arc<OwnedFd>,
        link: u64,
        sent_bytes: Counter,
    ) -> Self {
        Self { socket, epoll, link, registered: false, sent_bytes }
    }
}

impl Wire for SocketWire {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let sent = match slices {
            // The kernel has less to copy and to check.
            [slice] => rustix::net::send(&*self.socket, slice, SEND)?,
            _ => sendmsg(&*self.socket, slices, &mut SendAncillaryBuffer::default(), SEND)?,
        };
        self.sent_bytes.increment(sent as u64);
        Ok(sent)
    }

    fn arm(&mut self) -> io::Result<()> {
        let data = epoll::EventData::new_u64(self.link);
        let flags = epoll::EventFlags::OUT | epoll::EventFlags::ONESHOT;
        if self.registered {
            epoll::modify(&*self.epoll, &*self.socket, data, flags)?;
        } else {
            epoll::add(&*self.epoll, &*self.socket, data, flags)?;
            self.registered = true;
        }
        Ok(())
    }

    fn shut_write(&mut self) {
        self.socket.shut(std::net::Shutdown::Write);
    }

    fn shut(&mut self) {
        self.socket.shut(std::net::Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_connection_is_tuned_and_no_stall_timeout_is_too_long_for_the_kernel() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        for (stall, user_timeout) in [
            (None, USER_TIMEOUT_MIN),
            (Some(Duration::from_secs(60)), Duration::from_secs(60)),
            (Some(year), USER_TIMEOUT_MAX),
        ] {
            let config = LinkConfig { stall_timeout: stall, ..LinkConfig::default() };
            let dialled = Socket::dialling(address, &config).expect("it begins");
            let (accepted, _) = listener.accept().expect("it is dialled");
            let accepted = Socket::accepted(accepted.into(), &config).expect("it stands");
            for socket in [&dialled, &accepted] {
                let socket = SockRef::from(&socket.0);
                assert_eq!(socket.tcp_user_timeout().expect("an option"), Some(user_timeout));
                assert!(socket.keepalive().expect("an option"));
                assert_eq!(socket.tcp_keepalive_time().expect("an option"), KEEP_ALIVE_AFTER);
                assert!(socket.tcp_nodelay().expect("an option"));
                assert_eq!(socket.tcp_notsent_lowat().expect("an option"), config.unsent_bytes_max);
            }
        }
    }
}
