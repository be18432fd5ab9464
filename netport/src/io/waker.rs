//! An `eventfd` that interrupts a thread's sleep.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{EventfdFlags, eventfd};

use crate::sync::{Arc, Mutex};

/// Wakes one thread. Handles to it may outlive its descriptor.
#[derive(Debug)]
pub(crate) struct Waker(Mutex<Option<Arc<OwnedFd>>>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Mutex::new(Some(Arc::new(fd)))))
    }

    /// What the thread sleeps on; `None` once closed.
    pub(crate) fn fd(&self) -> Option<Arc<OwnedFd>> {
        self.0.lock().clone()
    }

    /// Ends the thread's sleep, or its next.
    pub(crate) fn wake(&self) {
        if let Some(fd) = self.fd() {
            // Fails only when 2^64 - 1 wake-ups are pending; one is as good.
            let _ = rustix::io::write(&*fd, &1_u64.to_ne_bytes());
        }
    }

    /// Forgets the wake-ups so far.
    pub(crate) fn clear(&self) {
        if let Some(fd) = self.fd() {
            // Fails only when there are none.
            let _ = rustix::io::read(&*fd, &mut [0_u8; 8]);
        }
    }

    /// Gives the descriptor back; later wake-ups do nothing.
    pub(crate) fn close(&self) {
        *self.0.lock() = None;
    }
}
