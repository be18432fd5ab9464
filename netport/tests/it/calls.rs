//! Requests and responses over one link.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use netport::{
    CallFailure, Connection, End, Expect, Fresh, Link, NetPort, PeerInfo, Port, PortHandle, Reply,
};
use tlv_core::messages::{App, AppRef, CallError, Found, GoodbyeReason, Lookup};

use crate::other::Ask;
use crate::support::{
    PATIENCE, Raw, TestPort, config, frame, greet_of, greeted, next, opened, report,
};

fn lookup(key: &str) -> Lookup {
    Lookup::new(key)
}

/// Answers lookups by their key: at once, in reverse, never, or not at all.
struct Answering {
    held: Vec<(String, Reply)>,
}

impl Connection for Answering {
    type Set = App;
    fn on_request(&mut self, _: &Link, request: AppRef<'_>, reply: Reply) -> Result<(), End> {
        let AppRef::Lookup(lookup) = request else { return Ok(()) };
        match lookup.key {
            "refused" => reply.refuse(CallError::Failed, "not today")?,
            "dropped" => drop(reply),
            "end" => {
                // Kept, since a dropped one refuses.
                self.held.push((String::new(), reply));
                return Err(End::Closed(GoodbyeReason::Done));
            }
            "release" => {
                while let Some((key, held)) = self.held.pop() {
                    held.send(Found::new(Some(format!("value of {key}"))))?;
                }
                reply.send(Found::new(None))?;
            }
            key if key.starts_with("held") => self.held.push((key.to_owned(), reply)),
            key => reply.send(Found::new(Some(format!("value of {key}"))))?,
        }
        Ok(())
    }
}

struct AnsweringPort;

impl NetPort for AnsweringPort {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(Answering { held: Vec::new() })?;
        Ok(())
    }
}

fn answering() -> PortHandle {
    Port::start(config("bob"), AnsweringPort).expect("it starts")
}

#[test]
fn a_call_returns_its_response() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let found = link.call(lookup("a"), PATIENCE).expect("an answer");
    assert_eq!(found.value.as_deref(), Some("value of a"));
}

#[test]
fn calls_of_several_threads_are_answered_in_any_order() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let (sent, sending) = channel();
    let callers: Vec<_> = (0..8)
        .map(|number| {
            let (link, sent) = (link.clone(), sent.clone());
            std::thread::spawn(move || {
                report(&sent, ());
                let key = format!("held {number}");
                let found = link.call(lookup(&key), PATIENCE).expect("an answer");
                assert_eq!(found.value, Some(format!("value of {key}")));
            })
        })
        .collect();
    for _ in 0..8 {
        next(&sending);
    }
    // Until every caller has its answer: some may not have been held yet.
    while callers.iter().any(|caller| !caller.is_finished()) {
        link.call(lookup("release"), PATIENCE).expect("an answer");
    }
    for caller in callers {
        caller.join().expect("its own answer");
    }
}

#[test]
fn a_refusal_is_typed() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let Err(CallFailure::Refused { reason, text }) = link.call(lookup("refused"), PATIENCE) else {
        panic!("it was not refused");
    };
    assert_eq!((reason, text.as_str()), (CallError::Failed, "not today"));
    let dropped = link.call(lookup("dropped"), PATIENCE);
    assert!(matches!(dropped, Err(CallFailure::Refused { reason: CallError::Failed, .. })));
}

#[test]
fn who_answers_no_requests_refuses_them() {
    let bob = TestPort::start(config("bob"));
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.handle.local_addr());
    let answer = link.call(lookup("a"), PATIENCE);
    assert!(matches!(answer, Err(CallFailure::Refused { reason: CallError::Unsupported, .. })));
}

#[test]
fn a_call_that_nobody_answers_ends_at_its_deadline() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let answer = link.call(lookup("held for ever"), Duration::from_millis(50));
    assert!(matches!(answer, Err(CallFailure::Timeout)));
}

