//! Every loop and queue has a bound, and goes on working at it.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use netport::{
    Client, ClientConfig, Connection, End, Expect, Fresh, Identity, Limit, Link, NetPort, PeerInfo,
    Port, PortConfig, Server, ServerConfig, StartError,
};
use tlv_core::messages::{App, RefuseReason, Role};

use crate::support::{
    Raw, Reporter, Reporting, Seen, TestPort, config, frame, greet_of, hello, next, opened, report,
    wait_until,
};

#[test]
fn beyond_the_most_connections_peers_are_refused_until_one_leaves() {
    let mut config = config("port");
    config.connections_max = Some(2);
    let port = TestPort::start(config);
    let address = port.handle.local_addr();
    let first = Raw::open(address, Role::Client);
    let _second = Raw::open(address, Role::Client);
    assert_eq!(Raw::connect(address).refused(), RefuseReason::Busy);
    let (seen, _) = channel();
    let dial = port.handle.dial(address, Expect::any(), Reporter { seen, answers: false });
    let end = dial.expect_err("it is at its limit");
    assert!(matches!(end, End::NoRoom(Limit::Connections)), "{end}");
    drop(first);
    wait_until("one has left", || port.handle.links().len() == 1);
    let _third = Raw::open(address, Role::Client);
}

#[test]
fn beyond_the_most_connections_of_an_address_peers_are_refused() {
    let mut config = config("port");
    config.connections_per_address_max = 1;
    let port = TestPort::start(config);
    let address = port.handle.local_addr();
    let first = Raw::open(address, Role::Client);
    assert_eq!(Raw::connect(address).refused(), RefuseReason::Busy);
    drop(first);
    wait_until("it has left", || port.handle.links().is_empty());
    let _second = Raw::open(address, Role::Client);
}

#[test]
fn what_is_kept_to_be_launched_later_counts_as_a_connection() {
    struct Keeping(std::sync::mpsc::Sender<Fresh>);
    impl NetPort for Keeping {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            report(&self.0, fresh);
            Ok(())
        }
    }
    let (keep, kept) = channel();
    let mut config = config("port");
    config.connections_max = Some(1);
    let port = Port::start(config, Keeping(keep)).expect("it starts");
    let mut first = Raw::connect(port.local_addr());
    let fresh = next(&kept);
    assert_eq!(Raw::connect(port.local_addr()).refused(), RefuseReason::Busy);
    let (seen, events) = channel();
    fresh.launch(Reporter { seen, answers: false }).expect("its place is its own");
    first.write(&frame(&hello(Role::Client)));
    opened(&events);
    drop(first);
    wait_until("it has left", || port.links().is_empty());
    // A place is given back without a launch, too.
    for _ in 0..2 {
        let _waiting = Raw::connect(port.local_addr());
        drop(next(&kept));
    }
}

#[test]
fn the_kernel_holds_no_more_of_a_flood_than_it_is_told() {
    // Long enough for bytes to arrive where there is room for them.
    const SHORT: Duration = Duration::from_millis(200);
    /// Reads nothing until it is told to.
    struct Busy(Receiver<()>);
    impl Connection for Busy {
        type Set = App;
        fn on_open(&mut self, _: &Link, _: &PeerInfo) -> Result<(), End> {
            next(&self.0);
            Ok(())
        }
    }
    struct User(Option<Receiver<()>>);
    impl NetPort for User {
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            fresh.launch(Busy(self.0.take().expect("one peer"))).map(drop)
        }
    }
    let (done, until) = channel();
    let mut config = config("port");
    config.link.unread_bytes_max = Some(4096);
    let port = Port::start(config, User(Some(until))).expect("it starts");
    let mut peer = Raw::open(port.local_addr(), Role::Client);
    let socket = socket2::SockRef::from(&peer.0);
    socket.set_send_buffer_size(4096).expect("a socket");
    peer.0.set_write_timeout(Some(SHORT)).expect("not zero");
    let greetings = frame(&greet_of("hello")).repeat(50);
    let mut taken = 0;
    while let Ok(written) = peer.0.write(&greetings) {
        taken += written;
    }
    done.send(()).expect("it is still busy");
    // Left to itself, the kernel begins with room for 64 KiB at the receiver alone.
    assert!(taken < 48 * 1024, "{taken} bytes");
}

#[test]
fn one_handshake_too_many_evicts_the_oldest() {
    let mut config = config("port");
    config.handshakes_max = 2;
    let port = TestPort::start(config);
    let address = port.handle.local_addr();
    let mut oldest = Raw::connect(address);
    wait_until("the first is there", || port.handle.links().len() == 1);
    let mut second = Raw::connect(address);
    wait_until("the second is there", || port.handle.links().len() == 2);
    let _third = Raw::connect(address);
    assert_eq!(oldest.refused(), RefuseReason::Busy);
    // The others may still finish.
    second.write(&frame(&hello(Role::Client)));
    assert!(second.frame().is_some());
    loop {
        match next(&port.seen) {
            Seen::Open(..) => break,
            Seen::End(End::Refused(refusal)) => assert_eq!(refusal.reason, RefuseReason::Busy),
            other => panic!("not expected: {other:?}"),
        }
    }
}

#[test]
fn the_accept_rate_holds_connections_back_and_loses_none() {
    let mut config = config("port");
    config.accept_rate_max = Some(50);
    let port = TestPort::start(config);
    let started = Instant::now();
    let peers: Vec<Raw> = (0..16).map(|_| Raw::connect(port.handle.local_addr())).collect();
    wait_until("all are accepted", || port.handle.links().len() == peers.len());
    // Five at once, and one each fiftieth of a second.
    assert!(started.elapsed() >= Duration::from_millis(220), "{:?}", started.elapsed());
}

