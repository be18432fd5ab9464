//! One link: its writer lock, who sends, who closes, and the keeper that drains it. The test reads
//! at the other end.

use std::time::Duration;

use tlv_core::Message;
use tlv_core::messages::{Goodbye, GoodbyeReason, Ping};

use super::Scenario;
use crate::config::LinkConfig;
use crate::error::{End, SendError, encoded};
use crate::io::keeper::Keeper;
use crate::io::kernel::memory::pair;
use crate::io::kernel::{self, Fd, Ready};
use crate::io::socket::{Socket, SocketWire};
use crate::io::writer::Writer;
use crate::link::{Frame, Link, Shared};
use crate::meters::Meters;
use crate::sync::means::advance;
use crate::sync::{self, Arc, AtomicBool, AtomicU64, JoinHandle, Mutex, Ordering, thread};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "what was admitted arrives whole and in order",
        pipe_bytes: 24,
        run: what_was_admitted_arrives_whole_and_in_order,
    },
    Scenario {
        name: "a close among senders loses nothing that was admitted",
        pipe_bytes: 24,
        run: a_close_among_senders_loses_nothing_that_was_admitted,
    },
    Scenario {
        name: "a send waits no longer than its time",
        pipe_bytes: 8,
        run: a_send_waits_no_longer_than_its_time,
    },
    Scenario {
        name: "the end of a link wakes who waits for room",
        pipe_bytes: 8,
        run: the_end_of_a_link_wakes_who_waits_for_room,
    },
    Scenario {
        name: "what a connection's own thread gathers holds up nobody else",
        pipe_bytes: 400,
        run: what_a_connections_own_thread_gathers_holds_up_nobody_else,
    },
    Scenario {
        name: "a panic of who is told of room ends that link alone",
        pipe_bytes: 8,
        run: a_panic_of_who_is_told_of_room_ends_that_link_alone,
    },
    Scenario {
        name: "everybody who asked is told of room once",
        pipe_bytes: 8,
        run: everybody_who_asked_is_told_of_room_once,
    },
    Scenario {
        name: "a peer that does not read keeps a closed link no longer than it may",
        pipe_bytes: 8,
        run: a_peer_that_does_not_read_keeps_a_closed_link_no_longer_than_it_may,
    },
    Scenario {
        name: "heartbeats come between what others send",
        pipe_bytes: 24,
        run: heartbeats_come_between_what_others_send,
    },
];

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
struct Rig {
    link: Link,
    keeper: Arc<Keeper>,
    keeping: JoinHandle<()>,
    /// The other end.
    peer: Arc<Fd>,
}

