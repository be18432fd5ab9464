//! Every step that a user may override, overridden by a user: this file uses only what the crate
//! shows to everybody.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netport::{
    Connection, End, Frame, Fresh, Inbox, InboxEvent, Link, NetPort, Next, Origin, Packet,
    PeerInfo, Port, PortHandle, dispatch, event_loop,
};
use tlv_core::messages::{App, AppRef, GoodbyeReason, RefuseReason};

use crate::support::{
    PATIENCE, TestPort, config, ended, greet_of, greeted, next, report, wait_until,
};

/// Launches a connection that does nothing.
fn launch_quiet(fresh: Fresh) -> Result<(), End> {
    struct Quiet;
    impl Connection for Quiet {
        type Set = App;
    }
    fresh.launch(Quiet)?;
    Ok(())
}

#[test]
fn initial_runs_once_before_anything_connects() {
    struct User(Sender<String>);
    impl NetPort for User {
        fn initial(&mut self, port: &Port) -> Result<(), End> {
            report(&self.0, format!("initial {}", port.local_addr().ip()));
            Ok(())
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            report(&self.0, "connected".into());
            launch_quiet(fresh)
        }
    }
    let (sender, events) = channel();
    let port = Port::start(config("user"), User(sender)).expect("it starts");
    assert_eq!(next(&events), "initial 127.0.0.1");
    let ann = TestPort::start(config("ann"));
    ann.connect(port.local_addr());
    assert_eq!(next(&events), "connected");
}

#[test]
fn an_initial_that_fails_ends_the_port_with_its_reason() {
    struct User;
    impl NetPort for User {
        fn initial(&mut self, _: &Port) -> Result<(), End> {
            Err(End::user("no licence"))
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            launch_quiet(fresh)
        }
    }
    let port = Port::start(config("user"), User).expect("it starts");
    assert_eq!(port.join().to_string(), "no licence");
}

#[test]
fn main_loop_work_runs_when_asked_for_and_ends_the_port() {
    struct User {
        turns: u32,
        woken: Sender<Instant>,
    }
    impl NetPort for User {
        fn main_loop_work(&mut self, _: &Port, now: Instant) -> Result<Next, End> {
            self.turns += 1;
            report(&self.woken, now);
            Ok(match self.turns {
                1 => Next::Sleep,
                2 | 3 => Next::At(now + Duration::from_millis(20)),
                _ => Next::Stop,
            })
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            launch_quiet(fresh)
        }
    }
    let (woken, turns) = channel();
    let port = Port::start(config("user"), User { turns: 0, woken }).expect("it starts");
    next(&turns);
    // It sleeps until somebody wakes it; then it asks for two turns by the clock.
    port.wake();
    let second = next(&turns);
    let third = next(&turns);
    assert!(third - second >= Duration::from_millis(20), "{:?}", third - second);
    next(&turns);
    assert!(matches!(port.join(), End::Stopped));
}

#[test]
fn on_new_connection_sees_who_connects_and_may_refuse() {
    struct User(Sender<SocketAddr>);
    impl NetPort for User {
        fn on_new_connection(&mut self, port: &Port, origin: &Origin) -> Result<(), End> {
            assert_eq!(origin.local, port.local_addr());
            report(&self.0, origin.address);
            Err(End::refuse(RefuseReason::Busy, "closed on Mondays"))
        }
        fn new_connection(&mut self, _: &Port, _: Fresh) -> Result<(), End> {
            panic!("refused connections are not launched");
        }
    }
    let (sender, events) = channel();
    let port = Port::start(config("user"), User(sender)).expect("it starts");
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.dial(port.local_addr());
    assert_eq!(next(&events).ip(), port.local_addr().ip());
    let End::RefusedBy(refusal) = ended(&seen) else { panic!("it was not refused") };
    assert_eq!(refusal.text, "closed on Mondays");
}

#[test]
fn new_connection_chooses_the_connection() {
    struct Polite;
    impl Connection for Polite {
        type Set = App;
        fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
            Ok(link.send(&greet_of(&format!("welcome, {}", peer.name)))?)
        }
    }
    struct User {
        served: u32,
    }
    impl NetPort for User {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            self.served += 1;
            if self.served == 1 {
                fresh.launch(Polite)?;
            } else {
                fresh.refuse(RefuseReason::Busy, "one is enough");
            }
            Ok(())
        }
    }
    let port = Port::start(config("user"), User { served: 0 }).expect("it starts");
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.connect(port.local_addr());
    assert_eq!(greeted(&seen), "welcome, ann");
    let (_, seen) = ann.dial(port.local_addr());
    let End::RefusedBy(refusal) = ended(&seen) else { panic!("it was not refused") };
    assert_eq!(refusal.text, "one is enough");
}

