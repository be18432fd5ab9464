//! Sending never blocks receiving, frames are never torn, and no room is an answer.

use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netport::{
    CallFailure, Connection, End, Expect, Frame, Fresh, Link, NetPort, Packet, PeerInfo, Port,
    SendError, dispatch,
};
use tlv_core::Message;
use tlv_core::messages::{App, AppRef, GoodbyeReason, Lookup, Probe, Role, Snapshot};
use tlv_core::record::HEADER_LEN;

use crate::other::Ask;
use crate::support::{
    PATIENCE, Raw, TestPort, config, ended, frame, greet_of, greeted, hello, next, opened, report,
    wait_until,
};

/// The only type that may be as large is the server's list; what is in it is never read here.
const BULK: u16 = Snapshot::ID;

const SHORT: Duration = Duration::from_millis(100);

/// Keeps a link without room whose peer does not read, until it ends, and then says how. To fill it
/// once is not enough: the kernel takes more when the keeper comes to it, and its part grows at first.
fn keep_full(link: &Link) -> JoinHandle<SendError> {
    let (message, sending) = (greet_of(&"x".repeat(500)), link.clone());
    let sender = thread::spawn(move || {
        loop {
            match sending.send_timeout(&message, PATIENCE) {
                Ok(()) | Err(SendError::Timeout) => {}
                Err(error) => return error,
            }
        }
    });
    wait_until("it is full", || matches!(link.try_send(&greet_of("more")), Err(SendError::Full)));
    sender
}

#[test]
fn a_client_receives_while_its_peer_does_not_read() {
    let mut config = config("port");
    // An answer that waited for room would wait for longer than this test does.
    config.link.send_timeout = 10 * PATIENCE;
    let port = TestPort::start(config);
    let mut deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    keep_full(&link);
    deaf.0.set_write_timeout(Some(SHORT)).expect("not zero");
    // An answer finds no room: the link ends by the user's own `?`, but not before it received.
    wait_until("an answer finds no room", || {
        deaf.write(&frame(&greet_of("hello")));
        link.is_closed()
    });
    assert_eq!(greeted(&port.seen), "hello");
    assert!(matches!(ended(&port.seen), End::Full));
}

#[test]
fn netports_own_messages_find_room_in_a_full_backlog_though_not_for_ever() {
    let port = TestPort::start(config("port"));
    let _deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    keep_full(&link);
    let full = |_: &u64| {
        let sent = link.try_send(&Probe::new(1));
        assert!(matches!(sent, Ok(()) | Err(SendError::Full)), "{sent:?}");
        sent.is_err()
    };
    // More than the kernel and the backlog hold together, if they were empty.
    let sent = (0..1_000_000).find(full).expect("a bound");
    assert!(sent > 100, "{sent}");
}

#[test]
fn no_wait_is_too_long_to_be_asked_for() {
    let port = TestPort::start(config("port"));
    let deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let full = keep_full(&link);
    let waiting = link.clone();
    let waiter = thread::spawn(move || {
        loop {
            if let Err(error) = waiting.send_timeout(&greet_of("more"), Duration::MAX) {
                return error;
            }
        }
    });
    let calling = link.clone();
    let caller = thread::spawn(move || calling.call(Lookup::new("key"), Duration::MAX));
    drop(deaf);
    for sender in [full, waiter] {
        assert!(matches!(sender.join().expect("no panic"), SendError::Closed(_)));
    }
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
    // Somebody waits for the deaf one all the while.
    let waiter = keep_full(&deaf_link);
    for number in 0..1000 {
        let shared = Frame::of(&greet_of(&number.to_string())).expect("within its bounds");
        let sent = deaf_link.try_send_frame(&shared);
        assert!(matches!(sent, Ok(()) | Err(SendError::Full)), "{sent:?}");
        other_link.try_send_frame(&shared).expect("there is room");
        assert_eq!(other.frame().expect("the greeting").1, shared.bytes()[HEADER_LEN..]);
    }
    deaf_link.close(GoodbyeReason::Done);
    let waited = waiter.join().expect("it ends");
    assert!(matches!(waited, SendError::Closed(_)), "{waited:?}");
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
    // Nor a request that the peer could skip: it would not answer.
    let error = link.call(Ask::new("key"), PATIENCE).expect_err("it would wait in vain");
    assert!(matches!(error, CallFailure::Send(SendError::TooNew { since: 1, peer: 0 })), "{error}");
    assert!(link.is_open());
}

#[test]
fn a_send_with_a_deadline_waits_for_room_and_no_longer() {
    let port = TestPort::start(config("port"));
    let mut slow = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let message = greet_of(&"x".repeat(500));
    let (error, waited) = loop {
        let started = Instant::now();
        if let Err(error) = link.send_timeout(&message, SHORT) {
            break (error, started.elapsed());
        }
    };
    assert!(matches!(error, SendError::Timeout), "{error}");
    assert!(waited >= SHORT, "{waited:?}");
    // What the peer reads makes room.
    let reader = thread::spawn(move || while slow.frame().is_some() {});
    let started = Instant::now();
    link.send_timeout(&greet_of("more"), PATIENCE).expect("room appears");
    assert!(started.elapsed() < PATIENCE / 2, "nobody told it of the room");
    drop(port);
    reader.join().expect("it reads to the end");
}

#[test]
fn room_is_announced_once_there_is_some() {
    const BACKLOG_BYTES_MAX: usize = 64 * 1024;
    let mut small = config("port");
    small.link.backlog_bytes_max = BACKLOG_BYTES_MAX;
    let port = TestPort::start(small);
    let mut slow = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let (announce, announced) = channel();
    let hook = |what: &'static str| {
        let (announce, link) = (announce.clone(), link.clone());
        move || report(&announce, (what, link.backlog_bytes()))
    };
    link.when_room(hook("at once"));
    assert_eq!(next(&announced), ("at once", 0));
    let message = greet_of(&"x".repeat(500));
    while link.try_send(&message).is_ok() {}
    link.when_room(hook("later"));
    let reader = thread::spawn(move || while slow.frame().is_some() {});
    let (what, backlog_bytes) = next(&announced);
    assert_eq!(what, "later");
    assert!(backlog_bytes <= BACKLOG_BYTES_MAX / 2, "{backlog_bytes}");
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
            thread::spawn(move || {
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