fn config() -> LinkConfig {
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
    fn new(config: &LinkConfig) -> Self {
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
    fn sender(&self, number: u8, frames: u8, manner: Manner) -> JoinHandle<Vec<u8>> {
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
    fn reader(&self) -> JoinHandle<Vec<(u16, Vec<u8>)>> {
        let peer = Arc::clone(&self.peer);
        thread::spawn(move || frames(&read_to_end(&peer)))
    }

    /// Ends the link as its connection's thread does, when its farewell is out.
    fn end(self) {
        self.link.0.writer.wait_finished(sync::now() + LONG);
        self.link.0.writer.end();
        self.keeper.stop();
        self.keeping.join().expect("the keeper ends");
        self.keeper.close();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// From a thread that waits for room.
    Wait,
    /// From a thread that does not wait.
    Try,
    /// From the connection's own thread, whose frames gather.
    Own,
}

/// How often something has happened, for who waits for it.
#[derive(Default)]
struct Tally {
    count: Mutex<u32>,
    changed: sync::Condvar,
}

impl Tally {
    fn add(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: u32) {
        let mut counted = self.count.lock();
        while *counted < count {
            counted = sync::wait(&self.changed, counted, None);
        }
    }
}

/// A frame that says whose it is and its number, of a length of its own.
fn frame_of(sender: u8, number: u8) -> Frame {
    let mut value = vec![sender, number];
    value.resize(2 + usize::from(sender * 7 + number * 11) % 30, 0xaa);
    Frame::raw(ID, &value).expect("a frame")
}

fn read_to_end(peer: &Fd) -> Vec<u8> {
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
fn frames(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
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
fn check(frames: &[(u16, Vec<u8>)], admitted: &[Vec<u8>]) -> GoodbyeReason {
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

fn joined<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
}

fn what_was_admitted_arrives_whole_and_in_order() {
    let rig = Rig::new(&config());
    let reader = rig.reader();
    let senders = vec![
        rig.sender(0, 3, Manner::Wait),
        rig.sender(1, 3, Manner::Own),
        rig.sender(2, 3, Manner::Wait),
        rig.sender(3, 2, Manner::Try),
    ];
    let admitted = joined(senders);
    rig.link.close(GoodbyeReason::Done);
    check(&reader.join().expect("it reads"), &admitted);
    rig.end();
    assert!(admitted[0].len() == 3 && admitted[2].len() == 3, "{admitted:?}");
}

fn a_close_among_senders_loses_nothing_that_was_admitted() {
    let rig = Rig::new(&config());
    let reader = rig.reader();
    let senders = vec![
        rig.sender(0, 3, Manner::Wait),
        rig.sender(1, 2, Manner::Own),
        rig.sender(2, 2, Manner::Wait),
    ];
    let closers: Vec<_> = [GoodbyeReason::Done, GoodbyeReason::Restart]
        .into_iter()
        .map(|reason| {
            let link = rig.link.clone();
            thread::spawn(move || link.close(reason))
        })
        .collect();
    let admitted = joined(senders);
    joined(closers);
    let told = check(&reader.join().expect("it reads"), &admitted);
    assert!(matches!(rig.link.end(), Some(End::Closed(reason)) if reason == told));
    rig.end();
}

/// Moves the clock until `is_over`.
fn pass_time_until(is_over: impl Fn() -> bool) {
    let mut ticks = 0;
    while !is_over() {
        assert!(ticks < TICKS_MAX, "it takes too long");
        ticks += 1;
        advance(TICK);
        thread::yield_now();
    }
}

fn a_send_waits_no_longer_than_its_time() {
    let timeout = Duration::from_secs(3);
    let rig = Rig::new(&LinkConfig { send_timeout: timeout, ..config() });
    let is_over = Arc::new(AtomicBool::new(false));
    let sender = {
        let (link, is_over) = (rig.link.clone(), Arc::clone(&is_over));
        thread::spawn(move || {
            let mut admitted = Vec::new();
            let last = loop {
                let number = admitted.len() as u8;
                let since = sync::now();
                let frame = frame_of(0, number);
                match link.send_frame(&frame) {
                    Ok(()) => admitted.push(number),
                    Err(error) => break (error, sync::now() - since),
                }
            };
            is_over.store(true, Ordering::Release);
            (admitted, last)
        })
    };
    pass_time_until(|| is_over.load(Ordering::Acquire));
    let (admitted, (error, waited)) = sender.join().expect("it sends");
    assert!(matches!(error, SendError::Timeout), "{error}");
    assert!(waited >= timeout, "{waited:?}");
    let reader = rig.reader();
    rig.link.close(GoodbyeReason::Done);
    check(&reader.join().expect("it reads"), &[admitted]);
    rig.end();
}

fn the_end_of_a_link_wakes_who_waits_for_room() {
    let rig = Rig::new(&config());
    let senders = vec![rig.sender(0, 5, Manner::Wait), rig.sender(1, 5, Manner::Wait)];
    let told = Arc::new(AtomicU64::new(0));
    let hook = Arc::clone(&told);
    let link = rig.link.clone();
    let asking = thread::spawn(move || {
        link.when_room(move || {
            hook.fetch_add(1, Ordering::Relaxed);
        });
    });
    rig.link.close(GoodbyeReason::Done);
    // Nobody reads, so only the end of the link lets them go.
    joined(senders);
    asking.join().expect("it asks");
    let reader = rig.reader();
    rig.end();
    reader.join().expect("it reads");
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

/// The kernel has room for all that is sent: so whoever waits waits for the cork alone.
fn what_a_connections_own_thread_gathers_holds_up_nobody_else() {
    let rig = Rig::new(&config());
    let reader = rig.reader();
    let others = Arc::new(Tally::default());
    let own = {
        let (link, others) = (rig.link.clone(), Arc::clone(&others));
        thread::spawn(move || {
            link.0.own_this_thread();
            let mut admitted = Vec::new();
            while link.send_frame(&frame_of(0, admitted.len() as u8)).is_ok() {
                admitted.push(admitted.len() as u8);
            }
            // Nothing is flushed before the others have got through.
            others.wait_for(2);
            admitted
        })
    };
    let sender = {
        let (link, others) = (rig.link.clone(), Arc::clone(&others));
        thread::spawn(move || {
            link.send_frame(&frame_of(1, 0)).expect("there is room");
            others.add();
            vec![0]
        })
    };
    let (link, done) = (rig.link.clone(), Arc::clone(&others));
    link.when_room(move || done.add());
    let admitted = joined(vec![own, sender]);
    rig.link.close(GoodbyeReason::Done);
    check(&reader.join().expect("it reads"), &admitted);
    rig.end();
}

fn a_panic_of_who_is_told_of_room_ends_that_link_alone() {
    let rig = Rig::new(&config());
    rig.sender(0, 5, Manner::Try).join().expect("it sends");
    let told = Arc::new(Tally::default());
    let hook = Arc::clone(&told);
    rig.link.when_room(|| std::panic::resume_unwind(Box::new("a defect of the user's")));
    rig.link.when_room(move || hook.add());
    let peer = Arc::clone(&rig.peer);
    let reader = thread::spawn(move || read_to_end(&peer));
    told.wait_for(1);
    assert!(matches!(rig.link.end(), Some(End::Panicked(_))), "{:?}", rig.link.end());
    // The keeper lives, or this would wait for ever.
    rig.end();
    reader.join().expect("it reads");
}

fn everybody_who_asked_is_told_of_room_once() {
    let rig = Rig::new(&config());
    let sender = rig.sender(0, 5, Manner::Try);
    let told: Arc<Mutex<Vec<u32>>> = Arc::default();
    let asking: Vec<_> = (0..2)
        .map(|number| {
            let (link, told) = (rig.link.clone(), Arc::clone(&told));
            thread::spawn(move || {
                let tally = Arc::new(Tally::default());
                let hook = Arc::clone(&tally);
                link.when_room(move || {
                    told.lock().push(number);
                    hook.add();
                });
                tally.wait_for(1);
            })
        })
        .collect();
    let reader = rig.reader();
    joined(asking);
    sender.join().expect("it sends");
    rig.link.close(GoodbyeReason::Done);
    reader.join().expect("it reads");
    rig.end();
    let mut told = std::mem::take(&mut *told.lock());
    told.sort_unstable();
    assert_eq!(told, [0, 1]);
}

fn a_peer_that_does_not_read_keeps_a_closed_link_no_longer_than_it_may() {
    let rig = Rig::new(&config());
    let sender = rig.sender(0, 4, Manner::Try);
    let link = rig.link.clone();
    let since = sync::now();
    let closer = thread::spawn(move || link.close(GoodbyeReason::Done));
    closer.join().expect("it closes");
    sender.join().expect("it sends");
    let writer = &rig.link.0.writer;
    pass_time_until(|| writer.next_deadline().is_none());
    let took = sync::now() - since;
    assert!(took >= config().linger, "{took:?}");
    rig.end();
}

fn heartbeats_come_between_what_others_send() {
    let rig = Rig::new(&LinkConfig { heartbeat: Some(Duration::from_secs(3)), ..config() });
    let sender = rig.sender(0, 3, Manner::Wait);
    let peer = Arc::clone(&rig.peer);
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let is_over = Arc::clone(&is_over);
        thread::spawn(move || {
            let mut bytes = Vec::with_capacity(4096);
            let ping = encoded(&Ping::new());
            while bytes.windows(ping.len()).filter(|bytes| *bytes == ping).count() < 2 {
                kernel::poll([(&peer, Ready::Read)], None).expect("it polls");
                let _ = kernel::read(&peer, &mut bytes);
            }
            is_over.store(true, Ordering::Release);
            bytes.extend(read_to_end(&peer));
            frames(&bytes)
        })
    };
    pass_time_until(|| is_over.load(Ordering::Acquire));
    let admitted = sender.join().expect("it sends");
    rig.link.close(GoodbyeReason::Done);
    let mut frames = reader.join().expect("it reads");
    frames.retain(|(id, _)| *id != Ping::ID);
    check(&frames, &[admitted]);
    rig.end();
}
