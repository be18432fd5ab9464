//! Real traffic of the programs, as the Wireshark dissector shows it.

#[path = "../../../proto-gen/src/backends/wireshark/tests/expected.rs"]
mod expected;
#[path = "../../../proto-gen/src/backends/wireshark/tests/pdml.rs"]
mod pdml;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use netport::{Client, ClientConfig, Event};
use proto_gen::dynamic::{Frames, Piece, decode_traced};
use rustix::process::Signal;
use tlv_core::Uuid;
use tlv_core::messages::{App, Greet};

use crate::by_hand::{client, server};
use crate::support::{DEADLINE, Program};

/// Ports in the capture: of the client, and of the server.
const PORTS: [u16; 2] = [50_000, 4_321];

/// What was sent, piece by piece: by which side (an index of `PORTS`), and the bytes.
type Recording = Arc<Mutex<Vec<(usize, Vec<u8>)>>>;

/// What passes one connection on, and records both directions. Capturing on the interface would
/// need rights that a test does not have.
struct Recorder {
    /// Where to dial.
    address: SocketAddr,
    /// Is told where to pass it on to.
    target: Sender<SocketAddr>,
    recording: Recording,
    done: thread::JoinHandle<()>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (target, targets) = channel();
        let recording = Recording::default();
        let record = recording.clone();
        let done = thread::spawn(move || {
            let (dialler, _) = listener.accept().expect("somebody dials");
            let target: SocketAddr = targets.recv().expect("where to");
            let target = TcpStream::connect(target).expect("it listens");
            pass_on([dialler, target], &record);
        });
        Self { address, target, recording, done }
    }

    /// Waits for both directions to end, and hands out what was said.
    fn finish(self) -> Vec<(usize, Vec<u8>)> {
        self.done.join().expect("both directions end");
        std::mem::take(&mut *self.recording.lock().expect("no panic"))
    }
}

