//! Captures for `tshark`, and what it says of them.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::pdml::{Packet, packets};
use crate::backends::Backend;
use crate::backends::layout::filter_name;
use crate::backends::wireshark::Wireshark;
use crate::schema::Schema;

/// The port that packets are sent to.
const PORT: u16 = 4_321;

/// A capture of one direction of TCP connections, one after the other.
pub(super) struct Capture {
    bytes: Vec<u8>,
    source: u16,
    sequence: u32,
}

impl Capture {
    pub(super) fn new() -> Self {
        const RAW_IP: u32 = 101;
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        bytes.extend([0; 8]);
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend(RAW_IP.to_le_bytes());
        Self { bytes, source: 50_000, sequence: 1 }
    }

    /// What is added from now on belongs to another connection.
    pub(super) fn next_connection(&mut self) {
        self.source += 1;
        self.sequence = 1;
    }

    /// Adds a packet with the next bytes of the stream.
    pub(super) fn packet(&mut self, data: &[u8]) {
        let len = u16::try_from(40 + data.len()).expect("a packet's length");
        let mut packet = vec![0x45, 0];
        packet.extend(len.to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        packet.extend(self.source.to_be_bytes());
        packet.extend(PORT.to_be_bytes());
        packet.extend(self.sequence.to_be_bytes());
        // Acknowledged: 1; five words of header; PSH and ACK; the window.
        packet.extend([0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend_from_slice(data);
        self.sequence = self.sequence.wrapping_add(data.len() as u32);
        self.bytes.extend([0; 8]);
        self.bytes.extend((packet.len() as u32).to_le_bytes());
        self.bytes.extend((packet.len() as u32).to_le_bytes());
        self.bytes.extend(packet);
    }
}

/// Whether there is a `tshark`; says so where there is none, and fails in CI.
pub(super) fn is_here() -> bool {
    let here = Command::new("tshark").arg("--version").output().is_ok();
    if !here {
        assert!(std::env::var_os("CI").is_none(), "CI needs tshark: apt-get install tshark");
        eprintln!("NOT TESTED: there is no tshark here; apt-get install tshark");
    }
    here
}

/// The fields of each packet, by the dissector of `schema`; `by_port` says that it is what the port
/// is for.
pub(super) fn dissect(schema: &Schema, capture: &Capture, by_port: bool) -> Vec<Packet> {
    let shown = tshark(&[schema], capture, by_port, &str::to_owned, &["-T", "pdml"]);
    packets(&shown, &filter_name(&schema.name))
}

/// The info column of each packet.
pub(super) fn info_column(schema: &Schema, capture: &Capture) -> Vec<String> {
    let form = ["-T", "fields", "-e", "_ws.col.Info"];
    let text = tshark(&[schema], capture, true, &str::to_owned, &form);
    text.lines().map(str::to_owned).collect()
}

/// What `tshark` writes in this form, by the dissectors of `schemas` as `edit` leaves them; `by_port`
/// says that the first is what the port is for.
pub(super) fn tshark(
    schemas: &[&Schema],
    capture: &Capture,
    by_port: bool,
    edit: &dyn Fn(&str) -> String,
    form: &[&str],
) -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(format!("netport-dissector-{run}"));
    fs::create_dir_all(&folder).expect("a temporary folder");
    let pcap = folder.join("capture.pcap");
    fs::write(&pcap, &capture.bytes).expect("a temporary file");
    let mut command = Command::new("tshark");
    command.arg("-r").arg(pcap);
    for file in schemas.iter().flat_map(|schema| Wireshark.files(schema)) {
        let script = folder.join(file.path);
        fs::write(&script, edit(&file.text)).expect("a temporary file");
        command.arg("-X").arg(format!("lua_script:{}", script.display()));
    }
    command.args(["-o", "tcp.desegment_tcp_streams:TRUE"]).args(form);
    if by_port {
        command.args(["-d", &format!("tcp.port=={PORT},{}", filter_name(&schemas[0].name))]);
    }
    let output = command.output().expect("tshark runs");
    fs::remove_dir_all(&folder).expect("the temporary folder");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert!(!complaint.to_lowercase().contains("lua"), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
