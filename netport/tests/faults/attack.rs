//! Those who mean no good, each from a loopback address of its own, all on one processor.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use tlv_core::messages::{Control, Deregister, Hello, Ping, Probe, Register, Role, Snapshot};
use tlv_core::{Message, record};

use crate::program::PATIENCE;
use crate::support::{Raw, frame, hello};

/// Connections from one address, below what a server allows.
const PER_ADDRESS: usize = 40;
/// What is announced and never sent.
const ANNOUNCED: u32 = 100 * 1024 * 1024;
/// A message type that no spec knows, and that is skipped.
const UNKNOWN: u16 = 0xff01;
/// Longest value of such a message.
const UNKNOWN_MAX: u32 = 65_536;

/// The address of an attacker: never the one that honest clients have.
fn attacker(number: usize) -> Ipv4Addr {
    let host = number / PER_ADDRESS;
    Ipv4Addr::new(127, 0, 1 + (host / 200) as u8, 1 + (host % 200) as u8)
}

fn socket(number: usize) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a descriptor");
    socket.bind(&SocketAddr::from((attacker(number), 0)).into()).expect("a loopback address");
    socket
}

fn connect(number: usize, target: SocketAddr) -> TcpStream {
    let socket = socket(number);
    socket.connect(&target.into()).expect("it listens");
    socket.into()
}

/// Connections that are kept until their other end has ended them.
struct Kept(Vec<TcpStream>);

impl Kept {
    fn new(streams: impl IntoIterator<Item = TcpStream>) -> Self {
        let kept = Self(streams.into_iter().collect());
        kept.0.iter().for_each(|stream| stream.set_nonblocking(true).expect("a socket"));
        kept
    }

    /// Lets go of those that have ended; what arrived is forgotten if `reads`.
    fn sift(&mut self, reads: bool) {
        let mut bytes = [0; 4096];
        self.0.retain_mut(|stream| {
            loop {
                let seen =
                    if reads { stream.read(&mut bytes) } else { stream.peek(&mut bytes[..1]) };
                match seen {
                    Ok(0) => return false,
                    Ok(_) if reads => {}
                    Ok(_) => return stream.take_error().is_ok_and(|error| error.is_none()),
                    Err(error) => return error.kind() == ErrorKind::WouldBlock,
                }
            }
        });
    }

    /// Writes as much of `bytes` as each takes; who takes none because its end is gone, is gone.
    fn write(&mut self, bytes: &[u8]) {
        self.0.retain_mut(|stream| match stream.write(bytes) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
    }

    /// Forgets what arrives, and lets go of those that end, until `until` or all have ended.
    fn listen(&mut self, until: Instant) {
        while !self.0.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let timeout = Timespec::try_from(left).expect("at most the patience of a test");
            let mut fds: Vec<_> =
                self.0.iter().map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
            match poll(&mut fds, Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => panic!("{error}"),
            }
            drop(fds);
            self.sift(true);
        }
    }

    /// Waits until all have ended, with nothing else to do.
    fn end(&mut self, what: &str) {
        self.listen(Instant::now() + PATIENCE);
        assert!(self.0.is_empty(), "{} {what} never ended", self.0.len());
    }

    /// Waits until all have ended, doing `work` meanwhile.
    fn wait(&mut self, what: &str, mut work: impl FnMut(&mut Self)) {
        let deadline = Instant::now() + PATIENCE;
        while !self.0.is_empty() {
            assert!(Instant::now() < deadline, "{} {what} never ended", self.0.len());
            work(self);
        }
    }
}

/// Says what other protocols say; each link ends.
pub(crate) fn first_bytes(target: SocketAddr) -> String {
    let other_version = Hello { wire_version: 99, ..hello(Role::Client) };
    let mut half = frame(&hello(Role::Client));
    half.truncate(20);
    let openings: [(&str, Vec<u8>); 8] = [
        ("HTTP/1", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("TLS", [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0x5a; 512]].concat()),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        ("zeros", vec![0; 4096]),
        ("ones", vec![0xff; 4096]),
        ("another version", frame(&other_version)),
        ("half a `Hello`", half),
    ];
    for (number, (what, bytes)) in openings.iter().enumerate() {
        let mut raw = Raw::over(connect(number, target));
        raw.write(bytes);
        if *what == "half a `Hello`" {
            raw.0.shutdown(std::net::Shutdown::Write).expect("it is connected");
        } else {
            raw.refused();
        }
        while raw.frame().is_some() {}
    }
    format!("{} kinds of first bytes refused", openings.len())
}

