//! When lists are sent: in rounds through all subscribers, a little apart, so that a burst of
//! changes shares them.

use std::time::{Duration, Instant};

use crate::core::LinkId;
use crate::core::mutant::{Mutant, mutant};

/// The rounds. One may take more than one turn.
#[derive(Debug)]
pub(super) struct Rounds {
    spacing: Duration,
    /// When the next round is to begin, once somebody may lack something.
    due: Option<Instant>,
    /// Before this, none may.
    not_before: Option<Instant>,
    /// The first change that no round has begun to tell.
    news: Option<Instant>,
    running: Option<Round>,
    /// The first change that the last round told.
    told: Option<Instant>,
}

/// A round that is under way.
#[derive(Debug)]
pub(super) struct Round {
    began: Instant,
    /// The subscriber that had its turn last.
    pub(super) after: Option<LinkId>,
    /// The first change that it tells.
    telling: Option<Instant>,
}

impl Rounds {
    /// No round yet. Two of them begin at least `spacing` apart.
    pub(super) fn new(spacing: Duration) -> Self {
        Self { spacing, due: None, not_before: None, news: None, running: None, told: None }
    }

    /// The list has changed.
    pub(super) fn news(&mut self, now: Instant) {
        self.news.get_or_insert(now);
        self.lacking(now);
    }

    /// Somebody may lack something that there is room for.
    pub(super) fn lacking(&mut self, now: Instant) {
        // Whoever had its turn already is told by the next round.
        if self.running.is_some() && mutant(Mutant::ForgetNewsInRound) {
            return;
        }
        self.due.get_or_insert(self.not_before.map_or(now, |at| at.max(now)));
    }

    /// Begins a round, if one is due and none is running.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.running.is_none() && self.due.take_if(|at| *at <= now).is_some() {
            self.not_before = Some(now + self.spacing);
            self.running = Some(Round { began: now, after: None, telling: self.news.take() });
        }
    }

    /// The round that is under way.
    pub(super) fn running(&mut self) -> Option<&mut Round> {
        self.running.as_mut()
    }

    /// Everybody had a turn.
    pub(super) fn end(&mut self) {
        self.told = self.running.take().and_then(|round| round.telling);
    }

    /// The first change that the last round told, once.
    pub(super) fn take_told(&mut self) -> Option<Instant> {
        self.told.take()
    }

    /// When there is something to do next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.running.as_ref().map(|round| round.began).or(self.due)
    }
}
