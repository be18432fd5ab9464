//! The document's own frames, sent to a real server: who writes a client from `spec/WIRE.md` alone
//! gets what it promises.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;

use crate::by_hand::{self, server};
use crate::support::DEADLINE;

const WIRE: &str = include_str!("../../../spec/WIRE.md");

/// Bytes of a frame's header.
const HEADER: usize = 6;
/// Bytes of the `Epoch` with which `Snapshot` begins; of two, with which `Changes` begins.
const EPOCH: usize = 16;

/// A client that knows bytes only.
struct Client(TcpStream);

impl Client {
    fn dial(server: &str) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
        Self(stream)
    }

    fn accept(listener: &TcpListener) -> Self {
        let mut ready = [PollFd::new(listener, PollFlags::IN)];
        let deadline = DEADLINE.try_into().expect("a short time");
        assert_eq!(poll(&mut ready, Some(&deadline)).expect("poll"), 1, "nobody dials");
        let (stream, _) = listener.accept().expect("somebody dials");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
        Self(stream)
    }

    fn send(&mut self, frame: &[u8]) {
        self.0.write_all(frame).expect("the server reads");
    }

    /// The next frame, header included.
    fn receive(&mut self) -> Vec<u8> {
        let mut frame = vec![0; HEADER];
        self.0.read_exact(&mut frame).expect("a frame's header");
        let len = u32::from_le_bytes([frame[2], frame[3], frame[4], frame[5]]);
        frame.resize(HEADER + len as usize, 0);
        self.0.read_exact(&mut frame[HEADER..]).expect("a frame's value");
        frame
    }

    fn hello(&mut self, hello: &[u8]) {
        self.send(hello);
        let theirs = self.receive();
        // Everything up to the node is as shown; what follows is the server's own.
        let shown = block("hello-server");
        let node = HEADER + 4 + 2 + 8 + 4 + 1;
        assert_eq!(theirs[HEADER..node], shown[HEADER..node]);
        assert_eq!(theirs[..2], shown[..2]);
    }
}

