//! Threads and time as the system has them.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Condvar, Mutex as RawMutex, MutexGuard};
pub(crate) use std::thread::{self, JoinHandle};
pub(crate) use std::thread_local;

pub(crate) use crate::seed::fresh_seed;

use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The time.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets time pass.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// Waits on `condvar` for at most `timeout`, or for ever; may return early without cause.
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Option<Duration>,
) -> MutexGuard<'a, T> {
    match timeout {
        None => condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(timeout) => {
            condvar.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
        }
    }
}
