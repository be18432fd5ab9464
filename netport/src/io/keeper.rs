//! The keeper: one thread per port that writes what the kernel did not take at once, sends
//! heartbeats, and ends what lingers too long, however busy everyone else is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll;

use super::Waker;
use crate::link::Shared;
use crate::meters::Meters;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

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
    epoll: Mutex<Option<Arc<OwnedFd>>>,
    waker: Waker,
    plan: Mutex<Plan>,
    slack: Duration,
    stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct Plan {
    /// When which link's turn by the clock is due; a link may stand here more than once.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// The keeper sleeps until then, or for ever.
    sleeps_until: Option<Instant>,
}

impl Keeper {
    /// A keeper of links that send a heartbeat so often.
    pub(crate) fn new(heartbeat: Option<Duration>) -> io::Result<Self> {
        let slack = heartbeat.map_or(SLACK_MAX, |heartbeat| heartbeat / SLACK_PART);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let waker = Waker::new()?;
        if let Some(fd) = waker.fd() {
            epoll::add(&epoll, &*fd, epoll::EventData::new_u64(WAKER), epoll::EventFlags::IN)?;
        }
        Ok(Self {
            epoll: Mutex::new(Some(Arc::new(epoll))),
            waker,
            plan: Mutex::default(),
            slack: slack.clamp(SLACK_MIN, SLACK_MAX),
            stopped: AtomicBool::new(false),
        })
    }

    /// Where sockets ask to be drained; `None` once the keeper has ended.
    pub(crate) fn epoll(&self) -> Option<Arc<OwnedFd>> {
        self.epoll.lock().clone()
    }

    /// Has the link looked at when `at` has come.
    pub(crate) fn schedule(&self, at: Instant, link: u64) {
        let sooner = {
            let mut plan = self.plan.lock();
            plan.due.push(Reverse((at, link)));
            plan.sleeps_until.is_none_or(|until| at < until)
        };
        if sooner {
            self.waker.wake();
        }
    }

    /// Ends [`Self::run`].
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Gives the descriptors back.
    pub(crate) fn close(&self) {
        *self.epoll.lock() = None;
        self.waker.close();
    }

    /// The keeper's thread. `find` looks a link up; `ping` is a heartbeat as a frame.
    pub(crate) fn run(
        &self,
        ping: &[u8],
        meters: &Meters,
        find: impl Fn(u64) -> Option<Arc<Shared>>,
    ) {
        let Some(epoll) = self.epoll() else { return };
        let mut events = Vec::with_capacity(EVENTS_MAX);
        while !self.stopped.load(Ordering::Acquire) {
            let timeout = self.next_wake().map(super::until);
            events.clear();
            let waited =
                epoll::wait(&*epoll, rustix::buffer::spare_capacity(&mut events), timeout.as_ref());
            match waited {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "the keeper cannot wait");
                    return;
                }
            }
            for event in &events {
                match event.data.u64() {
                    WAKER => self.waker.clear(),
                    id => {
                        if let Some(link) = find(id) {
                            link.writer.drain();
                        }
                    }
                }
            }
            self.turn_by_clock(ping, meters, &find);
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let mut plan = self.plan.lock();
        let next = plan.due.peek().map(|Reverse((at, _))| *at + self.slack);
        plan.sleeps_until = next;
        next
    }

    fn turn_by_clock(
        &self,
        ping: &[u8],
        meters: &Meters,
        find: impl Fn(u64) -> Option<Arc<Shared>>,
    ) {
        let now = Instant::now();
        while let Some(id) = self.next_due(now) {
            let Some(link) = find(id) else { continue };
            let (next, pinged) = link.writer.on_time(ping, now);
            meters.heartbeats.increment(pinged.into());
            if let Some(at) = next {
                self.plan.lock().due.push(Reverse((at, id)));
            }
        }
    }

    fn next_due(&self, now: Instant) -> Option<u64> {
        let mut plan = self.plan.lock();
        let Reverse((at, _)) = plan.due.peek()?;
        if *at > now {
            return None;
        }
        plan.due.pop().map(|Reverse((_, id))| id)
    }
}