/// The bytes of the document's frame of this name.
fn block(name: &str) -> Vec<u8> {
    let fence = format!("```hex {name}\n");
    let (_, rest) = WIRE.split_once(&fence).unwrap_or_else(|| panic!("no frame {name}"));
    let lines = rest.lines().take_while(|line| *line != "```");
    let digits =
        lines.flat_map(|line| line.split('|').next().unwrap_or_default().split_whitespace());
    digits.map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

/// The same with other bytes in the place of these, wherever they stand.
fn with(mut frame: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> =
        (0..=frame.len() - from.len()).filter(|&at| frame[at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        frame[at..at + to.len()].copy_from_slice(to);
    }
    frame
}

#[test]
fn the_frames_of_the_document_register_two_clients_and_tell_each_of_the_other() {
    let (server, address) = server("--idle never");
    let localhost = [127, 0, 0, 1];

    let mut ann = Client::dial(&address);
    ann.hello(&block("hello-client"));
    ann.send(&block("register"));
    // The server lists the address that it sees.
    let shown = with(block("snapshot"), &[10, 0, 0, 7], &localhost);
    let snapshot = ann.receive();
    assert_eq!(snapshot[..HEADER], shown[..HEADER]);
    assert_eq!(snapshot[HEADER + EPOCH..], shown[HEADER + EPOCH..]);
    let registered_at = &snapshot[HEADER..HEADER + EPOCH];

    let mut bob = Client::dial(&address);
    let hello = with(block("hello-client"), &[0x0a; 16], &[0x0b; 16]);
    bob.hello(&with(hello, b"ann", b"bob"));
    // Port 4002 instead of 4001.
    bob.send(&with(block("register"), &[0xa1, 0x0f], &[0xa2, 0x0f]));
    assert_eq!(bob.receive()[..2], block("snapshot")[..2]);

    let shown = with(block("changes"), &[10, 0, 0, 8], &localhost);
    let changes = ann.receive();
    assert_eq!(changes[..HEADER], shown[..HEADER]);
    assert_eq!(changes[HEADER..HEADER + EPOCH], *registered_at, "from the epoch that ann has");
    assert_eq!(changes[HEADER + 2 * EPOCH..], shown[HEADER + 2 * EPOCH..]);

    ann.send(&block("probe"));
    assert_eq!(ann.receive(), block("alive"));

    // Who says goodbye is taken off the list, and the link ends.
    ann.send(&block("goodbye"));
    let left = bob.receive();
    assert_eq!(left[..2], block("changes")[..2]);
    assert!(left.ends_with(&[&[0, 0, 1, 0][..], &[0x0a; 16]].concat()), "none joined, ann left");
    assert_eq!(ann.0.read(&mut [0; 1]).expect("the end of the stream"), 0);

    server.signal(Signal::TERM);
    assert!(server.end().0.success());
}

#[test]
fn the_frames_of_the_document_make_a_link_with_a_client() {
    let (_server, address) = server("--idle never");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound address").port();

    // The highest node id there is: the other one dials, and decides.
    let hello = with(block("hello-client"), &[0x0a; 16], &[0xff; 16]);
    let mut ann = Client::dial(&address);
    ann.hello(&hello);
    ann.send(&with(block("register"), &[0xa1, 0x0f], &port.to_le_bytes()));
    assert_eq!(ann.receive()[..2], block("snapshot")[..2]);

    let mut bob = by_hand::client(&address, "bob");
    let mut link = Client::accept(&listener);
    // An accepted link has session 0.
    let name = [3, b'a', b'n', b'n'];
    link.send(&with(
        hello,
        &[&1_u64.to_le_bytes()[..], &name].concat(),
        &[&[0; 8][..], &name].concat(),
    ));
    let theirs = link.receive();
    assert_eq!(theirs[..2], block("hello-client")[..2]);
    assert!(theirs.ends_with(b"\x03bob"));
    assert_eq!(link.receive(), block("welcome"));
    bob.expect_out("linked with ann");

    assert_eq!(link.receive()[..2], block("greet")[..2]);
    link.send(&block("greet-with-mood"));
    bob.expect_out("ann says: hi");

    bob.signal(Signal::TERM);
    assert_eq!(link.receive(), block("goodbye"));
}

#[test]
fn the_server_refuses_what_the_document_says_is_refused() {
    let (_server, address) = server("--idle never");
    let refusal = |first: &[&[u8]]| {
        let mut client = Client::dial(&address);
        first.iter().for_each(|frame| client.send(frame));
        loop {
            let frame = client.receive();
            // The server's own `Hello` comes first, if it came to that.
            if frame[..2] != block("hello-server")[..2] {
                assert_eq!(frame[..2], block("refuse")[..2], "{frame:02x?}");
                return frame[HEADER];
            }
        }
    };
    // A node's dials are numbered: the server may not have seen the end of the one before.
    let hello = |session: u64| {
        let name = [3, b'a', b'n', b'n'];
        let [old, new] = [1, session].map(|n| [&n.to_le_bytes()[..], &name].concat());
        with(block("hello-client"), &old, &new)
    };
    let deregister: &[u8] = &[0x12, 0, 0, 0, 0, 0];
    let unknown_even: &[u8] = &[0xfe, 0xff, 0, 0, 0, 0];
    assert_eq!(refusal(&[&block("ping")]), 1, "NotHello");
    assert_eq!(refusal(&[&with(hello(1), &[1, 0, 7], &[2, 0, 7])]), 2, "WireVersion");
    assert_eq!(refusal(&[&with(hello(2), b"netport", b"another")]), 3, "Protocol");
    assert_eq!(refusal(&[&hello(3), unknown_even]), 6, "UnknownCritical");
    assert_eq!(refusal(&[&hello(4), deregister]), 7, "NotAllowed");
    assert_eq!(refusal(&[&hello(5), &block("snapshot")]), 7, "NotAllowed: from a client");
}
