//! Whom a name means: who is listed under it, or else the one that is connected.

use std::net::SocketAddr;

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
