use super::*;

/// A wire that takes what it has room for, and remembers what was asked of it.
#[derive(Debug, Default)]
struct Fake {
    room: usize,
    taken: Vec<u8>,
    writes: usize,
    armed: bool,
    write_shut: bool,
    shut: bool,
    broken: bool,
}

impl Fake {
    fn with_room(room: usize) -> Self {
        Self { room, ..Self::default() }
    }
}

impl Wire for Fake {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(!self.write_shut && !self.shut, "a write after the end");
        self.writes += 1;
        if self.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let offered: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = offered.len().min(self.room);
        self.taken.extend_from_slice(&offered[..taken]);
        self.room -= taken;
        Ok(taken)
    }
    fn arm(&mut self) -> io::Result<()> {
        self.armed = true;
        Ok(())
    }
    fn shut_write(&mut self) {
        self.write_shut = true;
    }
    fn shut(&mut self) {
        self.shut = true;
    }
}

const BEAT: Duration = Duration::from_secs(20);
const STALL: Duration = Duration::from_secs(60);
const LINGER: Duration = Duration::from_secs(2);

fn open_half(now: Instant) -> SendingHalf {
    let limits = SendLimits {
        backlog_bytes_max: 100,
        heartbeat: Some(BEAT),
        stall_timeout: Some(STALL),
        linger: LINGER,
    };
    let mut half = SendingHalf::new(limits, now);
    half.open();
    half
}

fn append(half: &mut SendingHalf, bytes: &[u8]) {
    let Ok(()) = half.append(|out| {
        out.extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    });
}

#[test]
fn a_frame_is_written_at_once_while_nothing_waits() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::with_room(1000));
    append(&mut half, b"one");
    half.flush(&mut wire);
    assert_eq!((wire.taken.as_slice(), wire.writes, wire.armed), (&b"one"[..], 1, false));
    assert_eq!(half.backlog_bytes(), 0);
}

#[test]
fn only_the_keeper_writes_while_something_waits() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::with_room(2));
    append(&mut half, b"one");
    half.flush(&mut wire);
    assert!(wire.armed);
    wire.room = 1000;
    append(&mut half, b"two");
    half.flush(&mut wire);
    assert_eq!(wire.taken, b"on", "a sender overtook the backlog");
    half.drain(&mut wire);
    assert_eq!(wire.taken, b"onetwo");
    append(&mut half, b"three");
    half.flush(&mut wire);
    assert_eq!(wire.taken, b"onetwothree");
}

#[test]
fn what_is_written_through_overtakes_nothing() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::with_room(4));
    assert_eq!(half.write_through(&mut wire, b"one"), 3);
    assert_eq!((wire.taken.as_slice(), wire.armed), (&b"one"[..], false));
    let written = half.write_through(&mut wire, b"two");
    append(&mut half, &b"two"[written..]);
    assert!(written == 1 && wire.armed);
    wire.room = 1000;
    assert_eq!(half.write_through(&mut wire, b"three"), 0, "a sender overtook the backlog");
    append(&mut half, b"three");
    half.drain(&mut wire);
    append(&mut half, b"corked");
    assert_eq!(half.write_through(&mut wire, b"four"), 0, "a sender overtook what is corked");
    assert_eq!(wire.taken, b"onetwothree");
}

#[test]
fn a_few_frames_are_admitted_beyond_the_mark_each_time_that_it_is_reached() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::with_room(0));
    for _ in 0..2 {
        append(&mut half, &[1; 100]);
        half.flush(&mut wire);
        assert_eq!(half.admission(), Admission::Full);
        let mut few = 0;
        while half.admission_of_few() == Admission::Granted {
            let Ok(()) = half.append_few(|out| {
                out.extend_from_slice(&[2; 16]);
                Ok::<(), Infallible>(())
            });
            few += 16;
        }
        assert_eq!(few, RESERVE_BYTES);
        assert_eq!(half.admission_of_few(), Admission::Full);
        wire.room = half.backlog_bytes();
        half.drain(&mut wire);
    }
}

#[test]
fn a_wire_that_fails_takes_everything() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::with_room(1000));
    wire.broken = true;
    assert_eq!(half.write_through(&mut wire, b"one"), 3);
    assert_eq!((half.failure(), half.backlog_bytes()), (Some(io::ErrorKind::BrokenPipe), 0));
}

#[test]
fn a_frame_is_admitted_below_the_mark_and_then_whole() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::default());
    append(&mut half, &[1; 99]);
    half.flush(&mut wire);
    assert_eq!(half.admission(), Admission::Granted);
    append(&mut half, &[2; 500]);
    assert_eq!(half.admission(), Admission::Full);
    assert!(!half.has_room());
    wire.room = 1000;
    half.drain(&mut wire);
    assert_eq!((wire.taken.len(), half.admission()), (599, Admission::Granted));
    assert!(half.has_room());
}

