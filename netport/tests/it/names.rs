//! Whom a name means: who is listed under it, or else the one that is connected.

use std::net::SocketAddr;
use std::time::Duration;

use netport::{ClientHandle, DeliverError, Event, Identity};
use tlv_core::Uuid;
use tlv_core::messages::{App, Control, Greet, Role, Welcome};

use crate::support::{Raw, client, hello_of, server, wait_for, wait_for_peers};

/// A node that no server lists, of this name; its id is lower than those of real clients.
fn stranger(to: SocketAddr, id: u8, name: &str) -> Raw {
    let mut raw = Raw::connect(to);
    let mut node = [0; 16];
    node[15] = id;
    let identity = Identity { node: Uuid::from_bytes(node), ..Identity::new(Role::Client, name) };
    raw.send(&hello_of(&identity, 1));
    assert!(matches!(raw.expect(), Control::Hello(_)));
    raw.send(&Welcome::new());
    raw
}

fn wait_for_stranger(client: &ClientHandle<App>, name: &str) {
    wait_for(client, "the stranger", |event| match event {
        Event::Up(peer) if peer.name == name => Some(()),
        _ => None,
    });
}

#[test]
fn a_name_is_that_of_who_is_listed_whoever_else_calls_himself_so() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let bob = client(server.local_addr(), "bob");
    wait_for_peers(&ann, &["bob"]);
    let _impostor = stranger(ann.local_addr(), 1, "bob");
    wait_for_stranger(&ann, "bob");
    ann.send("bob", &Greet::new("for you alone")).expect("a link to bob");
    wait_for(&bob, "the greeting", |event| matches!(event, Event::Message { .. }).then_some(()));
}

#[test]
fn who_waits_for_a_peer_has_a_link_to_it_once_it_has_come() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let early = ann.wait_for("bob", Duration::ZERO);
    assert!(matches!(early, Err(DeliverError::UnknownPeer)), "{early:?}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ann.wait_for("bob", Duration::MAX));
        let _bob = client(server.local_addr(), "bob");
        let link = waiting.join().expect("it waits").expect("a link to bob");
        assert_eq!(link.peer().expect("it is open").name, "bob");
    });
}

#[test]
fn a_client_that_stops_keeps_nobody_waiting_for_a_peer() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ann.wait_for("godot", Duration::MAX));
        ann.stop();
        let waited = waiting.join().expect("it waits");
        assert!(matches!(waited, Err(DeliverError::UnknownPeer)), "{waited:?}");
    });
}

#[test]
fn who_is_not_listed_has_its_name_while_it_is_the_only_one() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let _one = stranger(ann.local_addr(), 1, "cid");
    wait_for_stranger(&ann, "cid");
    ann.try_send("cid", &Greet::new("hello")).expect("a link to the only one");
    let _other = stranger(ann.local_addr(), 2, "cid");
    wait_for_stranger(&ann, "cid");
    let sent = ann.try_send("cid", &Greet::new("which?"));
    assert!(matches!(sent, Err(DeliverError::UnknownPeer)), "{sent:?}");
}
