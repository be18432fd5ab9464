//! Clients find each other through the server, over real sockets.

use std::net::{Shutdown, TcpListener};
use std::time::Duration;

use netport::{DeliverError, End, Event, Identity, Server};
use tlv_core::messages::{
    App, Control, Deregister, GoodbyeReason, Greet, Lookup, RefuseReason, Register, RegisterError,
    Role,
};

use crate::support::{
    PATIENCE, Raw, client, client_config, client_with, frame, hello, hello_of, loopback, names_of,
    server, server_config, wait_for, wait_for_list, wait_for_peers,
};

#[test]
fn every_client_gets_the_list_on_every_join() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let list = wait_for_list(&ann, &["ann"]);
    assert_eq!(list.change.joined.len(), 1);

    let bob = client(server.local_addr(), "bob");
    let list = wait_for_list(&ann, &["ann", "bob"]);
    let joined: Vec<_> = list.change.joined.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(joined, ["bob"], "what changed is told, and only that");
    wait_for_list(&bob, &["ann", "bob"]);

    let cid = client(server.local_addr(), "cid");
    for client in [&ann, &bob, &cid] {
        wait_for_list(client, &["ann", "bob", "cid"]);
    }
    assert_eq!(server.peers().len(), 3);
}

#[test]
fn every_client_gets_the_list_when_one_deregisters() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let bob = client(server.local_addr(), "bob");
    wait_for_list(&ann, &["ann", "bob"]);
    wait_for_list(&bob, &["ann", "bob"]);

    bob.deregister();
    let list = wait_for_list(&ann, &["ann"]);
    assert_eq!(list.change.left[0].name, "bob");
    assert!(bob.peers().is_empty(), "who is not registered is told no list");
}

#[test]
fn a_client_registers_again_on_the_link_that_it_has() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let bob = client(server.local_addr(), "bob");
    wait_for_list(&ann, &["ann", "bob"]);
    wait_for_list(&bob, &["ann", "bob"]);
    let before = server.port().links().iter().map(netport::Link::id).collect::<Vec<_>>();

    for _ in 0..3 {
        bob.deregister();
        wait_for_list(&ann, &["ann"]);
        bob.register();
        wait_for_list(&ann, &["ann", "bob"]);
        wait_for(&bob, "registered", |event| matches!(event, Event::Registered).then_some(()));
        wait_for_list(&bob, &["ann", "bob"]);
    }
    let after = server.port().links().iter().map(netport::Link::id).collect::<Vec<_>>();
    assert_eq!(before, after, "the same links all along");
}

#[test]
fn a_client_that_dies_is_removed_and_the_others_are_told() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let dead = Raw::member(server.local_addr(), "dead");
    wait_for_list(&ann, &["ann", "dead"]);
    // No word of farewell: the socket is gone, as after a crash.
    drop(dead);
    let list = wait_for_list(&ann, &["ann"]);
    assert_eq!(list.change.left[0].name, "dead");
}

#[test]
fn a_client_that_leaves_deregisters_first() {
    let server = server();
    let mut watcher = Raw::member(server.local_addr(), "watcher");
    let ann = client(server.local_addr(), "ann");
    let Control::Changes(joined) = watcher.expect() else { panic!("not the changes") };
    assert_eq!(joined.joined[0].name, "ann");

    ann.stop();
    let end = ann.join();
    assert!(matches!(end, End::Stopped | End::Closed(GoodbyeReason::Done)), "{end:?}");
    // The server knew before the client was gone.
    assert_eq!(server.peers().len(), 1);
    let Control::Changes(left) = watcher.expect() else { panic!("not the changes") };
    assert_eq!(left.left, [joined.joined[0].node]);
}

#[test]
fn spaced_changes_give_one_push_each() {
    let server = server();
    let mut watcher = Raw::member(server.local_addr(), "watcher");
    let mut count = server.epoch().count;
    for round in 0..5 {
        let name = format!("client {round}");
        let member = Raw::member(server.local_addr(), &name);
        let Control::Changes(changes) = watcher.expect() else { panic!("not the changes") };
        assert_eq!((changes.from.count, changes.to.count), (count, count + 1));
        assert_eq!((changes.joined.len(), changes.left.len()), (1, 0));
        drop(member);
        let Control::Changes(changes) = watcher.expect() else { panic!("not the changes") };
        assert_eq!((changes.joined.len(), changes.left.len()), (0, 1));
        count = changes.to.count;
    }
}

#[test]
fn a_burst_of_changes_shares_a_push() {
    const BURST: usize = 20;
    let mut config = server_config();
    config.push_spacing = Duration::from_millis(300);
    let server = Server::<App>::start(config).unwrap();
    let mut watcher = Raw::member(server.local_addr(), "watcher");
    let mut members: Vec<_> = (0..BURST)
        .map(|number| Raw::client(server.local_addr(), &format!("client {number}")))
        .collect();
    for member in &mut members {
        member.send(&Register::new(vec!["127.0.0.1:9".parse().unwrap()]));
    }
    let (mut joined, mut pushes) = (0, 0);
    while joined < BURST {
        let Control::Changes(changes) = watcher.expect() else { panic!("not the changes") };
        joined += changes.joined.len();
        pushes += 1;
    }
    assert_eq!(joined, BURST);
    assert!(pushes < BURST / 2, "{pushes} pushes for {BURST} changes");
}