#[test]
fn settings_that_cannot_work_are_named_before_anything_is_opened() {
    let taken = TestPort::start(config("port"));
    let mut config = PortConfig::new(taken.handle.local_addr(), Identity::new(Role::Client, "ann"));
    config.link.heartbeat = config.link.idle_timeout;
    let (seen, _) = std::sync::mpsc::channel();
    let error = netport::Port::start(config, Reporting { seen, answers: false });
    // Not that the address is taken.
    let Err(StartError::Config(error)) = error else { panic!("not the settings: {error:?}") };
    assert_eq!(
        error.to_string(),
        "`link.heartbeat` is 60s: it must be at most a third of `idle_timeout`, which is 60s"
    );

    let mut config = ServerConfig::new(taken.handle.local_addr());
    config.directory.entries_max = 0;
    let error = Server::<App>::start(config);
    let Err(StartError::Config(error)) = error else { panic!("not the settings: {error:?}") };
    assert_eq!(error.setting, "directory.entries_max");

    let mut config = ClientConfig::named("ann");
    config.mesh.dials_max = 0;
    let error = Client::<App>::connect(taken.handle.local_addr(), config);
    let Err(StartError::Config(error)) = error else { panic!("not the settings: {error:?}") };
    assert_eq!(error.setting, "mesh.dials_max");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let port = TestPort::start(config("port"));
    let mut second = config("second");
    second.listen = port.handle.local_addr();
    let (seen, _) = std::sync::mpsc::channel();
    let netport = Reporting { seen, answers: false };
    let error = netport::Port::start(second, netport).expect_err("it is taken");
    assert!(matches!(error, StartError::Bind { .. }), "{error}");
    assert!(error.to_string().contains(&port.handle.local_addr().to_string()), "{error}");
}

#[test]
fn a_connection_that_gets_no_thread_is_refused_and_the_port_goes_on() {
    let mut config = config("port");
    // More than any address space has.
    config.thread_stack_bytes = 1 << 60;
    let port = TestPort::start(config);
    let address = port.handle.local_addr();
    for _ in 0..2 {
        assert_eq!(Raw::connect(address).refused(), RefuseReason::Busy);
    }
    let (seen, _) = std::sync::mpsc::channel();
    let reporter = Reporter { seen, answers: false };
    let error = port.handle.dial(address, Expect::any(), reporter).expect_err("no thread");
    assert!(matches!(error, End::NoRoom(Limit::Threads)), "{error}");
    // The port has accepted its own dial, and finds no thread for that either.
    wait_until("nobody is left", || port.handle.links().is_empty());
    assert!(matches!(port.stop(), End::Closed(_)));
}

#[test]
fn threads_carry_the_ports_name() {
    let port = TestPort::start(config("a port with a long name"));
    let _raw = Raw::open(port.handle.local_addr(), Role::Client);
    opened(&port.seen);
    for what in [":port", ":keep", ":l"] {
        // A thread names itself once it runs.
        wait_until(what, || thread_names().iter().any(|name| name.contains(what)));
    }
}

/// Names of the threads of ports whose names begin with `a port`.
fn thread_names() -> Vec<String> {
    std::fs::read_dir("/proc/self/task")
        .expect("procfs")
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("a port"))
        .collect()
}

#[test]
fn idle_ports_and_links_use_no_processor_time() {
    let ann = TestPort::start(config("idle ann"));
    let bob = TestPort::start(config("idle bob"));
    let links: Vec<_> = (0..8).map(|_| ann.connect(bob.handle.local_addr())).collect();
    let before = processor_time();
    // Another port's whole idle time passes.
    let idle_time = Duration::from_millis(500);
    let mut other = config("other");
    other.idle_timeout = Some(idle_time);
    TestPort::start(other).handle.join();
    let used = processor_time().saturating_sub(before);
    assert!(used < idle_time / 50, "{used:?} while nothing happened");
    drop(links);
}

/// What the idle ports' threads have used so far.
fn processor_time() -> Duration {
    let nanos = std::fs::read_dir("/proc/self/task")
        .expect("procfs")
        .filter_map(|task| {
            let path = task.ok()?.path();
            let name = std::fs::read_to_string(path.join("comm")).ok()?;
            let schedstat = std::fs::read_to_string(path.join("schedstat")).ok()?;
            let nanos: u64 = schedstat.split_whitespace().next()?.parse().ok()?;
            name.starts_with("idle ").then_some(nanos)
        })
        .sum();
    Duration::from_nanos(nanos)
}

#[test]
fn a_storm_of_connections_is_completed_ahead_of_the_port() {
    /// Does nothing else before it is told to.
    struct Busy(Receiver<()>);
    impl NetPort for Busy {
        fn initial(&mut self, _: &Port) -> Result<(), End> {
            next(&self.0);
            Ok(())
        }
        fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
            drop(fresh);
            Ok(())
        }
    }
    // The system caps it; the standard 128 would have the rest knock again after seconds.
    let cap = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("procfs");
    let count = 300.min(cap.trim().parse().expect("a number"));
    let (done, until) = std::sync::mpsc::channel();
    let port = Port::start(config("busy"), Busy(until)).expect("it starts");
    let at_once = Duration::from_millis(900);
    let connect = |_| TcpStream::connect_timeout(&port.local_addr(), at_once);
    let connected: Vec<TcpStream> =
        (0..count).map(connect).collect::<Result<_, _>>().expect("without knocking again");
    done.send(()).expect("it is still busy");
    drop(connected);
}
