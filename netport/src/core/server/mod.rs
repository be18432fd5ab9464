//! What a server decides: what it says on which link, and when it sends whom its list.
//!
//! [`ServerCore`] has two parts, the [`Directory`], which says who is listed and what each
//! subscriber lacks, and the rounds in which that is sent. Who drives it hands it what happens, and
//! does what it says; nothing else is left to decide.
//!
//! A turn is [`ServerCore::on_deadline`], and then [`ServerCore::next_push`] until there is none.

mod event;
mod round;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tlv_core::EncodeError;
use tlv_core::messages::{
    Control, GoodbyeReason, Probe, RefuseReason, RegisterError, RegisterRefused,
};

pub use self::event::ServerEvent;
use self::round::Rounds;
use super::LinkId;
use super::directory::{Directory, DirectoryAction, DirectoryConfig, DirectoryEvent, Push, Pushed};
use super::end::Refusal;
use super::mutant::{Mutant, mutant};

/// How a server deals with its clients.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Whom it lists.
    pub directory: DirectoryConfig,
    /// Lists are sent at least this far apart, so that a burst of changes shares them; the first
    /// change after a quiet time is told at once.
    pub push_spacing: Duration,
    /// Most lists that are sent in one turn.
    pub pushes_per_turn_max: usize,
}

/// What is to be done about a server. Links that are not known (any more) are left alone.
#[derive(Clone, Debug)]
pub enum ServerAction {
    /// Send this. Where there is no room for it, [`ServerEvent::Unsent`] follows.
    Send(LinkId, Control),
    /// Say goodbye and close.
    Close(LinkId, GoodbyeReason),
    /// Refuse the link.
    Refuse(LinkId, Refusal),
    /// Tell the operator: so many are listed now.
    Listed(usize),
}

/// A server's decisions.
#[derive(Debug)]
pub struct ServerCore {
    directory: Directory,
    rounds: Rounds,
    /// Subscribers whose link had no room for the list, and which are passed over until it has.
    full: BTreeSet<LinkId>,
    pushes_per_turn_max: usize,
    /// Lists that may still be sent in this turn.
    pushes_left: usize,
}

impl ServerCore {
    /// A server that lists nobody, in the run `run`, a number that no other should share.
    pub fn new(settings: ServerSettings, run: u64) -> Self {
        Self {
            directory: Directory::new(settings.directory, run),
            rounds: Rounds::new(settings.push_spacing),
            full: BTreeSet::new(),
            pushes_per_turn_max: settings.pushes_per_turn_max,
            pushes_left: 0,
        }
    }

    /// Takes note of `event`, and says what to do about it, in order.
    pub fn handle(&mut self, now: Instant, event: ServerEvent) -> Vec<ServerAction> {
        match event {
            ServerEvent::Directory(event) => {
                if let DirectoryEvent::Closed(link) = event {
                    self.full.remove(&link);
                }
                let decided = self.directory.handle(now, event);
                self.follow(now, decided)
            }
            ServerEvent::Room(link) => {
                if !mutant(Mutant::ForgetRoom) && self.full.remove(&link) {
                    self.rounds.lacking(now);
                }
                Vec::new()
            }
            // Who never reads what it is told learns that its link is over.
            ServerEvent::Unsent(link) => {
                let refusal = Refusal::new(RefuseReason::Busy, "answers are not read");
                vec![ServerAction::Refuse(link, refusal)]
            }
        }
    }

    /// When the next turn is to be taken.
    pub fn deadline(&self) -> Option<Instant> {
        [self.directory.deadline(), self.rounds.deadline()].into_iter().flatten().min()
    }

    /// Begins a turn: does what is due at `now`.
    pub fn on_deadline(&mut self, now: Instant) -> Vec<ServerAction> {
        let decided = self.directory.on_deadline(now);
        let actions = self.follow(now, decided);
        self.rounds.begin(now);
        self.pushes_left = self.pushes_per_turn_max;
        actions
    }

    /// The next list to be sent in this turn, in the order of the links. What became of it is told by
    /// [`Self::pushed`] or [`Self::no_room`]; where the link has ended, by nothing but its end. The
    /// error never occurs while every entry is within the spec's bounds.
    pub fn next_push(&mut self) -> Result<Option<Push>, EncodeError> {
        while self.pushes_left > 0
            && let Some(round) = self.rounds.running()
        {
            let next = self.directory.next_push(round.after);
            let Ok(Some(push)) = next else {
                self.rounds.end();
                return next;
            };
            round.after = Some(push.receipt.link);
            if !self.full.contains(&push.receipt.link) {
                self.pushes_left -= 1;
                return Ok(Some(push));
            }
        }
        Ok(None)
    }

    /// When the first of the changes happened that the last round told, once it is over: to be asked
    /// at the end of a turn.
    pub fn take_told(&mut self) -> Option<Instant> {
        self.rounds.take_told()
    }

    /// The link has admitted a list, which will arrive unless the link ends.
    pub fn pushed(&mut self, receipt: Pushed) {
        self.directory.pushed(receipt);
    }

    /// The link had no room for a list. When it has, [`ServerEvent::Room`] is to follow.
    pub fn no_room(&mut self, link: LinkId) {
        self.full.insert(link);
    }

    /// Who is listed.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What the directory's decisions mean.
    fn follow(&mut self, now: Instant, decided: Vec<DirectoryAction>) -> Vec<ServerAction> {
        let actions = decided.into_iter().map(|action| match action {
            DirectoryAction::Refuse(link, reason, current) => {
                let refusal = Refusal { current, ..Refusal::new(reason, refusal_text(reason)) };
                ServerAction::Refuse(link, refusal)
            }
            DirectoryAction::RefuseRegistration(link, error) => {
                let refused = RegisterRefused::new(error, register_text(error).to_owned());
                ServerAction::Send(link, Control::RegisterRefused(refused))
            }
            DirectoryAction::Probe(link, nonce) => {
                ServerAction::Send(link, Control::Probe(Probe::new(nonce)))
            }
            DirectoryAction::Dismiss(link, reason) => ServerAction::Close(link, reason),
            DirectoryAction::Push => {
                self.rounds.news(now);
                ServerAction::Listed(self.directory.len())
            }
        });
        actions.collect()
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

#[cfg(test)]
mod tests;
