//! Descriptors that are waited for: `eventfd`s, `poll` and `epoll`.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::{Fd, Object, State, current};
use crate::io::kernel::Ready;

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
