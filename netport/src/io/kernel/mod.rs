//! The system calls, and nothing else.
//!
//! In this crate's own tests a kernel made of memory stands in for the system's: the threads above
//! it can then be run in any order.

#[cfg(test)]
pub(crate) mod memory;
// Beside the other one, only a few of its calls are tested by themselves.
#[cfg_attr(test, allow(dead_code))]
pub(crate) mod system;

#[cfg(test)]
use self::memory as means;
#[cfg(not(test))]
use self::system as means;

pub(crate) use self::means::{
    Epoll, Events, Fd, accept, be_patient, clear, connect, connected, eventfd, give_up_after,
    listen, local_addr, poll, read, read_patiently, reset_on_close, send, shut, signal, tune,
};

use std::time::Duration;

/// What a thread sleeps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// Something to read, or to accept; the end of the stream is something.
    Read,
    /// Room to write; a failed connection has it.
    Write,
}

/// What a connection's socket is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// Bytes that the kernel holds unsent before it says that there is no room.
    pub(crate) unsent_bytes_max: u32,
    /// Bytes, about, that the kernel holds unread; `None` leaves it to the kernel.
    pub(crate) unread_bytes_max: Option<u32>,
    /// Unacknowledged bytes kill a connection after this.
    pub(crate) user_timeout: Duration,
    /// First keep-alive probe after so long without a byte.
    pub(crate) keep_alive_after: Duration,
}
