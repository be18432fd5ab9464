//! Everything that one thread uses to talk to another comes from here, so that a checker of
//! schedules can be put in its place.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Arc, Condvar, MutexGuard, OnceLock};
pub(crate) use std::thread::{self, JoinHandle};

use std::sync::PoisonError;
use std::time::Duration;

/// A mutex without poison: users' callbacks never run under a lock of this crate, so a panic cannot
/// leave what one guards half changed.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A mutex around `value`.
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
