//! Streams, and the listeners that they begin with.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::Duration;

use rustix::io::Errno;

use super::{Fd, Object, State, Stream, current, poll};
use crate::io::kernel::{Ready, Tuning};
use crate::sync::{self, Arc};

/// A socket that listens on a port of its own.
pub(crate) fn listen(_address: SocketAddr, _backlog: u32) -> io::Result<Fd> {
    let kernel = current();
    let address = kernel.state.lock().next_address();
    Ok(kernel.fd(Object::Listener { address, waiting: VecDeque::new() }))
}

impl State {
    fn next_address(&mut self) -> SocketAddr {
        self.last_port += 1;
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.last_port)
    }

    fn listener(&self, at: SocketAddr) -> Option<u64> {
        let listens =
            |object: &Object| matches!(object, Object::Listener { address, .. } if *address == at);
        self.objects.iter().find(|(_, object)| listens(object)).map(|(id, _)| *id)
    }

    /// Two ends of a stream: of who dialled, and of who listens at `remote`.
    fn pair(&mut self, remote: SocketAddr) -> (u64, u64) {
        let local = self.next_address();
        let stream = |local, remote, peer| {
            Object::Stream(Stream {
                local,
                remote,
                peer: Some(peer),
                arrived: VecDeque::new(),
                is_at_end: false,
                is_read_shut: false,
                is_write_shut: false,
                is_reset: false,
                patience: None,
            })
        };
        let dialler = self.open(stream(local, remote, self.last + 2));
        let listener = self.open(stream(remote, local, dialler));
        (dialler, listener)
    }
}

/// Two ends of a stream.
pub(crate) fn pair() -> (Fd, Fd) {
    let kernel = current();
    let (one, other) = kernel.change(|state| {
        let address = state.next_address();
        state.pair(address)
    });
    (Fd { id: one, kernel: Arc::clone(&kernel) }, Fd { id: other, kernel })
}

/// Takes one connection.
pub(crate) fn accept(listener: &Fd) -> Result<(Fd, SocketAddr), Errno> {
    let (id, address) = listener.kernel.change(|state| {
        let Some(Object::Listener { waiting, .. }) = state.objects.get_mut(&listener.id) else {
            return Err(Errno::BADF);
        };
        let id = waiting.pop_front().ok_or(Errno::AGAIN)?;
        let remote = state.end(Some(id)).map(|stream| stream.remote);
        Ok((id, remote.ok_or(Errno::CONNABORTED)?))
    })?;
    Ok((Fd { id, kernel: Arc::clone(&listener.kernel) }, address))
}

/// A socket that is connected to `address`, if anybody listens there.
pub(crate) fn connect(address: SocketAddr) -> io::Result<Fd> {
    let kernel = current();
    let id = kernel.change(|state| {
        let listener = state.listener(address).ok_or(io::ErrorKind::ConnectionRefused)?;
        let (dialler, accepted) = state.pair(address);
        if let Some(Object::Listener { waiting, .. }) = state.objects.get_mut(&listener) {
            waiting.push_back(accepted);
        }
        Ok::<_, io::Error>(dialler)
    })?;
    Ok(Fd { id, kernel })
}

/// Why the connection failed, if it did: it never does, once it has begun.
pub(crate) fn connected(_socket: &Fd) -> io::Result<()> {
    Ok(())
}

/// Nothing here needs to be set, but it is to be something that a kernel would take.
pub(crate) fn tune(_socket: &Fd, tuning: Tuning) -> io::Result<()> {
    let times = [tuning.user_timeout, tuning.keep_alive_after];
    assert!(tuning.unsent_bytes_max > 0 && times.iter().all(|time| !time.is_zero()));
    Ok(())
}

/// The socket's own address.
pub(crate) fn local_addr(socket: &Fd) -> io::Result<SocketAddr> {
    match socket.kernel.state.lock().objects.get(&socket.id) {
        Some(Object::Stream(stream)) => Ok(stream.local),
        Some(Object::Listener { address, .. }) => Ok(*address),
        _ => Err(io::ErrorKind::AddrNotAvailable.into()),
    }
}

/// Appends what is there to the spare capacity of `room`; 0 at the end of the stream.
pub(crate) fn read(socket: &Fd, room: &mut Vec<u8>) -> io::Result<usize> {
    socket.kernel.change(|state| {
        let stream = state.stream(socket);
        if stream.is_reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if stream.is_read_shut {
            return Ok(0);
        }
        if stream.arrived.is_empty() {
            let is_at_end = stream.is_at_end;
            return if is_at_end { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let spare = room.capacity() - room.len();
        let taken = stream.arrived.len().min(spare);
        room.extend(stream.arrived.drain(..taken));
        Ok(taken)
    })
}

/// Appends what is there, after sleeping until something is, for the patience of [`be_patient`] at
/// most; 0 at the end of the stream.
pub(crate) fn read_patiently(socket: &Fd, room: &mut Vec<u8>) -> io::Result<usize> {
    let patience = socket.kernel.change(|state| state.stream(socket).patience);
    poll([(socket, Ready::Read)], patience.map(|patience| sync::now() + patience))?;
    read(socket, room)
}

/// How long [`read_patiently`] sleeps at most; `None` sleeps for ever.
pub(crate) fn be_patient(socket: &Fd, patience: Option<Duration>) -> io::Result<()> {
    socket.kernel.change(|state| state.stream(socket).patience = patience);
    Ok(())
}

/// Writes what there is room for.
pub(crate) fn send(socket: &Fd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.kernel.change(|state| {
        if state.is_armed(socket.id) {
            state.faults.push("a write to a socket that the keeper waits for".into());
        }
        let stream = state.stream(socket);
        let peer = stream.peer;
        if stream.is_reset || stream.is_write_shut || peer.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let pipe_bytes = state.pipe_bytes;
        let Some(peer) = state.end(peer) else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
        let before = peer.arrived.len();
        peer.arrived.extend(bytes.take(pipe_bytes - before));
        match peer.arrived.len() - before {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            written => Ok(written),
        }
    })
}

/// Changes nothing: a closed socket keeps nothing here.
pub(crate) fn reset_on_close(_socket: &Fd) {}

/// Changes nothing, likewise.
pub(crate) fn give_up_after(_socket: &Fd, _patience: Duration) {}

/// Ends one direction, or both.
pub(crate) fn shut(socket: &Fd, how: Shutdown) {
    socket.kernel.change(|state| {
        let stream = state.stream(socket);
        let peer = stream.peer;
        stream.is_read_shut |= how != Shutdown::Write;
        if how != Shutdown::Read {
            stream.is_write_shut = true;
            if let Some(peer) = state.end(peer) {
                peer.is_at_end = true;
            }
        }
    });
}
