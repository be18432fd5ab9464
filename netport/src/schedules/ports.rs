//! Whole ports: two of them, whose links are dialled, used, closed and stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tlv_core::messages::{App, AppRef, Found, GoodbyeReason, Greet, Lookup, RefuseReason, Role};

use super::Scenario;
use crate::config::{Identity, LinkConfig, PortConfig};
use crate::connection::Connection;
use crate::core::link::handshake::{Expect, PeerInfo};
use crate::error::{CallFailure, End, Limit, SendError};
use crate::link::{Link, Reply};
use crate::port::{Fresh, NetPort, Next, Port, PortHandle};
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering, thread};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a port that is stopped while others send ends",
        pipe_bytes: 400,
        run: a_port_that_is_stopped_while_others_send_ends,
    },
    Scenario {
        name: "a port that is stopped while it dials ends",
        pipe_bytes: 400,
        run: a_port_that_is_stopped_while_it_dials_ends,
    },
    Scenario {
        name: "a port that is stopped while its links dial ends",
        pipe_bytes: 400,
        run: a_port_that_is_stopped_while_its_links_dial_ends,
    },
    Scenario {
        name: "a port has no more connections than it may",
        pipe_bytes: 400,
        run: a_port_has_no_more_connections_than_it_may,
    },
    Scenario {
        name: "a call is answered or told why not",
        pipe_bytes: 400,
        run: a_call_is_answered_or_told_why_not,
    },
    Scenario {
        name: "no wake-up of a main loop is lost",
        pipe_bytes: 400,
        run: no_wake_up_of_a_main_loop_is_lost,
    },
    Scenario {
        name: "a link ends for the reason that was given",
        pipe_bytes: 400,
        run: a_link_ends_for_the_reason_that_was_given,
    },
    Scenario {
        name: "a panic ends its own link alone",
        pipe_bytes: 400,
        run: a_panic_ends_its_own_link_alone,
    },
];

pub(super) const LONG: Duration = Duration::from_secs(1_000);

/// What happened on the links of a schedule.
#[derive(Default)]
struct Counts {
    opened: AtomicU64,
    greeted: AtomicU64,
    ended: AtomicU64,
    panicked: AtomicU64,
}

/// Greets, and answers.
struct Talker {
    counts: Arc<Counts>,
    /// What is heard panics.
    panics: bool,
}

impl Connection for Talker {
    type Set = App;

    fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
        self.counts.opened.fetch_add(1, Ordering::Relaxed);
        Ok(link.send(&Greet::new("good day"))?)
    }

    fn on_message(&mut self, _: &Link, _: AppRef<'_>) -> Result<(), End> {
        self.counts.greeted.fetch_add(1, Ordering::Relaxed);
        if self.panics {
            // Not `panic!`: the hook that reports panics would tell of each of them.
            std::panic::resume_unwind(Box::new("a defect of the user's"));
        }
        Ok(())
    }

    fn on_request(&mut self, _: &Link, _: AppRef<'_>, reply: Reply) -> Result<(), End> {
        Ok(reply.send(Found::new(Some("here".into())))?)
    }

    fn on_end(&mut self, _: &Link, end: &End) {
        self.counts.ended.fetch_add(1, Ordering::Relaxed);
        if matches!(end, End::Panicked(_)) {
            self.counts.panicked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[derive(Default)]
pub(super) struct Talkers {
    counts: Arc<Counts>,
    launched: Arc<AtomicU64>,
}

impl NetPort for Talkers {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(Talker { counts: Arc::clone(&self.counts), panics: false })?;
        self.launched.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

pub(super) fn config(name: &str) -> PortConfig {
    let listen = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    // Ids are none of the scenarios' business, and must not be drawn by chance.
    let node = tlv_core::Uuid::from_bytes([name.len() as u8; 16]);
    let identity = Identity { node, incarnation: 1, name: name.into(), role: Role::Client };
    PortConfig {
        idle_timeout: None,
        connections_max: Some(10),
        thread_stack_bytes: super::STACK_BYTES,
        link: LinkConfig {
            heartbeat: None,
            idle_timeout: None,
            stall_timeout: None,
            backlog_bytes_max: 200,
            send_timeout: LONG,
            ..LinkConfig::default()
        },
        ..PortConfig::new(listen, identity)
    }
}

/// Two ports, and what happens on their links.
struct Pair {
    ann: PortHandle,
    bob: PortHandle,
    counts: Arc<Counts>,
    launched: Arc<AtomicU64>,
}

impl Pair {
    fn new() -> Self {
        let (counts, launched): (Arc<Counts>, Arc<AtomicU64>) = Default::default();
        let port = |name| {
            let talkers = Talkers { counts: Arc::clone(&counts), launched: Arc::clone(&launched) };
            Port::start(config(name), talkers).expect("it starts")
        };
        let (ann, bob) = (port("ann"), port("robert"));
        Self { ann, bob, counts, launched }
    }

    fn dial(&self) -> Link {
        self.dial_with(Talker { counts: Arc::clone(&self.counts), panics: false })
    }

    fn dial_with(&self, talker: Talker) -> Link {
        let link = self.ann.dial(self.bob.local_addr(), Expect::any(), talker);
        self.launched.fetch_add(1, Ordering::Relaxed);
        link.expect("it dials")
    }

    /// Waits for both to end, and finds that every link that began has ended.
    fn join(self) {
        let Self { ann, bob, counts, launched } = self;
        // Twice would wake a main loop that missed the first.
        if !ann.is_stopping() {
            ann.stop(GoodbyeReason::Done);
        }
        assert!(matches!(ann.join(), End::Closed(GoodbyeReason::Done)));
        bob.stop(GoodbyeReason::Done);
        assert!(matches!(bob.join(), End::Closed(GoodbyeReason::Done)));
        let (ended, launched) = (&counts.ended, &launched);
        assert_eq!(ended.load(Ordering::Relaxed), launched.load(Ordering::Relaxed));
    }
}

fn a_port_that_is_stopped_while_others_send_ends() {
    let pair = Pair::new();
    let link = pair.dial();
    let sender = {
        let link = link.clone();
        thread::spawn(move || {
            while link.wait_open(LONG).is_ok() {
                match link.send(&Greet::new("and good night")) {
                    Ok(()) => thread::yield_now(),
                    Err(SendError::Closed(_)) => return,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    };
    let stopper = {
        let port = Port::clone(&pair.ann);
        thread::spawn(move || port.stop(GoodbyeReason::Done))
    };
    sender.join().expect("it sees the end");
    stopper.join().expect("it stops");
    assert!(link.is_closed());
    pair.join();
}

fn a_port_that_is_stopped_while_it_dials_ends() {
    let pair = Pair::new();
    let diallers: Vec<_> = (0..4)
        .map(|_| {
            let (port, address) = (Port::clone(&pair.ann), pair.bob.local_addr());
            let (counts, launched) = (Arc::clone(&pair.counts), Arc::clone(&pair.launched));
            thread::spawn(move || {
                let talker = Talker { counts, panics: false };
                match port.dial(address, Expect::any(), talker) {
                    Ok(_) => {
                        launched.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(end) => assert!(matches!(end, End::Stopped), "{end}"),
                }
            })
        })
        .collect();
    pair.ann.stop(GoodbyeReason::Done);
    for dialler in diallers {
        dialler.join().expect("it dials");
    }
    pair.join();
}

/// Dials once more when its link has opened, and when it has ended.
struct Dialler {
    port: Port,
    address: SocketAddr,
    counts: Arc<Counts>,
    launched: Arc<AtomicU64>,
    /// How many generations of links its links begin.
    again: u32,
}

impl Dialler {
    fn dial(&self) -> Result<Link, End> {
        let Self { port, address, counts, launched, .. } = self;
        let (counts, launched) = (Arc::clone(counts), Arc::clone(launched));
        let again = self.again - 1;
        let next = Self { port: port.clone(), address: *address, counts, launched, again };
        let link = port.dial(*address, Expect::any(), next)?;
        self.launched.fetch_add(1, Ordering::Relaxed);
        Ok(link)
    }

    fn dial_again(&self) {
        if self.again > 0
            && let Err(end) = self.dial()
        {
            assert!(matches!(end, End::Stopped | End::NoRoom(_)), "{end}");
        }
    }
}

impl Connection for Dialler {
    type Set = App;

    fn on_open(&mut self, _: &Link, _: &PeerInfo) -> Result<(), End> {
        self.dial_again();
        Ok(())
    }

    fn on_end(&mut self, _: &Link, _: &End) {
        self.dial_again();
        self.counts.ended.fetch_add(1, Ordering::Relaxed);
    }
}

fn a_port_that_is_stopped_while_its_links_dial_ends() {
    let pair = Pair::new();
    let (counts, launched) = (Arc::clone(&pair.counts), Arc::clone(&pair.launched));
    let (port, address) = (Port::clone(&pair.ann), pair.bob.local_addr());
    let first = Dialler { port, address, counts, launched, again: 3 }.dial().expect("it dials");
    let stopper = {
        let port = Port::clone(&pair.ann);
        thread::spawn(move || port.stop(GoodbyeReason::Done))
    };
    // Its end makes the first link dial, perhaps while the port stops.
    first.close(GoodbyeReason::Done);
    stopper.join().expect("it stops");
    pair.join();
}

fn a_port_has_no_more_connections_than_it_may() {
    const MAX: usize = 2;
    let (counts, launched): (Arc<Counts>, Arc<AtomicU64>) = Default::default();
    let port = |config| {
        let talkers = Talkers { counts: Arc::clone(&counts), launched: Arc::clone(&launched) };
        Port::start(config, talkers).expect("it starts")
    };
    let few = PortConfig { connections_max: Some(MAX), ..config("ann") };
    let (ann, bob) = (port(few), port(config("robert")));
    let diallers: Vec<_> = (0..MAX + 2)
        .map(|_| {
            let (port, address) = (Port::clone(&ann), bob.local_addr());
            let talker = Talker { counts: Arc::clone(&counts), panics: false };
            thread::spawn(move || match port.dial(address, Expect::any(), talker) {
                Ok(_) => 1,
                Err(End::NoRoom(Limit::Connections)) => 0,
                Err(end) => panic!("{end}"),
            })
        })
        .collect();
    let dialled: usize =
        diallers.into_iter().map(|dialler| dialler.join().expect("it dials")).sum();
    assert_eq!(dialled, MAX);
    for port in [ann, bob] {
        port.stop(GoodbyeReason::Done);
        port.join();
    }
}

fn a_call_is_answered_or_told_why_not() {
    let pair = Pair::new();
    let link = pair.dial();
    let caller = {
        let link = link.clone();
        thread::spawn(move || {
            while link.wait_open(LONG).is_ok() {
                match link.call(Lookup::new("a"), LONG) {
                    Ok(found) => assert_eq!(found.value.as_deref(), Some("here")),
                    Err(CallFailure::Ended(_) | CallFailure::Send(SendError::Closed(_))) => return,
                    Err(error) => panic!("{error}"),
                }
                thread::yield_now();
            }
        })
    };
    let closer = thread::spawn(move || link.close(GoodbyeReason::Done));
    caller.join().expect("it is told");
    closer.join().expect("it closes");
    pair.join();
}

/// Ends when it has seen both flags.
struct Watching {
    flags: Arc<[AtomicBool; 2]>,
}

impl NetPort for Watching {
    fn main_loop_work(&mut self, _: &Port, _: Instant) -> Result<Next, End> {
        let is_set = self.flags.iter().all(|flag| flag.load(Ordering::Acquire));
        Ok(if is_set { Next::Stop } else { Next::Sleep })
    }

    fn new_connection(&mut self, _: &Port, _: Fresh) -> Result<(), End> {
        Ok(())
    }
}

fn no_wake_up_of_a_main_loop_is_lost() {
    let flags: Arc<[AtomicBool; 2]> = Arc::default();
    let watching = Watching { flags: Arc::clone(&flags) };
    let port = Port::start(config("carol"), watching).expect("it starts");
    let setters: Vec<_> = (0..2)
        .map(|number| {
            let (port, flags) = (Port::clone(&port), Arc::clone(&flags));
            thread::spawn(move || {
                flags[number].store(true, Ordering::Release);
                port.wake();
            })
        })
        .collect();
    for setter in setters {
        setter.join().expect("it wakes");
    }
    assert!(matches!(port.join(), End::Stopped));
}

fn a_link_ends_for_the_reason_that_was_given() {
    let pair = Pair::new();
    let link = pair.dial();
    link.refuse(RefuseReason::NotAllowed, "not today", None);
    let counts = Arc::clone(&pair.counts);
    while counts.ended.load(Ordering::Relaxed) == 0 {
        thread::yield_now();
    }
    assert!(matches!(link.end(), Some(End::Refused(_))), "{:?}", link.end());
    pair.join();
}

fn a_panic_ends_its_own_link_alone() {
    let pair = Pair::new();
    let doomed = pair.dial_with(Talker { counts: Arc::clone(&pair.counts), panics: true });
    let other = pair.dial();
    other.wait_open(LONG).expect("the other link lives");
    let found = other.call(Lookup::new("b"), LONG).expect("an answer");
    assert_eq!(found.value.as_deref(), Some("here"));
    let counts = Arc::clone(&pair.counts);
    while counts.panicked.load(Ordering::Relaxed) == 0 {
        thread::yield_now();
    }
    assert!(doomed.is_closed());
    pair.join();
    assert_eq!(counts.panicked.load(Ordering::Relaxed), 1);
}
