//! What the children have reported so far.

use crate::report::Report;

/// The state of a run, as the reports tell it. Clients are numbers from 0; client 0 is named `c1`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    clients: usize,
    registered: Vec<bool>,
    ended: Vec<bool>,
    /// `[to][from]`: how often the link of `to` with `from` came up.
    ups: Vec<Vec<u32>>,
    /// `[to][from]`: how many greetings of `from` reached `to`.
    greetings: Vec<Vec<u32>>,
}

/// Done and total of one step of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// How many are done.
    pub(super) done: usize,
    /// How many there are.
    pub(super) total: usize,
}

impl Count {
    /// Whether all are done.
    pub(super) fn is_complete(self) -> bool {
        self.done == self.total
    }
}

impl Progress {
    /// Nothing has happened.
    pub(super) fn new(clients: usize) -> Self {
        Self {
            clients,
            registered: vec![false; clients],
            ended: vec![false; clients],
            ups: vec![vec![0; clients]; clients],
            greetings: vec![vec![0; clients]; clients],
        }
    }

    /// The name of a client.
    pub(super) fn name(client: usize) -> String {
        format!("c{}", client + 1)
    }

    /// Takes in what a client reported.
    pub(super) fn apply(&mut self, client: usize, report: &Report) {
        match report {
            Report::Registered { .. } => self.registered[client] = true,
            Report::Ended { .. } => self.ended[client] = true,
            Report::Up { peer } => {
                if let Some(peer) = self.number(peer) {
                    self.ups[client][peer] += 1;
                }
            }
            Report::Greeted { peer, .. } => {
                if let Some(peer) = self.number(peer) {
                    self.greetings[client][peer] += 1;
                }
            }
            // Told to people; the outcome does not depend on them.
            Report::Listening { .. }
            | Report::Listed { .. }
            | Report::Down { .. }
            | Report::Metrics { .. }
            | Report::NotRegistered { .. }
            | Report::ServerLost { .. }
            | Report::ServerUnreached { .. } => {}
        }
    }

    /// The client of that name, if it is one of this run.
    fn number(&self, name: &str) -> Option<usize> {
        (0..self.clients).find(|&client| Self::name(client) == name)
    }

    /// How many clients there are.
    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Clients that the server listed.
    pub(super) fn registered(&self) -> Count {
        self.count_clients(&self.registered)
    }

    /// Clients that have left in order.
    pub(super) fn ended(&self) -> Count {
        self.count_clients(&self.ended)
    }

    /// Pairs of which both ends have the link up.
    pub(super) fn linked(&self) -> Count {
        let done = self.pairs().filter(|&(a, b)| a < b && self.is_up(a, b) && self.is_up(b, a));
        Count { done: done.count(), total: self.pairs().count() / 2 }
    }

    /// Ordered pairs of which the second received a greeting of the first.
    pub(super) fn greeted(&self) -> Count {
        let done = self.pairs().filter(|&(from, to)| self.has_greeted(from, to));
        Count { done: done.count(), total: self.pairs().count() }
    }

    /// Whether a greeting of `from` reached `to`.
    pub(super) fn has_greeted(&self, from: usize, to: usize) -> bool {
        self.greetings[to][from] > 0
    }

    fn is_up(&self, at: usize, with: usize) -> bool {
        self.ups[at][with] > 0
    }

    /// Every ordered pair of two different clients.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let clients = self.clients;
        (0..clients).flat_map(move |a| (0..clients).filter(move |&b| a != b).map(move |b| (a, b)))
    }

    fn count_clients(&self, flags: &[bool]) -> Count {
        Count { done: flags.iter().filter(|&&flag| flag).count(), total: self.clients }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(peer: &str) -> Report {
        Report::Up { peer: peer.into() }
    }

    fn greeted(peer: &str) -> Report {
        Report::Greeted { peer: peer.into(), text: "hello".into() }
    }

    #[test]
    fn a_link_counts_when_both_ends_have_it() {
        let mut progress = Progress::new(3);
        progress.apply(0, &up("c2"));
        assert_eq!(progress.linked(), Count { done: 0, total: 3 });
        progress.apply(1, &up("c1"));
        assert_eq!(progress.linked(), Count { done: 1, total: 3 });
    }

    #[test]
    fn a_greeting_counts_once_and_in_one_direction() {
        let mut progress = Progress::new(2);
        progress.apply(1, &greeted("c1"));
        progress.apply(1, &greeted("c1"));
        assert_eq!(progress.greeted(), Count { done: 1, total: 2 });
        assert!(progress.has_greeted(0, 1) && !progress.has_greeted(1, 0));
        progress.apply(0, &greeted("c2"));
        assert!(progress.greeted().is_complete());
    }

    #[test]
    fn a_stranger_changes_nothing() {
        let mut progress = Progress::new(2);
        progress.apply(0, &greeted("c3"));
        progress.apply(0, &up("somebody"));
        assert_eq!(progress, Progress::new(2));
    }
}
