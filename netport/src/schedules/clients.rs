//! Clients and their server: who registers, meets, waits, and is stopped meanwhile.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crossbeam_channel::{TryRecvError, bounded};
use tlv_core::messages::{App, GoodbyeReason, Role};

use super::Scenario;
use super::ports::{LONG, config};
use crate::client::{Client, ClientConfig, ClientHandle, ClientHub, DeliverError, Event};
use crate::config::{Identity, PortConfig};
use crate::error::End;
use crate::server::{Server, ServerConfig, ServerHandle};
use crate::sync::{Arc, AtomicBool, Ordering, thread};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "clients that are stopped while they meet end",
        pipe_bytes: 400,
        run: clients_that_are_stopped_while_they_meet_end,
    },
    Scenario {
        name: "who waits for a peer is told when the client is stopped",
        pipe_bytes: 400,
        run: who_waits_for_a_peer_is_told_when_the_client_is_stopped,
    },
    Scenario {
        name: "who is about to wait for a peer is woken by the end of the client",
        pipe_bytes: 400,
        run: who_is_about_to_wait_for_a_peer_is_woken_by_the_end_of_the_client,
    },
];

/// A server that tells every change at once: the clock stands still.
fn server() -> ServerHandle {
    let port = config("rendezvous");
    let identity = Identity { role: Role::Server, ..port.identity.clone() };
    let new = ServerConfig::new(port.listen);
    let port = PortConfig { identity, ..port };
    Server::<App>::start(ServerConfig { port, push_spacing: Duration::ZERO, ..new })
        .expect("it starts")
}

/// A client; of two of them, the one with the shorter name dials.
fn client(server: SocketAddr, name: &str) -> ClientHandle<App> {
    let config = ClientConfig { port: config(name), ..ClientConfig::named(name) };
    Client::connect(server, config).expect("it starts")
}

/// Takes the client's events until it has ended, and finds them in order.
fn see_out(client: ClientHandle<App>) {
    let mut is_registered = false;
    let mut up = BTreeSet::new();
    loop {
        match client.events().try_recv() {
            Ok(Event::Registered) => is_registered = true,
            Ok(Event::List(_)) => assert!(is_registered, "a list comes first"),
            Ok(Event::Up(peer)) => assert!(up.insert(peer.node), "up twice"),
            Ok(Event::Down(peer, _)) => assert!(up.remove(&peer.node), "down before it was up"),
            Ok(_) => {}
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => break,
        }
    }
    assert!(matches!(client.join(), End::Closed(GoodbyeReason::Done)));
}

/// One of three leaves at once, another as soon as it has met the third.
fn clients_that_are_stopped_while_they_meet_end() {
    let server = server();
    let [ann, carol, robert] =
        ["ann", "carol", "robert"].map(|name| client(server.local_addr(), name));
    let ann = thread::spawn(move || {
        ann.stop();
        see_out(ann);
    });
    let carol = thread::spawn(move || {
        carol.wait_for("robert", LONG).expect("they meet");
        carol.stop();
        see_out(carol);
    });
    for client in [ann, carol] {
        client.join().expect("it ends");
    }
    robert.stop();
    see_out(robert);
    server.stop();
    assert!(matches!(server.join(), End::Closed(_)));
}

fn who_waits_for_a_peer_is_told_when_the_client_is_stopped() {
    // Nobody listens there, so that nothing else happens to the client.
    let nowhere = config("ann").listen;
    let client = Arc::new(client(nowhere, "ann"));
    let waiting = {
        let client = Arc::clone(&client);
        thread::spawn(move || {
            let met = client.wait_for("robert", LONG);
            assert!(matches!(met, Err(DeliverError::UnknownPeer)), "{met:?}");
        })
    };
    client.stop();
    waiting.join().expect("it is told");
    see_out(Arc::into_inner(client).expect("nobody waits any more"));
}

fn who_is_about_to_wait_for_a_peer_is_woken_by_the_end_of_the_client() {
    let (events, _received) = bounded(1);
    let nowhere = config("ann").listen;
    let hub = Arc::new(ClientHub::<App>::new(nowhere, &ClientConfig::named("ann"), events));
    let has_looked = Arc::new(AtomicBool::new(false));
    let waiting = {
        let (hub, has_looked) = (Arc::clone(&hub), Arc::clone(&has_looked));
        thread::spawn(move || {
            let state = hub.lock();
            has_looked.store(true, Ordering::Release);
            // The lock is free once this thread waits, and `finish` wants it.
            drop(hub.wait(state, LONG));
        })
    };
    while !has_looked.load(Ordering::Acquire) {
        thread::yield_now();
    }
    hub.finish();
    waiting.join().expect("it is woken");
}
