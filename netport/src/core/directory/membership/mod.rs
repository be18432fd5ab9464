//! A client's dealings with its server: reaching it, registering, following the list, and coming
//! back when the server is lost.

use std::time::{Duration, Instant};

use tlv_core::messages::{Changes, GoodbyeReason, RefuseReason, RegisterError, Snapshot};

use super::{LinkId, ListChange, View};
use crate::core::backoff::{Backoff, Chance};
use crate::core::end::{End, Refusal};
use crate::core::mutant::{Mutant, mutant};

/// How a client deals with its server.
#[derive(Clone, Debug)]
pub struct MembershipConfig {
    /// Waits between attempts to reach the server.
    pub backoff: Backoff,
    /// How long peers are kept that a new run of the server does not list yet: the longest wait
    /// between attempts, and what dialling and registering may take.
    pub patience: Duration,
    /// Whether to register as soon as the server is reached.
    pub register: bool,
    /// Whether a registration is tried again that was refused for a reason that passes.
    pub register_again: bool,
}

/// What happened. The links are those that [`MembershipAction::Dial`] named; events of any other
/// than the last change nothing.
#[derive(Clone, Debug)]
pub enum MembershipEvent {
    /// The user wants to be registered.
    Register,
    /// The user does not want to be registered.
    Deregister,
    /// The user stops the client.
    Leave,
    /// The handshake with the server is done.
    Opened(LinkId),
    /// `Snapshot` arrived.
    Snapshot(LinkId, Snapshot),
    /// `Changes` arrived.
    Changes(LinkId, Changes),
    /// `RegisterRefused` arrived.
    Refused(LinkId, RegisterError),
    /// The link ended, or could not be dialled.
    Ended(LinkId, ServerEnd),
}

/// What the end of a link to the server means for coming back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEnd {
    /// The server is out of reach for now.
    Lost,
    /// The server said that it is done: nobody comes back by itself.
    Done,
    /// The server knows a newer incarnation or session of this node.
    Older,
    /// A newer incarnation of this node has taken over.
    Replaced,
    /// The server does not speak this protocol, or not to this client.
    Refused,
}

impl ServerEnd {
    /// What this end of the link means.
    pub fn of(end: &End) -> Self {
        match end {
            End::Goodbye(GoodbyeReason::Done) => Self::Done,
            End::Goodbye(GoodbyeReason::Replaced) => Self::Replaced,
            End::RefusedBy(Refusal { reason: RefuseReason::Older, .. }) => Self::Older,
            // Another attempt would meet with the same refusal.
            End::Refused(Refusal { reason, .. }) | End::RefusedBy(Refusal { reason, .. })
                if [
                    RefuseReason::NotHello,
                    RefuseReason::Protocol,
                    RefuseReason::WireVersion,
                    RefuseReason::WrongNode,
                ]
                .contains(reason) =>
            {
                Self::Refused
            }
            _ => Self::Lost,
        }
    }
}

/// What the client has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum MembershipAction {
    /// Dial the server; what happens on the link is told under this number.
    Dial(LinkId),
    /// Send `Register`.
    SendRegister(LinkId),
    /// Send `Deregister`.
    SendDeregister(LinkId),
    /// Tell the user: the client is registered.
    Registered,
    /// Tell the user: the registration was refused, and whether and when it is tried again.
    Refused(RegisterError, Option<Duration>),
    /// Tell the user and the mesh: the list changed.
    List(ListChange),
    /// Tell the mesh: there is no list any more, since the client is not registered.
    Unlisted,
    /// Tell the user: the server is out of reach.
    Lost,
    /// Tell the user: this attempt to reach the server, counted from 1, came to nothing, and the
    /// next one follows after this time.
    Unreached(u32, Duration),
    /// Tell the user: there will be no other attempt, for this reason.
    Over(ServerEnd),
}

/// A client's dealings with its server.
#[derive(Debug)]
pub struct Membership {
    config: MembershipConfig,
    state: State,
    /// Whether the user wants to be registered.
    wanted: bool,
    /// Whether the server ever accepted this incarnation.
    was_accepted: bool,
    /// Waits since the server was last reached.
    attempts: u32,
    /// Attempts since then that came to nothing.
    failures: u32,
    /// Registrations that were refused since the last that was not.
    refusals: u32,
    /// The last link that was dialled.
    last: LinkId,
    view: View,
    chance: Chance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No link; the next attempt is made at this time, where there is one.
    Away(Option<Instant>),
    Dialling(LinkId),
    Open(LinkId, Standing),
    /// No link, and never again.
    Over,
}

