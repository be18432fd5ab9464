//! What the tests over real sockets share: [`ports`] that report what they see, [`rendezvous`] of
//! servers and clients, and [`raw`] peers that speak bytes. Nothing here sleeps: tests wait for
//! events, with a deadline that only a failure meets.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses its own part")]

mod ports;
mod raw;
mod rendezvous;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

pub use self::ports::*;
pub use self::raw::*;
pub use self::rendezvous::*;

/// Whatever has not happened by then never will, on a machine that is busy with other tests too.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The next event.
#[track_caller]
pub fn next<T>(events: &Receiver<T>) -> T {
    match events.recv_timeout(PATIENCE) {
        Ok(event) => event,
        Err(RecvTimeoutError::Timeout) => panic!("nothing happened"),
        Err(RecvTimeoutError::Disconnected) => panic!("nothing can happen any more"),
    }
}

/// Nobody may be listening any more.
pub fn report<T>(to: &Sender<T>, what: T) {
    let _ = to.send(what);
}

/// Waits until `done`, which something else than time brings about.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}
