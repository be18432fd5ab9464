//! After a stop nothing is left: no thread, no descriptor. In a file of its own, because it counts
//! the whole process.

mod support;

use netport::Port;
use support::{
    Raw, TestPort, client, config, ended, greet_of, opened, server, wait_for_peers, wait_until,
};
use tlv_core::messages::{GoodbyeReason, Role};

/// Threads and descriptors of this process.
fn count() -> (usize, usize) {
    let entries = |path| std::fs::read_dir(path).expect("procfs").count();
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

#[test]
fn nothing_is_left_after_a_stop() {
    // One test, in its parts: tests of one process run beside each other.
    let before = count();
    stopped_with_links_on_both_sides();
    assert_back_to(before, "a stop");
    stopped_in_the_middle_of_handshakes_and_dials();
    assert_back_to(before, "handshakes and dials");
    a_port_takes_two_threads_and_four_descriptors();
    assert_back_to(before, "a port");
    each_link_takes_a_thread_and_a_descriptor();
    assert_back_to(before, "many links");
    dropped_with_handles_still_held();
    ended_links_free_their_descriptors_while_handles_are_held();
    assert_back_to(before, "dropped ports");
    stopped_with_a_server_and_clients();
    assert_back_to(before, "a server and its clients");
}

fn assert_back_to(before: (usize, usize), what: &str) {
    // A joined thread's entry may outlive the join by a moment.
    wait_until(&format!("{what}: {before:?} threads and descriptors, not {:?}", count()), || {
        count() == before
    });
}

fn stopped_with_links_on_both_sides() {
    let hub = TestPort::start(config("hub"));
    let others: Vec<_> = (0..8).map(|n| TestPort::start(config(&format!("peer {n}")))).collect();
    let links: Vec<_> = others.iter().map(|other| other.connect(hub.handle.local_addr())).collect();
    for (link, _) in &links {
        link.send(&greet_of("hello")).expect("the link is open");
    }
    hub.stop();
    for (_, events) in &links {
        ended(events);
    }
    for other in others {
        other.stop();
    }
}

fn stopped_with_a_server_and_clients() {
    let server = server();
    let names = ["ann", "bob", "cid", "dan"];
    let clients = names.map(|name| client(server.local_addr(), name));
    for client in &clients {
        let others: Vec<&str> = names.into_iter().filter(|name| *name != client.name()).collect();
        wait_for_peers(client, &others);
    }
    // From another thread, in the middle of what the others do, and before some are joined.
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| client.stop());
        }
    });
    for client in clients {
        client.join();
    }
    assert!(server.peers().is_empty(), "everybody has deregistered");
    server.stop();
    server.join();
}

fn stopped_in_the_middle_of_handshakes_and_dials() {
    let port = TestPort::start(config("port"));
    let silent: Vec<_> = (0..8).map(|_| Raw::connect(port.handle.local_addr())).collect();
    wait_until("eight handshakes", || port.handle.links().len() == 8);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (_, events) = port.dial(nobody.local_addr().expect("it is bound"));
    drop(silent);
    port.stop();
    ended(&events);
}

fn dropped_with_handles_still_held() {
    let before = count();
    let port = TestPort::start(config("port"));
    let handle = Port::clone(&port.handle);
    let raw = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    drop(raw);
    drop(port);
    wait_until("a port whose handle is held", || count() == before);
    // They answer, though there is nothing behind them.
    handle.wake();
    handle.stop(GoodbyeReason::Done);
    assert!(handle.links().is_empty());
    assert!(link.send(&greet_of("too late")).is_err());
}

fn ended_links_free_their_descriptors_while_handles_are_held() {
    let port = TestPort::start(config("port"));
    let before = count();
    let held: Vec<_> = (0..8)
        .map(|_| {
            let raw = Raw::open(port.handle.local_addr(), Role::Client);
            let (link, _) = opened(&port.seen);
            drop(raw);
            ended(&port.seen);
            link
        })
        .collect();
    wait_until("links whose handles are held", || count() == before);
    assert!(held.iter().all(|link| link.is_closed()));
}

fn a_port_takes_two_threads_and_four_descriptors() {
    let (threads, descriptors) = count();
    let _port = TestPort::start(config("port"));
    assert_eq!(count(), (threads + 2, descriptors + 4));
}

fn each_link_takes_a_thread_and_a_descriptor() {
    const LINKS: usize = 32;
    let port = TestPort::start(config("port"));
    let (threads, descriptors) = count();
    let peers: Vec<_> =
        (0..LINKS).map(|_| Raw::open(port.handle.local_addr(), Role::Client)).collect();
    for _ in &peers {
        opened(&port.seen);
    }
    // A peer's end is here too, and has no thread.
    assert_eq!(count(), (threads + LINKS, descriptors + 2 * LINKS));
}
