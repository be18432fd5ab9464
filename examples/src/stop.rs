//! Being told to leave: by a signal, or by the end of standard input.

use std::io::{self, Read};
use std::time::{Duration, Instant};
use std::{fmt, process, thread};

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The same signal within this time is the same request: `timeout`, say, signals a process and then
/// its group, which the process belongs to.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// Why a program leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGINT, which is Ctrl-C, or SIGTERM.
    Signal(i32),
    /// Standard input has ended: the program that started this one has let go of it.
    InputEnded,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(SIGINT) => f.write_str("interrupted"),
            Self::Signal(SIGTERM) => f.write_str("terminated"),
            Self::Signal(number) => write!(f, "signal {number}"),
            Self::InputEnded => f.write_str("told to leave"),
        }
    }
}

/// Receives the first SIGINT or SIGTERM. The same signal half a second later ends the process at once, for the
/// case that leaving in order takes too long for whoever waits. (Not another one: after Ctrl-C at a
/// terminal, a child of `mesh` receives SIGINT from the terminal, and SIGTERM from its parent.)
pub fn on_signal() -> io::Result<Receiver<Stop>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // Room for one of each kind.
    let (sender, receiver) = bounded(2);
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut seen: Vec<(i32, Instant)> = Vec::new();
        for signal in signals.forever() {
            match seen.iter().find(|(known, _)| *known == signal) {
                Some((_, first)) if first.elapsed() < ONE_REQUEST => continue,
                Some(_) => process::exit(128 + signal),
                None => seen.push((signal, Instant::now())),
            }
            // A receiver that is gone has no use for it: the program is ending already.
            let _ = sender.send(Stop::Signal(signal));
        }
    })?;
    Ok(receiver)
}

/// Receives when standard input ends. What is read until then is discarded.
pub fn on_input_end() -> io::Result<Receiver<Stop>> {
    let (sender, receiver) = bounded(1);
    thread::Builder::new().name("input".into()).spawn(move || {
        let mut discarded = [0; 64];
        let mut input = io::stdin().lock();
        loop {
            match input.read(&mut discarded) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        let _ = sender.send(Stop::InputEnded);
    })?;
    Ok(receiver)
}