/// How a client stands with the server that it has a link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Not registered.
    Guest,
    /// Not registered, and to ask again at this time.
    PutOff(Instant),
    /// `Register` is sent, and the list has yet to come.
    Asked,
    /// Registered, and `Register` is sent once more since the list is not known any more.
    Behind,
    /// The list is known, and kept up to date by the server.
    Member,
}

impl Membership {
    /// A client that has not dialled yet, and does so at `now`. The waits between attempts follow
    /// from `seed`.
    pub fn new(config: MembershipConfig, now: Instant, seed: u64) -> Self {
        Self {
            state: State::Away(Some(now)),
            wanted: config.register,
            was_accepted: false,
            attempts: 0,
            failures: 0,
            refusals: 0,
            last: 0,
            view: View::new(config.patience),
            chance: Chance::new(seed),
            config,
        }
    }

    /// The list as it is known.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether the server lists this client, as far as is known.
    pub fn is_registered(&self) -> bool {
        matches!(self.state, State::Open(_, Standing::Member | Standing::Behind))
    }

    /// Takes note of `event`, and says what to do about it.
    pub fn handle(&mut self, now: Instant, event: MembershipEvent) -> Vec<MembershipAction> {
        let mut actions = Vec::new();
        match event {
            MembershipEvent::Register => self.want(now, &mut actions),
            MembershipEvent::Deregister => self.unwant(&mut actions),
            MembershipEvent::Leave => {
                self.unwant(&mut actions);
                self.state = State::Over;
            }
            MembershipEvent::Opened(link) if self.state == State::Dialling(link) => {
                self.attempts = 0;
                self.failures = 0;
                self.state = State::Open(link, Standing::Guest);
                if self.wanted {
                    self.ask(Standing::Asked, &mut actions);
                }
            }
            MembershipEvent::Snapshot(link, snapshot) if self.is_open(link) => {
                self.snapshot(now, link, snapshot, &mut actions);
            }
            MembershipEvent::Changes(link, changes) => {
                if self.state == State::Open(link, Standing::Member) {
                    match self.view.changes(changes) {
                        Ok(change) => tell(change, &mut actions),
                        // The answer to another registration is the complete list.
                        Err(_gap) => self.ask(Standing::Behind, &mut actions),
                    }
                }
            }
            MembershipEvent::Refused(link, error) if self.is_open(link) => {
                self.refused(now, link, error, &mut actions);
            }
            MembershipEvent::Ended(link, end) if self.is_current(link) => {
                self.ended(now, end, &mut actions);
            }
            MembershipEvent::Opened(_)
            | MembershipEvent::Snapshot(..)
            | MembershipEvent::Refused(..)
            | MembershipEvent::Ended(..) => {}
        }
        actions
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        let retry = match self.state {
            State::Away(retry) => retry,
            State::Open(_, Standing::PutOff(until)) => Some(until),
            State::Dialling(_) | State::Open(..) | State::Over => None,
        };
        [retry, self.view.deadline()].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn on_deadline(&mut self, now: Instant) -> Vec<MembershipAction> {
        let mut actions = Vec::new();
        tell(self.view.on_deadline(now), &mut actions);
        match self.state {
            State::Away(Some(retry)) if retry <= now => {
                self.last += 1;
                self.state = State::Dialling(self.last);
                actions.push(MembershipAction::Dial(self.last));
            }
            State::Open(_, Standing::PutOff(until)) if until <= now => {
                self.ask(Standing::Asked, &mut actions);
            }
            _ => {}
        }
        actions
    }

    fn want(&mut self, now: Instant, actions: &mut Vec<MembershipAction>) {
        self.wanted = true;
        match self.state {
            State::Open(_, Standing::Guest | Standing::PutOff(_)) => {
                self.ask(Standing::Asked, actions);
            }
            State::Away(None) => self.state = State::Away(Some(now)),
            State::Away(Some(_)) | State::Dialling(_) | State::Open(..) | State::Over => {}
        }
    }

    fn unwant(&mut self, actions: &mut Vec<MembershipAction>) {
        self.wanted = false;
        self.view.clear();
        if let State::Open(link, standing) = self.state {
            self.state = State::Open(link, Standing::Guest);
            if !matches!(standing, Standing::Guest | Standing::PutOff(_)) {
                actions.push(MembershipAction::SendDeregister(link));
            }
        }
        actions.push(MembershipAction::Unlisted);
    }

    fn ask(&mut self, standing: Standing, actions: &mut Vec<MembershipAction>) {
        if let State::Open(link, _) = self.state {
            self.state = State::Open(link, standing);
            actions.push(MembershipAction::SendRegister(link));
        }
    }

    fn snapshot(
        &mut self,
        now: Instant,
        link: LinkId,
        snapshot: Snapshot,
        actions: &mut Vec<MembershipAction>,
    ) {
        match self.state {
            // Most likely it was on its way when `Deregister` was sent. If not, the server lists
            // a client that does not want it.
            State::Open(_, Standing::Guest | Standing::PutOff(_)) => {
                actions.push(MembershipAction::SendDeregister(link));
                return;
            }
            State::Open(_, Standing::Asked) => {
                self.state = State::Open(link, Standing::Member);
                self.was_accepted = true;
                self.refusals = 0;
                actions.push(MembershipAction::Registered);
            }
            State::Open(_, Standing::Behind) => {
                self.state = State::Open(link, Standing::Member);
            }
            State::Open(_, Standing::Member)
            | State::Away(_)
            | State::Dialling(_)
            | State::Over => {}
        }
        tell(self.view.snapshot(now, snapshot), actions);
    }

    /// The holder of a name may be about to leave, and a directory may have room again.
    fn refused(
        &mut self,
        now: Instant,
        link: LinkId,
        error: RegisterError,
        actions: &mut Vec<MembershipAction>,
    ) {
        let passes = matches!(error, RegisterError::NameTaken | RegisterError::Full);
        let again = (passes && self.wanted && self.config.register_again)
            .then(|| self.config.backoff.delay(self.refusals, &mut self.chance));
        self.refusals = self.refusals.saturating_add(1);
        self.wanted = again.is_some();
        let standing = again.map_or(Standing::Guest, |wait| Standing::PutOff(now + wait));
        self.state = State::Open(link, standing);
        actions.push(MembershipAction::Refused(error, again));
    }

    fn ended(&mut self, now: Instant, end: ServerEnd, actions: &mut Vec<MembershipAction>) {
        let was_open = matches!(self.state, State::Open(..));
        self.view.lost();
        let end = match end {
            // The incarnation was good enough once, so the newer one came later.
            ServerEnd::Older if self.was_accepted => ServerEnd::Replaced,
            end => end,
        };
        self.state = match end {
            ServerEnd::Lost if mutant(Mutant::GiveUpOnServer) => State::Away(None),
            ServerEnd::Lost => {
                let wait = self.config.backoff.delay(self.attempts, &mut self.chance);
                self.attempts = self.attempts.saturating_add(1);
                if was_open {
                    actions.push(MembershipAction::Lost);
                } else {
                    self.failures = self.failures.saturating_add(1);
                    actions.push(MembershipAction::Unreached(self.failures, wait));
                }
                State::Away(Some(now + wait))
            }
            ServerEnd::Done => State::Away(None),
            ServerEnd::Older | ServerEnd::Replaced | ServerEnd::Refused => State::Over,
        };
        if end != ServerEnd::Lost {
            actions.push(MembershipAction::Over(end));
        }
    }

    fn is_open(&self, link: LinkId) -> bool {
        matches!(self.state, State::Open(open, _) if open == link)
    }

    fn is_current(&self, link: LinkId) -> bool {
        self.is_open(link) || self.state == State::Dialling(link)
    }
}

/// Adds the news of `change`, where it has any.
fn tell(change: ListChange, actions: &mut Vec<MembershipAction>) {
    if !change.is_empty() {
        actions.push(MembershipAction::List(change));
    }
}

#[cfg(test)]
mod tests;
