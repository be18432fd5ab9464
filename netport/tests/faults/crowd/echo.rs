//! The least that an exchange over loopback can cost: the crowd's own mesh of bare sockets, with a
//! thread at each end of each of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::times::Times;

/// About as long as a greeting's frame.
const BYTES: usize = 40;
/// The first byte of those that want an answer.
const QUESTION: u8 = 1;
/// Where the time stands at which it was asked.
const TIME: std::ops::Range<usize> = 8..16;

/// One of the mesh.
pub(super) struct Bare {
    peers: Vec<TcpStream>,
    started: Instant,
    times: Arc<Times>,
}

/// Links up so many, each with each other, until the process ends.
pub(super) fn mesh(count: usize) -> std::io::Result<Vec<Bare>> {
    let started = Instant::now();
    let bare = || Bare { peers: Vec::new(), started, times: Arc::default() };
    let mut all: Vec<Bare> = (0..count).map(|_| bare()).collect();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for one in 0..count {
        for other in 0..one {
            let dialled = TcpStream::connect(listener.local_addr()?)?;
            all[one].link(dialled)?;
            all[other].link(listener.accept()?.0)?;
        }
    }
    Ok(all)
}

impl Bare {
    fn link(&mut self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        self.peers.push(stream.try_clone()?);
        let (started, times) = (self.started, Arc::clone(&self.times));
        thread::spawn(move || converse(stream, started, &times));
        Ok(())
    }

    /// Asks one peer after the other.
    pub(super) fn ask(&self, turn: usize) {
        let mut frame = [0; BYTES];
        frame[0] = QUESTION;
        frame[TIME].copy_from_slice(&(self.started.elapsed().as_nanos() as u64).to_le_bytes());
        // Its other end lives as long as this one.
        let _ = (&self.peers[turn % self.peers.len()]).write_all(&frame);
    }

    /// How long the answers since the last call took.
    pub(super) fn take_times(&self) -> Vec<Duration> {
        self.times.take()
    }
}

/// Answers questions, and takes the time of answers.
fn converse(mut stream: TcpStream, started: Instant, times: &Times) {
    let mut frame = [0; BYTES];
    while stream.read_exact(&mut frame).is_ok() {
        if frame[0] == QUESTION {
            frame[0] = 0;
            if stream.write_all(&frame).is_err() {
                return;
            }
        } else {
            let asked = frame[TIME].try_into().map_or(0, u64::from_le_bytes);
            times.add(started.elapsed().saturating_sub(Duration::from_nanos(asked)));
        }
    }
}
