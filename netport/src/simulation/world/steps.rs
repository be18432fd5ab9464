//! What the plan does to the machines, and how everything that went wrong is put right.

use tlv_core::messages::Role;

use super::super::network::Machine;
use super::super::plan::Step;
use super::super::process::Process;
use super::settings::link_config;
use super::{DRIBBLE, Simulation, What, node_of};
use crate::config::Identity;
use crate::core::directory::MembershipEvent;

/// Length of what a client says before it leaves.
const LAST_WORDS_BYTES: usize = 400;

impl Simulation<'_> {
    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Start(machine) => self.start_process(machine),
            Step::Crash(machine) => self.stop_process(machine),
            Step::PowerOff(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.silence(machine, true);
                self.network.frozen.insert(machine);
                self.hosts[machine].is_off = true;
                self.forget_process(machine);
            }
            Step::PowerOn(machine) => self.power_on(machine),
            Step::Suspend(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.frozen.insert(machine);
                self.hosts[machine].is_suspended = self.hosts[machine].process.is_some();
            }
            Step::Resume(machine) => self.resume(machine),
            Step::Cut(a, b) => self.network.cut(a, b),
            Step::Heal => self.network.heal(),
            Step::Reset(a, b) => {
                let is_between = |x, y| (x, y) == (a, b) || (x, y) == (b, a);
                self.network.touch(is_between);
                self.network.reset(self.now, is_between);
            }
            Step::Slow(machine) => {
                self.network.touch(|a, b| a == machine || b == machine);
                self.network.slow.insert(machine);
            }
            Step::DropAccepts(machine, count) => self.hosts[machine].drop_accepts = count,
            Step::DialInVain(machine, count) => {
                self.with(machine, |process, _| process.dials_without_room = count);
            }
            Step::Register(machine) => self.wish(machine, true),
            Step::Deregister(machine) => self.wish(machine, false),
            Step::Leave(machine) => self.leave(machine),
            Step::Dribble(machine) => {
                let stranger = self.hosts.len();
                let conn = self.network.dial(self.now, stranger, machine);
                self.plan_at(self.now + DRIBBLE, What::Dribble(conn, 0));
            }
            Step::Talk(machine, length) => {
                if !self.hosts[machine].is_suspended {
                    self.with(machine, |process, world| process.talk(world, length));
                }
            }
        }
    }

    fn start_process(&mut self, machine: Machine) {
        if self.hosts[machine].is_off || self.hosts[machine].process.is_some() {
            return;
        }
        self.hosts[machine].lives += 1;
        self.hosts[machine].wants_in = true;
        let role = if machine == 0 { Role::Server } else { Role::Client };
        let origin = self.origin(machine);
        for older in 0..self.hosts.len() {
            if self.hosts[older].process.is_some() && self.origin(older) == origin {
                self.network.touch(|a, b| a == older || b == older);
                self.trace.superseded(older);
            }
        }
        let name = if self.plan.shares_names { origin / 2 } else { origin };
        let node = node_of(origin);
        let incarnation = self.incarnations.entry(origin).or_default();
        *incarnation += 1;
        let incarnation = *incarnation;
        let identity = Identity { node, incarnation, name: name.to_string(), role };
        let part = if machine == 0 { self.server() } else { self.client(&identity) };
        self.hosts[machine].process =
            Some(Process::new(machine, identity, link_config(self.plan), part));
        self.with(machine, |process, world| process.wake(world));
    }

    /// The machine whose identity this one has.
    fn origin(&self, machine: Machine) -> Machine {
        match self.plan.twin {
            Some(older) if machine > self.plan.clients => older,
            _ => machine,
        }
    }

    /// Whether a newer incarnation of the process has started somewhere.
    pub(super) fn is_superseded(&self, process: &Process) -> bool {
        let newest = self.incarnations.get(&self.origin(process.machine));
        newest.is_some_and(|newest| process.identity.incarnation < *newest)
    }

    /// The process dies; its system closes its sockets.
    fn stop_process(&mut self, machine: Machine) {
        self.network.touch(|a, b| a == machine || b == machine);
        for (conn, side) in self.network.held_by(machine) {
            self.network.close(self.now, conn, side);
        }
        self.forget_process(machine);
    }

    fn forget_process(&mut self, machine: Machine) {
        let host = &mut self.hosts[machine];
        host.process = None;
        host.is_suspended = false;
        host.waiting.clear();
    }

    fn power_on(&mut self, machine: Machine) {
        if std::mem::take(&mut self.hosts[machine].is_off) {
            self.network.frozen.remove(&machine);
            self.network.silence(machine, false);
            self.network.sweep();
            self.start_process(machine);
        }
    }

    fn resume(&mut self, machine: Machine) {
        if !std::mem::take(&mut self.hosts[machine].is_suspended) {
            return;
        }
        self.network.frozen.remove(&machine);
        for event in std::mem::take(&mut self.hosts[machine].waiting) {
            self.with(machine, |process, world| process.network(world, event));
        }
        if let Some(process) = &mut self.hosts[machine].process {
            process.wakes_at = None;
        }
        self.with(machine, |process, world| process.wake(world));
    }

    fn wish(&mut self, machine: Machine, wants_in: bool) {
        if self.hosts[machine].is_suspended || self.hosts[machine].process.is_none() {
            return;
        }
        self.hosts[machine].wants_in = wants_in;
        let event = if wants_in { MembershipEvent::Register } else { MembershipEvent::Deregister };
        self.with(machine, |process, world| process.wish(world, event));
    }

    /// The client says goodbye to everyone; its process ends when that is done, or cut short.
    fn leave(&mut self, machine: Machine) {
        if self.hosts[machine].is_suspended {
            return;
        }
        self.with(machine, |process, world| {
            process.talk(world, LAST_WORDS_BYTES);
            process.leave(world);
        });
    }

    /// Everything that went wrong is put right.
    pub(super) fn calm_down(&mut self) {
        self.network.heal();
        for machine in 0..self.hosts.len() {
            self.hosts[machine].drop_accepts = 0;
            self.with(machine, |process, _| process.dials_without_room = 0);
            self.power_on(machine);
            self.resume(machine);
            if self.has_left(machine) {
                self.stop_process(machine);
            }
            if self.plan.stay_down >> (machine % 64) & 1 == 0 {
                self.start_process(machine);
            }
            // Who found the name taken asks again: its holder may be gone by now.
            if machine > 0 && self.hosts[machine].wants_in {
                self.wish(machine, true);
            }
        }
    }

    pub(super) fn all_leave(&mut self) {
        self.trace.is_over = true;
        for machine in 1..self.hosts.len() {
            self.leave(machine);
        }
    }

    /// Whether the client on the machine was told to leave.
    fn has_left(&self, machine: Machine) -> bool {
        let process = self.hosts[machine].process.as_ref();
        process.is_some_and(|process| process.has_left)
    }
}
