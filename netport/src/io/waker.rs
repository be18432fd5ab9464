//! An `eventfd` that interrupts a thread's sleep.

use std::io;

use super::kernel::{self, Fd};
use crate::sync::{Arc, Mutex};

/// Wakes one thread. Handles to it may outlive its descriptor.
#[derive(Debug)]
pub(crate) struct Waker(Mutex<Option<Arc<Fd>>>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Mutex::new(Some(Arc::new(kernel::eventfd()?)))))
    }

    /// What the thread sleeps on; `None` once closed.
    pub(crate) fn fd(&self) -> Option<Arc<Fd>> {
        self.0.lock().clone()
    }

    /// Ends the thread's sleep, or its next.
    pub(crate) fn wake(&self) {
        if let Some(fd) = self.fd() {
            kernel::signal(&fd);
        }
    }

    /// Forgets the wake-ups so far.
    pub(crate) fn clear(&self) {
        if let Some(fd) = self.fd() {
            kernel::clear(&fd);
        }
    }

    /// Gives the descriptor back; later wake-ups do nothing.
    pub(crate) fn close(&self) {
        // Bound first: the lock is a leaf, and closing is none of its business.
        let fd = self.0.lock().take();
        drop(fd);
    }
}
