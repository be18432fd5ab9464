//! A [`NetPort`] of the user's own around a server or a client, which does their work and more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use netport::{
    Client, Connection, CtcConnection, End, Event, Fresh, Link, NetPort, Next, Origin, Packet,
    PeerInfo, Port, Server,
};
use tlv_core::messages::{App, Greet, RefuseReason};
use tlv_core::{Message, Uuid};

use crate::support::{
    client, client_config, greet_of, next, report, server, server_config, wait_for, wait_for_peers,
};

/// Hands everything on, and reports who connects.
struct Around<N> {
    inner: N,
    connected: Sender<Origin>,
    /// So many are refused first.
    refuses: u32,
}

impl<N: NetPort> NetPort for Around<N> {
    fn initial(&mut self, port: &Port) -> Result<(), End> {
        self.inner.initial(port)
    }

    fn main_loop_work(&mut self, port: &Port, now: Instant) -> Result<Next, End> {
        self.inner.main_loop_work(port, now)
    }

    fn on_new_connection(&mut self, port: &Port, origin: &Origin) -> Result<(), End> {
        report(&self.connected, *origin);
        if self.refuses > 0 {
            self.refuses -= 1;
            return Err(End::refuse(RefuseReason::Busy, "not yet"));
        }
        self.inner.on_new_connection(port, origin)
    }

    fn new_connection(&mut self, port: &Port, fresh: Fresh) -> Result<(), End> {
        self.inner.new_connection(port, fresh)
    }
}

#[test]
fn a_netport_around_a_server_chooses_whom_it_serves() {
    let (connected, origins) = channel();
    let around = |inner| Around { inner, connected, refuses: 1 };
    let server = Server::<App>::start_with(server_config(), around).expect("it starts");
    let ann = client(server.local_addr(), "ann");
    wait_for(&ann, "a refusal", |event| match event {
        Event::ServerUnreached { end: End::RefusedBy(refusal), .. } => {
            assert_eq!(refusal.text, "not yet");
            Some(())
        }
        _ => None,
    });
    wait_for(&ann, "being registered", |event| matches!(event, Event::Registered).then_some(()));
    assert_eq!(server.peers().len(), 1);
    for _ in 0..2 {
        assert_eq!(next(&origins).local, server.local_addr());
    }
}

#[test]
fn a_netport_around_a_client_sees_who_dials_it() {
    let server = server();
    let (connected, origins) = channel();
    let around = |inner| Around { inner, connected, refuses: 0 };
    let mut config = client_config("ann");
    // The lower id dials.
    config.port.identity.node = Uuid::from_bytes([0xff; 16]);
    let ann = Client::<App>::connect_with(server.local_addr(), config, around).expect("it starts");
    let bob = client(server.local_addr(), "bob");
    wait_for_peers(&ann, &["bob"]);
    assert_eq!(next(&origins).local.port(), ann.local_addr().port());
    bob.send("ann", &greet_of("hello")).expect("they are linked");
    wait_for(&ann, "the greeting", |event| matches!(event, Event::Message { .. }).then_some(()));
}

/// Answers greetings on the link's own thread, and leaves answers to the client.
struct Polite(CtcConnection<App>);

impl Connection for Polite {
    type Set = App;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        self.0.on_open(link, peer)
    }

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        let greeted = packet.id() == Greet::ID && Greet::borrow(packet.value())?.text == "hello";
        match self.0.peer() {
            Some(peer) if greeted => Ok(link.send(&greet_of(&format!("hi {}", peer.name)))?),
            _ => self.0.on_packet(link, packet),
        }
    }

    fn on_end(&mut self, link: &Link, end: &End) {
        self.0.on_end(link, end);
    }
}

#[test]
fn a_connection_around_a_clients_answers_on_links_that_either_side_dialled() {
    let server = server();
    let polite = |name| {
        let around = |client: Client<App>| client.with_connection(Polite);
        Client::connect_with(server.local_addr(), client_config(name), around).expect("it starts")
    };
    let pair = [polite("ann"), polite("bob")];
    wait_for_peers(&pair[0], &["bob"]);
    wait_for_peers(&pair[1], &["ann"]);
    for [asking, answering] in [["ann", "bob"], ["bob", "ann"]] {
        let client = pair.iter().find(|client| client.name() == asking).expect("one of them");
        client.send(answering, &greet_of("hello")).expect("they are linked");
        let answer = wait_for(client, "the answer", |event| match event {
            Event::Message { message: App::Greet(greet), .. } => Some(greet.text.clone()),
            _ => None,
        });
        assert_eq!(answer, format!("hi {asking}"));
    }
}

#[test]
fn what_makes_a_connection_may_use_the_client() {
    let server = server();
    let _bob = client(server.local_addr(), "bob");
    let mut config = client_config("ann");
    // The lower id dials.
    config.port.identity.node = Uuid::from_bytes([0; 16]);
    let (sender, turns) = channel();
    let ann = Client::<App>::connect_with(server.local_addr(), config, |client| {
        let hub = Arc::clone(client.hub());
        client.with_connection(move |own| {
            let (hub, sender) = (Arc::clone(&hub), sender.clone());
            // On a thread of its own, so that this one does not hang where it may not.
            let (done, is_done) = channel();
            thread::spawn(move || report(&done, hub.turn(Instant::now())));
            report(&sender, is_done.recv_timeout(Duration::from_secs(5)).is_ok());
            own
        })
    })
    .expect("it starts");
    wait_for_peers(&ann, &["bob"]);
    assert!(next(&turns), "the client is not locked meanwhile");
}

#[test]
fn a_panic_where_a_connection_is_made_ends_that_one_dial() {
    let server = server();
    let bob = client(server.local_addr(), "bob");
    let mut config = client_config("ann");
    // The lower id dials.
    config.port.identity.node = Uuid::from_bytes([0; 16]);
    let first = AtomicBool::new(true);
    let ann = Client::<App>::connect_with(server.local_addr(), config, |client| {
        client.with_connection(move |own| {
            assert!(!first.swap(false, Ordering::Relaxed), "startled");
            own
        })
    })
    .expect("it starts");
    wait_for(&ann, "the link", |event| {
        assert!(!matches!(event, Event::ServerLost(_)), "the thread that dialled goes on");
        matches!(event, Event::Up(_)).then_some(())
    });
    bob.send("ann", &greet_of("hello")).expect("they are linked");
    wait_for(&ann, "the greeting", |event| matches!(event, Event::Message { .. }).then_some(()));
}
