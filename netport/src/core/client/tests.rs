//! What a client does on its links, and what it tells its user.

use std::io;

use tlv_core::messages::{Epoch, GoodbyeReason, Peer, RefuseReason, Snapshot};
use tlv_core::{Message, MessageSet};

use super::*;

/// The client of node 5, with a clock, which shows its actions as text. Nodes are small numbers.
struct Lab {
    core: ClientCore,
    now: Instant,
}

const SERVER: Purpose = Purpose::Server(1);

fn node(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

fn address(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 7000))
}

fn peer(number: u8, incarnation: u64) -> Arc<PeerInfo> {
    Arc::new(PeerInfo {
        node: node(number),
        incarnation,
        session: 1,
        name: number.to_string(),
        role: if number == 0 { Role::Server } else { Role::Client },
        version: 1,
        address: address(number),
        local: address(5),
        dialled: false,
    })
}

/// The server's list of these, each with one address.
fn list(numbers: &[u8]) -> Snapshot {
    let listed =
        |number: &u8| Peer::new(node(*number), 1, 1, number.to_string(), vec![address(*number)]);
    Snapshot::new(Epoch::new(1, 1), numbers.iter().map(listed).collect())
}

impl Lab {
    fn new(register: bool) -> Self {
        let settings = ClientSettings {
            node: node(5),
            server: address(0),
            advertise: Vec::new(),
            backoff: Backoff::default(),
            attempt_timeout: Duration::from_secs(1),
            register,
            register_again: true,
            mesh: MeshConfig::default(),
        };
        let now = Instant::now();
        let mut core = ClientCore::new(settings, now, 7);
        core.listens(address(5));
        Self { core, now }
    }

    /// One that is told this list, on link 1.
    fn member(numbers: &[u8], expect: &str) -> Self {
        let mut lab = Self::new(true);
        lab.wait("Dial(server)");
        lab.opened(1, SERVER, peer(0, 1), "Send(1, Register(192.0.2.5:7000))");
        lab.on(MembershipEvent::Snapshot(1, list(numbers)), expect);
        lab
    }

    fn on(&mut self, event: MembershipEvent, expect: &str) {
        self.handle(ClientEvent::Membership(event), expect);
    }

    fn opened(&mut self, link: LinkId, purpose: Purpose, peer: Arc<PeerInfo>, expect: &str) {
        let opened = ClientEvent::opened(link, purpose, peer);
        self.handle(opened.expect("such a link is allowed"), expect);
    }

    fn handle(&mut self, event: ClientEvent, expect: &str) {
        let shown = format!("{event:?}");
        assert_eq!(text(&self.core.handle(self.now, event)), expect, "after {shown}");
    }

    /// Lets the time pass until the next deadline.
    fn wait(&mut self, expect: &str) {
        self.now = self.core.deadline().expect("there is a deadline");
        assert_eq!(text(&self.core.on_deadline(self.now)), expect);
    }
}

