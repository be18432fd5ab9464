//! A proxy that misbehaves: between the two ends of every link it slices, delays, narrows, corrupts,
//! cuts, half closes, or falls silent. One thread per link.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netport::core::backoff::Chance;
use netport::crossbeam_channel::{Receiver, RecvError, Sender, TryRecvError, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;

use crate::presets::loopback;

/// What happens to links while it lasts. Links meet it again at each change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// Bytes pass in pieces of at most so many; 0 for no limit.
    pub(crate) slices: usize,
    /// Bytes arrive so much later, and anything up to `jitter` on top.
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// Bytes a second in each direction; 0 for no limit.
    pub(crate) rate: usize,
    /// One byte in so many is changed; 0 for none.
    pub(crate) corrupt: u64,
    /// What becomes of a link after a number of bytes in one direction.
    pub(crate) fate: Option<(u64, Fate)>,
}

/// The end of a link's good days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Both ends are reset.
    Reset,
    /// Nothing passes any more, in either direction, and nobody is told.
    Stall,
    /// That direction ends in order; the other goes on.
    HalfClose,
}

/// A proxy in front of an address. It ends when dropped, with every link through it.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    /// Taken when it is dropped, so that all threads see it.
    open: Option<Sender<Infallible>>,
}

struct Shared {
    listens: SocketAddr,
    target: Mutex<Option<SocketAddr>>,
    weather: Mutex<Weather>,
    /// Links that met their fate, and bytes that were changed.
    struck: AtomicU64,
    corrupted: AtomicU64,
    /// Disconnected once the proxy has ended.
    closed: Receiver<Infallible>,
    seeds: AtomicU64,
}

impl Proxy {
    /// A proxy that nobody stands behind yet.
    pub(crate) fn start(seed: u64) -> Self {
        let listener = TcpListener::bind(loopback()).expect("a free port");
        let (open, closed) = bounded(0);
        let shared = Arc::new(Shared {
            listens: listener.local_addr().expect("it is bound"),
            target: Mutex::default(),
            weather: Mutex::default(),
            struck: AtomicU64::new(0),
            corrupted: AtomicU64::new(0),
            closed,
            seeds: AtomicU64::new(seed),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if accepting.is_closed() {
                    return;
                }
                let link = Arc::clone(&accepting);
                thread::spawn(move || link.carry(&near));
            }
        });
        Self { shared, open: Some(open) }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.listens
    }

    /// Who stands behind it.
    pub(crate) fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().expect("no panic") = Some(target);
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.shared.weather.lock().expect("no panic") = weather;
    }

    /// Links that met their fate.
    pub(crate) fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::Relaxed)
    }

    /// Bytes that were changed.
    pub(crate) fn corrupted(&self) -> u64 {
        self.shared.corrupted.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.open = None;
        // Its thread sleeps in `accept`.
        let _ = TcpStream::connect(self.shared.listens);
    }
}

impl Shared {
    fn carry(&self, near: &TcpStream) {
        let target = *self.target.lock().expect("no panic");
        let Some(Ok(far)) = target.map(TcpStream::connect) else { return };
        // Which errors end it is the ends' business.
        let _ = self.carry_between(near, &far);
    }

    fn carry_between(&self, near: &TcpStream, far: &TcpStream) -> io::Result<()> {
        for end in [near, far] {
            end.set_nonblocking(true)?;
            end.set_nodelay(true)?;
        }
        let seed = self.seeds.fetch_add(1, Ordering::Relaxed);
        let mut ways = [Way::new(near, far, seed), Way::new(far, near, !seed)];
        while !self.is_closed() {
            let weather = *self.weather.lock().expect("no panic");
            let now = Instant::now();
            for way in &mut ways {
                self.corrupted.fetch_add(way.take(&weather, now)?, Ordering::Relaxed);
                way.give(&weather, now)?;
            }
            let is_whole = ways.iter().all(|way| !way.is_ended);
            let doomed =
                ways.iter_mut().find(|way| weather.fate.is_some_and(|(at, _)| way.given >= at));
            if let (true, Some(way), Some((_, fate))) = (is_whole, doomed, weather.fate) {
                self.struck.fetch_add(1, Ordering::Relaxed);
                match fate {
                    Fate::Reset => return reset([near, far]),
                    Fate::Stall => return self.stall(),
                    Fate::HalfClose => way.end()?,
                }
            }
            if ways.iter().all(|way| way.is_ended) {
                return Ok(());
            }
            wait(&ways, now)?;
        }
        Ok(())
    }

