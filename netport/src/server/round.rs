//! When lists are sent: in rounds through all subscribers, a little apart, so that a burst of
//! changes shares them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::core::LinkId;
use crate::link::Link;
use crate::port::Port;

/// What the pusher, who changes the directory, and who finds room on a link tell each other.
#[derive(Debug, Default)]
pub(super) struct Pushing {
    /// Whether somebody may lack something.
    pub(super) is_due: Arc<AtomicBool>,
    /// Links whose backlog is full, and which are passed over until they have room.
    full: Arc<Mutex<BTreeSet<LinkId>>>,
}

impl Pushing {
    pub(super) fn is_passed_over(&self, link: LinkId) -> bool {
        locked(&self.full).contains(&link)
    }

    /// Passes over `link` until it has room, and wakes the main loop of `port` then.
    pub(super) fn pass_over(&self, link: &Link, port: Option<&Port>) {
        locked(&self.full).insert(link.id());
        let (is_due, full) = (Arc::clone(&self.is_due), Arc::clone(&self.full));
        let (port, id) = (port.cloned(), link.id());
        link.when_room(move || {
            locked(&full).remove(&id);
            is_due.store(true, Ordering::Release);
            if let Some(port) = &port {
                port.wake();
            }
        });
    }
}

/// A round through all subscribers, which may take more than one turn of the main loop.
#[derive(Debug)]
pub(super) struct Round {
    spacing: Duration,
    is_running: bool,
    /// The subscriber that had its turn last.
    after: Option<LinkId>,
    /// When the next round may begin.
    not_before: Option<Instant>,
    /// The first change that no round has begun to tell, and the first that this one tells.
    news: Option<Instant>,
    telling: Option<Instant>,
}

impl Round {
    /// No round yet. Two of them begin at least `spacing` apart.
    pub(super) fn new(spacing: Duration) -> Self {
        Self {
            spacing,
            is_running: false,
            after: None,
            not_before: None,
            news: None,
            telling: None,
        }
    }

    /// The directory has changed.
    pub(super) fn news(&mut self, now: Instant) {
        self.news.get_or_insert(now);
    }

    /// Whether lists are to be sent now: a round is running, or one is due and begins.
    pub(super) fn begin(&mut self, now: Instant, pushing: &Pushing) -> bool {
        if self.is_running {
            return true;
        }
        if self.not_before.is_some_and(|at| now < at) {
            return false;
        }
        // What changes from here on belongs to the next round.
        self.is_running = pushing.is_due.swap(false, Ordering::AcqRel);
        if self.is_running {
            self.not_before = Some(now + self.spacing);
            self.telling = self.news.take();
        }
        self.is_running
    }

    /// When lists are to be sent next, if that is known already.
    pub(super) fn next(&self, now: Instant, pushing: &Pushing) -> Option<Instant> {
        if self.is_running {
            return Some(now);
        }
        pushing.is_due.load(Ordering::Acquire).then(|| self.not_before.unwrap_or(now))
    }

    pub(super) fn after(&self) -> Option<LinkId> {
        self.after
    }

    pub(super) fn go_on_after(&mut self, link: LinkId) {
        self.after = Some(link);
    }

    /// Everybody had a turn. Returns how long ago the first of the changes was that were told.
    pub(super) fn end(&mut self) -> Option<Duration> {
        self.is_running = false;
        self.after = None;
        self.telling.take().map(|since| since.elapsed())
    }
}

/// A set of numbers is whole whatever happened to who held it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
