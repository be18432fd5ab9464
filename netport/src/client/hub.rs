//! What a client's main loop, its connections and its handle share: the state machines, the links
//! to act on, and the way to the user.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError, select};
use tlv_core::{MessageSet, Uuid};

use super::launch::Launch;
use super::{ClientConfig, CtcConnection, Event};
use crate::config::Identity;
use crate::connection::Connection;
use crate::core::LinkId;
use crate::core::directory::{Membership, MembershipConfig, MembershipEvent};
use crate::core::link::handshake::PeerInfo;
use crate::core::mesh::{Mesh, MeshEvent};
use crate::error::End;
use crate::link::Link;
use crate::port::{Next, Port};
use crate::seed::fresh_seed;

/// A client's state and its way to the user.
///
/// Two locks, in this order where both are held: the gate, which keeps events in order on their way
/// to the user and may be held while the user is waited for; and the state, which is held for the
/// time of a decision and of what follows from it, none of which waits. The user's own calls never
/// take the gate, since the user cannot take events meanwhile.
pub struct ClientHub<S> {
    pub(super) server: SocketAddr,
    pub(super) advertise: Vec<SocketAddr>,
    state: Mutex<State<S>>,
    /// Signalled when a peer is up, or cannot be reached.
    settled: Condvar,
    gate: Mutex<()>,
    /// Taken away when the client has ended, so that the user's receiver disconnects.
    events: Mutex<Option<Sender<Event<S>>>>,
    pub(super) port: OnceLock<Port>,
    launch: OnceLock<Box<dyn Launch<S>>>,
}

pub(super) struct State<S> {
    pub(super) membership: Membership,
    pub(super) mesh: Mesh,
    pub(super) server: Option<Link>,
    pub(super) peers: BTreeMap<LinkId, PeerLink>,
    /// Nodes that somebody waits for.
    pub(super) sought: BTreeMap<Uuid, Sought>,
    /// What the user is to be told.
    pub(super) told: VecDeque<Event<S>>,
    /// When the main loop takes its next turn by itself.
    armed: Option<Instant>,
}

/// How it stands with a node that somebody waits for.
#[derive(Default)]
pub(super) struct Sought {
    /// How many do.
    pub(super) waiting: usize,
    /// It cannot be reached.
    pub(super) unreached: bool,
}

/// An open link to a peer.
#[derive(Clone)]
pub(super) struct PeerLink {
    pub(super) link: Link,
    pub(super) info: Arc<PeerInfo>,
    /// Whether messages go by this link; the connection looks at it for each one.
    pub(super) is_up: Arc<AtomicBool>,
}

impl<S: MessageSet> ClientHub<S> {
    /// A client of `server`, which tells its user through `events`.
    pub fn new(server: SocketAddr, config: &ClientConfig, events: Sender<Event<S>>) -> Self {
        let Identity { node, .. } = config.port.identity;
        let membership = MembershipConfig {
            backoff: config.backoff,
            // Someone may have begun to wait just before the server came back, and then has to
            // connect, shake hands and register.
            patience: config.backoff.max
                + config.port.link.dial_timeout
                + config.port.link.handshake_timeout,
            register: config.register,
            register_again: config.register_again,
        };
        let state = State {
            membership: Membership::new(membership, Instant::now(), fresh_seed()),
            mesh: Mesh::new(config.mesh.clone(), node, fresh_seed()),
            server: None,
            peers: BTreeMap::new(),
            sought: BTreeMap::new(),
            told: VecDeque::new(),
            armed: None,
        };
        Self {
            server,
            advertise: config.advertise.clone(),
            state: Mutex::new(state),
            settled: Condvar::new(),
            gate: Mutex::new(()),
            events: Mutex::new(Some(events)),
            port: OnceLock::new(),
            launch: OnceLock::new(),
        }
    }

    /// Says whose main loop calls [`turn`](Self::turn), and who dials. Once only.
    pub fn attach(&self, port: &Port) {
        // A second port has a hub of its own.
        let _ = self.port.set(port.clone());
    }

    /// Says what is to run on each link to a peer, around the client's own connection. Once only.
    pub(super) fn launch_by<C: Connection>(
        &self,
        around: impl Fn(CtcConnection<S>) -> C + Send + Sync + 'static,
    ) {
        // It is too late once a link was launched.
        let _ = self.launch.set(Box::new(around));
    }

    /// How connections to peers are launched.
    pub(super) fn launch(&self) -> &dyn Launch<S> {
        &**self.launch.get_or_init(|| Box::new(|own: CtcConnection<S>| own))
    }

    /// A turn of the main loop: does what is due. Waits for the user where the event channel is
    /// full.
    pub fn turn(self: &Arc<Self>, now: Instant) -> Next {
        self.happened(|hub, state| {
            let actions = state.membership.on_deadline(now);
            hub.perform_membership(state, actions, None);
            let actions = state.mesh.on_deadline(now);
            hub.perform_mesh(state, actions, None);
        });
        let mut state = self.lock();
        state.armed = state.deadline();
        state.armed.map_or(Next::Sleep, Next::At)
    }

    /// Something happened between this client and its server, or the user wants it to.
    pub fn membership(self: &Arc<Self>, event: MembershipEvent) {
        self.happened(|hub, state| hub.decide_membership(state, event, None));
    }

    /// The link to the server, dialled as `key`, is open.
    pub fn server_opened(self: &Arc<Self>, key: LinkId, link: &Link) {
        self.happened(|hub, state| {
            state.server = Some(link.clone());
            hub.decide_membership(state, MembershipEvent::Opened(key), None);
        });
    }

