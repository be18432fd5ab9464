//! What the server's main loop and its connections share: the decisions, and the links to act on.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Instant;

use tlv_core::messages::{Epoch, Peer};

use super::ServerConfig;
use crate::core::LinkId;
use crate::core::directory::Push;
use crate::core::link::handshake::PeerInfo;
use crate::core::server::{ServerAction, ServerCore, ServerEvent, ServerSettings};
use crate::error::{End, Refusal, SendError};
use crate::link::Link;
use crate::meters::DirectoryMeters;
use crate::port::{Next, Port};
use crate::sync::{self, Arc, Mutex, MutexGuard, OnceLock};

/// Most lists that are sent in one turn of the main loop, which accepts connections in between.
const PUSHES_PER_TURN_MAX: usize = 256;

/// The directory of a server and the links of its clients.
///
/// Its lock is held for the time of a decision and of what follows from it; none of that waits.
pub struct ServerHub {
    state: Mutex<State>,
    port: OnceLock<Port>,
    meters: DirectoryMeters,
}

struct State {
    core: ServerCore,
    links: BTreeMap<LinkId, Link>,
    /// When the main loop takes its next turn by itself.
    armed: Option<Instant>,
}

impl ServerHub {
    /// An empty directory, of a server run that no other shares.
    pub fn new(config: &ServerConfig) -> Self {
        let settings = ServerSettings {
            directory: config.directory.clone(),
            push_spacing: config.push_spacing,
            pushes_per_turn_max: PUSHES_PER_TURN_MAX,
        };
        let core = ServerCore::new(settings, sync::fresh_seed());
        Self {
            state: Mutex::new(State { core, links: BTreeMap::new(), armed: None }),
            port: OnceLock::new(),
            meters: DirectoryMeters::new(),
        }
    }

    /// Says whose main loop calls [`turn`](Self::turn), so that it can be woken. Once only.
    pub fn attach(&self, port: &Port) {
        // A second port has a hub of its own.
        let _ = self.port.set(port.clone());
    }

    /// The handshake of a client's link is done.
    ///
    /// # Errors
    ///
    /// Where `peer` is not one to be served: how the link is to end.
    pub fn opened(&self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        let event = ServerEvent::opened(link.id(), peer)?;
        self.change(|state| {
            state.links.insert(link.id(), link.clone());
            state.core.handle(sync::now(), event)
        });
        Ok(())
    }

    /// Something else happened.
    pub fn handle(&self, event: ServerEvent) {
        self.change(|state| state.core.handle(sync::now(), event));
    }

    /// A link ended, whether it had opened or not.
    pub fn ended(&self, link: &Link) {
        self.change(|state| {
            state.links.remove(&link.id());
            state.core.handle(sync::now(), ServerEvent::ended(link.id()))
        });
    }

    /// A turn of the main loop: does what is due, and sends lists to those who lack something.
    pub fn turn(self: &Arc<Self>, now: Instant) -> Next {
        let mut state = self.lock();
        // Until the end of the turn nobody need wake it for what it will see then.
        state.armed = Some(now);
        let actions = state.core.on_deadline(now);
        self.perform(&mut state, actions);
        drop(state);
        while let Some((link, push)) = self.next_push() {
            self.push(&link, push);
        }
        let mut state = self.lock();
        if let Some(since) = state.core.take_told() {
            self.meters.push_seconds.record(sync::now().saturating_duration_since(since));
        }
        state.armed = state.core.deadline();
        state.armed.map_or(Next::Sleep, Next::At)
    }

    /// Who is registered, by node id.
    pub fn peers(&self) -> Vec<Peer> {
        self.lock().core.directory().peers().cloned().collect()
    }

    /// Who is registered, by node id, and since when: a client that comes back on another link, or
    /// with other addresses, is registered anew.
    pub fn registered(&self) -> Vec<(Peer, Instant)> {
        let state = self.lock();
        let registered = state.core.directory().registered();
        registered.map(|(peer, since)| (peer.clone(), since)).collect()
    }

    /// The version of the list.
    pub fn epoch(&self) -> Epoch {
        self.lock().core.directory().epoch()
    }

    /// The next list of this turn, and where it goes.
    fn next_push(&self) -> Option<(Link, Push)> {
        let mut state = self.lock();
        loop {
            let push = state.core.next_push().unwrap_or_else(|error| {
                tracing::error!(%error, "the list cannot be encoded");
                None
            })?;
            // The directory hears of a link's end by itself.
            if let Some(link) = state.links.get(&push.receipt.link) {
                return Some((link.clone(), push));
            }
        }
    }

    fn push(self: &Arc<Self>, link: &Link, push: Push) {
        match link.try_send_frame(&push.frame) {
            Ok(()) => {
                self.meters.pushes.increment(1);
                self.lock().core.pushed(push.receipt);
            }
            Err(SendError::Full) => {
                self.meters.put_off.increment(1);
                let (hub, id) = (Arc::clone(self), link.id());
                self.lock().core.no_room(id);
                link.when_room(move || hub.handle(ServerEvent::Room(id)));
            }
            // The directory hears of the link's end by itself.
            Err(error) => tracing::debug!(link = link.id(), %error, "no list was sent"),
        }
    }

    /// Does what is decided, and sees to it that the main loop takes its next turn in time.
    fn change(&self, decide: impl FnOnce(&mut State) -> Vec<ServerAction>) {
        let mut state = self.lock();
        let actions = decide(&mut state);
        self.perform(&mut state, actions);
        let is_sooner = match (state.armed, state.core.deadline()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(armed), Some(deadline)) => deadline < armed,
        };
        drop(state);
        if is_sooner && let Some(port) = self.port.get() {
            port.wake();
        }
    }

    /// Does what was decided. Nothing here waits.
    fn perform(&self, state: &mut State, actions: Vec<ServerAction>) {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                ServerAction::Send(id, message) => {
                    let Some(link) = state.links.get(&id) else { continue };
                    match link.try_send_control(&message) {
                        Ok(()) => {}
                        Err(SendError::Full) => {
                            let event = ServerEvent::Unsent(id);
                            actions.extend(state.core.handle(sync::now(), event));
                        }
                        Err(error) => tracing::debug!(link = id, %error, "no answer was sent"),
                    }
                }
                ServerAction::Close(id, reason) => {
                    if let Some(link) = state.links.get(&id) {
                        link.close(reason);
                    }
                }
                ServerAction::Refuse(id, Refusal { reason, text, current }) => {
                    if let Some(link) = state.links.get(&id) {
                        link.refuse(reason, &text, current);
                    }
                }
                ServerAction::Listed(count) => self.meters.registered.set(count as f64),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl fmt::Debug for ServerHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHub").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}
