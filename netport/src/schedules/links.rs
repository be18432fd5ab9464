//! One link of a whole port: what leaves together, and what keeps it up.

use std::io::IoSlice;
use std::time::Duration;

use tlv_core::messages::{App, Found, Greet, Lookup, Ping, Role, Snapshot};
use tlv_core::{Message, MessageSet, Request, Response};

use super::Scenario;
use super::ports::{Talkers, config};
use crate::config::{Identity, LinkConfig, PortConfig};
use crate::connection::{Connection, dispatch};
use crate::core::link::handshake::{Expect, hello};
use crate::error::{End, encoded};
use crate::io::kernel::{self, Fd, Ready};
use crate::link::{Frame, Link, Packet};
use crate::port::{Fresh, NetPort, Port};
use crate::sync::means::{advance, pauses};
use crate::sync::{self, Arc, AtomicU64, Ordering, thread};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "answers to what came together leave together",
        pipe_bytes: 400,
        run: answers_to_what_came_together_leave_together,
    },
    Scenario {
        name: "heartbeats keep a quiet link up",
        pipe_bytes: 400,
        run: heartbeats_keep_a_quiet_link_up,
    },
    Scenario {
        name: "the rest of a large frame is gathered, and that of a small one is not",
        pipe_bytes: 30_000,
        run: the_rest_of_a_large_frame_is_gathered_and_that_of_a_small_one_is_not,
    },
];

/// What has come, once it is so much, and not a byte more.
fn read_exactly(peer: &Fd, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        read_once(peer, &mut bytes);
    }
    bytes
}

/// What has come when something has.
fn read_once(peer: &Fd, bytes: &mut Vec<u8>) {
    kernel::poll([(peer, Ready::Read)], None).expect("it polls");
    assert!(kernel::read(peer, bytes).expect("something is there") > 0, "the stream has ended");
}

fn send(peer: &Fd, bytes: &[u8]) {
    let sent = kernel::send(peer, &[IoSlice::new(bytes)]).expect("there is room");
    assert_eq!(sent, bytes.len());
}

fn answers_to_what_came_together_leave_together() {
    let port = Port::start(config("robert"), Talkers::default()).expect("it starts");
    let peer = kernel::connect(port.local_addr()).expect("it listens");
    send(&peer, &encoded(&hello(&config("ann").identity, App::PROTOCOL, 1)));
    let first = encoded(&hello(port.identity(), App::PROTOCOL, 0)).len()
        + encoded(&Greet::new("good day")).len();
    read_exactly(&peer, first);

    let calls = 1..=3_u32;
    let requests = calls.clone().flat_map(|call| {
        let mut request = Lookup::new("a");
        request.set_call(call);
        encoded(&request)
    });
    send(&peer, &requests.collect::<Vec<u8>>());
    let answers = calls.flat_map(|call| {
        let mut answer = Found::new(Some("here".into()));
        answer.set_call(call);
        encoded(&answer)
    });
    let mut received = Vec::with_capacity(400);
    read_once(&peer, &mut received);
    drop((peer, port));
    assert_eq!(received, answers.collect::<Vec<u8>>(), "all of them at once");
}

const HEARTBEAT: Duration = Duration::from_secs(20);

/// Says nothing, and counts the heartbeats that come.
#[derive(Clone, Default)]
struct Quiet(Arc<AtomicU64>);

impl Connection for Quiet {
    type Set = App;

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        if packet.id() == Ping::ID {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        dispatch(self, link, packet)
    }
}

impl NetPort for Quiet {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(self.clone()).map(drop)
    }
}

fn heartbeats_keep_a_quiet_link_up() {
    let beating = |name| {
        let config = config(name);
        let link = LinkConfig {
            heartbeat: Some(HEARTBEAT),
            idle_timeout: Some(3 * HEARTBEAT),
            ..config.link
        };
        PortConfig { link, ..config }
    };
    let (ann_heard, bob_heard) = (Quiet::default(), Quiet::default());
    let ann = Port::start(beating("ann"), ann_heard.clone()).expect("it starts");
    let bob = Port::start(beating("robert"), bob_heard.clone()).expect("it starts");
    let link = ann.dial(bob.local_addr(), Expect::any(), ann_heard.clone()).expect("it dials");
    link.wait_open(HEARTBEAT).expect("it opens");
    let back = loop {
        match bob.links().pop() {
            Some(back) if back.is_open() => break back,
            _ => thread::yield_now(),
        }
    };
    let heard = || [&ann_heard, &bob_heard].map(|end| end.0.load(Ordering::Relaxed));
    // Three idle times. In the first beat both have sent their `Hello`.
    for beats in 0..9 {
        advance(HEARTBEAT + Duration::from_secs(1));
        let is_due = |link: &Link| link.0.writer.next_deadline() <= Some(sync::now());
        while is_due(&link) || is_due(&back) || heard() != [beats; 2] {
            assert!(link.is_open() && back.is_open(), "{:?} {:?}", link.end(), back.end());
            thread::yield_now();
        }
    }
    drop((ann, bob));
}

/// Adds up how long the lists are that come.
#[derive(Clone, Default)]
struct Measuring(Arc<AtomicU64>);

impl Connection for Measuring {
    type Set = App;

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        if packet.id() != Snapshot::ID {
            return dispatch(self, link, packet);
        }
        self.0.fetch_add(packet.value().len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

impl NetPort for Measuring {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(self.clone()).map(drop)
    }
}

fn the_rest_of_a_large_frame_is_gathered_and_that_of_a_small_one_is_not() {
    let measured = Measuring::default();
    let port = Port::start(config("robert"), measured.clone()).expect("it starts");
    let peer = kernel::connect(port.local_addr()).expect("it listens");
    let server = Identity { role: Role::Server, ..config("ann").identity };
    send(&peer, &encoded(&hello(&server, App::PROTOCOL, 1)));
    let mut expected = 0;
    let gathered = [100_000, 400_000].map(|len| {
        let frame = Frame::raw(Snapshot::ID, &vec![0; len]).expect("far below 4 GiB");
        let before = pauses();
        let mut rest = &frame.bytes()[..];
        while !rest.is_empty() {
            kernel::poll([(&peer, Ready::Write)], None).expect("it polls");
            rest = &rest[kernel::send(&peer, &[IoSlice::new(rest)]).expect("there is room")..];
        }
        expected += len as u64;
        while measured.0.load(Ordering::Relaxed) < expected {
            thread::yield_now();
        }
        pauses() > before
    });
    drop((peer, port));
    assert_eq!(gathered, [false, true]);
}
