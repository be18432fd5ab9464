//! A process: what a server or a client decides, over its links, in one thread and with the time
//! given. What is decided is decided by the code that runs over sockets; here it is delivered.

mod client;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tlv_core::messages::{App, Control, Greet, RefuseReason};
use tlv_core::{Message, MessageSet};

use super::endpoint::{Endpoint, Owner, Step};
use super::network::{ConnId, Machine, NetEvent, Network};
use super::trace::Trace;
use crate::config::{Identity, LinkConfig};
use crate::core::client::{ClientCore, ClientEvent, Purpose};
use crate::core::link::Admission;
use crate::core::link::handshake::{Ends, Expect};
use crate::core::server::{ServerCore, ServerEvent};
use crate::error::{End, Limit};

/// Where everybody listens, as it is seen on the machine itself.
pub(super) const LISTENS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
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
    dials: BTreeMap<ConnId, Dial>,
    /// How many of the next dials cannot even begin.
    pub(super) dials_without_room: u32,
    /// Links that have no room for a list, and are to be told of when they have.
    full: BTreeSet<ConnId>,
    sessions: u64,
    /// When the world wakes the process next.
    pub(super) wakes_at: Option<Instant>,
    /// Whether the user has stopped it.
    pub(super) has_left: bool,
}

/// What the process does.
pub(super) enum Part {
    Server(Box<ServerCore>),
    Client(Box<ClientCore>),
}