/// Sends a byte now and then, before `Hello` is whole or after it.
pub(crate) fn dribble(target: SocketAddr, count: usize, every: Duration, is_open: bool) -> String {
    let mut bytes = frame(&hello(Role::Client));
    let connected = (0..count).map(|number| {
        let stream = connect(number, target);
        if is_open {
            let mut raw = Raw::over(stream);
            raw.write(&bytes);
            raw.frame();
            return raw.0;
        }
        stream
    });
    let mut kept = Kept::new(connected);
    if is_open {
        bytes = announcement(UNKNOWN, UNKNOWN_MAX).to_vec();
        bytes.resize(1000, 0);
    }
    let mut sent = 0;
    kept.wait("dribbling connections", |kept| {
        kept.write(&bytes[sent..=sent]);
        sent += 1;
        kept.listen(Instant::now() + every);
    });
    format!("{count} connections, each ended after at most {sent} bytes")
}

/// Connects as fast as it can, and says nothing.
pub(crate) fn flood(target: SocketAddr, count: usize) -> String {
    let mut kept = Kept::new((0..count).map(|number| connect(number, target)));
    kept.end("silent connections");
    format!("{count} connections, each refused or ended")
}

/// Announces what it never sends, and then nearly all of what it may.
pub(crate) fn announce(target: SocketAddr, count: usize) -> String {
    let condemned = [Hello::ID, Register::ID, Snapshot::ID, 0x0102, UNKNOWN];
    for (number, id) in condemned.into_iter().enumerate() {
        for is_open in [false, true] {
            let mut raw = Raw::over(connect(number, target));
            if is_open {
                raw.write(&frame(&hello(Role::Client)));
            }
            raw.write(&announcement(id, ANNOUNCED));
            raw.refused();
        }
    }
    let almost = [&announcement(UNKNOWN, UNKNOWN_MAX)[..], &[0; UNKNOWN_MAX as usize - 1]].concat();
    let mut kept = Kept::new((0..count).map(|number| {
        let mut raw = Raw::over(connect(number, target));
        raw.write(&frame(&hello(Role::Client)));
        raw.write(&almost);
        raw.0
    }));
    kept.end("unfinished frames");
    format!("{} headers condemned, {count} frames of 64 KiB never finished", 2 * condemned.len())
}

fn announcement(id: u16, len: u32) -> [u8; record::HEADER_LEN] {
    record::Header { id, len }.to_bytes()
}

/// Asks, and never reads: some for answers, some for lists.
pub(crate) fn deaf(target: SocketAddr, count: usize) -> String {
    let deafen = |number: usize| {
        let socket = socket(number);
        socket.set_recv_buffer_size(4096).expect("a socket");
        socket.connect(&target.into()).expect("it listens");
        let mut raw = Raw::over(socket.into());
        let name =
            tlv_core::messages::Hello { name: format!("deaf {number}"), ..hello(Role::Client) };
        raw.write(&frame(&name));
        raw.write(&frame(&Register::new(vec![SocketAddr::from((attacker(number), 9))])));
        raw.0
    };
    let mut asking = Kept::new((0..count / 2).map(deafen));
    let mut listening = Kept::new((count / 2..count).map(deafen));
    let probes = frame(&Probe::new(7)).repeat(100);
    asking.wait("deaf connections that ask", |asking| {
        asking.write(&probes);
        asking.sift(false);
    });
    let again = frame(&Register::new(vec![SocketAddr::from((attacker(0), 9))]));
    let mut changes = 0;
    let mut busy = Raw::over(connect(count, target)).into_client("busy");
    listening.wait("deaf connections that are told", |listening| {
        // Each is answered by the whole list: changes alone may cancel out before they are told.
        listening.write(&again);
        for _ in 0..50 {
            busy.send(&Register::new(vec![SocketAddr::from((attacker(count), 9))]));
            busy.send(&Deregister::new());
            busy.send(&Probe::new(1));
            while !matches!(busy.expect(), Control::Alive(_)) {}
            changes += 2;
        }
        listening.sift(false);
    });
    format!("{count} connections that never read, each ended, {changes} changes told meanwhile")
}

/// Sends valid frames as fast as it can.
pub(crate) fn shout(target: SocketAddr, count: usize, bytes_each: usize) -> String {
    let pings = frame(&Ping::new()).repeat(4096);
    let mut kept = Kept::new((0..count).map(|number| {
        let mut raw = Raw::over(connect(number, target));
        raw.write(&frame(&hello(Role::Client)));
        raw.0
    }));
    let mut left = vec![bytes_each; kept.0.len()];
    // Whole frames each time: what was not taken is sent again.
    let mut at = vec![0; kept.0.len()];
    while left.iter().any(|left| *left > 0) {
        for ((stream, left), at) in kept.0.iter_mut().zip(&mut left).zip(&mut at) {
            match stream.write(&pings[*at..]) {
                Ok(written) => {
                    *left = left.saturating_sub(written);
                    *at = (*at + written) % pings.len();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("a valid frame ended the link: {error}"),
            }
        }
    }
    format!("{count} connections sent {} MiB of heartbeats", (count * bytes_each) >> 20)
}

/// Connects so often, and holds on.
pub(crate) fn hold(target: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).map(|number| connect(number, target)).collect()
}
