//! Two ports, one link: it opens, carries messages both ways, and ends in order.

use netport::{End, Expect, Port};
use socket2::{Domain, Socket, Type};
use tlv_core::Uuid;
use tlv_core::messages::{GoodbyeReason, RefuseReason, Role};

use crate::support::{
    PATIENCE, Raw, Reporter, TestPort, config, ended, frame, greet_of, greeted, loopback, opened,
};

#[test]
fn both_ends_learn_who_the_other_is() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (_, events) = ann.dial(bob.handle.local_addr());
    let (_, peer) = opened(&events);
    assert_eq!((peer.name.as_str(), peer.node), ("bob", bob.handle.identity().node));
    assert!(peer.dialled);
    let (_, peer) = opened(&bob.seen);
    assert_eq!((peer.name.as_str(), peer.node), ("ann", ann.handle.identity().node));
    assert!(!peer.dialled);
    assert_eq!(peer.session, 1);
}

#[test]
fn handles_are_equal_if_they_are_to_the_same_link_or_port() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (first, events) = ann.dial(bob.handle.local_addr());
    let (second, _) = ann.dial(bob.handle.local_addr());
    let (same, _) = opened(&events);
    assert_eq!((&same, &first.clone()), (&first, &first));
    assert_ne!(first, second);
    assert_eq!(*ann.handle, Port::clone(&ann.handle));
    assert_ne!(*ann.handle, *bob.handle);
}

#[test]
fn messages_arrive_in_order_in_both_directions() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, events) = ann.connect(bob.handle.local_addr());
    for number in 0..1_000 {
        link.send(&greet_of(&number.to_string())).expect("the link is open");
    }
    opened(&bob.seen);
    for number in 0..1_000 {
        assert_eq!(greeted(&bob.seen), number.to_string());
        assert_eq!(greeted(&events), format!("{number}, too"));
    }
}

#[test]
fn what_was_accepted_before_a_close_arrives() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, events) = ann.connect(bob.handle.local_addr());
    let text = "x".repeat(400);
    for _ in 0..1_000 {
        link.send(&greet_of(&text)).expect("the link is open");
    }
    link.close(GoodbyeReason::Restart);
    assert!(matches!(ended(&events), End::Closed(GoodbyeReason::Restart)));
    opened(&bob.seen);
    for _ in 0..1_000 {
        assert_eq!(greeted(&bob.seen), text);
    }
    assert!(matches!(ended(&bob.seen), End::Goodbye(GoodbyeReason::Restart)));
}

#[test]
fn what_was_accepted_arrives_though_the_peer_reads_late_and_still_sends() {
    let mut patient = config("port");
    patient.link.linger = PATIENCE;
    let port = TestPort::start(patient);
    let text = "x".repeat(500);
    let mut late = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let mut accepted = 0;
    while link.backlog_bytes() < 100_000 {
        link.try_send(&greet_of(&text)).expect("there is room");
        accepted += 1;
    }
    link.close(GoodbyeReason::Done);
    // Unread bytes would make a reset of the close, and lose the rest.
    late.write(&frame(&greet_of("one more thing")));
    for _ in 0..accepted {
        assert_eq!(late.frame().expect("what was accepted").0, 0x0102);
    }
    assert_eq!(late.frame().expect("a farewell").0, 0x0006);
    assert_eq!(late.frame(), None);
    drop(late);
    assert!(matches!(ended(&port.seen), End::Closed(_)));
}

#[test]
fn a_port_that_stops_says_goodbye_to_all() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (_, events) = ann.connect(bob.handle.local_addr());
    opened(&bob.seen);
    assert!(matches!(bob.stop(), End::Closed(GoodbyeReason::Done)));
    assert!(matches!(ended(&events), End::Goodbye(GoodbyeReason::Done)));
}

#[test]
fn a_dialler_refuses_whom_it_did_not_mean() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    for expect in [Expect::any().node(Uuid::from_bytes([7; 16])), Expect::any().role(Role::Server)]
    {
        let (seen, events) = std::sync::mpsc::channel();
        let reporter = Reporter { seen, answers: false };
        ann.handle.dial(bob.handle.local_addr(), expect, reporter).expect("a dial begins");
        let End::Refused(refusal) = ended(&events) else { panic!("it was not refused") };
        assert_eq!(refusal.reason, RefuseReason::WrongNode);
        let End::RefusedBy(refusal) = ended(&bob.seen) else { panic!("it was not told") };
        assert_eq!(refusal.reason, RefuseReason::WrongNode);
    }
}

#[test]
fn a_dial_that_nobody_answers_ends_with_the_reason() {
    let ann = TestPort::start(config("ann"));
    // Bound, so that nobody else has its port; and it does not listen.
    let nobody = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    nobody.bind(&loopback().into()).expect("a free port");
    let address = nobody.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    let (_, events) = ann.dial(address);
    let end = ended(&events);
    assert!(matches!(end, End::Dial(std::io::ErrorKind::ConnectionRefused)), "{end}");
}

#[test]
fn who_is_sent_away_before_any_hello_is_told_why() {
    use std::net::TcpListener;
    use tlv_core::messages::{Goodbye, Refuse};

    let ann = TestPort::start(config("ann"));
    let met = |farewell: Vec<u8>| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (_, events) = ann.dial(listener.local_addr().expect("it is bound"));
        let mut leaving = Raw::over(listener.accept().expect("it is dialled").0);
        leaving.write(&farewell);
        ended(&events)
    };
    let end = met(frame(&Goodbye::new(GoodbyeReason::Restart)));
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Restart)), "{end}");
    let end = met(frame(&Refuse::new(RefuseReason::Busy, "full")));
    assert!(
        matches!(&end, End::RefusedBy(refusal) if refusal.reason == RefuseReason::Busy),
        "{end}"
    );
}
