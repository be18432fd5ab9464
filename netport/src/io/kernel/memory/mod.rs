//! A kernel made of memory, for the threads of one schedule: streams that hold few bytes, listeners,
//! `eventfd`s, and `epoll`s, all of which block by a lock and a condition variable of the checker's.

mod sockets;
mod waiting;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) use self::sockets::{
    accept, be_patient, connect, connected, give_up_after, listen, local_addr, pair, read,
    read_patiently, reset_on_close, send, shut, tune,
};
pub(crate) use self::waiting::{Epoll, Events, clear, eventfd, poll, signal};
use super::Ready;
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
