//! A port that runs out of descriptors waits, and goes on when some are free. In a file of its own,
//! because it changes the limit of the whole process.

mod support;

use std::io::Read;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use netport::{End, Expect, Limit};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use socket2::{Domain, Socket, Type};
use support::{PATIENCE, Raw, Reporter, TestPort, config, frame, greet_of, greeted, hello, opened};
use tlv_core::messages::{RefuseReason, Role};

#[test]
fn running_out_of_descriptors_neither_spins_nor_stops_a_port() {
    let port = TestPort::start(config("port"));
    let address = port.handle.local_addr();
    let mut bystander = Raw::open(address, Role::Client);
    opened(&port.seen);
    let late = Socket::new(Domain::IPV4, Type::STREAM, None).expect("the last descriptor");
    let before = getrlimit(Resource::Nofile);
    let none_left = Rlimit { current: Some(late.as_raw_fd() as u64 + 1), ..before };
    setrlimit(Resource::Nofile, none_left).expect("lowering is allowed");

    // The kernel connects it; the port cannot take it.
    late.connect(&address.into()).expect("it listens");
    let mut late = TcpStream::from(late);
    let quiet = Duration::from_millis(300);
    late.set_read_timeout(Some(quiet)).expect("not zero");
    let used = processor_time();
    let started = Instant::now();
    late.read_exact(&mut [0]).expect_err("nobody answers");
    assert!(started.elapsed() >= quiet, "it was not left waiting");
    let used = processor_time() - used;
    assert!(used < quiet / 10, "{used:?} while nothing could be done");
    bystander.write(&frame(&greet_of("still here")));
    assert_eq!(greeted(&port.seen), "still here");
    let (seen, _) = std::sync::mpsc::channel();
    let dial = port.handle.dial(address, Expect::any(), Reporter { seen, answers: false });
    let end = dial.expect_err("no descriptor is left");
    assert!(matches!(end, End::NoRoom(Limit::Descriptors)), "{end}");

    setrlimit(Resource::Nofile, before).expect("raising to where it was is allowed");
    late.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let mut late = Raw(late);
    late.write(&frame(&hello(Role::Client)));
    assert!(late.frame().is_some(), "a `Hello` comes back");
    opened(&port.seen);
    drop((port, late, bystander));
    a_main_loop_that_the_system_fails_says_so();
    the_machines_descriptors_bound_a_ports_connections();
}

/// Part of the test above, which ends with the limit where it was.
fn a_main_loop_that_the_system_fails_says_so() {
    let port = TestPort::start(config("port"));
    let before = getrlimit(Resource::Nofile);
    // `poll` takes no more than the limit, whatever is open already.
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).expect("it is allowed");
    port.handle.wake();
    let end = port.handle.join();
    setrlimit(Resource::Nofile, before).expect("raising to where it was is allowed");
    assert!(matches!(end, End::System(_)), "{end}");
}

/// Part of the test above, which ends with the limit where it was.
fn the_machines_descriptors_bound_a_ports_connections() {
    // 64 are kept for everything else.
    const CONNECTIONS: usize = 10;
    let few = Some(64 + CONNECTIONS as u64);
    setrlimit(Resource::Nofile, Rlimit { current: few, maximum: few })
        .expect("lowering is allowed");
    let port = TestPort::start(config("port"));
    let address = port.handle.local_addr();
    let _peers: Vec<_> = (0..CONNECTIONS).map(|_| Raw::open(address, Role::Client)).collect();
    assert_eq!(Raw::connect(address).refused(), RefuseReason::Busy);
}

/// What this process has used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
