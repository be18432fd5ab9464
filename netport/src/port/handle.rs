//! The handle that a running port is stopped and joined by.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use tlv_core::messages::GoodbyeReason;

use super::Port;
use crate::error::End;
use crate::sync::{self, JoinHandle};

/// Ids of ports, unique in the process; 0 is nobody's. No thread is told anything by it, and it
/// outlives every schedule, so it is none of [`crate::sync`].
static NEXT_PORT: AtomicU64 = AtomicU64::new(1);

sync::thread_local! {
    /// The port that this thread is one of; 0 on other threads. It stays so to the thread's very
    /// end, when destructors of the user's may still run.
    static OF: Cell<u64> = const { Cell::new(0) };
}

/// The id of another port.
pub(super) fn next_id() -> u64 {
    NEXT_PORT.fetch_add(1, Ordering::Relaxed)
}

/// This thread is one of the port's from now on, which waits for its end.
pub(super) fn own_this_thread(port: u64) {
    OF.with(|of| of.set(port));
}

/// A running [`Port`], of which [`Port::clone`] makes handles for others. Dropping it stops the port
/// with `Goodbye(Done)` and waits like [`Self::join`].
///
/// A thread of the port itself, which is one that runs its [`NetPort`](crate::NetPort) or a
/// [`Connection`](crate::Connection) of it, cannot wait for its own end: there, a drop only stops
/// the port. Two ports that wait for each other's end on threads of their own wait for ever.
#[derive(Debug)]
#[must_use = "dropped, it stops the port and waits for its end"]
pub struct PortHandle {
    port: Port,
    /// Taken by whoever waits for the end.
    thread: Option<JoinHandle<End>>,
}

impl PortHandle {
    pub(super) fn new(port: Port, thread: JoinHandle<End>) -> Self {
        Self { port, thread: Some(thread) }
    }

    /// Waits for the port to end, and says why it did. No thread and no descriptor of it is left
    /// then. It does not stop the port: see [`Port::stop`].
    ///
    /// On a thread of the port itself it stops the port like a drop, and returns [`End::Stopped`]
    /// at once.
    pub fn join(mut self) -> End {
        self.wait().unwrap_or(End::Stopped)
    }

    fn wait(&mut self) -> Option<End> {
        if OF.with(Cell::get) == self.port.0.id {
            return None;
        }
        let thread = self.thread.take()?;
        // Every callback is guarded, so this is a defect of the main loop itself.
        Some(thread.join().unwrap_or_else(|_| End::Panicked("the main loop".into())))
    }
}

impl Deref for PortHandle {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.port
    }
}

impl Drop for PortHandle {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.port.stop(GoodbyeReason::Done);
            self.wait();
        }
    }
}
