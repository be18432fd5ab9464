//! What the tests over real sockets share: ports that report what they see, and peers that speak
//! bytes. Nothing here sleeps: tests wait for events, with a deadline.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use netport::{
    Connection, End, Expect, Fresh, Identity, Link, NetPort, PeerInfo, Port, PortConfig, PortHandle,
};
use tlv_core::messages::{
    App, AppRef, Control, GoodbyeReason, Hello, MAGIC, Refuse, RefuseReason, Role, WIRE_VERSION,
};
use tlv_core::{Message, MessageSet, record};

/// Whatever has not happened by then never will.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration for loopback.
pub fn config(name: &str) -> PortConfig {
    PortConfig::new(([127, 0, 0, 1], 0).into(), Identity::new(Role::Client, name))
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

/// Nobody may be listening any more.
pub fn report<T>(to: &Sender<T>, what: T) {
    let _ = to.send(what);
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

/// The next event.
pub fn next<T>(events: &Receiver<T>) -> T {
    match events.recv_timeout(PATIENCE) {
        Ok(event) => event,
        Err(RecvTimeoutError::Timeout) => panic!("nothing happened"),
        Err(RecvTimeoutError::Disconnected) => panic!("nothing can happen any more"),
    }
}

/// The link and the peer, once it is open.
pub fn opened(events: &Receiver<Seen>) -> (Link, PeerInfo) {
    match next(events) {
        Seen::Open(link, peer) => (link, peer),
        other => panic!("not open: {other:?}"),
    }
}

/// The next greeting.
pub fn greeted(events: &Receiver<Seen>) -> String {
    match next(events) {
        Seen::Greet(text) => text,
        other => panic!("not a greeting: {other:?}"),
    }
}

/// How the link ended, whatever came before that.
pub fn ended(events: &Receiver<Seen>) -> End {
    loop {
        if let Seen::End(end) = next(events) {
            return end;
        }
    }
}

pub fn greet_of(text: &str) -> tlv_core::messages::Greet {
    tlv_core::messages::Greet::new(text)
}

/// Waits until `done`, which something else than time brings about.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

/// A `Hello` that any port here accepts.
pub fn hello(role: Role) -> Hello {
    let identity = Identity::new(role, "raw");
    let protocol = App::PROTOCOL;
    Hello::new(
        MAGIC,
        WIRE_VERSION,
        protocol.name,
        protocol.version,
        role,
        identity.node,
        1,
        1,
        "raw",
    )
}

/// A message as bytes.
pub fn frame(message: &impl Message) -> Vec<u8> {
    message.to_frame().expect("within its bounds").to_vec()
}

/// A peer that speaks bytes.
pub struct Raw(pub TcpStream);

impl Raw {
    /// Connects, and says nothing.
    pub fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
        Self(stream)
    }

    /// Connects and shakes hands.
    pub fn open(to: SocketAddr, role: Role) -> Self {
        let mut raw = Self::connect(to);
        raw.write(&frame(&hello(role)));
        let (id, _) = raw.frame().expect("a `Hello` comes back");
        assert_eq!(id, Hello::ID);
        raw
    }

    /// Writes; the other end may have closed already.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// The next frame, or `None` at the end of the stream.
    pub fn frame(&mut self) -> Option<(u16, Vec<u8>)> {
        let mut header = [0; record::HEADER_LEN];
        self.0.read_exact(&mut header).ok()?;
        let (_, header) = record::header(&header).expect("all of it is there");
        let mut value = vec![0; header.len as usize];
        self.0.read_exact(&mut value).ok()?;
        Some((header.id, value))
    }

    /// Why the other end refuses this one, before it closes.
    pub fn refused(&mut self) -> RefuseReason {
        let mut reason = None;
        while let Some((id, value)) = self.frame() {
            if id == Refuse::ID {
                reason = Some(Refuse::decode(&value).expect("well formed").reason);
            }
        }
        reason.expect("a `Refuse` before the end")
    }
}

/// The control messages as the tests name them.
pub fn is_control(id: u16) -> bool {
    Control::info(id).is_some()
}