#[test]
fn a_request_that_the_other_side_skips_ends_at_its_deadline() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    // Odd, of no message that `bob` knows, and by its version he should.
    let answer = link.call(Ask::new("key"), Duration::from_millis(50));
    assert!(matches!(answer, Err(CallFailure::Timeout)), "{answer:?}");
    link.call(lookup("a"), PATIENCE).expect("the link is as it was");
}

#[test]
fn a_call_is_cancelled_when_the_link_ends() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let answer = link.call(lookup("end"), PATIENCE);
    assert!(matches!(answer, Err(CallFailure::Ended(End::Goodbye(_)))));
    let answer = link.call(lookup("a"), PATIENCE);
    assert!(matches!(answer, Err(CallFailure::Send(_))));
}

/// Calls from its own thread.
struct Asking(Sender<String>);

impl Connection for Asking {
    type Set = App;
    fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
        let waiting = link.call(lookup("a"), PATIENCE);
        assert!(matches!(waiting, Err(CallFailure::WrongThread)));
        for (key, timeout) in
            [("held", Duration::from_millis(50)), ("refused", PATIENCE), ("a", PATIENCE)]
        {
            let seen = self.0.clone();
            link.call_then(lookup(key), timeout, move |answer| {
                let text = match answer {
                    Ok(found) => found.value.unwrap_or_default(),
                    Err(failure) => failure.to_string(),
                };
                report(&seen, format!("{key}: {text}"));
            });
        }
        Ok(())
    }
}

#[test]
fn a_connections_own_thread_is_called_back() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (seen, events): (_, Receiver<String>) = channel();
    ann.handle.dial(bob.local_addr(), Expect::any(), Asking(seen)).expect("a dial begins");
    let mut answers = [(); 3].map(|()| next(&events));
    // Whether the answers come before the first has waited long enough is not determined.
    answers.sort_unstable();
    assert_eq!(
        answers,
        ["a: value of a", "held: no response in time", "refused: the request failed: not today"]
    );
}

/// Calls, and panics when it is answered.
struct Startled(Sender<&'static str>);

impl Connection for Startled {
    type Set = App;
    fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
        let seen = self.0.clone();
        link.call_then(lookup("held"), PATIENCE, move |answer| {
            assert!(matches!(answer, Err(CallFailure::Ended(End::Panicked(_)))), "{answer:?}");
            report(&seen, "cancelled");
            panic!("startled again");
        });
        link.call_then(lookup("a"), PATIENCE, |_| panic!("startled"));
        Ok(())
    }

    fn on_end(&mut self, _: &Link, end: &End) {
        assert!(matches!(end, End::Panicked(text) if text == "startled"), "{end}");
        report(&self.0, "ended");
    }
}

#[test]
fn a_panic_in_who_is_called_back_keeps_nobody_else_from_being_told() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (seen, events) = channel();
    ann.handle.dial(bob.local_addr(), Expect::any(), Startled(seen)).expect("a dial begins");
    assert_eq!(next(&events), "cancelled");
    assert_eq!(next(&events), "ended");
}

#[test]
fn a_time_beyond_what_a_clock_can_say_is_long_enough() {
    let bob = answering();
    let ann = TestPort::start(config("ann"));
    let (link, _) = ann.connect(bob.local_addr());
    let found = link.call(lookup("a"), Duration::MAX).expect("an answer");
    assert_eq!(found.value.as_deref(), Some("value of a"));
}

#[test]
fn a_response_that_nobody_waits_for_is_skipped() {
    use tlv_core::messages::Role;
    let port = TestPort::start(config("port"));
    let mut raw = Raw::open(port.handle.local_addr(), Role::Client);
    raw.write(&frame(&Found::new(None)));
    raw.write(&frame(&greet_of("after it")));
    opened(&port.seen);
    assert_eq!(greeted(&port.seen), "after it");
}
