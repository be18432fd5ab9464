//! What the server's main loop and its connections share: the directory, and the links to act on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tlv_core::messages::{Epoch, Peer, Probe, RefuseReason, RegisterError, RegisterRefused};

use super::ServerConfig;
use super::round::{Pushing, Round};
use crate::core::LinkId;
use crate::core::directory::{Caller, Directory, DirectoryAction, DirectoryEvent, Push};
use crate::error::SendError;
use crate::link::Link;
use crate::meters::DirectoryMeters;
use crate::port::{Next, Port};
use crate::seed::fresh_seed;

/// Most lists that are sent in one turn of the main loop, which accepts connections in between.
const PUSHES_PER_TURN_MAX: usize = 256;

/// The directory of a server and the links of its clients.
///
/// Its lock is held for the time of a decision and of what follows from it; none of that waits.
pub struct ServerHub {
    state: Mutex<State>,
    pushing: Pushing,
    port: OnceLock<Port>,
    meters: DirectoryMeters,
}

struct State {
    directory: Directory,
    links: BTreeMap<LinkId, Link>,
    round: Round,
}

impl ServerHub {
    /// An empty directory, of a server run that no other shares.
    pub fn new(config: &ServerConfig) -> Self {
        let state = State {
            directory: Directory::new(config.directory.clone(), fresh_seed()),
            links: BTreeMap::new(),
            round: Round::new(config.push_spacing),
        };
        Self {
            state: Mutex::new(state),
            pushing: Pushing::default(),
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
        self.perform(&mut state, actions);
        if state.round.begin(now, &self.pushing) {
            drop(state);
            self.push();
            state = self.lock();
        }
        let deadlines = [state.directory.deadline(), state.round.next(now, &self.pushing)];
        deadlines.into_iter().flatten().min().map_or(Next::Sleep, Next::At)
    }

    /// Who is registered, by node id.
    pub fn peers(&self) -> Vec<Peer> {
        self.lock().directory.peers().cloned().collect()
    }

    /// Who is registered, by node id, and since when: a client that comes back on another link, or
    /// with other addresses, is registered anew.
    pub fn registered(&self) -> Vec<(Peer, Instant)> {
        let state = self.lock();
        state.directory.registered().map(|(peer, since)| (peer.clone(), since)).collect()
    }

    /// The version of the list.
    pub fn epoch(&self) -> Epoch {
        self.lock().directory.epoch()
    }

    /// Sends lists, in the order of the links, to those who lack something and have room.
    fn push(&self) {
        for _ in 0..PUSHES_PER_TURN_MAX {
            let Some((link, push)) = self.next_push() else { return };
            match link.try_send_frame(&push.frame) {
                Ok(()) => {
                    self.meters.pushes.increment(1);
                    self.lock().directory.pushed(push.receipt);
                }
                Err(SendError::Full) => {
                    self.meters.put_off.increment(1);
                    self.pushing.pass_over(&link, self.port.get());
                }
                // The directory hears of the link's end by itself.
                Err(error) => tracing::debug!(link = link.id(), %error, "no list was sent"),
            }
        }
    }

    /// Whose turn it is, and with what. None at the end of the round.
    fn next_push(&self) -> Option<(Link, Push)> {
        let mut state = self.lock();
        let State { directory, links, round } = &mut *state;
        loop {
            let push = directory.next_push(round.after()).unwrap_or_else(|error| {
                tracing::error!(%error, "the list cannot be encoded");
                None
            });
            let Some(push) = push else {
                if let Some(lasted) = round.end() {
                    self.meters.push_seconds.record(lasted);
                }
                return None;
            };
            let id = push.receipt.link;
            round.go_on_after(id);
            if !self.pushing.is_passed_over(id)
                && let Some(link) = links.get(&id)
            {
                return Some((link.clone(), push));
            }
        }
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
    fn perform(&self, state: &mut State, actions: Vec<DirectoryAction>) {
        let State { directory, links, round } = state;
        let with = |id, act: &dyn Fn(&Link)| {
            if let Some(link) = links.get(&id) {
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
                DirectoryAction::Push => {
                    self.meters.registered.set(directory.len() as f64);
                    round.news(Instant::now());
                    self.pushing.is_due.store(true, Ordering::Release);
                    self.wake();
                }
            }
        }
    }

    fn wake(&self) {
        if let Some(port) = self.port.get() {
            port.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The directory is whole after every call, so a panic elsewhere does it no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
