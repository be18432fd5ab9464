//! What the server's main loop and its connections share: the directory, and the links to act on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tlv_core::messages::{Epoch, Peer, Probe, RefuseReason, RegisterError, RegisterRefused};

use crate::core::LinkId;
use crate::core::directory::{
    Caller, Directory, DirectoryAction, DirectoryConfig, DirectoryEvent, Push,
};
use crate::error::SendError;
use crate::link::Link;
use crate::port::{Next, Port};
use crate::seed::fresh_seed;

/// Most lists that are sent in one turn of the main loop, which accepts connections in between.
const PUSHES_PER_TURN_MAX: usize = 256;

/// The directory of a server and the links of its clients.
///
/// Its lock is held for the time of a decision and of what follows from it; none of that waits.
pub struct ServerHub {
    state: Mutex<State>,
    /// Links whose backlog is full, and which the pusher passes over until they have room.
    full: Arc<Mutex<BTreeSet<LinkId>>>,
    port: OnceLock<Port>,
}

struct State {
    directory: Directory,
    links: BTreeMap<LinkId, Link>,
    /// Where the pusher goes on in its next turn: after this link.
    pushed: Option<LinkId>,
}

impl ServerHub {
    /// An empty directory, of a server run that no other shares.
    pub fn new(config: DirectoryConfig) -> Self {
        let state = State {
            directory: Directory::new(config, fresh_seed()),
            links: BTreeMap::new(),
            pushed: None,
        };
        Self { state: Mutex::new(state), full: Arc::default(), port: OnceLock::new() }
    }

    /// Says whose main loop calls [`turn`](Self::turn), so that it can be woken. Once only.
    pub fn attach(&self, port: &Port) {
        // A second port has a hub of its own.
        let _ = self.port.set(port.clone());
    }

    /// The handshake of a client's link is done.
    pub fn opened(&self, link: &Link, caller: Caller) {
        let mut state = self.lock();
        state.links.insert(link.id(), link.clone());
        self.decide(&mut state, DirectoryEvent::Opened(link.id(), caller));
    }

    /// Something else happened on a client's link.
    pub fn handle(&self, event: DirectoryEvent) {
        self.decide(&mut self.lock(), event);
    }

    /// A link ended, whether it had opened or not.
    pub fn closed(&self, link: &Link) {
        let mut state = self.lock();
        if state.links.remove(&link.id()).is_some() {
            self.decide(&mut state, DirectoryEvent::Closed(link.id()));
        }
    }

    /// A turn of the main loop: does what is due, and sends lists to those who lack something.
    pub fn turn(&self, now: Instant) -> Next {
        let mut state = self.lock();
        let actions = state.directory.on_deadline(now);
        self.perform(&state, actions);
        drop(state);
        let is_done = self.push();
        match self.lock().directory.deadline() {
            _ if !is_done => Next::At(now),
            Some(deadline) => Next::At(deadline),
            None => Next::Sleep,
        }
    }

    /// Who is registered, by node id.
    pub fn peers(&self) -> Vec<Peer> {
        self.lock().directory.peers().cloned().collect()
    }

    /// The version of the list.
    pub fn epoch(&self) -> Epoch {
        self.lock().directory.epoch()
    }

    /// Sends lists, in the order of the links, to those who lack something and have room. Whether
    /// everybody had a turn.
    fn push(&self) -> bool {
        for _ in 0..PUSHES_PER_TURN_MAX {
            let Some((link, push)) = self.next_push() else { return true };
            match link.try_send_frame(&push.frame) {
                Ok(()) => self.lock().directory.pushed(push.receipt),
                Err(SendError::Full) => self.wait_for_room(&link),
                // The directory hears of the link's end by itself.
                Err(error) => tracing::debug!(link = link.id(), %error, "no list was sent"),
            }
        }
        false
    }

    /// Whose turn it is, and with what. None at the end of the round.
    fn next_push(&self) -> Option<(Link, Push)> {
        let mut state = self.lock();
        let state = &mut *state;
        loop {
            let push = match state.directory.next_push(state.pushed) {
                Ok(push) => push,
                Err(error) => {
                    tracing::error!(%error, "the list cannot be encoded");
                    None
                }
            };
            state.pushed = push.as_ref().map(|push| push.receipt.link);
            let push = push?;
            let id = push.receipt.link;
            if !locked(&self.full).contains(&id)
                && let Some(link) = state.links.get(&id)
            {
                return Some((link.clone(), push));
            }
        }
    }

    /// Passes over `link` until it has room, and wakes the main loop then.
    fn wait_for_room(&self, link: &Link) {
        locked(&self.full).insert(link.id());
        let (full, port, id) = (Arc::clone(&self.full), self.port.get().cloned(), link.id());
        link.when_room(Arc::new(move || {
            locked(&full).remove(&id);
            if let Some(port) = &port {
                port.wake();
            }
        }));
    }

    fn decide(&self, state: &mut State, event: DirectoryEvent) {
        let before = state.directory.deadline();
        let actions = state.directory.handle(Instant::now(), event);
        let is_sooner = match (before, state.directory.deadline()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) => after < before,
        };
        self.perform(state, actions);
        if is_sooner {
            self.wake();
        }
    }

    /// Does what the directory decided. Nothing here waits.
    fn perform(&self, state: &State, actions: Vec<DirectoryAction>) {
        let with = |id, act: &dyn Fn(&Link)| {
            if let Some(link) = state.links.get(&id) {
                act(link);
            }
        };
        for action in actions {
            match action {
                DirectoryAction::Refuse(id, reason, current) => {
                    with(id, &|link| link.refuse(reason, refusal_text(reason), current));
                }
                DirectoryAction::RefuseRegistration(id, error) => with(id, &|link| {
                    let refused = RegisterRefused::new(error, register_text(error).to_owned());
                    sent(link, link.try_send(&refused));
                }),
                DirectoryAction::Probe(id, nonce) => {
                    with(id, &|link| sent(link, link.try_send(&Probe::new(nonce))));
                }
                DirectoryAction::Dismiss(id, reason) => with(id, &|link| link.close(reason)),
                DirectoryAction::Push => self.wake(),
            }
        }
    }

    fn wake(&self) {
        if let Some(port) = self.port.get() {
            port.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl fmt::Debug for ServerHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHub").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

/// Who never reads what it is told learns that its link is over.
fn sent(link: &Link, result: Result<(), SendError>) {
    match result {
        Err(SendError::Full) => link.refuse(RefuseReason::Busy, "answers are not read", None),
        Err(error) => tracing::debug!(link = link.id(), %error, "no answer was sent"),
        Ok(()) => {}
    }
}

fn refusal_text(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Older => "a newer incarnation or session of this node is known",
        RefuseReason::NotAllowed => "`Deregister` without `Register`",
        _ => "refused by the directory",
    }
}

fn register_text(error: RegisterError) -> &'static str {
    match error {
        RegisterError::NameTaken => "another node that is alive holds the name",
        RegisterError::BadName => "the name is empty or has control characters",
        RegisterError::BadAddress => "no address is advertised that a peer could connect to",
        RegisterError::Full => "the directory is full",
        _ => "refused by the directory",
    }
}

/// The directory is whole after every call, so a panic elsewhere does not make it unusable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
