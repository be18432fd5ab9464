//! The server's process: what is decided about it, done; and the lists that it sends.

use tlv_core::messages::{Control, ControlRef, Probe, RefuseReason, RegisterRefused};

use super::{ConnId, Part, Process, World};
use crate::core::directory::{Caller, DirectoryAction, DirectoryEvent};
use crate::core::link::Admission;
use crate::core::link::handshake::PeerInfo;
use crate::error::{End, Refusal};

impl Process {
    pub(super) fn client_opened(&mut self, world: &mut World<'_>, conn: ConnId, peer: PeerInfo) {
        let caller = Caller {
            node: peer.node,
            incarnation: peer.incarnation,
            session: peer.session,
            name: peer.name,
            observed: peer.address.ip(),
        };
        self.directory(world, DirectoryEvent::Opened(conn, caller));
    }

    pub(super) fn client_said(
        &mut self,
        world: &mut World<'_>,
        conn: ConnId,
        control: ControlRef<'_>,
    ) -> Result<(), End> {
        let event = match control {
            ControlRef::Register(register) => {
                DirectoryEvent::Register(conn, register.to_owned()?.addresses)
            }
            ControlRef::Deregister(_) => DirectoryEvent::Deregister(conn),
            ControlRef::Alive(alive) => DirectoryEvent::Alive(conn, alive.nonce),
            other => {
                let text = format!("{other:?} has no meaning on this link");
                return Err(End::refuse(RefuseReason::NotAllowed, text));
            }
        };
        self.directory(world, event);
        Ok(())
    }

    pub(super) fn directory(&mut self, world: &mut World<'_>, event: DirectoryEvent) {
        if let Part::Server { directory, .. } = &mut self.role {
            let actions = directory.handle(world.now, event);
            self.perform_directory(world, actions);
        }
    }

    pub(super) fn perform_directory(
        &mut self,
        world: &mut World<'_>,
        actions: Vec<DirectoryAction>,
    ) {
        for action in actions {
            match action {
                DirectoryAction::Refuse(conn, reason, current) => {
                    let refusal = Refusal { current, ..Refusal::new(reason, "") };
                    self.close(world, conn, End::Refused(refusal));
                }
                DirectoryAction::RefuseRegistration(conn, error) => {
                    let refused = RegisterRefused::new(error, String::new());
                    self.send(conn, &Control::RegisterRefused(refused));
                }
                DirectoryAction::Probe(conn, nonce) => {
                    self.send(conn, &Control::Probe(Probe::new(nonce)));
                }
                DirectoryAction::Dismiss(conn, reason) => {
                    self.close(world, conn, End::Closed(reason));
                }
                // Lists are sent when the turn is over.
                DirectoryAction::Push => {}
            }
        }
    }

    /// Lists go to who lacks something.
    pub(super) fn push(&mut self, world: &mut World<'_>) {
        let Part::Server { directory, full } = &mut self.role else { return };
        full.retain(|conn| self.endpoints.get(conn).is_some_and(|e| !e.sending.has_room()));
        let mut after = None;
        while let Some(push) = directory.next_push(after).expect("entries within their bounds") {
            let conn = push.receipt.link;
            after = Some(conn);
            let Some(endpoint) = self.endpoints.get_mut(&conn) else { continue };
            if full.contains(&conn) {
                continue;
            }
            match endpoint.sending.admission() {
                Admission::Granted => {
                    endpoint.sending.append_shared(push.frame.bytes());
                    endpoint.flush(world.network, world.now);
                    directory.pushed(push.receipt);
                }
                Admission::Full => {
                    full.insert(conn);
                }
                Admission::NotOpen | Admission::Shut => {}
            }
        }
    }
}
