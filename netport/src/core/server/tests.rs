//! What a server does on its links, and when it sends whom its list.

use std::net::SocketAddr;

use tlv_core::messages::{ControlRef, Role, Welcome};
use tlv_core::{Message, MessageSet, Uuid};

use super::*;
use crate::core::end::End;
use crate::core::link::handshake::PeerInfo;

const SPACING: Duration = Duration::from_millis(5);

/// A server with a clock. Clients have the numbers of their links.
struct Lab {
    core: ServerCore,
    now: Instant,
}

fn client(number: u8, role: Role) -> PeerInfo {
    let address = SocketAddr::from(([192, 0, 2, number], 7000));
    PeerInfo {
        node: Uuid::from_bytes([number; 16]),
        incarnation: 1,
        session: 1,
        name: number.to_string(),
        role,
        version: 1,
        address,
        local: address,
        dialled: false,
    }
}

impl Lab {
    fn new(pushes_per_turn_max: usize) -> Self {
        let settings = ServerSettings {
            directory: DirectoryConfig::default(),
            push_spacing: SPACING,
            pushes_per_turn_max,
        };
        Self { core: ServerCore::new(settings, 1), now: Instant::now() }
    }

    /// One with these clients, whom it has told of each other; time enough ago for the next round.
    fn with(pushes_per_turn_max: usize, clients: &[u8]) -> Self {
        let mut lab = Self::new(pushes_per_turn_max);
        for number in clients {
            lab.join(*number);
        }
        while lab.core.deadline().is_some_and(|at| at <= lab.now) {
            lab.turn(&[]);
        }
        assert_eq!(lab.core.deadline(), None);
        lab.core.take_told();
        lab.now += SPACING;
        lab
    }

    /// A client comes and registers.
    fn join(&mut self, number: u8) {
        let link = LinkId::from(number);
        let opened = ServerEvent::opened(link, &client(number, Role::Client));
        self.core.handle(self.now, opened.expect("clients are served"));
        let addresses = vec![SocketAddr::from(([0, 0, 0, 0], 7000))];
        let register = DirectoryEvent::Register(link, addresses);
        self.core.handle(self.now, ServerEvent::Directory(register));
    }

    /// A turn. Returns whom it sends a list; the links of `full` have no room.
    fn turn(&mut self, full: &[LinkId]) -> Vec<LinkId> {
        self.core.on_deadline(self.now);
        let mut sent = Vec::new();
        while let Some(push) = self.core.next_push().expect("entries within their bounds") {
            let link = push.receipt.link;
            if full.contains(&link) {
                self.core.no_room(link);
            } else {
                self.core.pushed(push.receipt);
                sent.push(link);
            }
        }
        sent
    }
}

#[test]
fn a_first_change_is_told_at_once_and_those_that_follow_together() {
    let mut lab = Lab::new(9);
    lab.join(1);
    let first = lab.now;
    assert_eq!(lab.core.deadline(), Some(first));
    assert_eq!(lab.turn(&[]), [1]);
    assert_eq!((lab.core.take_told(), lab.core.take_told()), (Some(first), None));

    lab.now += SPACING / 5;
    let second = lab.now;
    lab.join(2);
    lab.now += SPACING / 5;
    lab.join(3);
    assert_eq!(lab.core.deadline(), Some(first + SPACING));
    assert_eq!(lab.turn(&[]), []);
    lab.now = first + SPACING;
    assert_eq!(lab.turn(&[]), [1, 2, 3]);
    assert_eq!(lab.core.take_told(), Some(second));
    assert_eq!(lab.core.deadline(), None);
}

#[test]
fn a_round_goes_on_in_the_next_turn_and_what_changes_meanwhile_is_told_by_the_next_round() {
    let mut lab = Lab::with(2, &[1, 2, 3]);
    lab.join(4);
    assert_eq!(lab.turn(&[]), [1, 2]);
    assert_eq!(lab.core.deadline(), Some(lab.now));
    assert_eq!(lab.core.take_told(), None);
    lab.join(5);
    assert_eq!(lab.turn(&[]), [3, 4]);
    assert_eq!(lab.turn(&[]), [5]);
    lab.now = lab.core.deadline().expect("some lack the last");
    assert_eq!(lab.turn(&[]), [1, 2]);
    // Who was told after the change knows of it.
    assert_eq!(lab.turn(&[]), []);
    assert_eq!(lab.core.deadline(), None);
}

#[test]
fn who_has_no_room_is_passed_over_until_there_is_some_and_holds_up_nobody() {
    let mut lab = Lab::with(9, &[1, 2, 3]);
    lab.join(4);
    assert_eq!(lab.turn(&[2]), [1, 3, 4]);
    assert_eq!(lab.core.deadline(), None);
    lab.now += SPACING;
    lab.join(5);
    assert_eq!(lab.turn(&[]), [1, 3, 4, 5]);

    lab.core.handle(lab.now, ServerEvent::Room(2));
    lab.now = lab.core.deadline().expect("one lacks two changes");
    assert_eq!(lab.turn(&[]), [2]);
    // To whom it was told before, room is no news.
    lab.core.handle(lab.now, ServerEvent::Room(2));
    assert_eq!(lab.core.deadline(), None);
}

#[test]
fn a_link_without_room_that_ends_leaves_nothing_behind() {
    let mut lab = Lab::with(9, &[1, 2]);
    lab.join(3);
    assert_eq!(lab.turn(&[2]), [1, 3]);
    lab.core.handle(lab.now, ServerEvent::ended(2));
    assert!(lab.core.full.is_empty());
    lab.now += SPACING;
    assert_eq!(lab.turn(&[]), [1, 3]);
    assert_eq!((lab.core.directory().len(), lab.core.deadline()), (2, None));
}

#[test]
fn who_reads_no_answers_is_refused() {
    let mut lab = Lab::with(9, &[1]);
    let actions = lab.core.handle(lab.now, ServerEvent::Unsent(1));
    let [ServerAction::Refuse(1, refusal)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(refusal.reason, RefuseReason::Busy);
}

#[test]
fn a_link_is_refused_to_who_is_no_client_or_says_what_means_nothing_to_a_server() {
    let refused = |result: Result<ServerEvent, End>| match result {
        Err(End::Refused(refusal)) => refusal.reason,
        other => panic!("{other:?}"),
    };
    let server = ServerEvent::opened(1, &client(1, Role::Server));
    assert_eq!(refused(server), RefuseReason::NotAllowed);
    let welcome: ControlRef<'_> = Control::borrow(Welcome::ID, &[]).expect("it is empty");
    assert_eq!(refused(ServerEvent::received(1, welcome)), RefuseReason::NotAllowed);
}
