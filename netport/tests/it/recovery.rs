//! What clients do when the server, a peer or their own user fails them, over real sockets.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use netport::{
    CallFailure, ClientHandle, DeliverError, Dial, End, Event, Fresh, NetPort, Next, Port,
    SendError, Server, ServerHandle,
};
use socket2::{Domain, Socket, Type};
use tlv_core::messages::{App, Control, Deregister, Found, GoodbyeReason, Greet, Lookup, Register};

use crate::support::{
    PATIENCE, Raw, client, client_config, client_with, loopback, next, server, server_config,
    wait_for, wait_for_list, wait_for_peers, wait_until,
};

/// An address that servers can listen on one after the other, and nobody else meanwhile who asks for
/// any free port, while the socket is there.
fn place() -> (Socket, SocketAddr) {
    let place = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    place.set_reuse_address(true).expect("an option");
    place.bind(&loopback().into()).expect("a free port");
    let address = place.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    (place, address)
}

fn server_at(address: SocketAddr) -> ServerHandle {
    let mut config = server_config();
    config.port.listen = address;
    Server::<App>::start(config).expect("the address is free")
}

#[test]
fn a_server_that_comes_back_finds_everybody_and_nobody_sees_anybody_leave() {
    let names = ["ann", "bob", "cid", "dan"];
    let (_place, address) = place();
    let first = server_at(address);
    let clients = names.map(|name| client(address, name));
    for client in &clients {
        let others: Vec<&str> = names.into_iter().filter(|name| *name != client.name()).collect();
        wait_for_peers(client, &others);
    }
    first.stop();
    first.join();
    let second = server_at(address);
    for client in &clients {
        wait_for(client, "to be registered again", |event| match event {
            Event::Registered => Some(()),
            Event::List(list) => {
                assert!(list.change.left.is_empty(), "{list:?}");
                None
            }
            Event::Down(peer, end) => panic!("the link to {} ended: {end}", peer.name),
            _ => None,
        });
    }
    assert_eq!(second.peers().len(), names.len());
    for client in &clients {
        assert_eq!(client.peers().len(), names.len());
        assert_eq!(client.connected().len(), names.len() - 1);
    }
}

#[test]
fn a_server_that_is_done_is_not_dialled_until_the_user_asks() {
    let (_place, address) = place();
    let first = server_at(address);
    let ann = client(address, "ann");
    wait_for_list(&ann, &["ann"]);
    first.stop_with(GoodbyeReason::Done);
    first.join();
    let end = wait_for(&ann, "the end", |event| match event {
        Event::ServerGone(end) => Some(end),
        _ => None,
    });
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Done)), "{end:?}");
    let second = server_at(address);
    ann.register();
    wait_for(&ann, "registered", |event| matches!(event, Event::Registered).then_some(()));
    assert_eq!(second.peers().len(), 1);
}

#[test]
fn a_client_may_be_there_before_its_server() {
    let (_place, address) = place();
    let ann = client(address, "ann");
    let mut attempts = Vec::new();
    wait_for(&ann, "two attempts that come to nothing", |event| match event {
        Event::ServerUnreached {
            attempt, end: End::Dial(ErrorKind::ConnectionRefused), ..
        } => {
            attempts.push(attempt);
            (attempts.len() == 2).then_some(())
        }
        other => panic!("not expected: {other:?}"),
    });
    assert_eq!(attempts, [1, 2]);
    let _server = server_at(address);
    wait_for_list(&ann, &["ann"]);
}

#[test]
fn a_server_without_clients_stops_when_its_idle_time_is_over() {
    /// Begins when the first has connected: however late that is, it is not too late.
    struct Late(Server<App>, Receiver<()>);
    impl NetPort for Late {
        fn initial(&mut self, port: &Port) -> Result<(), End> {
            next(&self.1);
            self.0.initial(port)
        }
        fn main_loop_work(&mut self, port: &Port, now: Instant) -> Result<Next, End> {
            self.0.main_loop_work(port, now)
        }
        fn new_connection(&mut self, port: &Port, fresh: Fresh) -> Result<(), End> {
            self.0.new_connection(port, fresh)
        }
    }
    let mut config = server_config();
    config.port.idle_timeout = Some(Duration::from_millis(200));
    let (begin, until) = channel();
    let server = Server::start_with(config, |server| Late(server, until)).unwrap();
    let first = Raw::connect(server.local_addr());
    begin.send(()).expect("it has not begun");
    let ann = client(server.local_addr(), "ann");
    wait_for_list(&ann, &["ann"]);
    drop(first);
    let left = Instant::now();
    ann.stop();
    ann.join();
    assert!(matches!(server.join(), End::Idle));
    assert!(left.elapsed() >= Duration::from_millis(200), "not while it had a client");
}

