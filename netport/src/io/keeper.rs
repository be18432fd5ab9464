//! The keeper: one thread per port that writes what the kernel did not take at once, sends
//! heartbeats, and ends what lingers too long, however busy everyone else is.

use std::io;
use std::time::{Duration, Instant};

use super::Waker;
use super::kernel::{Epoll, Events};
use super::writer::Writer;
use crate::core::mutant::{Mutant, mutant};
use crate::core::timers::Timers;
use crate::meters::Meters;
use crate::sync::{self, Arc, AtomicBool, Mutex, Ordering};

/// The waker's place among the links, whose ids begin at 1.
const WAKER: u64 = 0;
/// Deadlines this close together share a wake-up: a small part of the heartbeat, between these.
const SLACK_MIN: Duration = Duration::from_millis(1);
const SLACK_MAX: Duration = Duration::from_millis(50);
/// Which part of the heartbeat.
const SLACK_PART: u32 = 64;
/// Most ready sockets in one turn.
const EVENTS_MAX: usize = 256;

/// What others say to the keeper.
#[derive(Debug)]
pub(crate) struct Keeper {
    epoll: Mutex<Option<Arc<Epoll>>>,
    waker: Waker,
    plan: Mutex<Plan>,
    slack: Duration,
    stopped: AtomicBool,
}

#[derive(Debug)]
struct Plan {
    /// When which link's turn by the clock is due.
    due: Timers<u64>,
    /// The keeper sleeps until then, or for ever.
    sleeps_until: Option<Instant>,
}

impl Keeper {
    /// A keeper of links that send a heartbeat so often.
    pub(crate) fn new(heartbeat: Option<Duration>) -> io::Result<Self> {
        let slack = heartbeat.map_or(SLACK_MAX, |heartbeat| heartbeat / SLACK_PART);
        let epoll = Epoll::new()?;
        let waker = Waker::new()?;
        if let Some(fd) = waker.fd() {
            epoll.watch(&fd, WAKER)?;
        }
        Ok(Self {
            epoll: Mutex::new(Some(Arc::new(epoll))),
            waker,
            plan: Mutex::new(Plan { due: Timers::new(), sleeps_until: None }),
            slack: slack.clamp(SLACK_MIN, SLACK_MAX),
            stopped: AtomicBool::new(false),
        })
    }

    /// Where sockets ask to be drained; `None` once the keeper has ended.
    pub(crate) fn epoll(&self) -> Option<Arc<Epoll>> {
        self.epoll.lock().clone()
    }

    /// Has the link looked at when `at` has come.
    pub(crate) fn schedule(&self, at: Instant, link: u64) {
        let sooner = {
            let mut plan = self.plan.lock();
            plan.due.set_sooner(link, at);
            plan.sleeps_until.is_none_or(|until| at < until)
        };
        if sooner && !mutant(Mutant::ScheduleUntold) {
            self.waker.wake();
        }
    }

    /// The link has ended: nothing is due any more. Who comes and goes leaves nothing behind.
    pub(crate) fn forget(&self, link: u64) {
        self.plan.lock().due.clear(&link);
    }

    /// Ends [`Self::run`].
    pub(crate) fn stop(&self) {
        if mutant(Mutant::StopUntold) {
            self.waker.wake();
            self.stopped.store(true, Ordering::Release);
            return;
        }
        self.stopped.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Gives the descriptors back.
    pub(crate) fn close(&self) {
        let epoll = self.epoll.lock().take();
        drop(epoll);
        self.waker.close();
    }

    /// The keeper's thread. `find` looks a link up; `ping` is a heartbeat as a frame.
    pub(crate) fn run<L: AsRef<Writer>>(
        &self,
        ping: &[u8],
        meters: &Meters,
        find: impl Fn(u64) -> Option<Arc<L>>,
    ) {
        let Some(epoll) = self.epoll() else { return };
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.stopped.load(Ordering::Acquire) {
            if let Err(error) = epoll.wait(&mut events, self.next_wake()) {
                tracing::error!(%error, "the keeper cannot wait");
                return;
            }
            for number in events.numbers() {
                if number == WAKER {
                    self.waker.clear();
                } else if let Some(link) = find(number) {
                    (*link).as_ref().drain();
                }
            }
            self.turn_by_clock(ping, meters, &find);
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let mut plan = self.plan.lock();
        let next = plan.due.next().map(|at| at + self.slack);
        plan.sleeps_until = next;
        next
    }

    fn turn_by_clock<L: AsRef<Writer>>(
        &self,
        ping: &[u8],
        meters: &Meters,
        find: impl Fn(u64) -> Option<Arc<L>>,
    ) {
        let now = sync::now();
        while let Some(id) = self.next_due(now) {
            let Some(link) = find(id) else { continue };
            let (next, pinged) = (*link).as_ref().on_time(ping, now);
            meters.heartbeats.increment(pinged.into());
            if let Some(at) = next {
                self.plan.lock().due.set_sooner(id, at);
            }
        }
    }

    fn next_due(&self, now: Instant) -> Option<u64> {
        self.plan.lock().due.pop_due(now)
    }
}
