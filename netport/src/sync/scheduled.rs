//! Threads that a checker of schedules runs one at a time, and a clock that stands still until the
//! test moves it: nothing happens by a time-out where it should happen by a wake-up.

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use shuttle::sync::{Mutex as RawMutex, MutexGuard};
pub(crate) use shuttle::thread::{self, JoinHandle};
pub(crate) use shuttle::thread_local;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A condition variable whose waits the clock can end.
#[derive(Debug, Default)]
pub(crate) struct Condvar(Arc<shuttle::sync::Condvar>);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The time in one schedule, whose threads all run on one of the system's.
struct Clock {
    now: Instant,
    /// Who waits until when.
    sleepers: BTreeMap<u64, (Instant, Arc<shuttle::sync::Condvar>)>,
    /// Number of the last sleeper.
    last: u64,
    /// How often a thread has paused.
    pauses: u64,
}

std::thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::new(Clock::new());
}

impl Clock {
    fn new() -> Self {
        Self { now: Instant::now(), sleepers: BTreeMap::new(), last: 0, pauses: 0 }
    }

    fn sleep(&mut self, timeout: Duration, condvar: &Condvar) -> u64 {
        self.last += 1;
        self.sleepers.insert(self.last, (self.now + timeout, Arc::clone(&condvar.0)));
        self.last
    }

    fn overdue(&self) -> Option<Arc<shuttle::sync::Condvar>> {
        let mut overdue = self.sleepers.values().filter(|(until, _)| *until <= self.now);
        overdue.next().map(|(_, condvar)| Arc::clone(condvar))
    }
}

/// Forgets whoever an earlier schedule left asleep.
pub(crate) fn reset_clock() {
    CLOCK.set(Clock::new());
}

/// The time.
pub(crate) fn now() -> Instant {
    CLOCK.with_borrow(|clock| clock.now)
}

/// Lets time pass, until everybody is awake whose time has come.
pub(crate) fn advance(time: Duration) {
    CLOCK.with_borrow_mut(|clock| clock.now += time);
    while let Some(condvar) = CLOCK.with_borrow(Clock::overdue) {
        condvar.notify_all();
        thread::yield_now();
    }
}

/// Lets others run: no time passes here unless the test says so.
pub(crate) fn pause(_time: Duration) {
    CLOCK.with_borrow_mut(|clock| clock.pauses += 1);
    thread::yield_now();
}

/// The same on each call: chance is the checker's alone.
pub(crate) fn fresh_seed() -> u64 {
    7
}

/// How often a thread has paused in this schedule.
pub(crate) fn pauses() -> u64 {
    CLOCK.with_borrow(|clock| clock.pauses)
}

/// Waits on `condvar` for at most `timeout`, or for ever; may return early without cause.
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Option<Duration>,
) -> MutexGuard<'a, T> {
    let sleeper =
        timeout.map(|timeout| CLOCK.with_borrow_mut(|clock| clock.sleep(timeout, condvar)));
    let guard = condvar.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
    if let Some(sleeper) = sleeper {
        CLOCK.with_borrow_mut(|clock| clock.sleepers.remove(&sleeper));
    }
    guard
}