#[test]
fn a_burst_of_changes_leads_everybody_to_the_newest_list() {
    let server = server();
    let names: Vec<String> = (10..30).map(|number| format!("client {number}")).collect();
    let clients: Vec<_> = names.iter().map(|name| client(server.local_addr(), name)).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    for client in &clients {
        wait_for_list(client, &all);
    }
}

#[test]
fn clients_connect_to_all_others_and_talk_without_the_server() {
    let server = server();
    let names = ["ann", "bob", "cid", "dan", "eve", "fay"];
    let clients = names.map(|name| client(server.local_addr(), name));
    for client in &clients {
        let others: Vec<&str> = names.into_iter().filter(|name| *name != client.name()).collect();
        wait_for_peers(client, &others);
        let connected = client.connected();
        // A list that is asked for often is made in one piece.
        assert_eq!((connected.len(), connected.capacity()), (others.len(), others.len()));
    }
    server.stop();
    server.join();

    for from in &clients {
        for to in names.into_iter().filter(|name| *name != from.name()) {
            from.send(to, &Greet::new(format!("hello, {to}"))).expect("a link to each");
        }
    }
    for client in &clients {
        let mut missing: Vec<_> = names.into_iter().filter(|name| *name != client.name()).collect();
        wait_for(client, "a greeting from each", |event| {
            if let Event::Message { from, message: App::Greet(greet) } = event {
                assert_eq!(greet.text, format!("hello, {}", client.name()));
                missing.retain(|name| *name != from.name);
            }
            missing.is_empty().then_some(())
        });
    }
}

#[test]
fn there_is_exactly_one_link_per_pair() {
    let server = server();
    let names = ["ann", "bob", "cid", "dan"];
    let clients = names.map(|name| client(server.local_addr(), name));
    for client in &clients {
        let others: Vec<&str> = names.into_iter().filter(|name| *name != client.name()).collect();
        wait_for_peers(client, &others);
    }
    // Every message arrives once, by a link that both ends have: what one end calls its local
    // address, the other calls the peer's.
    for client in &clients {
        for peer in client.connected() {
            let there = clients.iter().find(|other| other.node() == peer.node).unwrap();
            let back = there.connected().into_iter().find(|back| back.node == client.node());
            let back = back.expect("the link is up at both ends");
            assert_eq!((back.address, back.local), (peer.local, peer.address));
        }
    }
}

#[test]
fn a_broadcast_reaches_everyone() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let others = ["bob", "cid", "dan"];
    let clients = others.map(|name| client(server.local_addr(), name));
    wait_for_peers(&ann, &others);
    let reached = ann.broadcast(&Greet::new("all".to_owned())).unwrap();
    assert_eq!((reached.sent, reached.missed.len()), (3, 0));
    for client in &clients {
        wait_for(client, "the broadcast", |event| {
            matches!(event, Event::Message { from, .. } if from.name == "ann").then_some(())
        });
    }
}

#[test]
fn a_client_keeps_receiving_while_it_sends() {
    const MESSAGES: usize = 20_000;
    let server = server();
    let pair = ["ann", "bob"].map(|name| client(server.local_addr(), name));
    wait_for_peers(&pair[0], &["bob"]);
    wait_for_peers(&pair[1], &["ann"]);
    // Both send as fast as they can, and neither may hold up the other. Were a send to keep a
    // client from receiving, both would wait for room for ever.
    std::thread::scope(|scope| {
        for (from, to) in [(&pair[0], "bob"), (&pair[1], "ann")] {
            scope.spawn(move || {
                for number in 0..MESSAGES {
                    from.send(to, &Greet::new(format!("{number:0400}"))).expect("room in time");
                }
            });
            scope.spawn(move || {
                let mut next = 0;
                wait_for(from, "every message", |event| {
                    if let Event::Message { message: App::Greet(greet), .. } = event {
                        assert_eq!(greet.text.parse(), Ok(next), "in order, each once");
                        next += 1;
                    }
                    (next == MESSAGES).then_some(())
                });
            });
        }
    });
}

#[test]
fn deregistering_without_having_registered_is_refused_and_nobody_else_notices() {
    let server = server();
    let mut watcher = Raw::member(server.local_addr(), "watcher");
    let mut guest = Raw::client(server.local_addr(), "guest");
    guest.send(&Deregister::new());
    let Control::Refuse(refuse) = guest.expect() else { panic!("not a refusal") };
    assert_eq!(refuse.reason, RefuseReason::NotAllowed);
    assert_eq!(guest.next(), None, "the link is closed");

    // The first that the watcher hears of is the next one to join.
    let _next = Raw::member(server.local_addr(), "next");
    let Control::Changes(changes) = watcher.expect() else { panic!("not the changes") };
    assert_eq!(changes.joined[0].name, "next");
}

