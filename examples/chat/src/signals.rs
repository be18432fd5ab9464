//! Ctrl-C and SIGTERM, as a channel.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Receives once for each request to leave.
pub(crate) fn leave() -> io::Result<Receiver<()>> {
    let (sender, receiver) = bounded(1);
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            // One that waits to be taken says enough.
            let _ = sender.try_send(());
        }
    })?;
    Ok(receiver)
}
