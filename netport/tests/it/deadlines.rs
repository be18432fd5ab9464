//! Every loop has a deadline, and activity renews it. All times here are short; the defaults are a
//! minute.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use netport::{Connection, End, Fresh, Link, NetPort, PeerInfo, Port, PortConfig};
use tlv_core::messages::{App, GoodbyeReason, RefuseReason, Role};

use crate::support::{
    self, PATIENCE, Raw, Reporter, Seen, TestPort, config, ended, frame, greet_of, hello, next,
    opened,
};

const SHORT: Duration = Duration::from_millis(150);

fn without_heartbeats(name: &str) -> PortConfig {
    let mut config = config(name);
    config.link.heartbeat = None;
    config
}

#[test]
fn a_port_that_nobody_connects_to_stops() {
    let mut config = config("port");
    config.idle_timeout = Some(SHORT);
    let started = Instant::now();
    let port = TestPort::start(config);
    assert!(matches!(port.handle.join(), End::Idle));
    assert!(started.elapsed() >= SHORT);
}

#[test]
fn a_port_stops_after_its_last_link_has_ended_and_not_before() {
    /// Begins when the first has connected: however late that is, it is not too late.
    struct Late(Receiver<()>, Sender<Seen>);
    impl NetPort for Late {
        fn initial(&mut self, _: &Port) -> Result<(), End> {
            next(&self.0);
            Ok(())
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            fresh.launch(Reporter { seen: self.1.clone(), answers: false }).map(drop)
        }
    }
    let mut config = config("port");
    config.idle_timeout = Some(SHORT);
    let (begin, until) = channel();
    let (sender, seen) = channel();
    let port = Port::start(config, Late(until, sender)).expect("it starts");
    let mut raw = Raw::connect(port.local_addr());
    begin.send(()).expect("it has not begun");
    raw.write(&frame(&hello(Role::Client)));
    opened(&seen);
    // Other ports' whole idle times pass, one after the other.
    for _ in 0..2 {
        let mut other = support::config("other");
        other.idle_timeout = Some(SHORT);
        TestPort::start(other).handle.join();
    }
    assert!(!port.is_stopping());
    let left = Instant::now();
    drop(raw);
    assert!(matches!(port.join(), End::Idle));
    assert!(left.elapsed() >= SHORT);
}

#[test]
fn a_port_may_wait_for_ever() {
    let mut config = config("port");
    config.idle_timeout = None;
    let port = TestPort::start(config);
    let mut other = support::config("other");
    other.idle_timeout = Some(SHORT);
    // Another port's whole idle time passes.
    TestPort::start(other).handle.join();
    assert!(!port.handle.is_stopping());
    let ann = TestPort::start(support::config("ann"));
    ann.connect(port.handle.local_addr());
}

#[test]
fn a_link_that_receives_nothing_ends() {
    let mut config = without_heartbeats("port");
    config.link.idle_timeout = Some(SHORT);
    let port = TestPort::start(config);
    let mut quiet = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    assert!(matches!(ended(&port.seen), End::Idle));
    assert!(link.is_closed());
    let (id, value) = quiet.frame().expect("a farewell");
    assert_eq!((id, value), (0x0006, u16::from(GoodbyeReason::Idle).to_le_bytes().to_vec()));
    assert_eq!(quiet.frame(), None);
}

#[test]
fn without_heartbeats_a_quiet_link_ends() {
    let mut config = without_heartbeats("ann");
    config.link.idle_timeout = Some(SHORT);
    let ann = TestPort::start(config.clone());
    config.identity.name = "bob".into();
    let bob = TestPort::start(config);
    let (_, events) = ann.connect(bob.handle.local_addr());
    let end = ended(&events);
    assert!(matches!(end, End::Idle | End::Goodbye(GoodbyeReason::Idle)), "{end}");
}

#[test]
fn heartbeats_are_sent_while_user_code_is_busy() {
    /// Stays in a callback until it is told otherwise.
    struct Busy(Option<Receiver<()>>);
    impl Connection for Busy {
        type Set = App;
        fn on_open(&mut self, _: &Link, _: &PeerInfo) -> Result<(), End> {
            if let Some(done) = &self.0 {
                next(done);
            }
            Ok(())
        }
    }
    struct User(Option<Receiver<()>>);
    impl NetPort for User {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            fresh.launch(Busy(self.0.take()))?;
            Ok(())
        }
    }
    let (done, until): (Sender<()>, _) = channel();
    let mut config = config("busy");
    config.link.heartbeat = Some(SHORT / 6);
    let port = Port::start(config, User(Some(until))).expect("it starts");
    let mut peer = Raw::open(port.local_addr(), Role::Client);
    for _ in 0..5 {
        assert_eq!(peer.frame().expect("a heartbeat").0, 0x0009);
    }
    done.send(()).expect("it is still busy");
}

#[test]
fn a_handshake_that_says_nothing_ends() {
    let mut config = config("port");
    config.link.handshake_timeout = SHORT;
    let port = TestPort::start(config);
    let mut silent = Raw::connect(port.handle.local_addr());
    assert_eq!(silent.refused(), RefuseReason::Timeout);
    drop(silent);
    let End::Refused(refusal) = ended(&port.seen) else { panic!("it was not refused") };
    assert_eq!(refusal.reason, RefuseReason::Timeout);
}

#[test]
fn a_dial_into_nowhere_ends() {
    // The kernel completes two connections of a listener with a backlog of 1 that nobody accepts
    // from; the next waits for ever.
    let full =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    full.listen(1).expect("it listens");
    let address = full.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    let _first = Raw::connect(address);
    let _second = Raw::connect(address);

    let mut config = config("ann");
    config.link.dial_timeout = SHORT;
    let ann = TestPort::start(config);
    let (_, events) = ann.dial(address);
    let end = ended(&events);
    assert!(matches!(end, End::Dial(std::io::ErrorKind::TimedOut)), "{end}");
}

#[test]
fn a_dial_into_nowhere_does_not_hold_up_a_stop() {
    let full =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    full.listen(1).expect("it listens");
    let address = full.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    let _first = Raw::connect(address);
    let _second = Raw::connect(address);

    let mut config = config("ann");
    config.link.dial_timeout = 10 * PATIENCE;
    let ann = TestPort::start(config);
    let (_, events) = ann.dial(address);
    let started = Instant::now();
    ann.stop();
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert!(matches!(ended(&events), End::Closed(GoodbyeReason::Done)));
}

#[test]
fn a_peer_that_never_closes_does_not_hold_up_a_stop() {
    let mut config = config("port");
    config.link.linger = SHORT;
    let port = TestPort::start(config);
    let _rude = Raw::open(port.handle.local_addr(), Role::Client);
    opened(&port.seen);
    let started = Instant::now();
    port.stop();
    assert!(started.elapsed() >= SHORT, "{:?}", started.elapsed());
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

#[test]
fn a_peer_that_never_reads_is_stalled() {
    let mut config = config("port");
    config.link.stall_timeout = Some(SHORT);
    config.link.backlog_bytes_max = 100_000;
    let port = TestPort::start(config);
    let _deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let text = "x".repeat(500);
    // The kernel's part still grows at first: it takes a sender that insists.
    while link.send_timeout(&greet_of(&text), PATIENCE).is_ok() {}
    let end = ended(&port.seen);
    assert!(matches!(end, End::Stalled), "{end}");
}
