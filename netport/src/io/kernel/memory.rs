//! A kernel made of memory, for the threads of one schedule: streams that hold few bytes, listeners,
//! `eventfd`s, and `epoll`s, all of which block by a lock and a condition variable of the checker's.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::{Ready, Tuning};
use crate::sync::{self, Arc, Condvar, Mutex};

/// A descriptor, closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Fd {
    id: u64,
    kernel: Arc<Kernel>,
}

#[derive(Debug)]
struct Kernel {
    state: Mutex<State>,
    /// Something happened to something.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<u64, Object>,
    /// Number of the last descriptor, and of the last port.
    last: u64,
    last_port: u16,
    /// Bytes that a stream holds between its two ends.
    pipe_bytes: usize,
    faults: Vec<String>,
}

#[derive(Debug)]
enum Object {
    Event {
        is_signalled: bool,
    },
    Listener {
        address: SocketAddr,
        waiting: VecDeque<u64>,
    },
    Stream(Stream),
    Epoll {
        /// Descriptors to read from.
        watched: BTreeMap<u64, u64>,
        /// Descriptors to write to, until they have room once.
        armed: BTreeMap<u64, u64>,
    },
}

#[derive(Debug)]
struct Stream {
    local: SocketAddr,
    remote: SocketAddr,
    /// The other end, as long as somebody holds it.
    peer: Option<u64>,
    /// What has arrived.
    arrived: VecDeque<u8>,
    /// Nothing follows what has arrived.
    is_at_end: bool,
    is_read_shut: bool,
    is_write_shut: bool,
    /// The other end was closed with bytes unread.
    is_reset: bool,
    /// How long a patient read sleeps.
    patience: Option<Duration>,
}

std::thread_local! {
    static CURRENT: RefCell<Option<Arc<Kernel>>> = const { RefCell::new(None) };
}

/// Begins a schedule with a kernel of its own, whose streams hold so many bytes each way.
pub(crate) fn reset_kernel(pipe_bytes: usize) {
    let state = State { pipe_bytes, ..State::default() };
    let kernel = Kernel { state: Mutex::new(state), changed: Condvar::new() };
    CURRENT.set(Some(Arc::new(kernel)));
}

/// What was done that must not be, and descriptors that are open.
pub(crate) fn inspect() -> (Vec<String>, usize) {
    let kernel = current();
    let state = kernel.state.lock();
    (state.faults.clone(), state.objects.len())
}

fn current() -> Arc<Kernel> {
    CURRENT.with_borrow(|kernel| kernel.clone().expect("a schedule has begun"))
}

impl State {
    fn open(&mut self, object: Object) -> u64 {
        self.last += 1;
        self.objects.insert(self.last, object);
        self.last
    }

    fn stream(&mut self, fd: &Fd) -> &mut Stream {
        match self.objects.get_mut(&fd.id) {
            Some(Object::Stream(stream)) => stream,
            other => unreachable!("{other:?} is no stream"),
        }
    }