#[test]
fn the_keeper_writes_a_bounded_amount_in_a_turn() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::default());
    append(&mut half, &vec![7; 3 * DRAIN_BYTES_MAX]);
    half.flush(&mut wire);
    for turn in 1..=3 {
        (wire.armed, wire.room) = (false, usize::MAX);
        half.drain(&mut wire);
        assert_eq!(wire.taken.len(), turn * DRAIN_BYTES_MAX);
        assert_eq!(wire.armed, turn < 3);
    }
}

#[test]
fn shared_frames_keep_their_place() {
    let (mut half, mut wire) = (open_half(Instant::now()), Fake::default());
    let large = Bytes::from(vec![b'-'; 5000]);
    append(&mut half, b"<");
    half.append_shared(&large);
    half.append_shared(&Bytes::from_static(b"small"));
    append(&mut half, b">");
    half.flush(&mut wire);
    for _ in 0..6000 {
        wire.room = 1;
        half.drain(&mut wire);
    }
    let expected = [b"<", &large[..], b"small", b">"].concat();
    assert_eq!(wire.taken, expected);
}

#[test]
fn nothing_is_admitted_before_it_is_open_or_after_it_is_closed() {
    let now = Instant::now();
    let limits = open_half(now).limits;
    let (mut half, mut wire) = (SendingHalf::new(limits, now), Fake::with_room(1000));
    assert_eq!(half.admission(), Admission::NotOpen);
    half.open();
    half.close(&mut wire, b"bye", now);
    assert_eq!(half.admission(), Admission::Shut);
    half.open();
    assert_eq!(half.admission(), Admission::Shut);
}

#[test]
fn a_farewell_follows_what_waits_and_nothing_follows_it() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::default());
    append(&mut half, b"last words, ");
    half.flush(&mut wire);
    half.close(&mut wire, b"bye", now);
    half.close(&mut wire, b"bye again", now);
    assert!(!half.is_finished() && !wire.write_shut);
    wire.room = 1000;
    half.drain(&mut wire);
    assert_eq!(wire.taken, b"last words, bye");
    assert!(half.is_finished() && wire.write_shut && !wire.shut);
}

#[test]
fn a_link_that_lingers_too_long_is_shut() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::default());
    half.close(&mut wire, b"bye", now);
    assert_eq!(half.next_deadline(), Some(now + LINGER));
    half.on_time(&mut wire, now + LINGER - Duration::from_nanos(1));
    assert!(!wire.shut);
    half.on_time(&mut wire, now + LINGER);
    assert!(wire.shut && half.is_finished());
    assert_eq!(half.next_deadline(), None);
}

#[test]
fn a_beat_in_which_nothing_was_sent_wants_a_heartbeat() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::with_room(1000));
    append(&mut half, b"one");
    half.flush(&mut wire);
    assert_eq!(half.on_time(&mut wire, now + BEAT), Turn::Quiet);
    for beat in 2..5 {
        assert_eq!(half.next_deadline(), Some(now + beat * BEAT));
        assert_eq!(half.on_time(&mut wire, now + beat * BEAT), Turn::Ping);
        half.ping(&mut wire, b"!");
    }
    assert_eq!(wire.taken, b"one!!!");
}

#[test]
fn a_beat_flushes_what_a_busy_connection_corked() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::with_room(1000));
    append(&mut half, b"corked");
    assert_eq!(half.on_time(&mut wire, now + BEAT), Turn::Quiet);
    assert_eq!(wire.taken, b"corked");
}

#[test]
fn a_wire_that_takes_nothing_for_the_stall_timeout_has_failed() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::default());
    append(&mut half, &[1; 50]);
    half.flush(&mut wire);
    let mut at = now;
    let stalled = loop {
        at += BEAT;
        match half.on_time(&mut wire, at) {
            Turn::Stalled => break at,
            Turn::Quiet => assert!(at < now + 10 * STALL, "never"),
            Turn::Ping => panic!("a heartbeat behind a backlog"),
        }
    };
    assert!(stalled >= now + STALL);
    assert_eq!(half.failure(), Some(io::ErrorKind::TimedOut));
    assert!(wire.shut);
}

#[test]
fn a_wire_that_takes_a_little_is_not_stalled() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::default());
    append(&mut half, &[1; 50]);
    half.flush(&mut wire);
    for beat in 1..40 {
        wire.room = 1;
        half.drain(&mut wire);
        assert_eq!(half.on_time(&mut wire, now + beat * BEAT), Turn::Quiet);
    }
    assert_eq!(half.failure(), None);
}

#[test]
fn a_wire_that_fails_is_shut_and_forgets_what_waits() {
    let now = Instant::now();
    let (mut half, mut wire) = (open_half(now), Fake::default());
    append(&mut half, b"one");
    wire.broken = true;
    half.flush(&mut wire);
    assert_eq!(half.failure(), Some(io::ErrorKind::BrokenPipe));
    assert!(wire.shut && half.is_finished());
    assert_eq!((half.backlog_bytes(), half.admission()), (0, Admission::Shut));
    half.close(&mut wire, b"bye", now);
}
