//! A process: the state machines of a server or a client over its links, as the shells in
//! `server` and `client` connect them, but in one thread and with the time given.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;
use tlv_core::messages::{
    App, Control, Deregister, Greet, Probe, RefuseReason, Register, RegisterRefused, Role, Welcome,
};
use tlv_core::{Message, MessageSet};

use super::endpoint::{Endpoint, Purpose, Step};
use super::network::{ConnId, Machine, NetEvent, Network};
use super::trace::Trace;
use crate::client::{peer_end, server_end};
use crate::config::{Identity, LinkConfig};
use crate::core::directory::{
    Caller, Directory, DirectoryAction, DirectoryEvent, Membership, MembershipAction,
    MembershipEvent,
};
use crate::core::link::Admission;
use crate::core::link::handshake::{Ends, Expect};
use crate::core::mesh::{Mesh, MeshAction, MeshEvent, Neighbour};
use crate::error::End;

/// Messages that are sent at a time to each peer.
const BURST: usize = 4;
/// Where everybody listens.
const PORT: u16 = 7000;

/// What a process works with.
pub(super) struct World<'a> {
    pub(super) network: &'a mut Network,
    pub(super) trace: &'a mut Trace,
    pub(super) now: Instant,
}

/// A running process on a machine.
pub(super) struct Process {
    pub(super) machine: Machine,
    pub(super) identity: Identity,
    config: LinkConfig,
    pub(super) role: Part,
    pub(super) endpoints: BTreeMap<ConnId, Endpoint>,
    /// Dials under way, with their deadline.
    dials: BTreeMap<ConnId, (Instant, Purpose)>,
    sessions: u64,
    /// When the world wakes the process next.
    pub(super) wakes_at: Option<Instant>,
    /// Whether the user has stopped it.
    pub(super) has_left: bool,
}

/// What the process does.
pub(super) enum Part {
    Server { directory: Box<Directory>, full: BTreeSet<ConnId> },
    Client { membership: Box<Membership>, mesh: Box<Mesh> },
}

/// The address of a machine.
pub(super) fn address(machine: Machine) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, machine as u8 + 1)), PORT)
}

/// The machine with this address.
fn machine_at(address: SocketAddr) -> Machine {
    match address.ip() {
        IpAddr::V4(ip) => usize::from(ip.octets()[3]) - 1,
        IpAddr::V6(_) => unreachable!("every machine has an IPv4 address"),
    }
}

impl Process {
    pub(super) fn new(
        machine: Machine,
        identity: Identity,
        config: LinkConfig,
        role: Part,
    ) -> Self {
        Self {
            machine,
            identity,
            config,
            role,
            endpoints: BTreeMap::new(),
            dials: BTreeMap::new(),
            sessions: 0,
            wakes_at: None,
            has_left: false,
        }
    }

