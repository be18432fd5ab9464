//! What a client does on each event of its life with a server.

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
    for error in [RegisterError::BadName, RegisterError::BadAddress] {
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
