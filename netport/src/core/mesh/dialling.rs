//! When a peer is dialled, at which of its addresses, and when that is given up.

use std::time::{Duration, Instant};

use tlv_core::Uuid;

use super::super::mutant::{Mutant, mutant};
use super::{Dial, Mesh, MeshAction, PeerEnd, Timer};

/// How it stands with dialling one peer.
#[derive(Debug, Default)]
pub(super) struct Dialling {
    stage: Stage,
    /// Rounds through all addresses, and links, that came to nothing since the last that lasted.
    rounds: u32,
    /// Which address is next; counts on beyond the last one.
    address: usize,
    /// Whether something waits to be sent.
    wanted: bool,
    /// When the peer came up last.
    reached: Option<Instant>,
    /// The incarnation that is not dialled unless it is wanted, since it said that it is done.
    retired: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Not dialled, or not yet.
    #[default]
    Waiting,
    /// Next in turn.
    Ready,
    /// Being dialled.
    Running,
}

impl Dialling {
    pub(super) fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// The peer is up.
    pub(super) fn reached(&mut self, now: Instant) {
        self.reached = Some(now);
        self.retired = None;
        self.wanted = false;
    }

    /// A link of the peer ended. Where that was soon after it came up, the next attempts are
    /// further apart, lest two who cannot live together dial each other without end.
    pub(super) fn ended(&mut self, now: Instant, long_enough: Duration) {
        let lasted = self.reached.take().map(|reached| now.saturating_duration_since(reached));
        self.rounds = match lasted {
            Some(lasted) if lasted >= long_enough => 0,
            _ => self.rounds.saturating_add(1),
        };
    }

    /// This incarnation of the peer is not to be dialled again.
    pub(super) fn retire(&mut self, incarnation: u64) {
        self.retired = Some(incarnation);
    }

    /// The list tells of the peer, perhaps once more.
    pub(super) fn refresh(&mut self, is_new: bool, incarnation: u64) {
        if is_new || self.retired.is_some_and(|retired| retired < incarnation) {
            self.retired = None;
        }
        self.rounds = 0;
    }

    /// The peer is not next in turn any more.
    pub(super) fn step_back(&mut self) {
        if self.stage == Stage::Ready {
            self.stage = Stage::Waiting;
        }
    }

    /// Whether somebody waited for the peer. Nobody does any more.
    pub(super) fn give_up(&mut self) -> bool {
        std::mem::take(&mut self.wanted)
    }
}

impl Mesh {
    /// Something is to be sent to `node`.
    pub(super) fn wanted(&mut self, node: Uuid, actions: &mut Vec<MeshAction>) {
        let Some(state) = self.nodes.get_mut(&node) else {
            actions.push(MeshAction::Unreached(node));
            return;
        };
        if state.up.is_none() {
            state.dialling.wanted = true;
            self.ready_to_dial(node);
            self.tidy(node, actions);
        }
    }

    /// A dial ended before its link was open.
    pub(super) fn dial_failed(
        &mut self,
        now: Instant,
        node: Uuid,
        end: PeerEnd,
        actions: &mut Vec<MeshAction>,
    ) {
        self.dial_ended(node);
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let addresses = state.listed.as_ref().map_or(0, |peer| peer.addresses.len());
        state.dialling.address = state.dialling.address.wrapping_add(1);
        if end == PeerEnd::Done {
            state.dialling.retire(state.incarnation());
        }
        let is_round = addresses == 0 || state.dialling.address.is_multiple_of(addresses);
        if is_round {
            state.dialling.rounds = state.dialling.rounds.saturating_add(1);
            if state.dialling.give_up() {
                actions.push(MeshAction::Unreached(node));
            }
            self.schedule_next(now, node);
        } else if self.should_dial(node) {
            self.ready_to_dial(node);
        }
        self.tidy(node, actions);
    }

    /// The dial of `node` is not under way any more, whatever came of it.
    pub(super) fn dial_ended(&mut self, node: Uuid) {
        if let Some(state) = self.nodes.get_mut(&node)
            && state.dialling.is_running()
        {
            state.dialling.stage = Stage::Waiting;
            self.dials -= 1;
        }
    }

    /// Plans the first dial of a peer that is new on the list: at once where it is this side's
    /// turn, otherwise after the grace period.
    pub(super) fn schedule_first(&mut self, now: Instant, node: Uuid) {
        if self.me < node {
            self.ready_to_dial(node);
        } else if self.should_dial(node) && !self.timers.is_set(&Timer::Dial(node)) {
            self.timers.set(Timer::Dial(node), now + self.config.grace);
        }
    }

    /// Plans the next dial of a peer whose link or dial ended.
    pub(super) fn schedule_next(&mut self, now: Instant, node: Uuid) {
        if self.should_dial(node)
            && !mutant(Mutant::GiveUpOnPeers)
            && let Some(state) = self.nodes.get(&node)
        {
            let grace = if self.me < node { Duration::ZERO } else { self.config.grace };
            let delay = self.config.backoff.delay(state.dialling.rounds, &mut self.chance);
            self.timers.set(Timer::Dial(node), now + grace + delay);
        }
    }

    /// Puts `node` in line, where it is still to be dialled.
    pub(super) fn ready_to_dial(&mut self, node: Uuid) {
        if self.should_dial(node)
            && let Some(state) = self.nodes.get_mut(&node)
        {
            state.dialling.stage = Stage::Ready;
            self.timers.clear(&Timer::Dial(node));
            self.ready.push_back(node);
        }
    }

    /// Dials those who are next, as many at a time as the limit allows.
    pub(super) fn start_dials(&mut self, actions: &mut Vec<MeshAction>) {
        actions.reserve(self.ready.len().min(self.config.dials_max.saturating_sub(self.dials)));
        while self.dials < self.config.dials_max
            && let Some(node) = self.ready.pop_front()
        {
            match self.nodes.get_mut(&node) {
                Some(state) if state.dialling.stage == Stage::Ready => {
                    state.dialling.stage = Stage::Waiting;
                }
                _ => continue,
            }
            if !self.should_dial(node) {
                continue;
            }
            let Some(state) = self.nodes.get_mut(&node) else { continue };
            let Some(peer) = &state.listed else { continue };
            let address = peer.addresses[state.dialling.address % peer.addresses.len()];
            state.dialling.stage = Stage::Running;
            self.dials += 1;
            actions.push(MeshAction::Dial(node, address));
        }
    }

    /// Whether `node` is to be dialled, sooner or later: it is listed with an address, there is no
    /// link to it nor a dial under way, and either it is wanted or everybody is dialled.
    pub(super) fn should_dial(&self, node: Uuid) -> bool {
        let Some(state) = self.nodes.get(&node) else { return false };
        let dialling = &state.dialling;
        let Some(peer) = &state.listed else { return false };
        let is_retired = dialling.retired.is_some_and(|retired| retired >= peer.incarnation);
        let is_meant = match self.config.dial {
            Dial::All => dialling.wanted || !is_retired,
            Dial::OnDemand => dialling.wanted,
            Dial::Never => false,
        };
        is_meant
            && !peer.addresses.is_empty()
            && state.up.is_none()
            && state.candidates.is_empty()
            && dialling.stage == Stage::Waiting
    }
}
