//! What one client of a crowd counts: order, loss and duplicates of what it receives, and how long
//! answers took.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use netport::{List, PeerInfo};
use tlv_core::Uuid;

/// The counters by name.
const NAMES: [&str; COUNTS] =
    ["answered", "down", "lost", "gone", "left", "disorder", "gaps", "strange", "ups"];
const COUNTS: usize = 9;

/// Most times that are kept until they are taken.
const TIMES_MAX: usize = 1_000;

/// Indices into the counters.
#[derive(Clone, Copy)]
enum Count {
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
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the next message to each peer.
    next: HashMap<Uuid, u64>,
    received: HashMap<Uuid, Received>,
    /// How long answers took, in microseconds.
    times: Vec<u32>,
}

/// What came from one peer.
#[derive(Debug)]
struct Received {
    last: u64,
    /// A link to it came or went since.
    may_lack: bool,
}

impl Default for Received {
    fn default() -> Self {
        Self { last: 0, may_lack: true }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self { counts: Default::default(), started: Instant::now(), state: Mutex::default() }
    }
}

impl Tally {
    pub(super) fn answered(&self) -> u64 {
        self.counts[Count::Answered as usize].load(Ordering::Relaxed)
    }

    pub(super) fn up(&self, node: Uuid) {
        self.count(Count::Ups, 1);
        self.link_changed(node);
    }

    pub(super) fn down(&self, node: Uuid) {
        self.count(Count::Down, 1);
        self.link_changed(node);
    }

    pub(super) fn lost(&self) {
        self.count(Count::Lost, 1);
    }

    pub(super) fn gone(&self) {
        self.count(Count::Gone, 1);
    }

    /// Takes note of a list, and forgets who is neither on it nor connected.
    pub(super) fn listed(&self, list: &List, connected: &[Arc<PeerInfo>]) {
        self.count(Count::Left, list.change.left.len() as u64);
        let listed = list.peers.iter().map(|peer| peer.node);
        let known: HashSet<Uuid> = listed.chain(connected.iter().map(|peer| peer.node)).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next.retain(|node, _| known.contains(node));
        state.received.retain(|node, _| known.contains(node));
    }

    /// A greeting that wants an answer.
    pub(super) fn question(&self, number: u64) -> String {
        format!("question {number} {}", self.started.elapsed().as_micros())
    }

    /// Has `send` send the next message to a peer, and counts it if that worked. Only what was sent
    /// is numbered, so a number that is missing was lost.
    pub(super) fn sending(&self, node: Uuid, send: impl FnOnce(u64) -> bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Greater than every number that was used before this peer was forgotten.
        let next = state.next.entry(node).or_insert(self.started.elapsed().as_micros() as u64);
        if send(*next) {
            *next += 1;
        }
    }

    /// Takes note of a message; what to answer, if it is a question.
    pub(super) fn received(&self, node: Uuid, text: &str) -> Option<u128> {
        let mut words = text.split(' ');
        let (what, number, at) = (words.next(), words.next(), words.next());
        let number: Option<u64> = number.and_then(|number| number.parse().ok());
        let at: Option<u128> = at.and_then(|at| at.parse().ok());
        let (Some(what), Some(number), Some(at)) = (what, number, at) else {
            self.count(Count::Strange, 1);
            return None;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.received.entry(node).or_default();
        if number <= before.last {
            self.count(Count::Disorder, 1);
        } else if number != before.last + 1 && !before.may_lack {
            self.count(Count::Gaps, 1);
        }
        *before = Received { last: number.max(before.last), may_lack: false };
        if what == "question" {
            return Some(at);
        }
        let took = self.started.elapsed().as_micros().saturating_sub(at);
        if state.times.len() < TIMES_MAX {
            state.times.push(u32::try_from(took).unwrap_or(u32::MAX));
        }
        self.count(Count::Answered, 1);
        None
    }

    /// How long the answers since the last call took, in microseconds.
    pub(super) fn take_times(&self) -> Vec<u32> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.times)
    }

    fn link_changed(&self, node: Uuid) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(received) = state.received.get_mut(&node) {
            received.may_lack = true;
        }
    }

    fn count(&self, what: Count, by: u64) {
        self.counts[what as usize].fetch_add(by, Ordering::Relaxed);
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

/// Median, 99th percentile and longest of times in microseconds.
pub(super) fn quantiles(mut times: Vec<u32>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).or(times.last()).copied();
    let [p50, p99, most] = [at(500), at(990), at(1000)].map(|time| time.unwrap_or(0));
    format!("n={} p50={p50} p99={p99} max={most}", times.len())
}
