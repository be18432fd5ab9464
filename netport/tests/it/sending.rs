//! Sending never blocks receiving, frames are never torn, and no room is an answer.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use netport::{
    CallFailure, Connection, End, Expect, Frame, Fresh, Link, NetPort, Packet, PeerInfo, Port,
    SendError, dispatch,
};
use tlv_core::Message;
use tlv_core::messages::{App, AppRef, GoodbyeReason, Lookup, Probe, Role, Snapshot};
use tlv_core::record::HEADER_LEN;

use crate::support::{
    PATIENCE, Raw, TestPort, config, ended, frame, greet_of, greeted, hello, next, opened, report,
};

/// The only type that may be as large is the server's list; what is in it is never read here.
const BULK: u16 = Snapshot::ID;

const SHORT: Duration = Duration::from_millis(100);

/// Sends until the kernel and the backlog take no more: the kernel's part still grows at first.
fn fill(link: &Link) {
    let message = greet_of(&"x".repeat(500));
    while link.send_timeout(&message, SHORT).is_ok() {}
}

#[test]
fn a_client_receives_while_its_peer_does_not_read() {
    let port = TestPort::start(config("port"));
    let mut deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    fill(&link);
    assert!(matches!(link.try_send(&greet_of("more")), Err(SendError::Full)));
    for number in 0..100 {
        deaf.write(&frame(&greet_of(&number.to_string())));
    }
    // Its answers find no room: the link ends by the user's own `?`, but not before it received.
    assert_eq!(greeted(&port.seen), "0");
    assert!(matches!(ended(&port.seen), End::Full));
}

#[test]
fn netports_own_messages_find_room_in_a_full_backlog_though_not_for_ever() {
    let port = TestPort::start(config("port"));
    let _deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    fill(&link);
    let full = |_: &u64| {
        let sent = link.try_send(&Probe::new(1));
        assert!(matches!(sent, Ok(()) | Err(SendError::Full)), "{sent:?}");
        sent.is_err()
    };
    let sent = (0..10_000).find(full).expect("a bound");
    assert!(sent > 100, "{sent}");
}

#[test]
fn no_wait_is_too_long_to_be_asked_for() {
    let port = TestPort::start(config("port"));
    let deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    fill(&link);
    let waiting = link.clone();
    let waiter = std::thread::spawn(move || waiting.send_timeout(&greet_of("more"), Duration::MAX));
    let calling = link.clone();
    let caller = std::thread::spawn(move || calling.call(Lookup::new("key"), Duration::MAX));
    drop(deaf);
    assert!(matches!(waiter.join().expect("no panic"), Err(SendError::Closed(_))));
    let failure = caller.join().expect("no panic");
    assert!(matches!(failure, Err(CallFailure::Send(_) | CallFailure::Ended(_))), "{failure:?}");
}

#[test]
fn a_peer_that_does_not_read_delays_no_other() {
    let port = TestPort::start(config("port"));
    let _deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (deaf_link, _) = opened(&port.seen);
    let mut other = Raw::open(port.handle.local_addr(), Role::Client);
    let (other_link, _) = opened(&port.seen);
    fill(&deaf_link);
    // Somebody waits for the deaf one all the while.
    let waiting = deaf_link.clone();
    let waiter = std::thread::spawn(move || waiting.send_timeout(&greet_of("more"), PATIENCE));
    for number in 0..1000 {
        let shared = Frame::of(&greet_of(&number.to_string())).expect("within its bounds");
        assert!(matches!(deaf_link.try_send_frame(&shared), Err(SendError::Full)));
        other_link.try_send_frame(&shared).expect("there is room");
        assert_eq!(other.frame().expect("the greeting").1, shared.bytes()[HEADER_LEN..]);
    }
    deaf_link.close(GoodbyeReason::Done);
    let waited = waiter.join().expect("it ends");
    assert!(matches!(waited, Err(SendError::Closed(_))), "{waited:?}");
}

#[test]
fn answers_to_what_came_together_leave_together() {
    let port = TestPort::start(config("port"));
    let mut peer = Raw::open(port.handle.local_addr(), Role::Client);
    opened(&port.seen);
    let greetings: Vec<u8> =
        (0..20).flat_map(|number| frame(&greet_of(&number.to_string()))).collect();
    let answers: usize =
        (0..20).map(|number| frame(&greet_of(&format!("{number}, too"))).len()).sum();
    peer.write(&greetings);
    let mut received = vec![0; 64 * 1024];
    let read = std::io::Read::read(&mut peer.0, &mut received).expect("the answers");
    assert_eq!(read, answers, "in one piece");
}