/// A port that launches whatever `make` makes.
fn start<C: Connection>(make: impl Fn() -> C + Send + 'static) -> PortHandle {
    struct User<F>(F);
    impl<C: Connection, F: Fn() -> C + Send + 'static> NetPort for User<F> {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            fresh.launch((self.0)())?;
            Ok(())
        }
    }
    Port::start(config("user"), User(make)).expect("it starts")
}

#[test]
fn run_may_do_its_part_and_hand_the_rest_to_the_event_loop() {
    struct TwoPhases(Sender<String>);
    impl Connection for TwoPhases {
        type Set = App;
        fn run(&mut self, link: &Link, inbox: &mut Inbox) -> Result<(), End> {
            let InboxEvent::Packet(first) = inbox.next(None)? else { panic!("no time was set") };
            report(&self.0, format!("first {:#06x}", first.id()));
            event_loop(self, link, inbox)
        }
        fn on_message(&mut self, _: &Link, message: AppRef<'_>) -> Result<(), End> {
            if let AppRef::Greet(greet) = message {
                report(&self.0, greet.text.to_owned());
            }
            Ok(())
        }
    }
    let (sender, events) = channel();
    let port = start(move || TwoPhases(sender.clone()));
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(port.local_addr());
    link.send(&greet_of("one")).expect("the link is open");
    link.send(&greet_of("two")).expect("the link is open");
    assert_eq!(next(&events), "first 0x0102");
    assert_eq!(next(&events), "two");
}

#[test]
fn a_run_that_returns_closes_in_order() {
    struct Brief;
    impl Connection for Brief {
        type Set = App;
        fn run(&mut self, link: &Link, _: &mut Inbox) -> Result<(), End> {
            Ok(link.send(&greet_of("that was all"))?)
        }
    }
    let port = start(|| Brief);
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.connect(port.local_addr());
    assert_eq!(greeted(&seen), "that was all");
    assert!(matches!(ended(&seen), End::Goodbye(GoodbyeReason::Done)));
}

/// A message type that no spec knows: even, so that it would be refused.
const SPECIAL: u16 = 0xff02;

#[test]
fn the_packet_parser_may_handle_its_own_messages_and_hand_on_the_rest() {
    struct Special(Sender<String>);
    impl Connection for Special {
        type Set = App;
        fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
            if packet.id() != SPECIAL {
                return dispatch(self, link, packet);
            }
            let sum: u32 = packet.value().iter().map(|byte| u32::from(*byte)).sum();
            report(&self.0, format!("special {sum}, kept {}", packet.bytes().len()));
            Ok(())
        }
        fn on_message(&mut self, _: &Link, message: AppRef<'_>) -> Result<(), End> {
            if let AppRef::Greet(greet) = message {
                report(&self.0, greet.text.to_owned());
            }
            Ok(())
        }
    }
    let (sender, events) = channel();
    let port = start(move || Special(sender.clone()));
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(port.local_addr());
    let special = Frame::raw(SPECIAL, &[1, 2, 3]).expect("it is short");
    link.send_frame(&special).expect("the link is open");
    link.send(&greet_of("ordinary")).expect("the link is open");
    assert_eq!(next(&events), "special 6, kept 3");
    assert_eq!(next(&events), "ordinary");
}

#[test]
fn on_packet_sees_heartbeats_and_farewells_too() {
    struct Curious(Sender<u16>);
    impl Connection for Curious {
        type Set = App;
        fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
            report(&self.0, packet.id());
            dispatch(self, link, packet)
        }
    }
    let (sender, events) = channel();
    let port = start(move || Curious(sender.clone()));
    let mut often = config("ann");
    often.link.heartbeat = Some(Duration::from_millis(10));
    let ann = TestPort::start(often);
    let (link, _) = ann.connect(port.local_addr());
    assert_eq!(next(&events), 0x0009);
    link.close(GoodbyeReason::Done);
    while next(&events) != 0x0006 {}
}

