//! The server's process: what is decided about it, done; and the lists that it sends.

use std::collections::VecDeque;

use super::{Part, Process, World};
use crate::core::link::Admission;
use crate::core::server::{ServerAction, ServerEvent};
use crate::error::End;

impl Process {
    /// Something happened to the server.
    pub(super) fn server(&mut self, world: &mut World<'_>, event: ServerEvent) {
        if let Part::Server(core) = &mut self.role {
            let actions = core.handle(world.now, event);
            self.perform_server(world, actions);
        }
    }

    /// A turn of the main loop. Returns whether lists were sent.
    pub(super) fn server_turn(&mut self, world: &mut World<'_>) -> bool {
        let Part::Server(core) = &mut self.role else { return false };
        let actions = core.on_deadline(world.now);
        self.perform_server(world, actions);
        let mut has_pushed = false;
        while let Part::Server(core) = &mut self.role
            && let Some(push) = core.next_push().expect("entries within their bounds")
        {
            has_pushed = true;
            let conn = push.receipt.link;
            let Some(endpoint) = self.endpoints.get_mut(&conn) else { continue };
            endpoint.flush(world.network, world.now);
            match endpoint.sending.admission() {
                Admission::Granted => {
                    world.trace.told(&push.frame, &core.directory().epoch());
                    endpoint.send_shared(push.frame.bytes());
                    endpoint.flush(world.network, world.now);
                    core.pushed(push.receipt);
                }
                Admission::Full => {
                    core.no_room(conn);
                    self.full.insert(conn);
                }
                Admission::NotOpen | Admission::Shut => {}
            }
        }
        self.tell_of_room(world);
        has_pushed
    }

    /// Tells of links that were full and have room again, or have ended.
    pub(super) fn tell_of_room(&mut self, world: &mut World<'_>) {
        let has_room = |conn| self.endpoints.get(conn).is_none_or(|e| e.sending.has_room());
        let with_room: Vec<_> = self.full.iter().filter(|conn| has_room(conn)).copied().collect();
        for conn in with_room {
            self.full.remove(&conn);
            self.server(world, ServerEvent::Room(conn));
        }
    }

    fn perform_server(&mut self, world: &mut World<'_>, actions: Vec<ServerAction>) {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                ServerAction::Send(conn, message) => {
                    if self.send(conn, &message) == Admission::Full
                        && let Part::Server(core) = &mut self.role
                    {
                        actions.extend(core.handle(world.now, ServerEvent::Unsent(conn)));
                    }
                }
                ServerAction::Close(conn, reason) => self.close(world, conn, End::Closed(reason)),
                ServerAction::Refuse(conn, refusal) => {
                    self.close(world, conn, End::Refused(refusal));
                }
                ServerAction::Listed(_) => {}
            }
        }
    }
}