    /// The link to the server, dialled as `key`, ended or was never open.
    pub fn server_ended(self: &Arc<Self>, key: LinkId, end: &End) {
        self.happened(|hub, state| {
            let event = MembershipEvent::Ended(key, super::server_end(end));
            hub.decide_membership(state, event, Some(end));
        });
    }

    /// Something happened between this client and its peers.
    pub fn mesh(self: &Arc<Self>, event: MeshEvent) {
        self.happened(|hub, state| hub.decide_mesh(state, event, None));
    }

    /// A link to a peer is open. Returns whether messages go by it, now and at any time later.
    pub fn peer_opened(
        self: &Arc<Self>,
        link: &Link,
        info: Arc<PeerInfo>,
        event: MeshEvent,
    ) -> Arc<AtomicBool> {
        let is_up = Arc::new(AtomicBool::new(false));
        self.happened(|hub, state| {
            let peer = PeerLink { link: link.clone(), info, is_up: Arc::clone(&is_up) };
            state.peers.insert(link.id(), peer);
            hub.decide_mesh(state, event, None);
        });
        is_up
    }

    /// A link to a peer ended or was never open, as `event` says.
    pub fn peer_ended(self: &Arc<Self>, link: &Link, end: &End, event: MeshEvent) {
        self.happened(|hub, state| {
            hub.decide_mesh(state, event, Some(end));
            state.peers.remove(&link.id());
        });
    }

    /// Does what the user asks for. Never waits: what there is to tell is told by the main loop.
    pub(super) fn command(self: &Arc<Self>, command: impl FnOnce(&Arc<Self>, &mut State<S>)) {
        let has_news = self.change(|hub, state| {
            command(hub, state);
            !state.told.is_empty()
        });
        if has_news {
            self.wake();
        }
    }

    /// The way to the user; `None` when the client has ended.
    pub fn events(&self) -> Option<Sender<Event<S>>> {
        unpoisoned(&self.events).clone()
    }

    /// Hands `event` to the user; waits while the channel is full.
    ///
    /// # Errors
    ///
    /// `End::Stopped` when the port is told to stop, or the user listens no more.
    pub fn tell(&self, events: &Sender<Event<S>>, event: Event<S>) -> Result<(), End> {
        let port = self.port.get().ok_or(End::Stopped)?;
        let mut event = event;
        for _ in 0..2 {
            match events.try_send(event) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(End::Stopped),
                Err(TrySendError::Full(full)) => event = full,
            }
            // Who waits below is woken for every single event that is taken, which costs more than
            // the event. The user's thread may only be waiting for this processor, so it goes first.
            thread::yield_now();
        }
        select! {
            send(events, event) -> sent => sent.map_err(|_nobody| End::Stopped),
            recv(port.stopped()) -> _ => Err(End::Stopped),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<S>> {
        unpoisoned(&self.state)
    }

    /// Waits for a change of the state that settles whether a peer is up; no longer than `timeout`.
    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State<S>>,
        timeout: Duration,
    ) -> MutexGuard<'a, State<S>> {
        let waited = self.settled.wait_timeout(state, timeout);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Something happened: changes the state, and tells the user what follows.
    fn happened(self: &Arc<Self>, change: impl FnOnce(&Arc<Self>, &mut State<S>)) {
        self.change(change);
        self.tell_all();
    }

    /// Changes the state, and sees to it that those who wait for it hear of it.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&Arc<Self>, &mut State<S>) -> T) -> T {
        let mut state = self.lock();
        let result = change(self, &mut state);
        let is_sooner = match (state.armed, state.deadline()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(armed), Some(deadline)) => deadline < armed,
        };
        drop(state);
        self.settled.notify_all();
        if is_sooner {
            self.wake();
        }
        result
    }

    fn wake(&self) {
        if let Some(port) = self.port.get() {
            port.wake();
        }
    }

    /// Hands over what the user is to be told, in the order in which it was decided.
    fn tell_all(&self) {
        let _gate = unpoisoned(&self.gate);
        loop {
            let Some(event) = self.lock().told.pop_front() else { return };
            let told = self.events().map(|events| self.tell(&events, event));
            if !matches!(told, Some(Ok(()))) {
                self.lock().told.clear();
            }
        }
    }

    pub(super) fn decide_membership(
        self: &Arc<Self>,
        state: &mut State<S>,
        event: MembershipEvent,
        end: Option<&End>,
    ) {
        let actions = state.membership.handle(Instant::now(), event);
        self.perform_membership(state, actions, end);
    }

    pub(super) fn decide_mesh(
        self: &Arc<Self>,
        state: &mut State<S>,
        event: MeshEvent,
        end: Option<&End>,
    ) {
        let actions = state.mesh.handle(Instant::now(), event);
        self.perform_mesh(state, actions, end);
    }
}

impl<S> ClientHub<S> {
    /// The client has ended: the user's receiver disconnects once it is empty.
    pub fn finish(&self) {
        unpoisoned(&self.events).take();
        // Whoever has looked before goes on to wait once this lock is free.
        drop(unpoisoned(&self.state));
        self.settled.notify_all();
    }
}

impl<S> fmt::Debug for ClientHub<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHub").field("server", &self.server).finish_non_exhaustive()
    }
}

impl<S> State<S> {
    fn deadline(&self) -> Option<Instant> {
        [self.membership.deadline(), self.mesh.deadline()].into_iter().flatten().min()
    }
}

/// The state machines are whole after every call, so a panic elsewhere does them no harm.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
