//! Every end of a link is logged with its typed reason and the peer's address.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tlv_core::messages::GoodbyeReason;

use crate::support::{Raw, TestPort, config, ended, wait_until};

/// What was logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_end_of_a_link_is_logged_with_its_reason_and_peer() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let port = TestPort::start(config("port"));
    let mut attacker = Raw::connect(port.handle.local_addr());
    let address = attacker.0.local_addr().expect("it is connected").to_string();
    attacker.write(b"GET / HTTP/1.1\r\n\r\n");
    attacker.refused();
    logged(
        &log,
        &["WARN", "link{", "port=port", &address, "reason=\"refused\"", "no introduction"],
    );

    // A peer that said who it is, and the port.
    let bob = TestPort::start(config("bob"));
    let (link, events) = port.connect(bob.handle.local_addr());
    link.close(GoodbyeReason::Done);
    ended(&events);
    let node = format!("node={}", bob.handle.identity().node);
    logged(&log, &["INFO", "link{", "port=port", "name=\"bob\"", &node, "reason=\"closed\""]);
    bob.stop();
    logged(&log, &["INFO", "port{", "name=bob", &node, "reason=\"closed\"", "ended: closed"]);
}

/// Waits for a line with all of it.
fn logged(log: &Log, wanted: &[&str]) {
    wait_until(&format!("{wanted:?} in {:#?}", log.lines()), || {
        log.lines().iter().any(|line| wanted.iter().all(|part| line.contains(part)))
    });
}
