//! Which of the links between two nodes is the one that is up.

use std::time::Instant;

use tlv_core::Uuid;
use tlv_core::messages::{GoodbyeReason, RefuseReason};

use super::super::LinkId;
use super::super::mutant::{Mutant, mutant};
use super::{Candidate, Mesh, MeshAction, Neighbour, Node, PeerEnd, Timer};

/// Most links of one peer that wait for a decision; one more is refused as `Busy`.
const CANDIDATES_MAX: usize = 4;

impl Mesh {
    pub(super) fn opened(
        &mut self,
        now: Instant,
        link: LinkId,
        neighbour: Neighbour,
        actions: &mut Vec<MeshAction>,
    ) {
        let Neighbour { node, incarnation, dialled } = neighbour;
        if dialled {
            self.dial_ended(node);
        }
        if node == self.me {
            actions.push(MeshAction::Refuse(link, RefuseReason::WrongNode, None));
            return;
        }
        let state = self.nodes.entry(node).or_default();
        let known = state.incarnation();
        if incarnation < known && !mutant(Mutant::SkipIncarnationCheck) {
            actions.push(MeshAction::Refuse(link, RefuseReason::Older, Some(known)));
            state.dialling.ended(now, self.config.backoff.max);
            self.schedule_next(now, node);
            return;
        }
        // A dial of one's own that comes second says nothing about the first link.
        let is_repeat = dialled && self.me < node && state.up_is(incarnation)
            || dialled && !state.candidates.is_empty() && mutant(Mutant::CancelDialOnAccept);
        if is_repeat || state.candidates.len() >= CANDIDATES_MAX {
            let reason = if is_repeat { RefuseReason::Duplicate } else { RefuseReason::Busy };
            actions.push(MeshAction::Refuse(link, reason, None));
            return;
        }
        self.retire_older(node, incarnation, actions);
        self.links.insert(link, node);
        let state = self.nodes.entry(node).or_default();
        state.candidates.push(Candidate { link, incarnation });
        if self.me < node {
            self.decide(now, node, actions);
        } else {
            self.timers.set(Timer::Welcome(link), now + self.config.welcome_timeout);
            if mutant(Mutant::SkipWelcome) {
                self.welcome(now, link, actions);
            }
        }
    }

    /// The lower id chooses among the open links: the newest, unless one is up that may be alive.
    fn decide(&mut self, now: Instant, node: Uuid, actions: &mut Vec<MeshAction>) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        if let Some(up) = state.up
            && !mutant(Mutant::WelcomeAll)
        {
            if state.probe.is_none() && !state.candidates.is_empty() {
                self.nonce += 1;
                state.probe = Some(self.nonce);
                self.timers.set(Timer::Probe(node), now + self.config.probe_timeout);
                actions.push(MeshAction::Probe(up.link, self.nonce));
            }
            return;
        }
        if let Some(chosen) = state.candidates.pop() {
            actions.push(MeshAction::Welcome(chosen.link));
            self.come_up(now, node, chosen, actions);
            self.refuse_candidates(node, actions);
        }
    }

    pub(super) fn welcome(&mut self, now: Instant, link: LinkId, actions: &mut Vec<MeshAction>) {
        let Some(&node) = self.links.get(&link) else { return };
        if self.me < node {
            actions.push(MeshAction::Refuse(link, RefuseReason::NotAllowed, None));
            self.closed(now, link, PeerEnd::Lost, actions);
            return;
        }
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let Some(place) = state.candidates.iter().position(|candidate| candidate.link == link)
        else {
            return;
        };
        let chosen = state.candidates.remove(place);
        // The peer decides, so the link that was up is dead at its end.
        if let Some(dead) = state.up.take() {
            self.links.remove(&dead.link);
            actions.push(MeshAction::Refuse(dead.link, RefuseReason::Duplicate, None));
            actions.push(MeshAction::Down(node, dead.link));
        }
        self.come_up(now, node, chosen, actions);
    }

    pub(super) fn alive(&mut self, link: LinkId, nonce: u64, actions: &mut Vec<MeshAction>) {
        let Some(&node) = self.links.get(&link) else { return };
        let Some(state) = self.nodes.get_mut(&node) else { return };
        if state.probe == Some(nonce) && state.up.is_some_and(|up| up.link == link) {
            state.probe = None;
            self.timers.clear(&Timer::Probe(node));
            self.refuse_candidates(node, actions);
        }
    }

    pub(super) fn closed(
        &mut self,
        now: Instant,
        link: LinkId,
        end: PeerEnd,
        actions: &mut Vec<MeshAction>,
    ) {
        let Some(node) = self.links.remove(&link) else { return };
        let ended = self.forget(node, link, actions);
        if let (Some(state), Some(ended)) = (self.nodes.get_mut(&node), ended) {
            state.dialling.ended(now, self.config.backoff.max);
            if end == PeerEnd::Done {
                state.dialling.retire(ended.incarnation);
            }
        }
        if self.me < node {
            self.decide(now, node, actions);
        }
        self.schedule_next(now, node);
        self.tidy(node, actions);
    }

    /// Takes a link that ended out of its node's state.
    fn forget(
        &mut self,
        node: Uuid,
        link: LinkId,
        actions: &mut Vec<MeshAction>,
    ) -> Option<Candidate> {
        self.timers.clear(&Timer::Welcome(link));
        let state = self.nodes.get_mut(&node)?;
        let is_kept = mutant(Mutant::KeepDeadLink);
        if let Some(up) = state.up.take_if(|up| up.link == link && !is_kept) {
            state.probe = None;
            self.timers.clear(&Timer::Probe(node));
            actions.push(MeshAction::Down(node, link));
            return Some(up);
        }
        let place = state.candidates.iter().position(|candidate| candidate.link == link)?;
        Some(state.candidates.remove(place))
    }

    fn come_up(
        &mut self,
        now: Instant,
        node: Uuid,
        chosen: Candidate,
        actions: &mut Vec<MeshAction>,
    ) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        state.up = Some(chosen);
        state.dialling.reached(now);
        self.timers.clear(&Timer::Welcome(chosen.link));
        actions.push(MeshAction::Up(node, chosen.link));
    }

    fn refuse_candidates(&mut self, node: Uuid, actions: &mut Vec<MeshAction>) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        for candidate in std::mem::take(&mut state.candidates) {
            self.links.remove(&candidate.link);
            actions.push(MeshAction::Refuse(candidate.link, RefuseReason::Duplicate, None));
        }
    }

    /// Ends the links of incarnations of `node` that came before `incarnation`.
    pub(super) fn retire_older(
        &mut self,
        node: Uuid,
        incarnation: u64,
        actions: &mut Vec<MeshAction>,
    ) {
        let Some(state) = self.nodes.get(&node) else { return };
        let links = state.candidates.iter().chain(&state.up);
        let older = links.filter(|candidate| candidate.incarnation < incarnation);
        for candidate in older.copied().collect::<Vec<_>>() {
            self.links.remove(&candidate.link);
            actions.push(MeshAction::Close(candidate.link, GoodbyeReason::Replaced));
            self.forget(node, candidate.link, actions);
        }
    }
}

impl Node {
    /// The greatest incarnation that is known; 0 where none is.
    pub(super) fn incarnation(&self) -> u64 {
        let listed = self.listed.as_ref().map(|listed| listed.incarnation);
        listed.into_iter().chain(self.up.map(|up| up.incarnation)).max().unwrap_or(0)
    }

    fn up_is(&self, incarnation: u64) -> bool {
        self.up.is_some_and(|up| up.incarnation == incarnation)
    }
}
