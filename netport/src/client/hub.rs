//! What a client's main loop, its connections and its handle share: the state machines, the links
//! to act on, and the way to the user.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError, select};
use tlv_core::{MessageSet, Uuid};

use super::launch::Launch;
use super::{ClientConfig, CtcConnection, Event};
use crate::connection::Connection;
use crate::core::LinkId;
use crate::core::client::{ClientAction, ClientCore, ClientEvent, ClientSettings, Purpose};
use crate::core::link::handshake::PeerInfo;
use crate::core::mutant::{Mutant, mutant};
use crate::error::End;
use crate::link::Link;
use crate::port::{Next, Port};
use crate::sync::{self, Arc, AtomicBool, Condvar, Mutex, MutexGuard, OnceLock, thread};

/// A client's state and its way to the user.
///
/// Two locks, in this order where both are held: the gate, which keeps events in order on their way
/// to the user and may be held while the user is waited for; and the state, which is held for the
/// time of a decision and of what follows from it, none of which waits. The user's own calls never
/// take the gate, since the user cannot take events meanwhile.
pub struct ClientHub<S> {
    server: SocketAddr,
    state: Mutex<State<S>>,
    /// Signalled when a peer is up, or cannot be reached.
    settled: Condvar,
    gate: Mutex<()>,
    /// Taken away when the client has ended, so that the user's receiver disconnects.
    events: Mutex<Option<Sender<Event<S>>>>,
    pub(super) port: OnceLock<Port>,
    launch: OnceLock<Box<dyn Launch<S>>>,
}

pub(crate) struct State<S> {
    pub(super) core: ClientCore,
    /// Open links, to the server and to peers.
    pub(super) links: BTreeMap<LinkId, OpenLink>,
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

/// An open link.
pub(super) struct OpenLink {
    pub(super) link: Link,
    /// Whether messages go by this link; the connection looks at it for each one.
    pub(super) is_up: Arc<AtomicBool>,
}

impl<S: MessageSet> ClientHub<S> {
    /// A client of `server`, which tells its user through `events`.
    pub fn new(server: SocketAddr, config: &ClientConfig, events: Sender<Event<S>>) -> Self {
        let settings = ClientSettings {
            node: config.port.identity.node,
            server,
            advertise: config.advertise.clone(),
            backoff: config.backoff,
            attempt_timeout: config.port.link.dial_timeout + config.port.link.handshake_timeout,
            register: config.register,
            register_again: config.register_again,
            mesh: config.mesh.clone(),
        };
        let state = State {
            core: ClientCore::new(settings, sync::now(), sync::fresh_seed()),
            links: BTreeMap::new(),
            sought: BTreeMap::new(),
            told: VecDeque::new(),
            armed: None,
        };
        Self {
            server,
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
        if self.port.set(port.clone()).is_ok() {
            self.lock().core.listens(port.local_addr());
        }
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
        // Until the end of the turn nobody need wake it for what it will see then.
        self.lock().armed = Some(now);
        self.happened(|state| state.core.on_deadline(now));
        let mut state = self.lock();
        state.armed = state.core.deadline();
        state.armed.map_or(Next::Sleep, Next::At)
    }

    /// The handshake of a link is done. Returns whether messages go by it, now and at any time later.
    ///
    /// # Errors
    ///
    /// Where `peer` is not one to have such a link with: how the link is to end.
    pub fn opened(
        self: &Arc<Self>,
        link: &Link,
        purpose: Purpose,
        peer: Arc<PeerInfo>,
    ) -> Result<Arc<AtomicBool>, End> {
        let event = ClientEvent::opened(link.id(), purpose, peer)?;
        let is_up = Arc::new(AtomicBool::new(false));
        let open = OpenLink { link: link.clone(), is_up: Arc::clone(&is_up) };
        self.happened(|state| {
            state.links.insert(link.id(), open);
            state.core.handle(sync::now(), event)
        });
        Ok(is_up)
    }

    /// Something else happened. Waits for the user where the event channel is full.
    pub fn handle(self: &Arc<Self>, event: ClientEvent) {
        self.happened(|state| {
            if let ClientEvent::Ended(link, ..) = event {
                state.links.remove(&link);
            }
            state.core.handle(sync::now(), event)
        });
    }

    /// Does what the user asks for. Never waits: what there is to tell is told by the main loop.
    pub(super) fn command(
        self: &Arc<Self>,
        command: impl FnOnce(&mut State<S>) -> Vec<ClientAction>,
    ) {
        if self.change(command) {
            self.wake();
        }
    }

    /// The way to the user; `None` when the client has ended.
    pub fn events(&self) -> Option<Sender<Event<S>>> {
        self.events.lock().clone()
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

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock()
    }

    /// Waits for a change of the state that settles whether a peer is up; no longer than `timeout`.
    pub(crate) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State<S>>,
        timeout: Duration,
    ) -> MutexGuard<'a, State<S>> {
        sync::wait(&self.settled, state, Some(timeout))
    }

    /// Something happened: does what is decided about it, and tells the user what follows.
    fn happened(self: &Arc<Self>, decide: impl FnOnce(&mut State<S>) -> Vec<ClientAction>) {
        self.change(decide);
        self.tell_all();
    }

    /// Does what is decided, and sees to it that those who wait for it hear of it. Says whether the
    /// user is to be told something.
    ///
    /// Nothing is locked while it dials: that takes a socket and a thread, and who sends something to
    /// somebody else is not to wait for them.
    fn change(self: &Arc<Self>, decide: impl FnOnce(&mut State<S>) -> Vec<ClientAction>) -> bool {
        let mut state = self.lock();
        let actions = decide(&mut state);
        let mut attempts = Self::perform(&mut state, actions);
        while !attempts.is_empty() {
            drop(state);
            let failed: Vec<_> =
                attempts.into_iter().filter_map(|to| self.dial(to).err()).collect();
            state = self.lock();
            let now = sync::now();
            let actions =
                failed.into_iter().flat_map(|event| state.core.handle(now, event)).collect();
            attempts = Self::perform(&mut state, actions);
        }
        let is_sooner = match (state.armed, state.core.deadline()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(armed), Some(deadline)) => deadline < armed,
        };
        let has_news = !state.told.is_empty();
        drop(state);
        self.settled.notify_all();
        if is_sooner {
            self.wake();
        }
        has_news
    }

    fn wake(&self) {
        if let Some(port) = self.port.get() {
            port.wake();
        }
    }

    /// Hands over what the user is to be told, in the order in which it was decided.
    fn tell_all(&self) {
        let _gate = (!mutant(Mutant::TellUngated)).then(|| self.gate.lock());
        loop {
            let Some(event) = self.lock().told.pop_front() else { return };
            let told = self.events().map(|events| self.tell(&events, event));
            if !matches!(told, Some(Ok(()))) {
                self.lock().told.clear();
            }
        }
    }
}

impl<S> ClientHub<S> {
    /// The client has ended: the user's receiver disconnects once it is empty.
    pub fn finish(&self) {
        self.events.lock().take();
        // Whoever has looked before goes on to wait once this lock is free.
        if !mutant(Mutant::FinishUnlocked) {
            drop(self.state.lock());
        }
        self.settled.notify_all();
    }
}

impl<S> fmt::Debug for ClientHub<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHub").field("server", &self.server).finish_non_exhaustive()
    }
}