/// Passes on what each end sends, until both have ended.
fn pass_on(ends: [TcpStream; 2], record: &Recording) {
    thread::scope(|scope| {
        for side in 0..2 {
            let (mut from, mut to) = (&ends[side], &ends[1 - side]);
            scope.spawn(move || {
                let mut buffer = vec![0; 4096];
                while let Ok(len @ 1..) = from.read(&mut buffer) {
                    record.lock().expect("no panic").push((side, buffer[..len].to_vec()));
                    if to.write_all(&buffer[..len]).is_err() {
                        break;
                    }
                }
                // The other side may be gone already.
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    });
}

/// The recording as a capture file of IP packets.
fn capture(recording: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend(u32::MAX.to_le_bytes());
    out.extend(101_u32.to_le_bytes());
    let mut next = [1_u32; 2];
    for (side, data) in recording {
        let (from, to) = (*side, 1 - *side);
        let mut packet = vec![0x45, 0];
        packet.extend((40 + data.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend(PORTS[from].to_be_bytes());
        packet.extend(PORTS[to].to_be_bytes());
        packet.extend(next[from].to_be_bytes());
        packet.extend(next[to].to_be_bytes());
        packet.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend_from_slice(data);
        next[from] = next[from].wrapping_add(data.len() as u32);
        out.extend([0; 8]);
        out.extend([(packet.len() as u32).to_le_bytes(); 2].concat());
        out.extend(packet);
    }
    out
}

/// Compares what is shown of each frame, field by field, with what the interpreter says of it.
/// Returns the names of the messages that each side sent.
fn compare(recording: &[(usize, Vec<u8>)]) -> [Vec<String>; 2] {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let pcap = std::env::temp_dir().join(format!("netport-traffic-{run}.pcap"));
    fs::write(&pcap, capture(recording)).expect("a temporary file");
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    let schema = proto_gen::load(spec).expect("the spec is right");
    let names = [0, 1].map(|side| {
        let of_side = recording.iter().filter(|(from, _)| *from == side);
        let stream: Vec<u8> = of_side.flat_map(|(_, data)| data.clone()).collect();
        let mut sent = Frames::new(&schema, &stream[..]);
        let mut names = Vec::new();
        for shown in dissected(&pcap, side) {
            let piece = sent.next_piece().expect("memory does not fail");
            let Some(Piece::Frame(frame)) = piece else { panic!("{piece:?}, not a frame") };
            let message = schema.messages().find(|message| message.id == frame.id);
            let message = message.expect("a message of the spec");
            let (steps, read) = decode_traced(&schema, message, frame.value);
            read.expect("a right frame");
            let wanted = expected::expected(&schema, message, &steps, frame.value);
            pdml::compare("netport", &wanted, &shown, &message.meta.name);
            names.push(message.meta.name.clone());
        }
        assert_eq!(sent.next_piece().expect("memory does not fail"), None, "more than is shown");
        names
    });
    fs::remove_file(&pcap).expect("the temporary file");
    names
}

/// The fields that are shown of each frame that `side` sent.
fn dissected(pcap: &Path, side: usize) -> Vec<Vec<pdml::Field>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/netport.lua");
    let mut command = Command::new("tshark");
    command.arg("-r").arg(pcap).arg("-X").arg(format!("lua_script:{}", script.display()));
    command.args(["-Y", &format!("tcp.srcport == {}", PORTS[side]), "-T", "pdml"]);
    let output = command.output().expect("tshark runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !complaint.contains("Lua"), "{complaint}");
    let mut frames: Vec<Vec<pdml::Field>> = Vec::new();
    let packets = pdml::packets(&String::from_utf8_lossy(&output.stdout), "netport");
    for field in packets.into_iter().flatten() {
        match frames.last_mut() {
            Some(frame) if field.name != "netport.message" => frame.push(field),
            _ => frames.push(vec![field]),
        }
    }
    frames
}

/// Whether there is a `tshark`; says so where there is none, and fails in CI.
fn is_here() -> bool {
    let here = Command::new("tshark").arg("--version").output().is_ok();
    if !here {
        assert!(std::env::var_os("CI").is_none(), "CI needs tshark: apt-get install tshark");
        eprintln!("NOT TESTED: there is no tshark here; apt-get install tshark");
    }
    here
}

#[test]
fn the_dissector_shows_what_a_client_and_the_server_say() {
    if !is_here() {
        return;
    }
    let (_server, address) = server("--idle never");
    let recorder = Recorder::start();
    recorder.target.send(address.parse().expect("an address")).expect("it is waited for");
    let mut ann = client(&recorder.address.to_string(), "ann");
    ann.expect_out("registered as ann");
    let mut bob = client(&address, "bob");
    bob.expect_out("registered as bob");
    ann.expect_out("bob says: ");
    leave(ann);

    let [client, server] = compare(&recorder.finish());
    assert_eq!((&*client[0], &*client[1]), ("Hello", "Register"));
    assert!(client.ends_with(&["Deregister".to_owned(), "Goodbye".to_owned()]), "{client:?}");
    assert_eq!((&*server[0], &*server[1]), ("Hello", "Snapshot"));
    assert!(server.contains(&"Changes".to_owned()), "{server:?}");
}

#[test]
fn the_dissector_shows_what_two_clients_say() {
    if !is_here() {
        return;
    }
    let (_server, address) = server("--idle never");
    // Ann's node id is the highest, so bob dials her; and he dials where she says that she is.
    let recorder = Recorder::start();
    let mut config = ClientConfig::named("ann");
    config.port.identity.node = Uuid::from_bytes([0xff; 16]);
    config.port.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.advertise = vec![recorder.address];
    let ann = Client::<App>::connect(address.parse().expect("an address"), config);
    let ann = ann.expect("it starts");
    recorder.target.send(ann.local_addr()).expect("it is waited for");
    let mut bob = client(&address, "bob");
    bob.expect_out("linked with ann");
    loop {
        match ann.events().recv_timeout(DEADLINE).expect("in time") {
            Event::Up(peer) => ann.send(peer.node, &Greet::new("hello bob")).expect("he is there"),
            Event::Message { message: App::Greet(_), .. } => break,
            _ => {}
        }
    }
    bob.expect_out("ann says: hello bob");
    leave(bob);

    let [bob, ann_said] = compare(&recorder.finish());
    assert_eq!(bob[..3], ["Hello", "Welcome", "Greet"]);
    assert_eq!(bob.last().map(String::as_str), Some("Goodbye"));
    assert_eq!(ann_said[..2], ["Hello", "Greet"]);
    ann.stop();
    ann.join();
}

/// Ends a program in order.
fn leave(program: Program) {
    program.signal(Signal::TERM);
    let (status, lines) = program.end();
    assert!(status.success(), "{lines:#?}");
}
