//! Ports whose connections report what happens to them.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};

use netport::{
    Connection, End, Expect, Fresh, Identity, Link, NetPort, PeerInfo, Port, PortConfig, PortHandle,
};
use tlv_core::messages::{App, AppRef, GoodbyeReason, Greet, Role};

use super::{next, report};

/// A configuration for loopback.
pub fn config(name: &str) -> PortConfig {
    PortConfig::new(([127, 0, 0, 1], 0).into(), Identity::new(Role::Client, name))
}

pub fn greet_of(text: &str) -> Greet {
    Greet::new(text)
}

/// What a [`Reporter`] saw.
#[derive(Debug)]
pub enum Seen {
    /// The handshake is over.
    Open(Link, PeerInfo),
    /// A `Greet`.
    Greet(String),
    /// The link ended.
    End(End),
}

/// A connection that reports what happens to it, and answers greetings if told to.
pub struct Reporter {
    pub seen: Sender<Seen>,
    pub answers: bool,
}

impl Connection for Reporter {
    type Set = App;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        report(&self.seen, Seen::Open(link.clone(), peer.clone()));
        Ok(())
    }

    fn on_message(&mut self, link: &Link, message: AppRef<'_>) -> Result<(), End> {
        if let AppRef::Greet(greet) = message {
            report(&self.seen, Seen::Greet(greet.text.to_owned()));
            if self.answers {
                link.send(&greet_of(&format!("{}, too", greet.text)))?;
            }
        }
        Ok(())
    }

    fn on_end(&mut self, _: &Link, end: &End) {
        report(&self.seen, Seen::End(end.clone()));
    }
}

/// A port that launches a [`Reporter`] for whoever connects.
pub struct Reporting {
    pub seen: Sender<Seen>,
    pub answers: bool,
}

impl NetPort for Reporting {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(Reporter { seen: self.seen.clone(), answers: self.answers })?;
        Ok(())
    }
}

/// A running port and what its accepted connections see.
pub struct TestPort {
    pub handle: PortHandle,
    pub seen: Receiver<Seen>,
}

impl TestPort {
    /// A port that reports, and answers greetings.
    pub fn start(config: PortConfig) -> Self {
        let (sender, seen) = channel();
        let netport = Reporting { seen: sender, answers: true };
        Self { handle: Port::start(config, netport).expect("a port starts"), seen }
    }

    /// Dials `to`; what the dialled connection sees, and its link.
    pub fn dial(&self, to: SocketAddr) -> (Link, Receiver<Seen>) {
        let (seen, events) = channel();
        let reporter = Reporter { seen, answers: false };
        (self.handle.dial(to, Expect::any(), reporter).expect("a dial begins"), events)
    }

    /// Dials `to` and waits until the link is open.
    pub fn connect(&self, to: SocketAddr) -> (Link, Receiver<Seen>) {
        let (_, events) = self.dial(to);
        (opened(&events).0, events)
    }

    /// Stops the port and waits for its end.
    pub fn stop(self) -> End {
        self.handle.stop(GoodbyeReason::Done);
        self.handle.join()
    }
}

/// The link and the peer, once it is open.
#[track_caller]
pub fn opened(events: &Receiver<Seen>) -> (Link, PeerInfo) {
    match next(events) {
        Seen::Open(link, peer) => (link, peer),
        other => panic!("not open: {other:?}"),
    }
}

/// The next greeting.
#[track_caller]
pub fn greeted(events: &Receiver<Seen>) -> String {
    match next(events) {
        Seen::Greet(text) => text,
        other => panic!("not a greeting: {other:?}"),
    }
}

/// How the link ended, whatever came before that.
#[track_caller]
pub fn ended(events: &Receiver<Seen>) -> End {
    loop {
        if let Seen::End(end) = next(events) {
            return end;
        }
    }
}
