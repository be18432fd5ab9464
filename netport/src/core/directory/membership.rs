//! A client's dealings with its server: reaching it, registering, following the list, and coming
//! back when the server is lost.

use std::time::{Duration, Instant};

use tlv_core::messages::{Changes, RegisterError, Snapshot};

use super::{LinkId, ListChange, View};
use crate::core::backoff::{Backoff, Chance};
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
mod tests {
    use tlv_core::Uuid;
    use tlv_core::messages::{Epoch, Peer};

    use super::*;

    /// A membership with a clock, which shows its actions as text.
    struct Lab {
        membership: Membership,
        now: Instant,
    }

    impl Lab {
        fn new() -> Self {
            let backoff =
                Backoff { first: Duration::from_millis(100), max: Duration::from_millis(800) };
            let config = MembershipConfig {
                backoff,
                patience: Duration::from_secs(2),
                register: true,
                register_again: true,
            };
            let now = Instant::now();
            Self { membership: Membership::new(config, now, 7), now }
        }

        /// One that is registered, on link 1.
        fn member() -> Self {
            let mut lab = Self::new();
            lab.wait("Dial(1)");
            lab.on(MembershipEvent::Opened(1), "SendRegister(1)");
            lab.on(MembershipEvent::Snapshot(1, snapshot(1, 1, "a")), "Registered List(-;a)");
            lab
        }

        fn on(&mut self, event: MembershipEvent, expect: &str) {
            let shown = format!("{event:?}");
            assert_eq!(text(&self.membership.handle(self.now, event)), expect, "after {shown}");
        }

        /// Lets the time pass until the next deadline.
        fn wait(&mut self, expect: &str) {
            self.now = self.membership.deadline().expect("there is a deadline");
            assert_eq!(text(&self.membership.on_deadline(self.now)), expect);
        }
    }

