//! The least that an exchange over loopback can cost: bare sockets, a thread at each end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// About as long as a greeting's frame.
const BYTES: usize = 32;

/// Echoes that run until the process ends.
pub(super) struct Echoes(Vec<Arc<Mutex<Vec<u32>>>>);

/// Starts so many, each asking so often.
pub(super) fn start(count: usize, every: Duration) -> Echoes {
    Echoes((0..count).map(|_| pair(every).expect("two sockets on loopback")).collect())
}

impl Echoes {
    /// How long the echoes since the last call took, in microseconds.
    pub(super) fn take_times(&self) -> Vec<u32> {
        let take =
            |times: &Arc<Mutex<Vec<u32>>>| std::mem::take(&mut *times.lock().expect("no panic"));
        self.0.iter().flat_map(take).collect()
    }
}

fn pair(every: Duration) -> std::io::Result<Arc<Mutex<Vec<u32>>>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut asking = TcpStream::connect(listener.local_addr()?)?;
    let (mut answering, _) = listener.accept()?;
    asking.set_nodelay(true)?;
    answering.set_nodelay(true)?;
    thread::spawn(move || {
        let mut bytes = [0; BYTES];
        while answering.read_exact(&mut bytes).is_ok() && answering.write_all(&bytes).is_ok() {}
    });
    let times = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&times);
    thread::spawn(move || {
        let mut bytes = [0; BYTES];
        loop {
            thread::sleep(every);
            let asked = Instant::now();
            if asking.write_all(&bytes).is_err() || asking.read_exact(&mut bytes).is_err() {
                return;
            }
            let took = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
            taken.lock().expect("no panic").push(took);
        }
    });
    Ok(times)
}
