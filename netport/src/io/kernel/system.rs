//! The system's own kernel.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, acceptfrom_with, recv, sendmsg,
};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::{Ready, Tuning};

/// A descriptor, closed when it is dropped.
pub(crate) type Fd = OwnedFd;

/// A descriptor that wakes who polls it.
pub(crate) fn eventfd() -> io::Result<Fd> {
    Ok(rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
}

/// Makes an `eventfd` ready.
pub(crate) fn signal(fd: &Fd) {
    // Fails only when 2^64 - 1 wake-ups are pending; one is as good.
    let _ = rustix::io::write(fd, &1_u64.to_ne_bytes());
}

/// Makes an `eventfd` not ready.
pub(crate) fn clear(fd: &Fd) {
    // Fails only when it was not.
    let _ = rustix::io::read(fd, &mut [0_u8; 8]);
}

/// Sleeps until one of `fds` is ready, and says whether one is, or until `deadline`; may return
/// early without cause.
pub(crate) fn poll<const N: usize>(
    fds: [(&Fd, Ready); N],
    deadline: Option<Instant>,
) -> io::Result<bool> {
    let mut fds = fds.map(|(fd, ready)| match ready {
        Ready::Read => PollFd::new(fd, PollFlags::IN),
        Ready::Write => PollFd::new(fd, PollFlags::OUT),
    });
    match rustix::event::poll(&mut fds, deadline.map(until).as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The time from now to `deadline`.
fn until(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    // A wait of centuries is one of 68 years.
    let left = left.min(Duration::from_secs(i32::MAX as u64));
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
}

/// Many descriptors to wait for, each known by a number.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

/// What an [`Epoll::wait`] found.
pub(crate) struct Events(Vec<epoll::Event>);

impl Events {
    /// Room for so many at a time.
    pub(crate) fn with_capacity(events: usize) -> Self {
        Self(Vec::with_capacity(events))
    }

    /// Numbers of the descriptors that are ready.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|event| event.data.u64())
    }
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }

    /// Waits for `fd` too, whenever it has something to read.
    pub(crate) fn watch(&self, fd: &Fd, number: u64) -> io::Result<()> {
        Ok(epoll::add(&self.0, fd, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?)
    }

    /// Waits once for `fd` to have room; `again` if it was armed before.
    pub(crate) fn arm(&self, fd: &Fd, number: u64, again: bool) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        let flags = epoll::EventFlags::OUT | epoll::EventFlags::ONESHOT;
        if again {
            epoll::modify(&self.0, fd, data, flags)?;
        } else {
            epoll::add(&self.0, fd, data, flags)?;
        }
        Ok(())
    }

    /// Sleeps until a descriptor is ready or `deadline` has passed; may return early without cause.
    pub(crate) fn wait(&self, events: &mut Events, deadline: Option<Instant>) -> io::Result<()> {
        events.0.clear();
        let timeout = deadline.map(until);
        match epoll::wait(&self.0, spare_capacity(&mut events.0), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A socket that listens on `address`, with room for `backlog` connections ahead of [`accept`].
pub(crate) fn listen(address: SocketAddr, backlog: u32) -> io::Result<Fd> {
    let ty = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), ty, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// Takes one connection.
pub(crate) fn accept(listener: &Fd) -> Result<(Fd, SocketAddr), Errno> {
    let (fd, address) = acceptfrom_with(listener, SocketFlags::CLOEXEC)?;
    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
    // Who has no address is gone already.
    Ok((fd, address.ok_or(Errno::CONNABORTED)?))
}

/// A socket that has begun to connect to `address`; it has room when that is done.
pub(crate) fn connect(address: SocketAddr) -> io::Result<Fd> {
    let ty = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), ty, Some(Protocol::TCP))?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        Ok(()) | Err(_) => Ok(socket.into()),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

/// Why the connection failed, if it did. From here on the socket is a blocking one, as an accepted
/// socket is, but only [`read_patiently`] waits.
pub(crate) fn connected(socket: &Fd) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.take_error()?.map_or(Ok(()), Err)?;
    // Who dials a port of its own host that nobody listens on may be given that very port, and then
    // has connected to itself.
    if let (Ok(own), Ok(peer)) = (socket.local_addr(), socket.peer_addr())
        && own == peer
    {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    socket.set_nonblocking(false)
}

/// Sets what a connection's socket needs.
pub(crate) fn tune(socket: &Fd, tuning: Tuning) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(tuning.unsent_bytes_max)?;
    if let Some(bytes) = tuning.unread_bytes_max {
        socket.set_recv_buffer_size(bytes as usize)?;
    }
    socket.set_tcp_user_timeout(Some(tuning.user_timeout))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(tuning.keep_alive_after))
}

/// The socket's own address.
pub(crate) fn local_addr(socket: &Fd) -> io::Result<SocketAddr> {
    let address = SockRef::from(socket).local_addr()?;
    address.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// Appends what is there to the spare capacity of `room`; 0 at the end of the stream.
pub(crate) fn read(socket: &Fd, room: &mut Vec<u8>) -> io::Result<usize> {
    Ok(recv(socket, spare_capacity(room), RecvFlags::DONTWAIT)?.0)
}

/// Appends what is there, after sleeping until something is, for the patience of [`be_patient`] at
/// most; 0 at the end of the stream.
pub(crate) fn read_patiently(socket: &Fd, room: &mut Vec<u8>) -> io::Result<usize> {
    Ok(recv(socket, spare_capacity(room), RecvFlags::empty())?.0)
}

/// How long [`read_patiently`] sleeps at most; `None` sleeps for ever.
pub(crate) fn be_patient(socket: &Fd, patience: Option<Duration>) -> io::Result<()> {
    SockRef::from(socket).set_read_timeout(patience)
}

/// Writes what the kernel takes now.
pub(crate) fn send(socket: &Fd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    // A peer that has gone is an error, and no signal.
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(match slices {
        // The kernel has less to copy and to check.
        [slice] => rustix::net::send(socket, slice, flags)?,
        _ => sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)?,
    })
}

/// Has the kernel forget what it holds when the socket is closed.
pub(crate) fn reset_on_close(socket: &Fd) {
    // Fails only when the connection is gone already.
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

/// Has the kernel give up what it still has to send once the peer took nothing for `patience`.
pub(crate) fn give_up_after(socket: &Fd, patience: Duration) {
    // Fails only when the connection is gone already.
    let _ = SockRef::from(socket).set_tcp_user_timeout(Some(patience));
}

/// Ends one direction, or both.
pub(crate) fn shut(socket: &Fd, how: Shutdown) {
    // Fails only when the connection is gone already.
    let _ = SockRef::from(socket).shutdown(how);
}
