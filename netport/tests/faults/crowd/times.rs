//! How long exchanges took.

use std::fmt;
use std::time::Duration;

use netport::crossbeam_channel::{Receiver, Sender, bounded};

/// Most times that are kept until they are taken.
const TIMES_MAX: usize = 2_000;

/// Times that wait to be taken. No lock: a thread that the processor leaves for another while it
/// adds one holds up nobody else.
#[derive(Debug)]
pub(super) struct Times(Sender<Duration>, Receiver<Duration>);

impl Default for Times {
    fn default() -> Self {
        let (sender, receiver) = bounded(TIMES_MAX);
        Self(sender, receiver)
    }
}

impl Times {
    pub(super) fn add(&self, took: Duration) {
        // Where nobody takes them, the first are enough.
        let _ = self.0.try_send(took);
    }

    /// Those since the last call.
    pub(super) fn take(&self) -> Vec<Duration> {
        self.1.try_iter().collect()
    }
}

/// What is told of many times.
pub(super) struct Quantiles {
    count: usize,
    /// Median, 99th percentile and longest.
    at: [Duration; 3],
}

impl Quantiles {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 1000).or(times.last()).copied();
        Self { count: times.len(), at: [500, 990, 1000].map(|part| at(part).unwrap_or_default()) }
    }

    /// Each as so many times the other's.
    pub(super) fn ratios(&self, other: &Self) -> String {
        let ratio = |index: usize| self.at[index].as_secs_f64() / other.at[index].as_secs_f64();
        format!("p50 {:.2} p99 {:.2}", ratio(0), ratio(1))
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, most] = self.at.map(|time| time.as_micros());
        write!(f, "{} of p50 {p50} p99 {p99} max {most} us", self.count)
    }
}