    fn text(actions: &[MembershipAction]) -> String {
        let names = |peers: &[std::sync::Arc<Peer>]| -> String {
            if peers.is_empty() { "-".into() } else { peers.iter().map(|p| &*p.name).collect() }
        };
        let words = actions.iter().map(|action| match action {
            MembershipAction::List(change) => {
                format!("List({};{})", names(&change.left), names(&change.joined))
            }
            // Chance says how long the wait is, within the bounds that `Backoff` shows.
            MembershipAction::Unreached(attempt, _wait) => format!("Unreached({attempt})"),
            MembershipAction::Refused(error, again) => match again {
                Some(_wait) => format!("RefusedForNow({error:?})"),
                None => format!("Refused({error:?})"),
            },
            other => format!("{other:?}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn peers(names: &str) -> Vec<Peer> {
        let peer = |name: char| {
            Peer::new(Uuid::from_bytes([name as u8; 16]), 1, 1, name.to_string(), Vec::new())
        };
        names.chars().map(peer).collect()
    }

    fn snapshot(run: u64, count: u64, names: &str) -> Snapshot {
        Snapshot::new(Epoch::new(run, count), peers(names))
    }

    fn changes(run: u64, from: u64, to: u64, joined: &str) -> Changes {
        Changes::new(Epoch::new(run, from), Epoch::new(run, to), peers(joined), Vec::new())
    }

    #[test]
    fn a_client_dials_registers_and_follows_the_list() {
        let mut lab = Lab::member();
        assert!(lab.membership.is_registered());
        lab.on(MembershipEvent::Changes(1, changes(1, 1, 2, "b")), "List(-;b)");
        lab.on(MembershipEvent::Changes(9, changes(1, 2, 3, "c")), "");
    }

    #[test]
    fn a_client_registers_again_on_the_same_link() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Deregister, "SendDeregister(1) Unlisted");
        lab.on(MembershipEvent::Changes(1, changes(1, 1, 2, "b")), "");
        lab.on(MembershipEvent::Register, "SendRegister(1)");
        lab.on(MembershipEvent::Register, "");
        let list = snapshot(1, 3, "ab");
        lab.on(MembershipEvent::Snapshot(1, list), "Registered List(-;ab)");
    }

    #[test]
    fn a_lost_server_is_dialled_again_and_again_with_growing_waits() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Ended(1, ServerEnd::Lost), "Lost");
        let mut waits = Vec::new();
        for link in 2..8 {
            let before = lab.now;
            lab.wait(&format!("Dial({link})"));
            waits.push((lab.now - before).as_millis());
            let unreached = format!("Unreached({})", link - 1);
            lab.on(MembershipEvent::Ended(link, ServerEnd::Lost), &unreached);
        }
        assert!(waits[0] <= 100 && waits[1..].is_sorted_by(|a, b| a <= b || *b >= 400));
        lab.wait("Dial(8)");
        lab.on(MembershipEvent::Opened(8), "SendRegister(8)");
        lab.on(MembershipEvent::Snapshot(8, snapshot(2, 1, "b")), "Registered List(-;b)");
        lab.wait("List(a;-)");
    }

    #[test]
    fn who_is_replaced_stays_away() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Ended(1, ServerEnd::Replaced), "Over(Replaced)");
        assert_eq!(lab.membership.deadline(), None);
        lab.on(MembershipEvent::Register, "");

        // Refused as older, after having been accepted once, means the same.
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Ended(1, ServerEnd::Lost), "Lost");
        lab.wait("Dial(2)");
        lab.on(MembershipEvent::Ended(2, ServerEnd::Older), "Over(Replaced)");
    }

    #[test]
    fn a_server_that_is_done_is_dialled_when_the_user_asks() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Ended(1, ServerEnd::Done), "Over(Done)");
        assert_eq!(lab.membership.deadline(), None);
        lab.on(MembershipEvent::Register, "");
        lab.wait("Dial(2)");
    }

    #[test]
    fn a_gap_asks_for_the_complete_list_once() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Changes(1, changes(1, 5, 6, "c")), "SendRegister(1)");
        lab.on(MembershipEvent::Changes(1, changes(1, 6, 7, "d")), "");
        lab.on(MembershipEvent::Snapshot(1, snapshot(1, 7, "acd")), "List(-;cd)");
    }

    #[test]
    fn a_refusal_that_lasts_is_told_and_not_repeated() {
        for error in [RegisterError::BadName, RegisterError::BadAddress, RegisterError::Older] {
            let mut lab = Lab::new();
            lab.wait("Dial(1)");
            lab.on(MembershipEvent::Opened(1), "SendRegister(1)");
            lab.on(MembershipEvent::Refused(1, error), &format!("Refused({error:?})"));
            assert_eq!(lab.membership.deadline(), None);
            // A server that lists the client all the same is corrected.
            lab.on(MembershipEvent::Snapshot(1, snapshot(1, 1, "a")), "SendDeregister(1)");
            lab.on(MembershipEvent::Register, "SendRegister(1)");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_asked_for_again_with_growing_waits() {
        let mut lab = Lab::new();
        lab.wait("Dial(1)");
        lab.on(MembershipEvent::Opened(1), "SendRegister(1)");
        let mut waits = Vec::new();
        for _ in 0..5 {
            let before = lab.now;
            let taken = MembershipEvent::Refused(1, RegisterError::NameTaken);
            lab.on(taken, "RefusedForNow(NameTaken)");
            lab.wait("SendRegister(1)");
            waits.push((lab.now - before).as_millis());
        }
        assert!(waits[0] <= 100 && waits[4] >= 400, "{waits:?}");
        lab.on(MembershipEvent::Snapshot(1, snapshot(1, 1, "a")), "Registered List(-;a)");
        assert_eq!(lab.membership.deadline(), None);
    }

    #[test]
    fn who_waits_for_a_name_may_think_better_of_it() {
        let refused = || MembershipEvent::Refused(1, RegisterError::NameTaken);
        let mut lab = Lab::new();
        lab.wait("Dial(1)");
        lab.on(MembershipEvent::Opened(1), "SendRegister(1)");
        lab.on(refused(), "RefusedForNow(NameTaken)");
        lab.on(MembershipEvent::Deregister, "Unlisted");
        assert_eq!(lab.membership.deadline(), None);
        lab.on(MembershipEvent::Register, "SendRegister(1)");
        lab.on(refused(), "RefusedForNow(NameTaken)");
        // At once, without waiting.
        lab.on(MembershipEvent::Register, "SendRegister(1)");

        let mut lab = Lab::new();
        lab.membership.config.register_again = false;
        lab.wait("Dial(1)");
        lab.on(MembershipEvent::Opened(1), "SendRegister(1)");
        lab.on(refused(), "Refused(NameTaken)");
        assert_eq!(lab.membership.deadline(), None);
    }

    #[test]
    fn leaving_deregisters_first_and_is_final() {
        let mut lab = Lab::member();
        lab.on(MembershipEvent::Leave, "SendDeregister(1) Unlisted");
        lab.on(MembershipEvent::Ended(1, ServerEnd::Lost), "");
        assert_eq!(lab.membership.deadline(), None);
    }
}