/// A dial under way.
struct Dial {
    until: Instant,
    purpose: Purpose,
    expect: Expect,
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
            dials_without_room: 0,
            full: BTreeSet::new(),
            sessions: 0,
            wakes_at: None,
            has_left: false,
        }
    }

    /// When the process has something to do by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let links = self.endpoints.values().filter_map(Endpoint::deadline);
        let dials = self.dials.values().map(|dial| dial.until);
        let core = match &self.role {
            Part::Server(core) => core.deadline(),
            Part::Client(core) => core.deadline(),
        };
        links.chain(dials).chain(core).min()
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
        self.tell_of_room(world);
        self.settle(world);
    }

    /// Does what is due.
    pub(super) fn wake(&mut self, world: &mut World<'_>) {
        let due_at = self.deadline();
        let late = self.dials.iter().filter(|(_, dial)| dial.until <= world.now);
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
        self.tell_of_room(world);
        let has_pushed = match &mut self.role {
            Part::Server(_) => self.server_turn(world),
            Part::Client(core) => {
                let actions = core.on_deadline(world.now);
                self.perform_client(world, actions);
                false
            }
        };
        self.settle(world);
        // A round of lists goes on in the next turn. Who reads slowly has bytes waiting, and no silence
        // is judged before they are read.
        if let Some(at) = self.deadline()
            && at <= world.now
            && Some(at) == due_at
            && !has_pushed
            && !world.network.slow.contains(&self.machine)
        {
            world.trace.fail(format!("machine {} has an overdue deadline", self.machine));
        }
    }

    fn accepted(&mut self, world: &mut World<'_>, conn: ConnId) {
        if self.has_left {
            world.network.close(world.now, conn, 1);
            return;
        }
        let owner = match self.role {
            Part::Server(_) => Owner::Server,
            Part::Client(_) => Owner::Client(Purpose::Peer(None)),
        };
        self.launch(world, (conn, 1), owner, 0, Expect::any());
    }

    fn connected(&mut self, world: &mut World<'_>, conn: ConnId) {
        let Some(Dial { purpose, expect, .. }) = self.dials.remove(&conn) else { return };
        self.sessions += 1;
        self.launch(world, (conn, 0), Owner::Client(purpose), self.sessions, expect);
    }

    fn launch(
        &mut self,
        world: &mut World<'_>,
        (conn, side): (ConnId, usize),
        owner: Owner,
        session: u64,
        expect: Expect,
    ) {
        let Some((a, b)) = world.network.machines(conn) else { return };
        let other = if side == 0 { b } else { a };
        let ends =
            Ends { address: address(other), local: address(self.machine), dialled: side == 0 };
        let mut endpoint = Endpoint::new(
            (conn, side),
            owner,
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

    /// Dials; the error is why that could not even begin.
    fn dial(
        &mut self,
        world: &mut World<'_>,
        purpose: Purpose,
        address: SocketAddr,
        expect: Expect,
    ) -> Result<(), End> {
        // A port that is stopping does not dial.
        if self.has_left {
            return Err(End::Stopped);
        }
        if self.dials_without_room > 0 {
            self.dials_without_room -= 1;
            return Err(End::NoRoom(Limit::Descriptors));
        }
        let conn = world.network.dial(world.now, self.machine, machine_at(address));
        let until = world.now + self.config.dial_timeout;
        self.dials.insert(conn, Dial { until, purpose, expect });
        Ok(())
    }

    fn dial_failed(&mut self, world: &mut World<'_>, conn: ConnId, kind: std::io::ErrorKind) {
        let Some(Dial { purpose, .. }) = self.dials.remove(&conn) else { return };
        world.network.close(world.now, conn, 0);
        self.ended(world, Owner::Client(purpose), conn, End::Dial(kind));
    }

    fn read(&mut self, world: &mut World<'_>, conn: ConnId) {
        let is_slow = world.network.slow.contains(&self.machine);
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.begin(is_slow);
        }
        while let Some(endpoint) = self.endpoints.get_mut(&conn) {
            match endpoint.step(world.network, world.now) {
                Step::Opened => {
                    let opened = self.opened(world, conn);
                    self.allowed(world, conn, opened);
                }
                Step::Frame(id, value) => {
                    let handled = self.frame(world, conn, id, &value);
                    self.allowed(world, conn, handled);
                }
                Step::Idle => return,
                Step::Ended(end) => {
                    world.trace.ended(self.machine, endpoint, &end, world.network);
                    let owner = endpoint.owner;
                    self.ended(world, owner, conn, end);
                }
                Step::Gone => {
                    world.network.close(world.now, conn, endpoint.side);
                    self.endpoints.remove(&conn);
                    return;
                }
            }
        }
    }

    /// What a callback returned: an error ends the link.
    fn allowed(&mut self, world: &mut World<'_>, conn: ConnId, result: Result<(), End>) {
        if let Err(end) = result {
            world.trace.refused(&end);
            self.close(world, conn, end);
        }
    }

    fn opened(&mut self, world: &mut World<'_>, conn: ConnId) -> Result<(), End> {
        let Some(endpoint) = self.endpoints.get(&conn) else { return Ok(()) };
        let Some(peer) = endpoint.peer.clone() else { return Ok(()) };
        match endpoint.owner {
            Owner::Server => self.server(world, ServerEvent::opened(conn, &peer)?),
            Owner::Client(purpose) => {
                let event = ClientEvent::opened(conn, purpose, Arc::new(peer))?;
                self.client(world, event);
            }
        }
        Ok(())
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
        let control = Control::borrow(id, value)?;
        match endpoint.owner {
            Owner::Server => self.server(world, ServerEvent::received(conn, control)?),
            Owner::Client(purpose) => {
                self.client(world, ClientEvent::received(conn, purpose, control)?);
            }
        }
        Ok(())
    }

    /// A link ended, or was never open.
    fn ended(&mut self, world: &mut World<'_>, owner: Owner, conn: ConnId, end: End) {
        match owner {
            Owner::Server => self.server(world, ServerEvent::ended(conn)),
            Owner::Client(purpose) => self.client(world, ClientEvent::Ended(conn, purpose, end)),
        }
    }

    fn send(&mut self, conn: ConnId, message: &Control) -> Admission {
        let endpoint = self.endpoints.get_mut(&conn);
        endpoint.map_or(Admission::Shut, |endpoint| endpoint.send_control(message))
    }

    fn close(&mut self, world: &mut World<'_>, conn: ConnId, end: End) {
        if let Some(endpoint) = self.endpoints.get_mut(&conn) {
            endpoint.close(world.network, world.now, end);
        }
    }

    /// The end of a turn: what was appended is written.
    fn settle(&mut self, world: &mut World<'_>) {
        for endpoint in self.endpoints.values_mut() {
            endpoint.flush(world.network, world.now);
            world.trace.bounded(endpoint);
        }
    }
}
