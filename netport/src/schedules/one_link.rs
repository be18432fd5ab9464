//! One link: its writer lock, who sends, who closes, and the keeper that drains it. The test reads
//! at the other end.

use std::time::Duration;

use tlv_core::Message;
use tlv_core::messages::{GoodbyeReason, Ping};

use super::Scenario;
use super::rig::{
    Manner, Rig, Tally, check, config, frame_of, frames, joined, pass_time_until, read_to_end,
};
use crate::config::LinkConfig;
use crate::error::{End, SendError, encoded};
use crate::io::kernel::{self, Ready};
use crate::sync::{self, Arc, AtomicBool, AtomicU64, Mutex, Ordering, thread};

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
