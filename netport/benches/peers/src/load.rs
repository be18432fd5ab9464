//! A light load generator: one thread, `epoll`, and a few bytes for each of its clients. It does
//! what its parent says, a line at a time, and answers each with a line:
//!
//! | line | does | answers |
//! | --- | --- | --- |
//! | `join N` | N more clients connect, and register at once | seconds until all have the whole list, bytes received |
//! | `steady N RATE` | N more register, RATE in a second | for each, milliseconds until all have seen it |
//! | `connect N` | N more bare connections | seconds |
//! | `drain BYTES` | says `ready`, takes so many bytes in all | `whole` |
//!
//! Between lines it keeps its clients alive and drops what they receive.

use std::io::{BufRead, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use tlv_core::messages::{
    App, Changes, Hello, MAGIC, Peer, Ping, Register, Role, Snapshot, WIRE_VERSION,
};
use tlv_core::{Message, MessageSet, Uuid, record};

/// Each client sends a heartbeat this often.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Whatever takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of an epoch on the wire.
const EPOCH_BYTES: usize = 16;
/// Enough of a frame to know how many peers it brings: the header, two epochs, a count.
const HEAD_BYTES: usize = record::HEADER_LEN + 2 * EPOCH_BYTES + 2;

/// One client: its socket, and how much of the list it has.
struct Client {
    stream: TcpStream,
    /// The beginning of the frame that it is receiving.
    head: Vec<u8>,
    /// Bytes of that frame still to come behind the head.
    skip: usize,
    /// Entries that it knows of.
    listed: usize,
}

/// All of them.
struct Load {
    server: SocketAddr,
    watch: std::os::fd::OwnedFd,
    clients: Vec<Client>,
    received_bytes: u64,
    /// How many clients know of at least so many entries.
    reached: Vec<usize>,
    ping: Vec<u8>,
    /// Whose heartbeat is next, and when.
    beat: (usize, Instant),
    /// What a read fills.
    room: Vec<u8>,
}

/// In the child: does what the parent says until it leaves.
pub fn generate(server: &str) -> std::io::Result<()> {
    let server = server.parse().map_err(|_| std::io::Error::other("not an address"))?;
    let mut load = Load {
        server,
        watch: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        clients: Vec::new(),
        received_bytes: 0,
        reached: Vec::new(),
        ping: frame(&Ping::new()),
        beat: (0, Instant::now()),
        room: vec![0; 64 * 1024],
    };
    let lines = lines();
    loop {
        match lines.try_recv() {
            Ok(line) => println!("{}", load.command(&line)?),
            Err(std::sync::mpsc::TryRecvError::Empty) => load.turn(Duration::from_millis(5))?,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return Ok(()),
        }
    }
}

/// The parent's lines, read beside everything else.
fn lines() -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Load {
    fn command(&mut self, line: &str) -> std::io::Result<String> {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words.get(index).and_then(|w| w.parse::<usize>().ok());
        match (words[0], number(1), number(2)) {
            ("join", Some(count), None) => self.join(count),
            ("steady", Some(count), Some(rate)) => self.steady(count, rate),
            ("connect", Some(count), None) => self.connect(count),
            ("drain", Some(bytes), None) => self.drain(bytes as u64),
            _ => Err(std::io::Error::other(format!("not understood: {line}"))),
        }
    }

    fn join(&mut self, count: usize) -> std::io::Result<String> {
        let all = self.clients.len() + count;
        let (started, before) = (Instant::now(), self.received_bytes);
        for _ in 0..count {
            self.open(true)?;
            self.turn(Duration::ZERO)?;
        }
        while self.reached(all) < all {
            self.turn(Duration::from_millis(100))?;
            check(started.elapsed() < PATIENCE, "a list never became whole")?;
        }
        Ok(format!("{} {}", started.elapsed().as_secs_f64(), self.received_bytes - before))
    }

    fn steady(&mut self, count: usize, rate: usize) -> std::io::Result<String> {
        let base = self.clients.len();
        let started = Instant::now();
        let mut joined: Vec<Instant> = Vec::new();
        let mut seen: Vec<f64> = Vec::new();
        while seen.len() < count {
            let due = started + Duration::from_secs(1) * joined.len() as u32 / rate as u32;
            if joined.len() < count && Instant::now() >= due {
                joined.push(Instant::now());
                self.open(true)?;
            }
            self.turn(Duration::from_micros(200))?;
            // The `n`th join is seen when all who were there before, and it, know of it.
            while seen.len() < joined.len()
                && self.reached(base + seen.len() + 1) > base + seen.len()
            {
                seen.push(joined[seen.len()].elapsed().as_secs_f64() * 1e3);
            }
            check(started.elapsed() < PATIENCE, "a join was never seen by all")?;
        }
        Ok(seen.iter().map(|ms| format!("{ms:.3}")).collect::<Vec<_>>().join(" "))
    }

    fn connect(&mut self, count: usize) -> std::io::Result<String> {
        let started = Instant::now();
        for _ in 0..count {
            self.open(false)?;
        }
        Ok(started.elapsed().as_secs_f64().to_string())
    }

    fn drain(&mut self, bytes: u64) -> std::io::Result<String> {
        let until = self.received_bytes + bytes;
        println!("ready");
        let started = Instant::now();
        while self.received_bytes < until {
            self.turn(Duration::from_millis(100))?;
            check(started.elapsed() < PATIENCE, "bytes that never came")?;
        }
        Ok("whole".into())
    }

    /// One more client; one that registers shakes hands first.
    fn open(&mut self, registers: bool) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(self.server)?;
        stream.set_nodelay(true)?;
        let number = self.clients.len();
        if registers {
            let own = stream.local_addr()?;
            let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, own.port()))];
            stream.write_all(&[hello(number), frame(&Register::new(addresses))].concat())?;
        }
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.watch, &stream, data, epoll::EventFlags::IN)?;
        self.clients.push(Client { stream, head: Vec::new(), skip: 0, listed: 0 });
        Ok(())
    }

    /// Receives what is there, waiting for `patience` at most; sends heartbeats that are due.
    fn turn(&mut self, patience: Duration) -> std::io::Result<()> {
        let mut events = Vec::with_capacity(1024);
        let timeout = Timespec { tv_sec: 0, tv_nsec: patience.as_nanos().min(999_999_999) as i64 };
        epoll::wait(&self.watch, spare_capacity(&mut events), Some(&timeout))?;
        for event in &events {
            let client = &mut self.clients[event.data.u64() as usize];
            match client.stream.read(&mut self.room) {
                Ok(0) => return Err(std::io::Error::other("the server closed a link")),
                Ok(bytes) => {
                    self.received_bytes += bytes as u64;
                    let before = client.listed;
                    client.take(&self.room[..bytes]);
                    for count in before + 1..=client.listed {
                        if self.reached.len() <= count {
                            self.reached.resize(count + 1, 0);
                        }
                        self.reached[count] += 1;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.beats()
    }

    fn beats(&mut self) -> std::io::Result<()> {
        while !self.clients.is_empty() && Instant::now() >= self.beat.1 {
            let (next, due) = self.beat;
            // One who received nothing yet is a bare connection, or not answered.
            if let Some(client) = self.clients.get(next).filter(|client| client.listed > 0) {
                (&client.stream).write_all(&self.ping)?;
            }
            let gap = HEARTBEAT / self.clients.len() as u32;
            self.beat = ((next + 1) % self.clients.len(), due + gap);
        }
        if self.clients.is_empty() {
            self.beat.1 = Instant::now();
        }
        Ok(())
    }

    fn reached(&self, count: usize) -> usize {
        self.reached.get(count).copied().unwrap_or(0)
    }
}

impl Client {
    /// Counts the entries that frames bring; nobody leaves here.
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            // First the header, then what it says that there is of the rest.
            let wanted = match record::header(&self.head) {
                Ok((_, header)) => HEAD_BYTES.min(header.record_len()),
                Err(_) => record::HEADER_LEN,
            };
            let taken = bytes.len().min(wanted - self.head.len());
            self.head.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            let Ok((value, header)) = record::header(&self.head) else { continue };
            let len = header.len as usize;
            if value.len() == len.min(HEAD_BYTES - record::HEADER_LEN) {
                self.skip = len - value.len();
                let count_at = match header.id {
                    Snapshot::ID => Some(EPOCH_BYTES),
                    Changes::ID => Some(2 * EPOCH_BYTES),
                    _ => None,
                };
                if let Some(count) = count_at.and_then(|at| value.get(at..at + 2)) {
                    let count = usize::from(u16::from_le_bytes([count[0], count[1]]));
                    let is_whole = header.id == Snapshot::ID;
                    self.listed =
                        if is_whole { count.max(self.listed) } else { self.listed + count };
                }
                self.head.clear();
            }
        }
    }
}

fn node(number: usize) -> Uuid {
    let mut node = [0; 16];
    node[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    Uuid::from_bytes(node)
}

fn name(number: usize) -> String {
    format!("load-{number}")
}

/// A client as the list has it; the port is a guess.
pub fn entry(number: usize) -> Peer {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
    Peer::new(node(number), 1, 1, name(number), vec![address])
}

fn hello(number: usize) -> Vec<u8> {
    let protocol = App::PROTOCOL;
    frame(&Hello::new(
        MAGIC,
        WIRE_VERSION,
        protocol.name,
        protocol.version,
        Role::Client,
        node(number),
        1,
        1,
        name(number),
    ))
}

fn frame(message: &impl Message) -> Vec<u8> {
    message.to_frame().map(|frame| frame.to_vec()).unwrap_or_default()
}

fn check(holds: bool, otherwise: &str) -> std::io::Result<()> {
    if holds { Ok(()) } else { Err(std::io::Error::other(otherwise.to_owned())) }
}