fn text(actions: &[ClientAction]) -> String {
    let number = |node: &Uuid| node.to_bytes()[0].to_string();
    let words = actions.iter().map(|action| match action {
        ClientAction::Dial(Purpose::Server(_), ..) => "Dial(server)".to_owned(),
        ClientAction::Dial(Purpose::Peer(node), ..) => {
            format!("Dial({})", node.as_ref().map_or("?".to_owned(), number))
        }
        ClientAction::Send(link, Control::Register(register)) => {
            format!("Send({link}, Register({}))", register.addresses[0])
        }
        ClientAction::Send(link, message) => {
            let message = format!("{message:?}");
            format!("Send({link}, {})", message.split(['(', ' ']).next().unwrap_or_default())
        }
        ClientAction::Close(link, reason) => format!("Close({link}, {reason:?})"),
        ClientAction::Refuse(link, refusal) => format!("Refuse({link}, {:?})", refusal.reason),
        ClientAction::Up(link, peer) => format!("Up({link}, {})", peer.name),
        ClientAction::Down(link, peer, end) => format!("Down({link}, {}, {end})", peer.name),
        ClientAction::Unreached(node) => format!("Unreached({})", number(node)),
        ClientAction::Tell(ClientNews::List(list)) => format!("List({})", list.peers.len()),
        ClientAction::Tell(ClientNews::Registered) => "Registered".to_owned(),
        ClientAction::Tell(ClientNews::RegisterRefused(error, _)) => format!("Refused({error:?})"),
        ClientAction::Tell(ClientNews::ServerGone(end)) => format!("Gone({end})"),
        ClientAction::Tell(ClientNews::ServerLost(end)) => format!("Lost({end})"),
        ClientAction::Tell(ClientNews::ServerUnreached(attempt, end, _)) => {
            format!("Unreached({attempt}, {end})")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_mesh_dials_whom_the_server_lists() {
    let mut lab = Lab::member(&[5, 7, 9], "Registered Dial(7) Dial(9) List(3)");
    lab.opened(2, Purpose::Peer(Some(node(7))), peer(7, 1), "Send(2, Welcome) Up(2, 7)");
    assert_eq!(lab.core.up(&node(7)), Some(2));
    lab.on(MembershipEvent::Leave, "Send(1, Deregister)");
    assert_eq!(lab.core.view().peers().len(), 0);
}

#[test]
fn what_is_said_of_the_server_goes_by_the_link_of_its_dial() {
    let mut lab = Lab::member(&[5], "Registered List(1)");
    lab.handle(
        ClientEvent::Ended(1, SERVER, End::Goodbye(GoodbyeReason::Restart)),
        "Lost(the peer said goodbye: restarting)",
    );
    lab.on(MembershipEvent::Deregister, "");
    lab.on(MembershipEvent::Register, "");
    lab.wait("Dial(server)");
    let second = Purpose::Server(2);
    lab.opened(4, second, peer(0, 1), "Send(4, Register(192.0.2.5:7000))");
    // Of the first link nothing is to be heard any more.
    lab.on(MembershipEvent::Snapshot(1, list(&[5, 7])), "");
    lab.handle(ClientEvent::Ended(1, SERVER, End::Lost), "");
    lab.on(MembershipEvent::Deregister, "Send(4, Deregister)");
}

#[test]
fn a_dial_that_cannot_begin_is_one_that_failed() {
    let mut lab = Lab::new(true);
    lab.wait("Dial(server)");
    let failed = || End::Dial(io::ErrorKind::NetworkUnreachable);
    lab.handle(
        ClientEvent::NotDialled(SERVER, failed()),
        "Unreached(1, cannot connect: network unreachable)",
    );
    lab.wait("Dial(server)");

    let mut lab = Lab::member(&[5, 7], "Registered Dial(7) List(2)");
    lab.handle(ClientEvent::Mesh(MeshEvent::Wanted(node(7))), "");
    lab.handle(ClientEvent::NotDialled(Purpose::Peer(Some(node(7))), failed()), "Unreached(7)");
    lab.wait("Dial(7)");
}

#[test]
fn a_peer_that_is_down_is_told_with_the_reason_of_whoever_ended_its_link() {
    let mut lab = Lab::member(&[5], "Registered List(1)");
    let accepted = Purpose::Peer(None);
    lab.opened(2, accepted, peer(9, 1), "Send(2, Welcome) Up(2, 9)");
    lab.handle(
        ClientEvent::Ended(2, accepted, End::Goodbye(GoodbyeReason::Done)),
        "Down(2, 9, the peer said goodbye: done)",
    );

    lab.opened(3, accepted, peer(7, 1), "Send(3, Welcome) Up(3, 7)");
    lab.opened(
        4,
        accepted,
        peer(7, 2),
        "Close(3, Replaced) Down(3, 7, closed here: replaced by a newer incarnation) \
         Send(4, Welcome) Up(4, 7)",
    );
    // Its end is no news.
    lab.handle(ClientEvent::Ended(3, accepted, End::Closed(GoodbyeReason::Replaced)), "");
    assert_eq!(lab.core.connected().map(|peer| peer.incarnation).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_link_that_never_opened_says_nothing_of_one_that_did() {
    let mut lab = Lab::member(&[5, 7], "Registered Dial(7) List(2)");
    let accepted = Purpose::Peer(None);
    lab.opened(3, accepted, peer(7, 1), "Send(3, Welcome) Up(3, 7)");
    lab.handle(ClientEvent::Ended(4, accepted, End::Lost), "");
    lab.handle(ClientEvent::Ended(2, Purpose::Peer(Some(node(7))), End::Lost), "");
    assert_eq!(lab.core.up(&node(7)), Some(3));
}

#[test]
fn a_link_is_refused_to_who_is_not_to_have_one_or_says_what_it_may_not() {
    let refused = |result: Result<ClientEvent, End>| match result {
        Err(End::Refused(refusal)) => refusal.reason,
        other => panic!("{other:?}"),
    };
    let opened = ClientEvent::opened(2, Purpose::Peer(None), peer(0, 1));
    assert_eq!(refused(opened), RefuseReason::NotAllowed);
    let welcome = Control::borrow(Welcome::ID, &[]).expect("it is empty");
    assert_eq!(refused(ClientEvent::received(1, SERVER, welcome)), RefuseReason::NotAllowed);
    let register = Control::borrow(Deregister::ID, &[]).expect("it is empty");
    let received = ClientEvent::received(2, Purpose::Peer(None), register);
    assert_eq!(refused(received), RefuseReason::NotAllowed);
}

#[test]
fn a_name_is_whose_the_list_says_and_of_the_unlisted_only_if_one_has_it() {
    let mut lab = Lab::member(&[5, 9], "Registered Dial(9) List(2)");
    let accepted = Purpose::Peer(None);
    let called = |number, name: &str| {
        Arc::new(PeerInfo { name: name.to_owned(), ..(*peer(number, 1)).clone() })
    };
    lab.opened(2, accepted, called(7, "9"), "Send(2, Welcome) Up(2, 9)");
    lab.opened(3, accepted, called(8, "ann"), "Send(3, Welcome) Up(3, ann)");
    assert_eq!(lab.core.named("9"), Some(node(9)));
    assert_eq!(lab.core.named("ann"), Some(node(8)));
    lab.opened(4, accepted, called(6, "ann"), "Send(4, Welcome) Up(4, ann)");
    assert_eq!(lab.core.named("ann"), None);
    assert!(lab.core.knows(&node(6)) && lab.core.knows(&node(9)) && !lab.core.knows(&node(1)));
}