#[test]
fn a_peer_that_leaves_says_so_and_is_gone() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let bob = client(server.local_addr(), "bob");
    wait_for_peers(&ann, &["bob"]);
    bob.stop();
    bob.join();
    let end = wait_for(&ann, "the end of bob", |event| match event {
        Event::Down(peer, end) if peer.name == "bob" => Some(end),
        _ => None,
    });
    assert!(matches!(end, End::Goodbye(GoodbyeReason::Done)), "{end:?}");
    let gone = ann.send("bob", &Greet::new("anyone?".to_owned()));
    assert!(matches!(gone, Err(DeliverError::UnknownPeer | DeliverError::Unreached)), "{gone:?}");
}

fn dialling(server: SocketAddr, name: &str, dial: Dial) -> ClientHandle<App> {
    let mut config = client_config(name);
    config.mesh.dial = dial;
    client_with(server, config)
}

#[test]
fn on_demand_a_peer_is_dialled_when_something_is_to_be_sent() {
    let server = server();
    let clients = ["ann", "bob"].map(|name| dialling(server.local_addr(), name, Dial::OnDemand));
    for client in &clients {
        wait_for_list(client, &["ann", "bob"]);
        assert!(client.connected().is_empty());
    }
    let [ann, bob] = &clients;
    ann.send("bob", &Greet::new("over here".to_owned())).expect("a link, when it is needed");
    wait_for(bob, "the greeting", |event| matches!(event, Event::Message { .. }).then_some(()));
    // The same link serves the answer.
    bob.try_send("ann", &Greet::new("hello".to_owned())).expect("a link that is up");
    wait_for(ann, "the answer", |event| matches!(event, Event::Message { .. }).then_some(()));
}

#[test]
fn who_never_dials_says_that_a_peer_cannot_be_reached() {
    let server = server();
    let clients = ["ann", "bob"].map(|name| dialling(server.local_addr(), name, Dial::Never));
    for client in &clients {
        wait_for_list(client, &["ann", "bob"]);
    }
    let begun = Instant::now();
    let sent = clients[0].send("bob", &Greet::new("anyone?".to_owned()));
    assert!(matches!(sent, Err(DeliverError::Unreached)), "{sent:?}");
    assert!(begun.elapsed() < PATIENCE / 2, "at once, since nothing will come of waiting");
}

#[test]
fn a_peer_that_cannot_be_dialled_is_told_as_such() {
    let server = server();
    let ann = dialling(server.local_addr(), "ann", Dial::OnDemand);
    // It says that it listens where nobody does.
    let mut ghost = Raw::client(server.local_addr(), "ghost");
    let (_place, nobody) = place();
    ghost.send(&Register::new(vec![nobody]));
    wait_for_list(&ann, &["ann", "ghost"]);
    let sent = ann.send("ghost", &Greet::new("boo".to_owned()));
    assert!(matches!(sent, Err(DeliverError::Unreached)), "{sent:?}");
}

#[test]
fn requests_between_clients_are_events_and_are_answered() {
    let server = server();
    let ann = client(server.local_addr(), "ann");
    let bob = client(server.local_addr(), "bob");
    wait_for_peers(&ann, &["bob"]);
    let link = ann.link("bob").expect("it is up");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                wait_for(&bob, "a request", |event| match event {
                    Event::Request { from, request: App::Lookup(lookup), reply } => {
                        assert_eq!(from.name, "ann");
                        if lookup.key == "colour" {
                            reply.send(Found::new(Some("blue".to_owned()))).unwrap();
                        }
                        Some(())
                    }
                    _ => None,
                });
            }
        });
        let found = link.call(Lookup::new("colour".to_owned()), PATIENCE).unwrap();
        assert_eq!(found.value.as_deref(), Some("blue"));
        // A reply that is dropped is a refusal, not a silence.
        let failed = link.call(Lookup::new("taste".to_owned()), PATIENCE);
        assert!(matches!(failed, Err(CallFailure::Refused { .. })), "{failed:?}");
    });
}

