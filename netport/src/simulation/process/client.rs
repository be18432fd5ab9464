//! A client's process: what is decided about it, done; and what its user wants.

use std::collections::VecDeque;

use tlv_core::messages::{GoodbyeReason, Greet};

use super::{ConnId, Part, Process, World};
use crate::core::client::{ClientAction, ClientEvent, ClientNews};
use crate::core::directory::MembershipEvent;
use crate::error::End;

/// Messages that are sent at a time to each peer.
const BURST: usize = 4;

impl Process {
    /// The user's wish, to a client.
    pub(in crate::simulation) fn wish(&mut self, world: &mut World<'_>, event: MembershipEvent) {
        self.client(world, ClientEvent::Membership(event));
        self.settle(world);
    }

    /// The user stops the client in order.
    pub(in crate::simulation) fn leave(&mut self, world: &mut World<'_>) {
        self.has_left = true;
        world.trace.leaves(self.machine);
        self.client(world, ClientEvent::Membership(MembershipEvent::Leave));
        for conn in self.dials.keys().copied().collect::<Vec<_>>() {
            self.dials.remove(&conn);
            world.network.close(world.now, conn, 0);
        }
        for endpoint in self.endpoints.values_mut() {
            let end = End::Closed(GoodbyeReason::Done);
            world.trace.ordered(endpoint);
            endpoint.close(world.network, world.now, end);
        }
        self.settle(world);
    }

    /// Says a few things to every peer, as long as there is room.
    pub(in crate::simulation) fn talk(&mut self, world: &mut World<'_>, length: usize) {
        for endpoint in self.endpoints.values_mut().filter(|endpoint| endpoint.is_up) {
            for _ in 0..BURST {
                let text = format!("{:0length$}", endpoint.sent);
                if endpoint.send(&Greet::new(text)) {
                    endpoint.sent += 1;
                }
            }
        }
        self.settle(world);
    }

    /// Something happened to the client.
    pub(super) fn client(&mut self, world: &mut World<'_>, event: ClientEvent) {
        if let Part::Client(core) = &mut self.role {
            let actions = core.handle(world.now, event);
            self.perform_client(world, actions);
        }
    }

    pub(super) fn perform_client(&mut self, world: &mut World<'_>, actions: Vec<ClientAction>) {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                ClientAction::Dial(purpose, address, expect) => {
                    if let Err(end) = self.dial(world, purpose, address, expect)
                        && let Part::Client(core) = &mut self.role
                    {
                        let event = ClientEvent::NotDialled(purpose, end);
                        actions.extend(core.handle(world.now, event));
                    }
                }
                ClientAction::Send(conn, message) => {
                    self.send(conn, &message);
                }
                ClientAction::Close(conn, reason) => self.close(world, conn, End::Closed(reason)),
                ClientAction::Refuse(conn, refusal) => {
                    self.close(world, conn, End::Refused(refusal));
                }
                ClientAction::Up(conn, peer) => {
                    world.trace.up(self.machine, &self.identity, &peer);
                    self.set_up(conn, true);
                }
                ClientAction::Down(conn, peer, _) => {
                    world.trace.down(self.machine, &self.identity, &peer);
                    self.set_up(conn, false);
                }
                ClientAction::Tell(ClientNews::List(list)) => {
                    if let Part::Client(core) = &self.role {
                        let epoch = core.view().epoch();
                        world.trace.list(self.machine, &self.identity, epoch, &list.change);
                    }
                }
                ClientAction::Tell(ClientNews::ServerGone(end)) => {
                    world.trace.over(self.machine, &end);
                }
                ClientAction::Tell(_) | ClientAction::Unreached(_) => {}
            }
        }
    }

    fn set_up(&mut self, conn: ConnId, is_up: bool) {
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.is_up = is_up;
        }
    }
}
