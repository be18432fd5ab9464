//! What one client of a crowd counts: order, loss and duplicates of what it receives, and how long
//! answers took.
//!
//! Questions to one peer are numbered, and an answer has its question's number. So both ways both
//! kinds grow, over all links of the pair, and on one link by one; only the first of a link may come
//! after some that were lost with the link before.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netport::{List, PeerInfo};
use tlv_core::Uuid;

use super::times::Times;

/// The counters by name.
const NAMES: [&str; COUNTS] =
    ["answered", "down", "lost", "gone", "left", "disorder", "gaps", "strange", "ups"];
const COUNTS: usize = 9;

/// Indices into the counters.
#[derive(Clone, Copy)]
pub(super) enum Count {
    /// Answers to this client's greetings.
    Answered,
    /// Links to peers that ended.
    Down,
    /// Times that the server was lost.
    Lost,
    /// Times that the server ended the link for good.
    Gone,
    /// Peers that left the list.
    Left,
    /// Messages that came twice, or before their time.
    Disorder,
    /// Messages that never came, though the link had not ended.
    Gaps,
    /// Messages that nobody sends.
    Strange,
    /// Links to peers that came up.
    Ups,
}

#[derive(Debug)]
pub(super) struct Tally {
    counts: [AtomicU64; COUNTS],
    started: Instant,
    exchanges: Mutex<HashMap<Uuid, Arc<Exchange>>>,
    times: Times,
}

/// What was said to and by one peer, over all links.
#[derive(Debug)]
struct Exchange {
    /// The number of the next question to it.
    next: AtomicU64,
    /// The greatest of its questions and of its answers.
    greatest: [AtomicU64; 2],
}

/// What is said on one link.
#[derive(Debug)]
pub(super) struct Conversation {
    exchange: Arc<Exchange>,
    /// The last question and the last answer that came by it.
    last: [Option<u64>; 2],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            counts: Default::default(),
            started: Instant::now(),
            exchanges: Mutex::default(),
            times: Times::default(),
        }
    }
}

impl Tally {
    pub(super) fn answered(&self) -> u64 {
        self.counts[Count::Answered as usize].load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, what: Count, by: u64) {
        self.counts[what as usize].fetch_add(by, Ordering::Relaxed);
    }

    /// Takes note of a list, and forgets who is neither on it nor connected.
    pub(super) fn listed(&self, list: &List, connected: &[Arc<PeerInfo>]) {
        self.count(Count::Left, list.change.left.len() as u64);
        let listed = list.peers.iter().map(|peer| peer.node);
        let known: HashSet<Uuid> = listed.chain(connected.iter().map(|peer| peer.node)).collect();
        self.exchanges().retain(|node, _| known.contains(node));
    }

    /// A link to a peer is open.
    pub(super) fn conversation(&self, node: Uuid) -> Conversation {
        Conversation { exchange: self.exchange(node), last: [None; 2] }
    }

    /// Has `send` send the next question to a peer; on one thread only. Only what was sent has used
    /// its number, so one that is missing was lost.
    pub(super) fn ask(&self, node: Uuid, send: impl FnOnce(String) -> bool) {
        let exchange = self.exchange(node);
        let number = exchange.next.load(Ordering::Relaxed);
        if send(format!("question {number} {}", self.started.elapsed().as_nanos())) {
            exchange.next.store(number + 1, Ordering::Relaxed);
        }
    }

    /// Takes note of a message; what to answer, if it is a question.
    pub(super) fn received(&self, on: &mut Conversation, text: &str) -> Option<String> {
        let mut words = text.split(' ');
        let is_answer = match words.next() {
            Some("question") => false,
            Some("answer") => true,
            _ => return self.strange(),
        };
        let mut number = || words.next()?.parse::<u64>().ok();
        let (Some(number), Some(asked)) = (number(), number()) else { return self.strange() };
        if is_answer {
            self.times.add(self.started.elapsed().saturating_sub(Duration::from_nanos(asked)));
            self.count(Count::Answered, 1);
        }
        let kind = usize::from(is_answer);
        if on.exchange.greatest[kind].fetch_max(number, Ordering::Relaxed) >= number {
            self.count(Count::Disorder, 1);
        } else if on.last[kind].is_some_and(|last| number != last + 1) {
            self.count(Count::Gaps, 1);
        }
        on.last[kind] = Some(number);
        (!is_answer).then(|| format!("answer {number} {asked}"))
    }

    /// How long the answers since the last call took.
    pub(super) fn take_times(&self) -> Vec<Duration> {
        self.times.take()
    }

    fn strange(&self) -> Option<String> {
        self.count(Count::Strange, 1);
        None
    }

    fn exchange(&self, node: Uuid) -> Arc<Exchange> {
        let new = || {
            // Greater than every number that was used before this peer was forgotten.
            let next = AtomicU64::new(self.started.elapsed().as_micros() as u64);
            Arc::new(Exchange { next, greatest: Default::default() })
        };
        Arc::clone(self.exchanges().entry(node).or_insert_with(new))
    }

    fn exchanges(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Exchange>>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counts of all together, by name.
pub(super) fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> String {
    let mut sums = [0; COUNTS];
    for tally in tallies {
        for (sum, count) in sums.iter_mut().zip(&tally.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
    }
    let mut text = String::new();
    for (name, sum) in NAMES.into_iter().zip(sums) {
        let _ = write!(text, "{name}={sum} ");
    }
    text
}
