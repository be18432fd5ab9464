use super::*;

const FIRST: u16 = 2;
const HANDSHAKE: Duration = Duration::from_secs(10);
const FRAME: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(60);
/// So that a frame's length shows in its deadline.
const RATE: u32 = 100;

fn fresh(now: Instant) -> ReceivingHalf {
    let limits = ReceiveLimits {
        idle_timeout: Some(IDLE),
        handshake_timeout: HANDSHAKE,
        frame_timeout: FRAME,
        frame_rate_min: RATE,
    };
    let max_len = |id, role| if id == FIRST { 10 } else { 1000_u32.saturating_mul(role + 1) };
    ReceivingHalf::new(limits, max_len, |id| id == FIRST, now)
}

fn open(now: Instant) -> ReceivingHalf {
    let mut half = fresh(now);
    half.open(0);
    half
}

fn frame(id: u16, value: &[u8]) -> Vec<u8> {
    record::Header { id, len: value.len() as u32 }
        .to_bytes()
        .into_iter()
        .chain(value.iter().copied())
        .collect()
}

fn receive(half: &mut ReceivingHalf, bytes: &[u8], now: Instant) {
    half.room().extend_from_slice(bytes);
    half.received(false, now);
}

/// Every whole frame, as type and value.
fn frames(half: &mut ReceivingHalf) -> Vec<(u16, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some(frame) = half.next_frame().expect("well formed") {
        frames.push((frame.id, half.batch()[frame.value].to_vec()));
    }
    frames
}

#[test]
fn any_split_of_a_stream_gives_the_same_frames() {
    let now = Instant::now();
    let sent: Vec<_> = (0..20).map(|n| (256 + n, vec![n as u8; usize::from(n) * 7])).collect();
    let stream: Vec<u8> = sent.iter().flat_map(|(id, value)| frame(*id, value)).collect();
    for size in 1..stream.len() {
        let mut half = open(now);
        let mut received = Vec::new();
        for chunk in stream.chunks(size) {
            receive(&mut half, chunk, now);
            received.extend(frames(&mut half));
        }
        assert_eq!(received, sent, "in chunks of {size}");
    }
}

#[test]
fn kept_bytes_stay_as_they_were() {
    let now = Instant::now();
    let mut half = open(now);
    let mut kept = Vec::new();
    for n in 0..50_u8 {
        receive(&mut half, &frame(256, &[n; 100]), now);
        let frame = half.next_frame().expect("well formed").expect("whole");
        kept.push(half.batch().slice(frame.value));
        assert_eq!(half.next_frame(), Ok(None));
    }
    for (n, bytes) in kept.iter().enumerate() {
        assert_eq!(&bytes[..], [n as u8; 100]);
    }
}

#[test]
fn only_the_first_type_may_come_first() {
    let now = Instant::now();
    let mut half = fresh(now);
    receive(&mut half, &frame(256, b""), now);
    assert_eq!(half.next_frame(), Err(Fault::NotHello { id: 256 }));
    let mut half = fresh(now);
    receive(&mut half, &frame(FIRST, b"hello"), now);
    assert_eq!(frames(&mut half), [(FIRST, b"hello".to_vec())]);
}

#[test]
fn a_header_alone_condemns_what_is_too_long() {
    let now = Instant::now();
    let header = |len| record::Header { id: 256, len }.to_bytes();
    let mut half = open(now);
    receive(&mut half, &header(1001)[..5], now);
    assert_eq!(half.next_frame(), Ok(None));
    receive(&mut half, &header(1001)[5..], now);
    let fault = Fault::TooLarge { id: 256, len: 1001, max_len: 1000 };
    assert_eq!(half.next_frame(), Err(fault));
    // What is allowed depends on the peer's role.
    let mut half = fresh(now);
    half.open(1);
    receive(&mut half, &header(1001), now);
    assert_eq!(half.next_frame(), Ok(None));
}

#[test]
fn an_announced_length_reserves_nothing() {
    let now = Instant::now();
    let mut half = fresh(now);
    half.open(5_000_000);
    receive(&mut half, &record::Header { id: 256, len: 4_000_000_000 }.to_bytes(), now);
    assert_eq!(half.next_frame(), Ok(None));
    assert!(half.room().capacity() < 10_000, "{}", half.room().capacity());
}