    /// When the process has something to do by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let links = self.endpoints.values().filter_map(Endpoint::deadline);
        let dials = self.dials.values().map(|(at, _)| *at);
        let cores = match &self.role {
            Part::Server { directory, .. } => [directory.deadline(), None],
            Part::Client { membership, mesh } => [membership.deadline(), mesh.deadline()],
        };
        links.chain(dials).chain(cores.into_iter().flatten()).min()
    }

    /// Something happened to one of the process's connections.
    pub(super) fn network(&mut self, world: &mut World<'_>, event: NetEvent) {
        match event {
            NetEvent::Syn(conn) => self.accepted(world, conn),
            NetEvent::Connected(conn) => self.connected(world, conn),
            NetEvent::Refused(conn) => {
                self.dial_failed(world, conn, std::io::ErrorKind::ConnectionRefused);
            }
            NetEvent::Readable(conn, _) => self.read(world, conn),
            NetEvent::Writable(conn, _) => {
                if let Some(endpoint) = self.endpoints.get_mut(&conn) {
                    endpoint.drain(world.network, world.now);
                }
            }
            NetEvent::Arrives(..) => {}
        }
        self.settle(world);
    }

    /// Does what is due.
    pub(super) fn wake(&mut self, world: &mut World<'_>) {
        let late = self.dials.iter().filter(|(_, (at, _))| *at <= world.now);
        for conn in late.map(|(conn, _)| *conn).collect::<Vec<_>>() {
            self.dial_failed(world, conn, std::io::ErrorKind::TimedOut);
        }
        let due =
            self.endpoints.iter().filter(|(_, e)| e.deadline().is_some_and(|at| at <= world.now));
        for conn in due.map(|(conn, _)| *conn).collect::<Vec<_>>() {
            if let Some(endpoint) = self.endpoints.get_mut(&conn) {
                endpoint.on_time(world.network, world.now);
            }
            self.read(world, conn);
        }
        match &mut self.role {
            Part::Server { directory, .. } => {
                let actions = directory.on_deadline(world.now);
                self.perform_directory(world, actions);
            }
            Part::Client { membership, .. } => {
                let actions = membership.on_deadline(world.now);
                self.perform_membership(world, actions);
                if let Part::Client { mesh, .. } = &mut self.role {
                    let actions = mesh.on_deadline(world.now);
                    self.perform_mesh(world, actions);
                }
            }
        }
        self.settle(world);
        // Who reads slowly has bytes waiting, and no silence is judged before they are read.
        if let Some(at) = self.deadline()
            && at <= world.now
            && !world.network.slow.contains(&self.machine)
        {
            world.trace.fail(format!("machine {} has an overdue deadline", self.machine));
        }
    }

    /// The user's wish, to a client.
    pub(super) fn wish(&mut self, world: &mut World<'_>, event: MembershipEvent) {
        self.membership(world, event);
        self.settle(world);
    }

    /// The user stops the client in order.
    pub(super) fn leave(&mut self, world: &mut World<'_>) {
        self.has_left = true;
        self.membership(world, MembershipEvent::Leave);
        for conn in self.dials.keys().copied().collect::<Vec<_>>() {
            self.dials.remove(&conn);
            world.network.close(world.now, conn, 0);
        }
        for endpoint in self.endpoints.values_mut() {
            let end = End::Closed(tlv_core::messages::GoodbyeReason::Done);
            world.trace.ordered(endpoint);
            endpoint.close(world.network, world.now, end);
        }
        self.settle(world);
    }

    /// Says a few things to every peer, as long as there is room.
    pub(super) fn talk(&mut self, world: &mut World<'_>, length: usize) {
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

    fn accepted(&mut self, world: &mut World<'_>, conn: ConnId) {
        if self.has_left {
            world.network.close(world.now, conn, 1);
            return;
        }
        let purpose = match self.role {
            Part::Server { .. } => Purpose::Serve,
            Part::Client { .. } => Purpose::Peer(None),
        };
        self.launch(world, (conn, 1), purpose, 0, Expect::any());
    }

    fn connected(&mut self, world: &mut World<'_>, conn: ConnId) {
        let Some((_, purpose)) = self.dials.remove(&conn) else { return };
        let expect = match purpose {
            Purpose::Peer(Some(node)) => Expect::any().node(node).role(Role::Client),
            _ => Expect::any().role(Role::Server),
        };
        self.sessions += 1;
        self.launch(world, (conn, 0), purpose, self.sessions, expect);
    }

    fn launch(
        &mut self,
        world: &mut World<'_>,
        (conn, side): (ConnId, usize),
        purpose: Purpose,
        session: u64,
        expect: Expect,
    ) {
        let Some((a, b)) = world.network.machines(conn) else { return };
        let other = if side == 0 { b } else { a };
        let ends =
            Ends { address: address(other), local: address(self.machine), dialled: side == 0 };
        let mut endpoint = Endpoint::new(
            (conn, side),
            purpose,
            (&self.identity, session),
            (expect, ends),
            &self.config,
            world.now,
        );
        endpoint.flush(world.network, world.now);
        self.endpoints.insert(conn, endpoint);
        self.read(world, conn);
    }

    /// Links to this node that are not about to end.
    pub(super) fn links_to(&self, node: &tlv_core::Uuid) -> usize {
        let links = self.endpoints.values().filter(|link| !link.is_closing());
        links.filter(|link| link.peer.as_ref().is_some_and(|peer| peer.node == *node)).count()
    }

    fn dial(&mut self, world: &mut World<'_>, to: Machine, purpose: Purpose) {
        // A port that is stopping does not dial.
        if self.has_left {
            return;
        }
        let conn = world.network.dial(world.now, self.machine, to);
        self.dials.insert(conn, (world.now + self.config.dial_timeout, purpose));
    }

    fn dial_failed(&mut self, world: &mut World<'_>, conn: ConnId, kind: std::io::ErrorKind) {
        let Some((_, purpose)) = self.dials.remove(&conn) else { return };
        world.network.close(world.now, conn, 0);
        self.ended(world, purpose, conn, false, &End::Dial(kind));
    }

    fn read(&mut self, world: &mut World<'_>, conn: ConnId) {
        let is_slow = world.network.slow.contains(&self.machine);
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.begin(is_slow);
        }
        while let Some(endpoint) = self.endpoints.get_mut(&conn) {
            match endpoint.step(world.network, world.now) {
                Step::Opened => self.opened(world, conn),
                Step::Frame(id, value) => {
                    if let Err(end) = self.frame(world, conn, id, &value)
                        && let Some(endpoint) = self.endpoints.get_mut(&conn)
                    {
                        world.trace.refused(&end);
                        endpoint.close(world.network, world.now, end);
                    }
                }
                Step::Idle => return,
                Step::Ended(end) => {
                    let Some(endpoint) = self.endpoints.remove(&conn) else { return };
                    world.trace.ended(self.machine, &endpoint, &end, world.network);
                    world.network.close(world.now, conn, endpoint.side);
                    self.ended(world, endpoint.purpose, conn, endpoint.peer.is_some(), &end);
                    return;
                }
            }
        }
    }

    fn opened(&mut self, world: &mut World<'_>, conn: ConnId) {
        let Some(endpoint) = self.endpoints.get(&conn) else { return };
        let Some(peer) = endpoint.peer.clone() else { return };
        match endpoint.purpose {
            Purpose::Serve => {
                let caller = Caller {
                    node: peer.node,
                    incarnation: peer.incarnation,
                    session: peer.session,
                    name: peer.name,
                    observed: peer.address.ip(),
                };
                self.directory(world, DirectoryEvent::Opened(conn, caller));
            }
            Purpose::Server(key) => self.membership(world, MembershipEvent::Opened(key)),
            Purpose::Peer(dialled) => {
                let (node, incarnation) = (peer.node, peer.incarnation);
                let neighbour = Neighbour { node, incarnation, dialled: dialled.is_some() };
                self.mesh(world, MeshEvent::Opened(conn, neighbour));
            }
        }
    }

    fn frame(
        &mut self,
        world: &mut World<'_>,
        conn: ConnId,
        id: u16,
        value: &Bytes,
    ) -> Result<(), End> {
        let Some(endpoint) = self.endpoints.get_mut(&conn) else { return Ok(()) };
        if id == Greet::ID {
            if !endpoint.is_up {
                return Err(End::refuse(RefuseReason::NotAllowed, "before `Welcome`"));
            }
            let number = Greet::decode(value)?.text.parse().unwrap_or(u64::MAX);
            if number != endpoint.received {
                let expected = endpoint.received;
                world.trace.fail(format!("message {number} came instead of {expected}"));
            }
            endpoint.received += 1;
            return Ok(());
        }
        debug_assert!(App::info(id).is_none(), "the simulation only greets");
        let purpose = endpoint.purpose;
        match (purpose, Control::decode(id, value)?) {
            (Purpose::Serve, Control::Register(register)) => {
                self.directory(world, DirectoryEvent::Register(conn, register.addresses));
            }
            (Purpose::Serve, Control::Deregister(_)) => {
                self.directory(world, DirectoryEvent::Deregister(conn));
            }
            (Purpose::Serve, Control::Alive(alive)) => {
                self.directory(world, DirectoryEvent::Alive(conn, alive.nonce));
            }
            (Purpose::Server(key), Control::Snapshot(list)) => {
                self.membership(world, MembershipEvent::Snapshot(key, list));
            }
            (Purpose::Server(key), Control::Changes(list)) => {
                self.membership(world, MembershipEvent::Changes(key, list));
            }
            (Purpose::Server(key), Control::RegisterRefused(refused)) => {
                self.membership(world, MembershipEvent::Refused(key, refused.reason));
            }
            (Purpose::Peer(_), Control::Welcome(_)) => self.mesh(world, MeshEvent::Welcome(conn)),
            (Purpose::Peer(_), Control::Alive(alive)) => {
                self.mesh(world, MeshEvent::Alive(conn, alive.nonce));
            }
            (_, other) => {
                let text = format!("{other:?} has no meaning on this link");
                return Err(End::refuse(RefuseReason::NotAllowed, text));
            }
        }
        Ok(())
    }

    /// A link ended, or was never open.
    fn ended(
        &mut self,
        world: &mut World<'_>,
        purpose: Purpose,
        conn: ConnId,
        was_open: bool,
        end: &End,
    ) {
        match purpose {
            Purpose::Serve => self.directory(world, DirectoryEvent::Closed(conn)),
            Purpose::Server(key) => {
                self.membership(world, MembershipEvent::Ended(key, server_end(end)));
            }
            Purpose::Peer(_) if was_open => {
                self.mesh(world, MeshEvent::Closed(conn, peer_end(end)));
            }
            Purpose::Peer(Some(node)) => {
                self.mesh(world, MeshEvent::DialFailed(node, peer_end(end)));
            }
            Purpose::Peer(None) => {}
        }
    }

    fn directory(&mut self, world: &mut World<'_>, event: DirectoryEvent) {
        if let Part::Server { directory, .. } = &mut self.role {
            let actions = directory.handle(world.now, event);
            self.perform_directory(world, actions);
        }
    }

    fn membership(&mut self, world: &mut World<'_>, event: MembershipEvent) {
        if let Part::Client { membership, .. } = &mut self.role {
            let actions = membership.handle(world.now, event);
            self.perform_membership(world, actions);
        }
    }

    fn mesh(&mut self, world: &mut World<'_>, event: MeshEvent) {
        if let Part::Client { mesh, .. } = &mut self.role {
            let actions = mesh.handle(world.now, event);
            self.perform_mesh(world, actions);
        }
    }

    fn perform_directory(&mut self, world: &mut World<'_>, actions: Vec<DirectoryAction>) {
        for action in actions {
            match action {
                DirectoryAction::Refuse(conn, reason, current) => {
                    self.refuse(world, conn, reason, current);
                }
                DirectoryAction::RefuseRegistration(conn, error) => {
                    self.tell(conn, &RegisterRefused::new(error, String::new()));
                }
                DirectoryAction::Probe(conn, nonce) => self.tell(conn, &Probe::new(nonce)),
                DirectoryAction::Dismiss(conn, reason) => {
                    self.close(world, conn, End::Closed(reason));
                }
                // Lists are sent when the turn is over.
                DirectoryAction::Push => {}
            }
        }
    }

    fn perform_membership(&mut self, world: &mut World<'_>, actions: Vec<MembershipAction>) {
        for action in actions {
            match action {
                MembershipAction::Dial(key) => self.dial(world, 0, Purpose::Server(key)),
                MembershipAction::SendRegister(key) => {
                    let register = Register::new(vec![SocketAddr::from(([0, 0, 0, 0], PORT))]);
                    self.tell_server(key, &register);
                }
                MembershipAction::SendDeregister(key) => self.tell_server(key, &Deregister::new()),
                MembershipAction::List(change) => {
                    if let Part::Client { membership, .. } = &self.role {
                        let view = membership.view();
                        world.trace.list(self.machine, &self.identity, view, &change);
                    }
                    self.mesh(world, MeshEvent::List(change));
                }
                MembershipAction::Unlisted => self.mesh(world, MeshEvent::Unlisted),
                MembershipAction::Over(end) => world.trace.over(self.machine, end),
                MembershipAction::Registered
                | MembershipAction::Refused(..)
                | MembershipAction::Unreached(..)
                | MembershipAction::Lost => {}
            }
        }
    }

    fn perform_mesh(&mut self, world: &mut World<'_>, actions: Vec<MeshAction>) {
        for action in actions {
            match action {
                MeshAction::Dial(node, at) => {
                    self.dial(world, machine_at(at), Purpose::Peer(Some(node)));
                }
                MeshAction::Welcome(conn) => self.tell(conn, &Welcome::new()),
                MeshAction::Probe(conn, nonce) => self.tell(conn, &Probe::new(nonce)),
                MeshAction::Refuse(conn, reason, current) => {
                    self.refuse(world, conn, reason, current);
                }
                MeshAction::Close(conn, reason) => self.close(world, conn, End::Closed(reason)),
                MeshAction::Up(node, conn) => {
                    if let Some(endpoint) = self.endpoints.get_mut(&conn) {
                        endpoint.is_up = true;
                        world.trace.up(self.machine, node, endpoint);
                    }
                }
                MeshAction::Down(node, conn) => {
                    if let Some(endpoint) = self.endpoints.get_mut(&conn) {
                        world.trace.down(self.machine, node, endpoint);
                        endpoint.is_up = false;
                    }
                }
                MeshAction::Unreached(_) => {}
            }
        }
    }

    fn tell(&mut self, conn: ConnId, message: &impl Message) {
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.send(message);
        }
    }

    fn tell_server(&mut self, key: u64, message: &impl Message) {
        let mut links = self.endpoints.values_mut();
        if let Some(endpoint) = links.find(|link| link.purpose == Purpose::Server(key)) {
            endpoint.send(message);
        }
    }

    fn refuse(
        &mut self,
        world: &mut World<'_>,
        conn: ConnId,
        reason: RefuseReason,
        current: Option<u64>,
    ) {
        let refusal = crate::error::Refusal { current, ..crate::error::Refusal::new(reason, "") };
        self.close(world, conn, End::Refused(refusal));
    }

    fn close(&mut self, world: &mut World<'_>, conn: ConnId, end: End) {
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.close(world.network, world.now, end);
        }
    }

    /// The end of a turn: lists go to who lacks something, and what was appended is written.
    fn settle(&mut self, world: &mut World<'_>) {
        if let Part::Server { directory, full } = &mut self.role {
            full.retain(|conn| self.endpoints.get(conn).is_some_and(|e| !e.sending.has_room()));
            let mut after = None;
            while let Some(push) = directory.next_push(after).expect("entries within their bounds")
            {
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
        for endpoint in self.endpoints.values_mut() {
            endpoint.flush(world.network, world.now);
            world.trace.bounded(endpoint.sending.backlog_bytes());
        }
    }
}
