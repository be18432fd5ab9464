//! A link with its keeper, and who sends, reads and waits, for the scenarios of [`super::one_link`].

use std::time::Duration;

use tlv_core::Message;
use tlv_core::messages::{Goodbye, GoodbyeReason, Ping};

use crate::config::LinkConfig;
use crate::error::{SendError, encoded};
use crate::io::keeper::Keeper;
use crate::io::kernel::memory::pair;
use crate::io::kernel::{self, Fd, Ready};
use crate::io::socket::{Socket, SocketWire};
use crate::io::writer::Writer;
use crate::link::{Frame, Link, Shared};
use crate::meters::Meters;
use crate::sync::means::advance;
use crate::sync::{self, Arc, JoinHandle, Mutex, thread};

/// The link's number.
const LINK: u64 = 1;
/// Message type of what is sent.
const ID: u16 = 0x0201;
/// Longer than anything here waits.
const LONG: Duration = Duration::from_secs(1_000);
/// A step of the clock, and the most of them that anything here takes.
const TICK: Duration = Duration::from_millis(500);
const TICKS_MAX: u32 = 1_000;

/// A link with its keeper.
pub(super) struct Rig {
    pub(super) link: Link,
    keeper: Arc<Keeper>,
    keeping: JoinHandle<()>,
    /// The other end.
    pub(super) peer: Arc<Fd>,
}

pub(super) fn config() -> LinkConfig {
    LinkConfig {
        heartbeat: None,
        idle_timeout: None,
        stall_timeout: None,
        backlog_bytes_max: 40,
        send_timeout: LONG,
        ..LinkConfig::default()
    }
}

impl Rig {
    pub(super) fn new(config: &LinkConfig) -> Self {
        let (near, far) = pair();
        let address = kernel::local_addr(&far).expect("a stream has an address");
        let keeper = Arc::new(Keeper::new(config.heartbeat).expect("a keeper"));
        let socket = Arc::new(Socket::accepted(near, config).expect("a socket"));
        let epoll = keeper.epoll().expect("a keeper that has not ended");
        let wire = SocketWire::new(socket, epoll, LINK);
        let writer = Writer::new(config.send_limits(), wire, Meters::new().sent, sync::now());
        writer.open();
        let shared = Shared::new(LINK, 0, address, writer, Arc::clone(&keeper), config);
        let link = Link(Arc::new(shared));
        let keeping = {
            let (keeper, shared) = (Arc::clone(&keeper), Arc::clone(&link.0));
            thread::spawn(move || {
                let ping = encoded(&Ping::new());
                keeper.run(&ping, &Meters::new(), |id| (id == LINK).then(|| Arc::clone(&shared)));
            })
        };
        link.0.schedule();
        Self { link, keeper, keeping, peer: Arc::new(far) }
    }

    /// Sends frames, from one thread each with its number, and returns which were admitted.
    pub(super) fn sender(&self, number: u8, frames: u8, manner: Manner) -> JoinHandle<Vec<u8>> {
        let link = self.link.clone();
        thread::spawn(move || {
            if manner == Manner::Own {
                link.0.own_this_thread();
            }
            let mut admitted = Vec::new();
            for frame in 0..frames {
                let frame_of = frame_of(number, frame);
                let sent = match manner {
                    Manner::Try => link.try_send_frame(&frame_of),
                    Manner::Wait | Manner::Own => link.send_frame(&frame_of),
                };
                match sent {
                    Ok(()) => admitted.push(frame),
                    Err(SendError::Full) => assert_ne!(manner, Manner::Wait),
                    Err(SendError::Closed(_)) => assert!(link.is_closed()),
                    Err(error) => panic!("{error}"),
                }
            }
            link.flush();
            admitted
        })
    }

    /// Reads until the end of the stream, and returns the frames.
    pub(super) fn reader(&self) -> JoinHandle<Vec<(u16, Vec<u8>)>> {
        let peer = Arc::clone(&self.peer);
        thread::spawn(move || frames(&read_to_end(&peer)))
    }

    /// Ends the link as its connection's thread does, when its farewell is out.
    pub(super) fn end(self) {
        self.link.0.writer.wait_finished(sync::now() + LONG);
        self.link.0.writer.end();
        self.keeper.stop();
        self.keeping.join().expect("the keeper ends");
        self.keeper.close();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// From a thread that waits for room.
    Wait,
    /// From a thread that does not wait.
    Try,
    /// From the connection's own thread, whose frames gather.
    Own,
}

/// How often something has happened, for who waits for it.
#[derive(Default)]
pub(super) struct Tally {
    count: Mutex<u32>,
    changed: sync::Condvar,
}

impl Tally {
    pub(super) fn add(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    pub(super) fn wait_for(&self, count: u32) {
        let mut counted = self.count.lock();
        while *counted < count {
            counted = sync::wait(&self.changed, counted, None);
        }
    }
}

/// A frame that says whose it is and its number, of a length of its own.
pub(super) fn frame_of(sender: u8, number: u8) -> Frame {
    let mut value = vec![sender, number];
    value.resize(2 + usize::from(sender * 7 + number * 11) % 30, 0xaa);
    Frame::raw(ID, &value).expect("a frame")
}

pub(super) fn read_to_end(peer: &Fd) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        kernel::poll([(peer, Ready::Read)], None).expect("it polls");
        match kernel::read(peer, &mut bytes) {
            Ok(0) => return bytes,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
}

/// Whole frames, and nothing else.
pub(super) fn frames(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [id_0, id_1, len_0, len_1, len_2, len_3, rest @ ..] = bytes {
        let len = u32::from_le_bytes([*len_0, *len_1, *len_2, *len_3]) as usize;
        let (value, rest) = rest.split_at(len);
        frames.push((u16::from_le_bytes([*id_0, *id_1]), value.to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a part of a frame: {bytes:?}");
    frames
}

/// Everybody's frames came whole, in order, and all of them; then the farewell, once.
pub(super) fn check(frames: &[(u16, Vec<u8>)], admitted: &[Vec<u8>]) -> GoodbyeReason {
    let (last, sent) = frames.split_last().expect("a farewell");
    assert_eq!(last.0, Goodbye::ID, "the farewell comes last");
    assert!(sent.iter().all(|(id, _)| *id == ID), "{sent:?}");
    for (sender, admitted) in admitted.iter().enumerate() {
        let mine = sent.iter().filter(|(_, value)| usize::from(value[0]) == sender);
        let mine: Vec<u8> = mine.map(|(_, value)| value[1]).collect();
        assert_eq!(&mine, admitted, "of sender {sender}");
        let whole = sent.iter().all(|(_, value)| {
            let frame = frame_of(value[0], value[1]);
            frame.bytes()[6..] == value[..]
        });
        assert!(whole, "{sent:?}");
    }
    Goodbye::decode(&last.1).expect("a whole farewell").reason
}

pub(super) fn joined<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
}

/// Moves the clock until `is_over`.
pub(super) fn pass_time_until(is_over: impl Fn() -> bool) {
    let mut ticks = 0;
    while !is_over() {
        assert!(ticks < TICKS_MAX, "it takes too long");
        ticks += 1;
        advance(TICK);
        thread::yield_now();
    }
}
