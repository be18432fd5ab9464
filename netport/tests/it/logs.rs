//! Every end of a link is logged with its typed reason and the peer's address.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::{Raw, TestPort, config, wait_until};

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
    let wanted = ["WARN", "link{", "port=port", &address, "reason=\"refused\"", "NotHello"];
    wait_until("a line with all of it", || {
        log.lines().iter().any(|line| wanted.iter().all(|part| line.contains(part)))
    });
}
