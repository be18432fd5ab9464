//! One TCP socket: made, dialled, read. Writing goes through [`super::writer`].

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use super::kernel::{self, Epoll, Fd, Ready, Tuning};
use crate::config::LinkConfig;
use crate::core::link::Wire;
use crate::sync::{self, Arc};

/// First keep-alive probe after so long without a byte.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
/// Unacknowledged bytes kill a connection after this, where no stall timeout is longer.
const USER_TIMEOUT_MIN: Duration = Duration::from_secs(30);
/// The kernel counts in milliseconds, and takes no more than this: some 24 days.
const USER_TIMEOUT_MAX: Duration = Duration::from_millis(i32::MAX as u64);
/// Who closes waits for the peer to take what is left for so long, or longer.
const LEAVE_MIN: Duration = Duration::from_secs(1);
/// Bytes of a discarded stream that are read at once.
const DISCARD_BYTES: usize = 16 * 1024;

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
pub(crate) struct Socket(Fd);

impl Socket {
    /// Takes over an accepted socket.
    pub(crate) fn accepted(fd: Fd, config: &LinkConfig) -> io::Result<Self> {
        kernel::tune(&fd, tuning(config))?;
        Ok(Self(fd))
    }

    /// A socket that has begun to connect to `address`.
    pub(crate) fn dialling(address: SocketAddr, config: &LinkConfig) -> io::Result<Self> {
        let fd = kernel::connect(address)?;
        kernel::tune(&fd, tuning(config))?;
        Ok(Self(fd))
    }

    /// Waits until the dialled connection stands.
    pub(crate) fn connected(&self, deadline: Instant) -> io::Result<()> {
        while !kernel::poll([(&self.0, Ready::Write)], Some(deadline))? {
            if sync::now() >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        // A socket that was shut while it dialled has none; its reader sees the end.
        kernel::connected(&self.0)
    }

    /// The socket's own address.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        kernel::local_addr(&self.0)
    }

    /// Appends what is there to the spare capacity of `room`.
    pub(crate) fn read(&self, room: &mut Vec<u8>) -> io::Result<Read> {
        found(kernel::read(&self.0, room))
    }

    /// Appends what is there, after sleeping until something is, for the patience of
    /// [`Self::be_patient`] at most.
    pub(crate) fn read_patiently(&self, room: &mut Vec<u8>) -> io::Result<Read> {
        found(kernel::read_patiently(&self.0, room))
    }

    /// How long [`Self::read_patiently`] sleeps at most; `None` sleeps for ever.
    pub(crate) fn be_patient(&self, patience: Option<Duration>) -> io::Result<()> {
        kernel::be_patient(&self.0, patience)
    }

    /// Sleeps until there is something to read, or the stream has ended, or `deadline`; may return
    /// early without cause.
    pub(crate) fn wait_readable(&self, deadline: Option<Instant>) -> io::Result<()> {
        kernel::poll([(&self.0, Ready::Read)], deadline).map(drop)
    }

    /// Reads and forgets until the end of the stream or `deadline`; says whether the end came.
    pub(crate) fn discard(&self, deadline: Instant) -> bool {
        let mut room = Vec::with_capacity(DISCARD_BYTES);
        while sync::now() < deadline {
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
        let _ = kernel::send(&self.0, &[IoSlice::new(bytes)]);
        self.shut(Shutdown::Write);
    }

    /// Before the socket is closed: what the kernel still has to send is given up once the peer took
    /// nothing for `patience`, or a second. It would keep that for long after the link has ended and
    /// counts no more.
    pub(crate) fn leave(&self, patience: Duration) {
        kernel::give_up_after(&self.0, patience.clamp(LEAVE_MIN, USER_TIMEOUT_MAX));
    }

    fn shut(&self, how: Shutdown) {
        kernel::shut(&self.0, how);
    }
}

/// What the kernel's answer to a read means.
fn found(read: io::Result<usize>) -> io::Result<Read> {
    match read {
        Ok(0) => Ok(Read::End),
        Ok(bytes) => Ok(Read::Bytes(bytes)),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock => Ok(Read::WouldBlock),
            io::ErrorKind::Interrupted => Ok(Read::Interrupted),
            _ => Err(error),
        },
    }
}

/// What the configuration asks of the kernel.
fn tuning(config: &LinkConfig) -> Tuning {
    // What this runtime waits for, the kernel must not cut short.
    let stall = config.stall_timeout.unwrap_or(Duration::ZERO);
    Tuning {
        unsent_bytes_max: config.unsent_bytes_max,
        unread_bytes_max: config.unread_bytes_max,
        user_timeout: stall.clamp(USER_TIMEOUT_MIN, USER_TIMEOUT_MAX),
        keep_alive_after: KEEP_ALIVE_AFTER,
    }
}

/// The sending side of a socket, under its link's writer lock.
pub(crate) struct SocketWire {
    socket: Arc<Socket>,
    epoll: Arc<Epoll>,
    link: u64,
    /// The keeper's `epoll` knows the socket.
    registered: bool,
}

impl SocketWire {
    pub(crate) fn new(socket: Arc<Socket>, epoll: Arc<Epoll>, link: u64) -> Self {
        Self { socket, epoll, link, registered: false }
    }
}

impl Wire for SocketWire {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        kernel::send(&self.socket.0, slices)
    }

    fn arm(&mut self) -> io::Result<()> {
        self.epoll.arm(&self.socket.0, self.link, self.registered)?;
        self.registered = true;
        Ok(())
    }

    fn shut_write(&mut self) {
        self.socket.shut(Shutdown::Write);
    }

    fn shut(&mut self) {
        // What waited is lost, and the peer is to see that.
        kernel::reset_on_close(&self.socket.0);
        self.socket.shut(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, SockRef, Type};

    use super::super::kernel::system;
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
            let dialled = system::connect(address).expect("it begins");
            let (accepted, _) = listener.accept().expect("it is dialled");
            for socket in [dialled, accepted.into()] {
                system::tune(&socket, tuning(&config)).expect("it stands");
                let socket = SockRef::from(&socket);
                assert_eq!(socket.tcp_user_timeout().expect("an option"), Some(user_timeout));
                assert!(socket.keepalive().expect("an option"));
                assert_eq!(socket.tcp_keepalive_time().expect("an option"), KEEP_ALIVE_AFTER);
                assert!(socket.tcp_nodelay().expect("an option"));
                assert_eq!(socket.tcp_notsent_lowat().expect("an option"), config.unsent_bytes_max);
            }
        }
    }

    #[test]
    fn a_socket_that_reached_itself_reached_nobody() {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        socket.connect(&socket.local_addr().expect("it is bound")).expect("the kernel allows it");
        let refused = system::connected(&socket.into()).map_err(|error| error.kind());
        assert_eq!(refused, Err(io::ErrorKind::ConnectionRefused));
    }
}