#[test]
fn a_critical_message_that_the_peer_is_too_old_for_is_not_sent() {
    let port = TestPort::start(config("port"));
    let mut old = Raw::connect(port.handle.local_addr());
    let mut hello = hello(Role::Client);
    hello.version = 0;
    old.write(&frame(&hello));
    let (link, _) = opened(&port.seen);
    let error = link.send(&greet_of("hello")).expect_err("it would be refused");
    assert!(matches!(error, SendError::TooNew { since: 1, peer: 0 }), "{error}");
    let lookup = Lookup::new("key");
    let error = link.call(lookup, PATIENCE).expect_err("likewise");
    assert!(matches!(error, CallFailure::Send(SendError::TooNew { .. })), "{error}");
    assert!(link.is_open());
}

#[test]
fn a_send_with_a_deadline_waits_for_room_and_no_longer() {
    let port = TestPort::start(config("port"));
    let mut slow = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    fill(&link);
    let error = link.send_timeout(&greet_of("more"), SHORT).expect_err("there is no room");
    assert!(matches!(error, SendError::Timeout), "{error}");
    // What the peer reads makes room.
    let reader = std::thread::spawn(move || while slow.frame().is_some() {});
    let started = Instant::now();
    link.send_timeout(&greet_of("more"), PATIENCE).expect("room appears");
    assert!(started.elapsed() < PATIENCE / 2, "nobody told it of the room");
    drop(port);
    reader.join().expect("it reads to the end");
}

#[test]
fn room_is_announced_once_there_is_some() {
    let port = TestPort::start(config("port"));
    let mut slow = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let (announce, announced) = channel();
    let hook = |what: &'static str| {
        let announce = announce.clone();
        move || report(&announce, what)
    };
    link.when_room(hook("at once"));
    assert_eq!(next(&announced), "at once");
    fill(&link);
    link.when_room(hook("later"));
    assert!(announced.try_recv().is_err());
    let reader = std::thread::spawn(move || while slow.frame().is_some() {});
    assert_eq!(next(&announced), "later");
    link.send(&greet_of("room")).expect("there is room");
    drop(port);
    reader.join().expect("it reads to the end");
}

/// Checks bulk frames and reports the number of each.
struct Checking(std::sync::mpsc::Sender<(u8, u32)>);

impl Connection for Checking {
    type Set = App;
    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        if packet.id() != BULK {
            return dispatch(self, link, packet);
        }
        let (thread, rest) = packet.value().split_first().expect("not empty");
        let (number, rest) = rest.split_first_chunk().expect("five bytes at least");
        if rest.iter().any(|byte| byte != thread) {
            return Err(End::user("a torn frame"));
        }
        report(&self.0, (*thread, u32::from_le_bytes(*number)));
        Ok(())
    }
}

struct CheckingPort(std::sync::mpsc::Sender<(u8, u32)>);

impl NetPort for CheckingPort {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(Checking(self.0.clone()))?;
        Ok(())
    }
}

/// A frame that shows who sent it, and which it is.
fn bulk(thread: u8, number: u32, len: usize) -> Frame {
    let mut value = vec![thread; len];
    value[1..5].copy_from_slice(&number.to_le_bytes());
    Frame::raw(BULK, &value).expect("far below 4 GiB")
}

#[test]
fn frames_of_eight_threads_arrive_whole_and_in_each_threads_order() {
    const THREADS: u8 = 8;
    const FRAMES: u32 = 20;
    let (sender, seen) = channel();
    let port = Port::start(config("port"), CheckingPort(sender)).expect("it starts");
    let mut server = config("ann");
    server.identity.role = Role::Server;
    let ann = TestPort::start(server);
    let (link, _) = ann.connect(port.local_addr());
    let senders: Vec<_> = (0..THREADS)
        .map(|thread| {
            let link = link.clone();
            std::thread::spawn(move || {
                for number in 0..FRAMES {
                    link.send_frame(&bulk(thread, number, 300_000)).expect("room appears");
                }
            })
        })
        .collect();
    let mut expected = [0; THREADS as usize];
    for _ in 0..u32::from(THREADS) * FRAMES {
        let (thread, number) = next(&seen);
        assert_eq!(number, expected[usize::from(thread)], "frames of thread {thread}");
        expected[usize::from(thread)] += 1;
    }
    for sender in senders {
        sender.join().expect("it sent everything");
    }
}