#[test]
fn a_name_that_a_living_client_holds_is_taken_until_it_leaves() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    wait_for_list(&ann, &["ann"]);
    let other = client(server.local_addr(), "ann");
    for _ in 0..2 {
        let (error, retry) = wait_for(&other, "a refusal", refused);
        assert_eq!(error, RegisterError::NameTaken);
        assert!(retry.is_some(), "it is asked for again");
    }
    ann.stop();
    ann.join();
    wait_for_list(&other, &["ann"]);
}

#[test]
fn who_does_not_register_again_leaves_that_to_the_user() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    wait_for_list(&ann, &["ann"]);
    let mut config = client_config("ann");
    config.register_again = false;
    let other = client_with(server.local_addr(), config);
    let refusal = wait_for(&other, "a refusal", refused);
    assert_eq!(refusal, (RegisterError::NameTaken, None));
    ann.stop();
    ann.join();
    // The name is free, on the link that is open.
    other.register();
    wait_for_list(&other, &["ann"]);
}

fn refused(event: Event<App>) -> Option<(RegisterError, Option<Duration>)> {
    match event {
        Event::RegisterRefused { error, retry } => Some((error, retry)),
        _ => None,
    }
}

#[test]
fn an_older_incarnation_is_refused_and_told_the_newer() {
    let server = server();
    let mut newer = Raw::connect(server.local_addr());
    let mut identity = Identity::new(Role::Client, "ann");
    identity.incarnation = 7;
    newer.send(&hello_of(&identity, 1));
    assert!(matches!(newer.expect(), Control::Hello(_)));
    newer.send(&Register::new(vec!["127.0.0.1:9".parse().unwrap()]));
    assert!(matches!(newer.expect(), Control::Snapshot(_)));

    let mut older = Raw::connect(server.local_addr());
    identity.incarnation = 6;
    older.send(&hello_of(&identity, 9));
    assert!(matches!(older.expect(), Control::Hello(_)));
    let Control::Refuse(refuse) = older.expect() else { panic!("not a refusal") };
    assert_eq!((refuse.reason, refuse.current), (RefuseReason::Older, Some(7)));
}

#[test]
fn a_replaced_client_is_told_and_does_not_come_back() {
    let server = server();
    let config = client_config("ann");
    let identity = config.port.identity.clone();
    let ann = client_with(server.local_addr(), config);
    wait_for_list(&ann, &["ann"]);

    let mut config = client_config("ann");
    config.port.identity = Identity { incarnation: 2, ..identity };
    let newer = client_with(server.local_addr(), config);
    let end = wait_for(&ann, "the end", |event| match event {
        Event::ServerGone(end) => Some(end),
        _ => None,
    });
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Replaced)), "{end:?}");
    wait_for_list(&newer, &["ann"]);
}

#[test]
fn loopback_addresses_are_listed_as_the_server_sees_them() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let list = wait_for_list(&ann, &["ann"]);
    assert_eq!(list.peers[0].addresses, [ann.local_addr()]);
}

#[test]
fn a_message_to_nobody_says_so() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    wait_for_list(&ann, &["ann"]);
    let greeting = Greet::new("hello".to_owned());
    for sent in [ann.send("nobody", &greeting), ann.try_send("nobody", &greeting)] {
        assert!(matches!(sent, Err(DeliverError::UnknownPeer)), "{sent:?}");
    }
}

#[test]
fn events_end_when_the_client_has_ended() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    wait_for_list(&ann, &["ann"]);
    ann.stop();
    while ann.events().recv_timeout(PATIENCE).is_ok() {}
    let left = ann.events().recv_timeout(PATIENCE);
    assert_eq!(left.err(), Some(crossbeam_channel::RecvTimeoutError::Disconnected));
}

#[test]
fn half_a_goodbye_is_enough() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let raw = Raw::member(server.local_addr(), "raw");
    wait_for_list(&ann, &["ann", "raw"]);
    raw.0.shutdown(Shutdown::Write).unwrap();
    let list = wait_for_list(&ann, &["ann"]);
    assert_eq!(names_of(&list), ["ann"]);
}

#[test]
fn neither_messages_nor_requests_go_to_a_server() {
    let server = server();
    for frame in [frame(&Greet::new("hello")), frame(&Lookup::new("key"))] {
        let mut guest = Raw::client(server.local_addr(), "guest");
        guest.write(&frame);
        assert_eq!(guest.refused(), RefuseReason::NotAllowed);
    }
}

#[test]
fn a_server_has_neither_messages_nor_requests() {
    for frame in [frame(&Greet::new("hello")), frame(&Lookup::new("key"))] {
        let listener = TcpListener::bind(loopback()).expect("a free port");
        let _ann = client(listener.local_addr().expect("it is bound"), "ann");
        let mut server = Raw::over(listener.accept().expect("the client dials").0);
        server.send(&hello(Role::Server));
        server.write(&frame);
        assert_eq!(server.refused(), RefuseReason::NotAllowed);
    }
}
