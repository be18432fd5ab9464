//! Real traffic of the programs, as the Wireshark dissector shows it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::Signal;
use tlv_core::MessageSet;
use tlv_core::bytes::Bytes;
use tlv_core::messages::Control;
use tlv_core::record;

use crate::support::Program;

/// Ports in the capture: of the client, and of the server.
const PORTS: [u16; 2] = [50_000, 4_321];

/// What was sent, piece by piece: by which side (an index of `PORTS`), and the bytes.
type Recording = Arc<Mutex<Vec<(usize, Vec<u8>)>>>;

/// Passes one connection on to `server`, and records both directions. Capturing on the interface
/// would need rights that a test does not have.
fn recorder(server: SocketAddr) -> (SocketAddr, Recording, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let recording = Recording::default();
    let record = recording.clone();
    let done = thread::spawn(move || {
        let (client, _) = listener.accept().expect("a client");
        let server = TcpStream::connect(server).expect("the server listens");
        let ends = [client, server];
        thread::scope(|scope| {
            for side in 0..2 {
                let (mut from, mut to) = (&ends[side], &ends[1 - side]);
                let record = &record;
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
    });
    (address, recording, done)
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

/// What `side` sent, by the generated code: message ids, names in `Hello`, names of listed peers.
fn decoded(recording: &[(usize, Vec<u8>)], side: usize) -> [Vec<String>; 3] {
    let of_side = recording.iter().filter(|(from, _)| *from == side);
    let stream: Vec<u8> = of_side.flat_map(|(_, data)| data.clone()).collect();
    let [mut ids, mut names, mut peers] = [const { Vec::new() }; 3];
    let mut rest = &stream[..];
    while !rest.is_empty() {
        let (after, frame) = record::frame(rest).expect("whole frames");
        ids.push(format!("{:#06x}", frame.id));
        let value = Bytes::copy_from_slice(frame.value);
        match Control::decode(frame.id, &value).expect("right frames") {
            Control::Hello(hello) => names.push(hello.name),
            Control::Snapshot(list) => peers.extend(list.peers.into_iter().map(|peer| peer.name)),
            Control::Changes(list) => peers.extend(list.joined.into_iter().map(|peer| peer.name)),
            _ => {}
        }
        rest = after;
    }
    [ids, names, peers]
}

/// The same by the dissector, and the faults that it shows.
fn dissected(pcap: &Path, side: usize) -> [Vec<String>; 4] {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/netport.lua");
    let mut command = Command::new("tshark");
    command.arg("-r").arg(pcap).arg("-X").arg(format!("lua_script:{}", script.display()));
    command.args(["-Y", &format!("tcp.srcport == {}", PORTS[side]), "-T", "fields"]);
    for field in ["message", "hello.name", "peer.name", "fault.class"] {
        command.args(["-e", &format!("netport.{field}")]);
    }
    let output = command.output().expect("tshark runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !complaint.contains("Lua"), "{complaint}");
    let mut out = [const { Vec::new() }; 4];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        for (column, shown) in out.iter_mut().zip(line.split('\t')) {
            column.extend(shown.split(',').filter(|one| !one.is_empty()).map(str::to_owned));
        }
    }
    out
}

#[test]
fn the_dissector_shows_what_a_client_and_the_server_say() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI needs tshark: apt-get install tshark");
        eprintln!("NOT TESTED: there is no tshark here; apt-get install tshark");
        return;
    }
    let listen = ["--listen", "127.0.0.1:0", "--idle", "never"];
    let mut server = Program::start(env!("CARGO_BIN_EXE_server"), listen);
    let address = server.expect_out("listening on ");
    let (through, recording, done) = recorder(address.parse().expect("an address"));
    let client = |server: &str, name| {
        Program::start(env!("CARGO_BIN_EXE_client"), ["--server", server, "--name", name])
    };
    let mut ann = client(&through.to_string(), "ann");
    ann.expect_out("registered as ann");
    let mut bob = client(&address, "bob");
    bob.expect_out("registered as bob");
    ann.expect_out("bob says: ");
    ann.signal(Signal::TERM);
    let (status, lines) = ann.end();
    assert!(status.success(), "{lines:#?}");
    done.join().expect("both directions end");

    let recording = std::mem::take(&mut *recording.lock().expect("no panic"));
    let name = format!("netport-traffic-{}.pcap", std::process::id());
    let pcap = std::env::temp_dir().join(name);
    fs::write(&pcap, capture(&recording)).expect("a temporary file");
    for side in 0..2 {
        let [ids, names, peers, faults] = dissected(&pcap, side);
        assert_eq!([ids, names, peers], decoded(&recording, side));
        assert_eq!(faults, [""; 0]);
    }
    let [ids, names, _] = decoded(&recording, 0);
    assert_eq!(names, ["ann"]);
    // `Hello`, `Register`, and in the end `Deregister` and `Goodbye`.
    for id in ["0x0002", "0x0010", "0x0012", "0x0006"] {
        assert!(ids.iter().any(|found| found == id), "{id} in {ids:?}");
    }
    assert!(decoded(&recording, 1)[2].contains(&"bob".to_owned()));
    fs::remove_file(&pcap).expect("the temporary file");
}
