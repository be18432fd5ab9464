//! What goes wrong, and when: a list that follows from a seed, and that can be made shorter.

use std::collections::BTreeSet;
use std::time::Duration;

use super::network::Machine;
use crate::core::backoff::Chance;

/// For how long things go wrong.
pub(super) const FAULTS_LAST: Duration = Duration::from_secs(20);

/// One network and its troubles.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Where delays and the like come from.
    pub(super) seed: u64,
    /// How many clients there are.
    pub(super) clients: usize,
    /// Whether some of the clients share a name.
    pub(super) shares_names: bool,
    /// The client whose identity the last machine was given a copy of, if there is such a machine.
    pub(super) twin: Option<Machine>,
    /// Which machines, by bit, nobody starts again when the troubles are over.
    pub(super) stay_down: u64,
    /// Changes that the server remembers.
    pub(super) changes_max: usize,
    /// Bytes that a connection holds under way.
    pub(super) pipe_bytes_max: usize,
    /// Bytes that wait on a link before nothing more is admitted.
    pub(super) backlog_bytes_max: usize,
    /// How long the higher id waits to be dialled.
    pub(super) grace: Duration,
    /// The longest delay on the way.
    pub(super) latency_max: Duration,
    /// What happens, in the order of time.
    pub(super) steps: Vec<(Duration, Step)>,
}

/// Something that happens to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A process starts, in a new incarnation where it ran before.
    Start(Machine),
    /// A process dies; its system closes its sockets.
    Crash(Machine),
    /// The machine loses power: nobody is told.
    PowerOff(Machine),
    /// The machine has power again.
    PowerOn(Machine),
    /// The process stands still.
    Suspend(Machine),
    /// The process goes on.
    Resume(Machine),
    /// Nothing gets from one machine to the other.
    Cut(Machine, Machine),
    /// Everything gets through again, and everybody reads.
    Heal,
    /// The connections between two machines fail.
    Reset(Machine, Machine),
    /// The process reads little at a time.
    Slow(Machine),
    /// The next connections to the machine are dropped when they are accepted.
    DropAccepts(Machine, u32),
    /// The process has no room for its next dials, which cannot even begin.
    DialInVain(Machine, u32),
    /// The user registers.
    Register(Machine),
    /// The user deregisters.
    Deregister(Machine),
    /// The client leaves in order.
    Leave(Machine),
    /// Somebody connects, and sends a byte now and then.
    Dribble(Machine),
    /// The client sends a message of this length to every peer.
    Talk(Machine, usize),
}

impl Plan {
    /// The network that belongs to `seed`, mostly a small one.
    pub(super) fn from_seed(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let clients = match chance.below(1_000) {
            0..=1 => 10 + chance.below(41) as usize,
            2..=49 => 5 + chance.below(6) as usize,
            _ => 2 + chance.below(4) as usize,
        };
        let mut plan = Self {
            seed: chance.number(),
            clients,
            shares_names: chance.below(5) == 0,
            twin: None,
            // Never the server's.
            stay_down: chance.number() & !1,
            changes_max: 1 + chance.below(4) as usize,
            pipe_bytes_max: [500, 16_000][chance.below(2) as usize],
            backlog_bytes_max: [100, 4_000][chance.below(2) as usize],
            grace: Duration::from_millis([20, 500][chance.below(2) as usize]),
            latency_max: Duration::from_millis([1, 20, 120][chance.below(3) as usize]),
            steps: Vec::new(),
        };
        plan.start(&mut chance);
        // One network in eight has no faults at all: there, nothing may go wrong.
        let faults = if chance.below(8) == 0 { 0 } else { 1 + chance.below(12) };
        for _ in 0..faults {
            plan.trouble(&mut chance);
        }
        if chance.below(8) == 0 {
            plan.twin(&mut chance);
        }
        for _ in 0..4 + chance.below(12) {
            let at = chance.between(Duration::from_secs(1), FAULTS_LAST);
            let length = [1, 20, 400][chance.below(3) as usize];
            plan.steps.push((at, Step::Talk(plan.client(&mut chance), length)));
        }
        if chance.below(4) == 0 {
            let at = chance.between(Duration::ZERO, FAULTS_LAST);
            let count = 1 + chance.below(5) as u32;
            plan.steps.push((at, Step::DialInVain(plan.client(&mut chance), count)));
        }
        plan.steps.sort_by_key(|(at, _)| *at);
        plan
    }