    fn end(&mut self, id: Option<u64>) -> Option<&mut Stream> {
        match self.objects.get_mut(&id?) {
            Some(Object::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    /// Bytes that fit on the way from `stream` to its peer.
    fn room(&self, stream: &Stream) -> usize {
        match stream.peer.and_then(|peer| self.objects.get(&peer)) {
            Some(Object::Stream(peer)) => self.pipe_bytes - peer.arrived.len(),
            _ => 0,
        }
    }

    fn is_ready(&self, id: u64, ready: Ready) -> bool {
        match (self.objects.get(&id), ready) {
            (Some(Object::Event { is_signalled }), Ready::Read) => *is_signalled,
            (Some(Object::Listener { waiting, .. }), Ready::Read) => !waiting.is_empty(),
            (Some(Object::Stream(stream)), Ready::Read) => {
                let is_ended = stream.is_at_end || stream.is_read_shut || stream.is_reset;
                is_ended || !stream.arrived.is_empty()
            }
            (Some(Object::Stream(stream)), Ready::Write) => {
                let is_over = stream.is_reset || stream.is_write_shut || stream.peer.is_none();
                is_over || self.room(stream) > 0
            }
            (object, ready) => unreachable!("{ready:?} of {object:?}"),
        }
    }

    /// Numbers of what is ready in an `epoll`; what was armed for once is so no more.
    fn take_ready(&mut self, epoll: u64) -> Vec<u64> {
        let Some(Object::Epoll { watched, armed }) = self.objects.get(&epoll) else {
            unreachable!("an epoll that is waited for is open");
        };
        let readable = watched.iter().filter(|(id, _)| self.is_ready(**id, Ready::Read));
        let mut numbers: Vec<u64> = readable.map(|(_, number)| *number).collect();
        let writable = armed.iter().filter(|(id, _)| self.is_ready(**id, Ready::Write));
        let writable: Vec<(u64, u64)> = writable.map(|(id, number)| (*id, *number)).collect();
        numbers.extend(writable.iter().map(|(_, number)| *number));
        if let Some(Object::Epoll { armed, .. }) = self.objects.get_mut(&epoll) {
            armed.retain(|id, _| writable.iter().all(|(ready, _)| ready != id));
        }
        numbers
    }

    fn is_armed(&self, id: u64) -> bool {
        self.objects
            .values()
            .any(|object| matches!(object, Object::Epoll { armed, .. } if armed.contains_key(&id)))
    }

    fn close(&mut self, id: u64) {
        let object = self.objects.remove(&id);
        for other in self.objects.values_mut() {
            if let Object::Epoll { watched, armed } = other {
                watched.remove(&id);
                armed.remove(&id);
            }
        }
        match object {
            Some(Object::Stream(stream)) => {
                if let Some(peer) = self.end(stream.peer) {
                    peer.peer = None;
                    peer.is_at_end = true;
                    if !stream.arrived.is_empty() {
                        peer.is_reset = true;
                        peer.arrived.clear();
                    }
                }
            }
            Some(Object::Listener { waiting, .. }) => {
                for id in waiting {
                    self.close(id);
                }
            }
            _ => {}
        }
    }
}

impl Kernel {
    fn fd(self: &Arc<Self>, object: Object) -> Fd {
        let id = self.state.lock().open(object);
        Fd { id, kernel: Arc::clone(self) }
    }

    /// Lets `change` happen, and wakes who waits for it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock());
        self.changed.notify_all();
        changed
    }

    /// Sleeps until `find` finds something or `deadline` has passed.
    fn wait<T>(
        &self,
        deadline: Option<Instant>,
        mut find: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(found) = find(&mut state) {
                return Some(found);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(sync::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            state = sync::wait(&self.changed, state, left);
        }
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // Where a schedule has failed, its lock is gone before its descriptors.
        if !std::thread::panicking() {
            self.kernel.change(|state| state.close(self.id));
        }
    }
}

/// A descriptor that wakes who polls it.
pub(crate) fn eventfd() -> io::Result<Fd> {
    Ok(current().fd(Object::Event { is_signalled: false }))
}

/// Makes an `eventfd` ready.
pub(crate) fn signal(fd: &Fd) {
    set_event(fd, true);
}

/// Makes an `eventfd` not ready.
pub(crate) fn clear(fd: &Fd) {
    set_event(fd, false);
}

fn set_event(fd: &Fd, is: bool) {
    fd.kernel.change(|state| {
        if let Some(Object::Event { is_signalled }) = state.objects.get_mut(&fd.id) {
            *is_signalled = is;
        }
    });
}

/// Sleeps until one of `fds` is ready, and says whether one is, or until `deadline`.
pub(crate) fn poll<const N: usize>(
    fds: [(&Fd, Ready); N],
    deadline: Option<Instant>,
) -> io::Result<bool> {
    let is_ready = |state: &mut State| {
        fds.iter().any(|(fd, ready)| state.is_ready(fd.id, *ready)).then_some(())
    };
    Ok(fds[0].0.kernel.wait(deadline, is_ready).is_some())
}

/// Many descriptors to wait for, each known by a number.
#[derive(Debug)]
pub(crate) struct Epoll(Fd);

/// What an [`Epoll::wait`] found.
pub(crate) struct Events(Vec<u64>);

impl Events {
    pub(crate) fn with_capacity(_events: usize) -> Self {
        Self(Vec::new())
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = Object::Epoll { watched: BTreeMap::new(), armed: BTreeMap::new() };
        Ok(Self(current().fd(epoll)))
    }

    /// Waits for `fd` too, whenever it has something to read.
    pub(crate) fn watch(&self, fd: &Fd, number: u64) -> io::Result<()> {
        self.insert(fd, number, Ready::Read);
        Ok(())
    }

    /// Waits once for `fd` to have room.
    pub(crate) fn arm(&self, fd: &Fd, number: u64, _again: bool) -> io::Result<()> {
        self.insert(fd, number, Ready::Write);
        Ok(())
    }

    fn insert(&self, fd: &Fd, number: u64, ready: Ready) {
        self.0.kernel.change(|state| {
            if let Some(Object::Epoll { watched, armed }) = state.objects.get_mut(&self.0.id) {
                let list = if ready == Ready::Read { watched } else { armed };
                list.insert(fd.id, number);
            }
        });
    }

    /// Sleeps until a descriptor is ready or `deadline` has passed.
    pub(crate) fn wait(&self, events: &mut Events, deadline: Option<Instant>) -> io::Result<()> {
        let found = self.0.kernel.wait(deadline, |state| {
            let ready = state.take_ready(self.0.id);
            (!ready.is_empty()).then_some(ready)
        });
        events.0 = found.unwrap_or_default();
        Ok(())
    }
}

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