#[test]
fn a_large_frame_ends_where_its_buffer_does() {
    let now = Instant::now();
    let mut half = fresh(now);
    half.open(1_000);
    let sent = frame(256, &vec![0; 500_000]);
    let mut rest = &sent[..];
    while !rest.is_empty() {
        assert_eq!(half.next_frame(), Ok(None));
        let room = half.room();
        let (taken, later) = rest.split_at(rest.len().min(room.capacity() - room.len()));
        room.extend_from_slice(taken);
        half.received(true, now);
        rest = later;
    }
    assert_eq!(frames(&mut half).len(), 1);
    assert_eq!(half.room().capacity(), sent.len());
}

#[test]
fn a_busy_times_memory_is_given_back() {
    let now = Instant::now();
    let mut half = fresh(now);
    half.open(1_000);
    receive(&mut half, &frame(256, &vec![0; 500_000]), now);
    assert_eq!(frames(&mut half).len(), 1);
    assert!(half.room().capacity() >= 500_000);
    assert_eq!(half.next_deadline(), Some(now + SHRINK_AFTER));
    assert_eq!(half.would_block(now + SHRINK_AFTER), Ok(()));
    assert!(half.room().capacity() < 10_000, "{}", half.room().capacity());
    assert_eq!(half.next_deadline(), Some(now + IDLE));
}

#[test]
fn a_large_frame_that_has_begun_wants_no_shrinking() {
    let now = Instant::now();
    let mut half = fresh(now);
    half.open(1_000);
    receive(&mut half, &frame(256, &vec![0; 500_000])[..400_000], now);
    assert_eq!(half.next_frame(), Ok(None));
    let deadline = half.next_deadline().expect("the frame's");
    assert!(deadline > now + SHRINK_AFTER);
}

#[test]
fn a_handshake_has_one_deadline_whatever_arrives() {
    let now = Instant::now();
    let mut half = fresh(now);
    let hello = frame(FIRST, b"hello");
    for (n, byte) in hello[..hello.len() - 1].iter().enumerate() {
        let at = now + Duration::from_secs(n as u64);
        receive(&mut half, &[*byte], at);
        assert_eq!(half.next_frame(), Ok(None));
        assert_eq!(half.next_deadline(), Some(now + HANDSHAKE));
    }
    assert_eq!(half.would_block(now + HANDSHAKE), Err(Expired::Handshake));
}

#[test]
fn a_started_frame_has_one_deadline_whatever_arrives() {
    let now = Instant::now();
    let mut half = open(now);
    let sent = frame(256, &[0; 200]);
    receive(&mut half, &sent[..1], now);
    assert_eq!(half.next_frame(), Ok(None));
    assert_eq!(half.next_deadline(), Some(now + FRAME));
    for (n, byte) in sent[1..100].iter().enumerate() {
        receive(&mut half, &[*byte], now + Duration::from_millis(10 * n as u64));
        assert_eq!(half.next_frame(), Ok(None));
    }
    // 200 bytes at 100 a second.
    let deadline = now + FRAME + Duration::from_secs(2);
    assert_eq!(half.next_deadline(), Some(deadline));
    assert_eq!(half.would_block(deadline), Err(Expired::Frame));
    // The rest ends the wait.
    receive(&mut half, &sent[100..], deadline);
    assert_eq!(frames(&mut half).len(), 1);
    assert_eq!(half.would_block(deadline), Ok(()));
}

#[test]
fn only_whole_frames_renew_the_idle_time() {
    let now = Instant::now();
    let mut half = open(now);
    let at = now + IDLE - Duration::from_secs(1);
    receive(&mut half, &frame(256, b"whole"), at);
    assert_eq!(frames(&mut half).len(), 1);
    assert_eq!(half.would_block(now + IDLE), Ok(()));
    let last = at + IDLE;
    receive(&mut half, &frame(256, b"part")[..7], last - Duration::from_secs(1));
    assert_eq!(half.next_frame(), Ok(None));
    assert_eq!(half.would_block(last), Err(Expired::Idle));
}

#[test]
fn no_idle_time_means_no_deadline() {
    let now = Instant::now();
    let mut half = open(now);
    half.limits.idle_timeout = None;
    assert_eq!(half.next_deadline(), None);
    assert_eq!(half.would_block(now + 1000 * IDLE), Ok(()));
}

#[test]
fn a_header_tells_how_much_of_its_frame_is_missing() {
    let now = Instant::now();
    let mut half = open(now);
    let sent = frame(256, &[0; 100]);
    for (received, missing) in [(3, 0), (6, 100), (50, 56), (106, 0)] {
        let before = half.buffer.unread().len();
        receive(&mut half, &sent[before..received], now);
        assert_eq!(half.missing(), missing, "{received} received");
    }
    assert_eq!(frames(&mut half).len(), 1);
    assert_eq!(half.missing(), 0);
}