    fn client(&self, chance: &mut Chance) -> Machine {
        1 + chance.below(self.clients as u64) as Machine
    }

    fn start(&mut self, chance: &mut Chance) {
        self.steps.push((Duration::ZERO, Step::Start(0)));
        let spread = if chance.below(2) == 0 { Duration::ZERO } else { FAULTS_LAST / 2 };
        for client in 1..=self.clients {
            self.steps.push((chance.between(Duration::ZERO, spread), Step::Start(client)));
        }
    }

    /// Somewhere else, a newer incarnation of a client starts while the older may still run.
    fn twin(&mut self, chance: &mut Chance) {
        let (older, newer) = (self.client(chance), self.clients + 1);
        self.twin = Some(older);
        let at = chance.between(Duration::ZERO, FAULTS_LAST);
        self.steps.push((at, Step::Start(newer)));
        if chance.below(2) == 0 {
            let since = at.saturating_sub(chance.between(Duration::ZERO, FAULTS_LAST / 2));
            let until = at + chance.between(Duration::ZERO, FAULTS_LAST / 2);
            self.steps.push((since, Step::Suspend(older)));
            self.steps.push((until, Step::Resume(older)));
        }
    }

    /// Machines that no step touches but to start them; empty where the server has troubles that
    /// its clients do not notice at once, or where a client may lose its name to another.
    pub(super) fn untroubled(&self) -> BTreeSet<Machine> {
        if self.shares_names {
            return BTreeSet::new();
        }
        let mut calm: BTreeSet<Machine> = (1..=self.clients).collect();
        for (_, step) in &self.steps {
            match *step {
                Step::Start(_)
                | Step::Heal
                | Step::Talk(..)
                | Step::Dribble(_)
                | Step::Crash(0) => {}
                Step::Cut(a, b) | Step::Reset(a, b) if a != 0 && b != 0 => {
                    calm.remove(&a);
                    calm.remove(&b);
                }
                Step::Crash(a)
                | Step::PowerOff(a)
                | Step::PowerOn(a)
                | Step::Suspend(a)
                | Step::Resume(a)
                | Step::Slow(a)
                | Step::DropAccepts(a, _)
                | Step::DialInVain(a, _)
                | Step::Register(a)
                | Step::Deregister(a)
                | Step::Leave(a)
                    if a != 0 =>
                {
                    calm.remove(&a);
                }
                _ => return BTreeSet::new(),
            }
        }
        if let Some(older) = self.twin {
            calm.remove(&older);
        }
        calm
    }

    /// Adds one fault, and what ends it where it does not end by itself.
    fn trouble(&mut self, chance: &mut Chance) {
        let at = chance.between(Duration::ZERO, FAULTS_LAST);
        let until = at + chance.between(Duration::from_millis(10), FAULTS_LAST / 2);
        let client = self.client(chance);
        // The server has a share of the troubles.
        let anyone = if chance.below(4) == 0 { 0 } else { client };
        let other = chance.below(self.clients as u64 + 1) as Machine;
        let steps = match chance.below(14) {
            0 | 1 => [(at, Step::Crash(anyone)), (until, Step::Start(anyone))],
            12 => [(at, Step::Crash(client)), (until, Step::Heal)],
            13 => [(at, Step::Dribble(anyone)), (until, Step::Dribble(client))],
            2 => [(at, Step::PowerOff(anyone)), (until, Step::PowerOn(anyone))],
            3 => [(at, Step::Suspend(anyone)), (until, Step::Resume(anyone))],
            4 | 5 if other != client => [(at, Step::Cut(client, other)), (until, Step::Heal)],
            6 if other != client => [(at, Step::Reset(client, other)), (until, Step::Heal)],
            7 => [(at, Step::Slow(anyone)), (until, Step::Heal)],
            8 => [(at, Step::Deregister(client)), (until, Step::Register(client))],
            9 => [(at, Step::Leave(client)), (until, Step::Start(client))],
            10 => {
                let count = 1 + chance.below(5) as u32;
                [(at, Step::DropAccepts(anyone, count)), (until, Step::Talk(client, 9))]
            }
            _ => [(at, Step::Crash(client)), (at, Step::Start(client))],
        };
        self.steps.extend(steps);
    }
}