#[test]
fn who_takes_no_events_holds_up_nobody_else_and_can_still_stop() {
    let server = server();
    let mut config = client_config("idler");
    config.events_max = 1;
    let idler = client_with(server.local_addr(), config);
    let mut config = client_config("ann");
    config.port.link.send_timeout = Duration::from_millis(200);
    let ann = client_with(server.local_addr(), config);
    let bob = client(server.local_addr(), "bob");
    wait_for_peers(&ann, &["bob"]);
    let deadline = Instant::now() + PATIENCE;
    let flooded = loop {
        match ann.send("idler", &Greet::new("x".repeat(500))) {
            Ok(()) => {}
            // Not up yet: the idler's own events hold it up.
            Err(DeliverError::Unreached | DeliverError::UnknownPeer) => break None,
            Err(error) => break Some(error),
        }
        assert!(Instant::now() < deadline, "a client that takes no events takes messages");
    };
    if let Some(error) = flooded {
        assert!(matches!(error, DeliverError::Send(SendError::Timeout)), "{error:?}");
    }
    ann.send("bob", &Greet::new("still here".to_owned())).unwrap();
    wait_for(&bob, "a message", |event| matches!(event, Event::Message { .. }).then_some(()));
    idler.stop();
    idler.join();
}

/// A client whose next event finds no room.
fn full(server: SocketAddr) -> ClientHandle<App> {
    let mut config = client_config("full");
    config.events_max = 1;
    let client = client_with(server, config);
    // It is registered, which is one event, and is told the list, which is another.
    wait_until("it is full", || client.events().is_full());
    client
}

#[test]
fn a_client_whose_user_takes_nothing_ends_with_its_port() {
    let server = server();
    let client = full(server.local_addr());
    client.port().stop(GoodbyeReason::Done);
    wait_until("its links have ended", || client.port().links().is_empty());
}

#[test]
fn who_joins_a_client_does_not_hold_it_up() {
    let server = server();
    let full = full(server.local_addr());
    let port = full.port().clone();
    let joining = std::thread::spawn(|| full.join());
    let ann = client(server.local_addr(), "ann");
    wait_for_peers(&ann, &["full"]);
    // The request becomes an event, which is dropped with its reply.
    let answer = ann.link("full").expect("it is up").call(Lookup::new("key"), PATIENCE);
    assert!(matches!(answer, Err(CallFailure::Refused { .. })), "{answer:?}");
    port.stop(GoodbyeReason::Done);
    let end = joining.join().expect("it ends");
    assert!(matches!(end, End::Closed(GoodbyeReason::Done)), "{end:?}");
}

#[test]
fn a_server_that_is_dropped_is_looked_for_until_it_is_back() {
    let (_place, address) = place();
    let first = server_at(address);
    let ann = client(address, "ann");
    wait_for_list(&ann, &["ann"]);
    drop(first);
    wait_for(&ann, "the loss", |event| match event {
        Event::ServerLost(end) => Some(end),
        Event::ServerGone(end) => panic!("gone for good: {end}"),
        _ => None,
    });
    let _second = server_at(address);
    wait_for(&ann, "registered", |event| matches!(event, Event::Registered).then_some(()));
}

#[test]
fn a_subscriber_that_reads_slowly_gets_what_it_missed_in_one_piece() {
    const CHANGES: u64 = 3_000;
    let mut config = server_config();
    config.port.link.backlog_bytes_max = 1024;
    config.port.link.unsent_bytes_max = 4 * 1024;
    config.push_spacing = Duration::ZERO;
    let server = Server::<App>::start(config).unwrap();

    // A small receive buffer, so that the server soon finds no room.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.connect(&server.local_addr().into()).unwrap();
    let mut slow = Raw::over(socket.into()).into_client("slow");
    slow.send(&Register::new(vec!["127.0.0.1:9".parse().unwrap()]));
    let Control::Snapshot(first) = slow.expect() else { panic!("not the list") };

    let mut busy = Raw::client(server.local_addr(), "busy");
    while server.epoch().count < first.epoch.count + CHANGES {
        busy.send(&Register::new(vec!["127.0.0.1:9".parse().unwrap()]));
        assert!(matches!(busy.expect(), Control::Snapshot(_)));
        busy.send(&Deregister::new());
        // The server has seen it when it answers what follows.
        busy.send(&tlv_core::messages::Probe::new(1));
        assert!(matches!(busy.expect(), Control::Alive(_)));
    }
    let newest = server.epoch();
    let mut known = first.epoch;
    let mut frames = 0;
    while known != newest {
        frames += 1;
        match slow.expect() {
            Control::Changes(changes) => {
                assert_eq!(changes.from, known, "no gap");
                known = changes.to;
            }
            Control::Snapshot(snapshot) => known = snapshot.epoch,
            other => panic!("{other:?}"),
        }
    }
    assert!(frames < CHANGES / 2, "{frames} frames for {CHANGES} changes");
    // Meanwhile others were told each change at once: `busy` waited for every answer.
}