#[test]
fn a_batch_arrives_in_order() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, _) = ann.connect(bob.handle.local_addr());
    let mut batch = link.batch();
    for number in 0..10_000 {
        batch.push(&greet_of(&number.to_string())).expect("room appears");
    }
    batch.flush().expect("room appears");
    opened(&bob.seen);
    for number in 0..10_000 {
        assert_eq!(greeted(&bob.seen), number.to_string());
    }
}

#[test]
fn what_a_dropped_batch_holds_is_sent() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, _) = ann.connect(bob.handle.local_addr());
    let mut batch = link.batch();
    batch.push(&greet_of("dropped")).expect("there is room");
    drop(batch);
    opened(&bob.seen);
    assert_eq!(greeted(&bob.seen), "dropped");
}

/// Answers every greeting with two, until its peer's link is full.
struct Flooding {
    received: u32,
    done: std::sync::mpsc::Sender<bool>,
}

impl Connection for Flooding {
    type Set = App;
    fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
        Ok(link.send(&greet_of(&"x".repeat(400)))?)
    }
    fn on_message(&mut self, link: &Link, message: AppRef<'_>) -> Result<(), End> {
        self.received += 1;
        if self.received == 100_000 {
            report(&self.done, true);
        }
        let AppRef::Greet(greet) = message else { return Ok(()) };
        let answer = greet_of(greet.text);
        for _ in 0..2 {
            match link.send(&answer) {
                Ok(()) | Err(SendError::Full) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

struct FloodingPort(std::sync::mpsc::Sender<bool>);

impl NetPort for FloodingPort {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(Flooding { received: 0, done: self.0.clone() })?;
        Ok(())
    }
}

#[test]
fn two_peers_that_flood_each_other_from_their_callbacks_make_progress() {
    let (done, progress) = channel();
    let mut small = config("ann");
    small.link.backlog_bytes_max = 64 * 1024;
    let ann = Port::start(small.clone(), FloodingPort(done.clone())).expect("it starts");
    let bob = Port::start(small, FloodingPort(done.clone())).expect("it starts");
    ann.dial(bob.local_addr(), Expect::any(), Flooding { received: 0, done }).expect("it dials");
    assert!(next(&progress));
    assert!(next(&progress));
}

#[test]
fn nothing_is_admitted_before_the_handshake_is_over() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let ann = TestPort::start(config("ann"));
    let (link, events) = ann.dial(listener.local_addr().expect("it is bound"));
    assert!(matches!(link.try_send(&greet_of("early")), Err(SendError::NotOpen)));
    assert!(!link.is_open());
    assert!(matches!(link.wait_open(SHORT), Err(SendError::Timeout)));
    let mut accepted = Raw(listener.accept().expect("it dials").0);
    accepted.write(&frame(&hello(Role::Client)));
    assert_eq!(link.wait_open(PATIENCE).expect("it opens").role, Role::Client);
    opened(&events);
    link.send(&greet_of("in time")).expect("the link is open");
    assert_eq!(accepted.frame().expect("a frame").0, 0x0002);
    assert_eq!(accepted.frame().expect("a frame").0, 0x0102);
}

#[test]
fn a_closed_links_handles_say_why() {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, events) = ann.connect(bob.handle.local_addr());
    bob.stop();
    ended(&events);
    let error = link.send(&greet_of("too late")).expect_err("it is closed");
    assert!(matches!(error, SendError::Closed(End::Goodbye(_))), "{error}");
}

#[test]
fn a_port_that_spins_answers_too() {
    let mut spinning = config("ann");
    spinning.link.spin = Some(Duration::from_micros(50));
    let ann = TestPort::start(spinning);
    let bob = TestPort::start(config("bob"));
    let (link, events) = ann.connect(bob.handle.local_addr());
    for number in 0..100 {
        link.send(&greet_of(&number.to_string())).expect("the link is open");
        assert_eq!(greeted(&events), format!("{number}, too"));
    }
}