    /// Holds both sockets open, and does nothing with them.
    fn stall(&self) -> io::Result<()> {
        let Err(RecvError) = self.closed.recv();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.closed.try_recv() == Err(TryRecvError::Disconnected)
    }
}

/// How soon a change of weather is noticed.
const TICK: Duration = Duration::from_millis(20);
/// Most bytes under way in one direction: beyond, the sender has to wait.
const HELD_MAX: usize = 64 * 1024;

/// One direction of a link.
struct Way<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    chance: Chance,
    /// Pieces under way, and when each arrives.
    held: VecDeque<(Instant, Vec<u8>)>,
    held_bytes: usize,
    last_due: Option<Instant>,
    given: u64,
    /// The sender has ended its stream.
    at_end: bool,
    /// The receiver has been told.
    is_ended: bool,
}

impl<'a> Way<'a> {
    fn new(from: &'a TcpStream, to: &'a TcpStream, seed: u64) -> Self {
        Self {
            from,
            to,
            chance: Chance::new(seed),
            held: VecDeque::new(),
            held_bytes: 0,
            last_due: None,
            given: 0,
            at_end: false,
            is_ended: false,
        }
    }

    /// Takes what the sender has sent; how many bytes were changed.
    fn take(&mut self, weather: &Weather, now: Instant) -> io::Result<u64> {
        let mut corrupted = 0;
        let mut bytes = [0; 4096];
        while self.wants() {
            let read = match self.from.read(&mut bytes) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            for byte in &mut bytes[..read] {
                if weather.corrupt > 0 && self.chance.number().is_multiple_of(weather.corrupt) {
                    *byte ^= 1 << (self.chance.number() % 8);
                    corrupted += 1;
                }
            }
            let size = if weather.slices > 0 { weather.slices } else { bytes.len() };
            for piece in bytes[..read].chunks(size) {
                self.hold(piece, weather, now);
            }
        }
        Ok(corrupted)
    }

    /// Decides when a piece arrives: never before the one ahead of it.
    fn hold(&mut self, piece: &[u8], weather: &Weather, now: Instant) {
        if self.is_ended {
            return;
        }
        let jitter = self.chance.between(Duration::ZERO, weather.jitter);
        let mut due = now + weather.delay + jitter;
        if let Some(last) = self.last_due {
            let apart = match weather.rate {
                0 => Duration::ZERO,
                rate => Duration::from_secs_f64(piece.len() as f64 / rate as f64),
            };
            due = due.max(last + apart);
        }
        self.last_due = Some(due);
        self.held_bytes += piece.len();
        self.held.push_back((due, piece.to_vec()));
    }

    /// Gives the receiver what has arrived, one piece at a time.
    fn give(&mut self, weather: &Weather, now: Instant) -> io::Result<()> {
        while let Some((due, piece)) = self.held.front_mut() {
            if *due > now || self.is_ended {
                break;
            }
            match self.to.write(piece) {
                Ok(written) => {
                    self.given += written as u64;
                    self.held_bytes -= written;
                    piece.drain(..written);
                    if piece.is_empty() {
                        self.held.pop_front();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            // A piece for itself reaches the receiver as such.
            if weather.slices > 0 {
                break;
            }
        }
        if self.at_end && self.held.is_empty() && !self.is_ended {
            self.end()?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.is_ended = true;
        self.held.clear();
        self.held_bytes = 0;
        self.to.shutdown(Shutdown::Write)
    }

    /// Whether more would be taken from the sender.
    fn wants(&self) -> bool {
        !self.at_end && self.held_bytes < HELD_MAX
    }
}

/// Sleeps until one of the ways has something to do.
fn wait(ways: &[Way<'_>; 2], now: Instant) -> io::Result<()> {
    let mut timeout = TICK;
    let mut fds = Vec::new();
    for way in ways {
        if way.wants() {
            fds.push(PollFd::new(way.from, PollFlags::IN));
        }
        match way.held.front() {
            Some((due, _)) if *due <= now => fds.push(PollFd::new(way.to, PollFlags::OUT)),
            Some((due, _)) => timeout = timeout.min(*due - now),
            None => {}
        }
    }
    let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
    poll(&mut fds, Some(&timeout))?;
    Ok(())
}

/// Closes both sockets so that their peers are reset.
fn reset(ends: [&TcpStream; 2]) -> io::Result<()> {
    for end in ends {
        SockRef::from(end).set_linger(Some(Duration::ZERO))?;
    }
    Ok(())
}
