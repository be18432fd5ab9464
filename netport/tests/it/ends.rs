//! What a callback's error means: for its own link, and for the peer at the other end of it.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, Sender, channel};

use netport::{
    Connection, End, Fresh, Inbox, Limit, Link, NetPort, Origin, Packet, PeerInfo, Port,
    PortHandle, Refusal, dispatch,
};
use socket2::SockRef;
use tlv_core::Message;
use tlv_core::messages::{App, AppRef, GoodbyeReason, Greet, RefuseReason, Role};

use crate::support::{Raw, TestPort, config, ended, greet_of, next, report, wait_until};

/// Launches what `make` makes for whoever connects, and reports how each of them ended.
fn start<C: Connection>(make: impl FnMut() -> C + Send + 'static) -> (PortHandle, Receiver<End>) {
    struct User<F>(F, Sender<End>);
    impl<C: Connection, F: FnMut() -> C + Send + 'static> NetPort for User<F> {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            fresh.launch(Telling((self.0)(), self.1.clone())).map(drop)
        }
    }
    let (tell, ends) = channel();
    (Port::start(config("user"), User(make, tell)).expect("it starts"), ends)
}

/// Hands everything on, and tells the end.
struct Telling<C>(C, Sender<End>);

impl<C: Connection> Connection for Telling<C> {
    type Set = C::Set;

    fn run(&mut self, link: &Link, inbox: &mut Inbox) -> Result<(), End> {
        self.0.run(link, inbox)
    }

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        self.0.on_open(link, peer)
    }

    fn on_end(&mut self, _: &Link, end: &End) {
        report(&self.1, end.clone());
    }
}

/// Answers the first message with this error.
struct Failing(Option<End>);

impl Connection for Failing {
    type Set = App;

    fn on_message(&mut self, _: &Link, _: AppRef<'_>) -> Result<(), End> {
        self.0.take().map_or(Ok(()), Err)
    }
}

/// What both ends of a link are told whose callback returns `end`.
fn told(end: End) -> (End, End) {
    let mut end = Some(end);
    let (port, ends) = start(move || Failing(end.take()));
    let ann = TestPort::start(config("ann"));
    let (link, seen) = ann.connect(port.local_addr());
    link.send(&greet_of("fail")).expect("the link is open");
    let peers = ended(&seen);
    (next(&ends), peers)
}

#[test]
fn what_befell_another_link_ends_this_one_in_order_for_the_users_own_reason() {
    for end in [
        End::Dial(ErrorKind::ConnectionRefused),
        End::Goodbye(GoodbyeReason::Done),
        End::Lost,
        End::NoRoom(Limit::Connections),
        End::RefusedBy(Refusal::new(RefuseReason::Older, "")),
        End::Reset(ErrorKind::BrokenPipe),
        End::Stalled,
    ] {
        let text = end.to_string();
        let (own, peers) = told(end);
        assert!(matches!(own, End::User(_)) && own.to_string() == text, "{text}: {own:?}");
        assert!(matches!(peers, End::Goodbye(GoodbyeReason::Restart)), "{text}: {peers:?}");
    }
}

#[test]
fn what_a_callback_decides_is_told_to_the_peer_as_such() {
    let malformed = Greet::decode(&[]).expect_err("it is empty");
    for (end, label, peers_text) in [
        (End::Closed(GoodbyeReason::Replaced), "closed", "replaced by a newer incarnation"),
        (End::Full, "full", "restarting"),
        (End::Idle, "idle", "idle for too long"),
        (End::Malformed(malformed), "malformed", "malformed: "),
        (End::Panicked("by hand".into()), "panicked", "restarting"),
        (End::refuse(RefuseReason::Busy, "try later"), "refused", "busy: try later"),
        (End::Stopped, "stopped", "done"),
        (End::System(ErrorKind::OutOfMemory), "system", "restarting"),
        (End::user("no licence"), "user", "restarting"),
    ] {
        let (own, peers) = told(end);
        assert_eq!(own.label(), label);
        assert!(peers.to_string().contains(peers_text), "{label}: {peers}");
    }
}

#[test]
fn a_send_on_another_link_that_was_refused_does_not_refuse_this_one() {
    /// Sends what it hears on another link.
    struct Relay(Link);
    impl Connection for Relay {
        type Set = App;
        fn on_message(&mut self, _: &Link, _: AppRef<'_>) -> Result<(), End> {
            Ok(self.0.try_send(&greet_of("passed on"))?)
        }
    }
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (other, _) = bob.connect(ann.handle.local_addr());
    other.refuse(RefuseReason::NotAllowed, "this one alone", None);
    let (relay, ends) = start(move || Relay(other.clone()));
    let (link, seen) = ann.connect(relay.local_addr());
    link.send(&greet_of("hello")).expect("the link is open");
    let end = ended(&seen);
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Restart)), "{end}");
    assert_eq!(next(&ends).to_string(), "the link is closed");
}

#[test]
fn who_is_refused_for_what_befell_another_link_is_told_goodbye() {
    struct User;
    impl NetPort for User {
        fn on_new_connection(&mut self, _: &Port, _: &Origin) -> Result<(), End> {
            Err(End::Dial(ErrorKind::ConnectionRefused))
        }
        fn new_connection(&mut self, _: &Port, _: Fresh) -> Result<(), End> {
            panic!("refused connections are not launched");
        }
    }
    let port = Port::start(config("user"), User).expect("it starts");
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.dial(port.local_addr());
    let end = ended(&seen);
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Restart)), "{end}");
}

#[test]
fn what_befell_a_link_is_its_end_whatever_its_callbacks_make_of_it() {
    /// Returns something else than why it was told to.
    struct Stubborn;
    impl Connection for Stubborn {
        type Set = App;
        fn run(&mut self, link: &Link, inbox: &mut Inbox) -> Result<(), End> {
            while let Ok(netport::InboxEvent::Packet(packet)) = inbox.next(None) {
                self.on_packet(link, packet)?;
            }
            Ok(())
        }
        fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
            dispatch(self, link, packet).map_err(|_| End::user("a reason of its own"))
        }
    }
    let (port, ends) = start(|| Stubborn);
    drop(Raw::open(port.local_addr(), Role::Client));
    let end = next(&ends);
    assert!(matches!(end, End::Lost), "{end}");
    let ann = TestPort::start(config("ann"));
    for (leave, what) in [
        (Link::close as fn(&Link, _), "the peer said goodbye: done"),
        (|link, _| link.refuse(RefuseReason::Busy, "", None), "refused by the peer: busy"),
    ] {
        let (link, _) = ann.connect(port.local_addr());
        leave(&link, GoodbyeReason::Done);
        assert_eq!(next(&ends).to_string(), what);
    }
}

#[test]
fn a_link_whose_wire_fails_under_a_callback_ends_for_that() {
    /// Sends until it cannot.
    struct Sending(Option<Receiver<()>>);
    impl Connection for Sending {
        type Set = App;
        fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
            next(&self.0.take().expect("one peer"));
            loop {
                link.send(&greet_of("hello"))?;
                link.flush();
            }
        }
    }
    let (go, until) = channel();
    let mut until = Some(until);
    let (port, ends) = start(move || Sending(until.take()));
    let peer = Raw::open(port.local_addr(), Role::Client);
    wait_until("it is open", || port.links().iter().any(Link::is_open));
    SockRef::from(&peer.0).set_linger(Some(std::time::Duration::ZERO)).expect("an option");
    drop(peer);
    go.send(()).expect("it waits");
    let end = next(&ends);
    assert!(matches!(end, End::Reset(_)), "{end}");
}