#[test]
fn on_wake_runs_at_the_start_and_when_its_time_has_come() {
    struct Clock {
        ticks: u32,
        seen: Sender<(u32, Instant)>,
    }
    impl Connection for Clock {
        type Set = App;
        fn on_wake(&mut self, _: &Link, now: Instant) -> Result<Option<Instant>, End> {
            self.ticks += 1;
            report(&self.seen, (self.ticks, now));
            match self.ticks {
                1 | 2 => Ok(Some(now + Duration::from_millis(20))),
                _ => Err(End::Closed(GoodbyeReason::Done)),
            }
        }
    }
    let (seen, events) = channel();
    let port = start(move || Clock { ticks: 0, seen: seen.clone() });
    let ann = TestPort::start(config("ann"));
    let (_, answers) = ann.connect(port.local_addr());
    let times: Vec<Instant> = (1..=3)
        .map(|tick| {
            let (seen, at) = next(&events);
            assert_eq!(seen, tick);
            at
        })
        .collect();
    assert!(times[1] - times[0] >= Duration::from_millis(20));
    assert!(times[2] - times[1] >= Duration::from_millis(20));
    assert!(matches!(ended(&answers), End::Goodbye(GoodbyeReason::Done)));
}

#[test]
fn a_panic_in_a_callback_ends_that_one_link() {
    struct Touchy;
    impl Connection for Touchy {
        type Set = App;
        fn on_message(&mut self, link: &Link, message: AppRef<'_>) -> Result<(), End> {
            match message {
                AppRef::Greet(greet) if greet.text == "boo" => panic!("startled"),
                _ => Ok(link.send(&greet_of("fine"))?),
            }
        }
    }
    let port = start(|| Touchy);
    let ann = TestPort::start(config("ann"));
    let (calm, calm_seen) = ann.connect(port.local_addr());
    let (link, seen) = ann.connect(port.local_addr());
    link.send(&greet_of("boo")).expect("the link is open");
    assert!(matches!(ended(&seen), End::Goodbye(GoodbyeReason::Restart)));
    calm.send(&greet_of("hello")).expect("the link is open");
    assert_eq!(greeted(&calm_seen), "fine");
}

#[test]
fn a_panic_in_new_connection_ends_that_one_connection() {
    struct Touchy {
        first: bool,
    }
    impl NetPort for Touchy {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            assert!(!std::mem::take(&mut self.first), "startled");
            launch_quiet(fresh)
        }
    }
    let port = Port::start(config("user"), Touchy { first: true }).expect("it starts");
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.dial(port.local_addr());
    // Told in order, though it was never launched.
    let end = ended(&seen);
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Restart)), "{end}");
    ann.connect(port.local_addr());
}

#[test]
fn a_port_whose_handle_is_dropped_on_its_own_main_loop_ends() {
    /// Owns the port that it runs.
    struct Owner(Receiver<PortHandle>, Sender<End>);
    impl NetPort for Owner {
        fn main_loop_work(&mut self, port: &Port, _: Instant) -> Result<Next, End> {
            if let Ok(own) = self.0.try_recv() {
                // Not a panic of `std`, which no thread allows to join itself.
                report(&self.1, own.join());
                assert!(port.is_stopping());
            }
            Ok(Next::Sleep)
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            launch_quiet(fresh)
        }
    }
    let (give, handles) = channel();
    let (sender, events) = channel();
    let handle = Port::start(config("user"), Owner(handles, sender)).expect("it starts");
    let ann = TestPort::start(config("ann"));
    let (_, seen) = ann.connect(handle.local_addr());
    let port = Port::clone(&handle);
    give.send(handle).expect("it runs");
    port.wake();
    assert!(matches!(next(&events), End::Stopped));
    assert!(matches!(ended(&seen), End::Goodbye(GoodbyeReason::Done)));
    // The main loop has dropped its `NetPort`.
    events.recv_timeout(PATIENCE).expect_err("it ends");
}

#[test]
fn a_port_whose_handle_is_dropped_on_the_thread_of_its_connection_ends() {
    struct Owner(Arc<Mutex<Option<PortHandle>>>);
    impl Connection for Owner {
        type Set = App;
        fn on_message(&mut self, _: &Link, _: AppRef<'_>) -> Result<(), End> {
            // It waited for the main loop, which waited for this thread.
            drop(self.0.lock().expect("nobody panics").take());
            Ok(())
        }
    }
    let slot = Arc::new(Mutex::new(None));
    let owned = Arc::clone(&slot);
    let handle = start(move || Owner(Arc::clone(&owned)));
    let ann = TestPort::start(config("ann"));
    let (link, seen) = ann.connect(handle.local_addr());
    *slot.lock().expect("nobody panics") = Some(handle);
    link.send(&greet_of("yours is the port")).expect("the link is open");
    assert!(matches!(ended(&seen), End::Goodbye(GoodbyeReason::Done)));
    // The port's `NetPort` goes last, with all that it made.
    wait_until("the port ends", || Arc::strong_count(&slot) == 1);
}
