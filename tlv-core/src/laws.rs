//! What holds for every message and every input: the one place that says it. Property tests and
//! fuzz targets bring the values.
//!
//! Each function panics where a law is broken. Values are compared by their bytes, since a NaN is
//! not equal to itself.

use alloc::{string::ToString as _, vec::Vec};

use bytes::Bytes;

use crate::{
    DecodeError, Message, MessageSet,
    record::{self, HEADER_LEN, Record},
};

/// On any bytes: owned and borrowed forms agree, an error lies within the value, and what is
/// accepted has one encoding. Where the decode skipped something, encoding once more changes
/// nothing further.
///
/// # Panics
///
/// Where that is not so.
pub fn value_is_refused_or_canonical<S: MessageSet>(id: u16, value: &[u8]) {
    let shared = Bytes::copy_from_slice(value);
    let owned = S::decode(id, &shared);
    let in_place = S::borrow(id, value);
    let walked = in_place.clone().and_then(S::own);
    let message = match owned {
        Ok(message) => message,
        Err(error) => {
            error_is_within(&error, value);
            assert!(walked.is_err(), "refused as owned ({error}), but not in place");
            if let Err(error) = in_place {
                error_is_within(&error, value);
            }
            return;
        }
    };
    let walked = match walked {
        Ok(walked) => walked,
        Err(error) => panic!("accepted as owned, but refused in place: {error}"),
    };
    let written = encoded(&message);
    assert_eq!(written, encoded(&walked), "owned and in place differ");
    if written.len() == value.len() {
        assert_eq!(written, value, "{message:?} has two encodings");
        return;
    }
    // Something unknown was skipped. Then it is gone, and the rest stays as it is.
    assert!(written.len() < value.len(), "{message:?} has grown");
    match S::decode(id, &Bytes::from(written.clone())) {
        Ok(again) => assert_eq!(encoded(&again), written, "{message:?} changes once more"),
        Err(error) => panic!("what was written is refused: {error}"),
    }
}

/// On any bytes, as a stream of frames and as an id and a value: nothing panics, and
/// [`value_is_refused_or_canonical`].
///
/// # Panics
///
/// Where that is not so.
pub fn bytes_are_refused_or_canonical<S: MessageSet>(data: &[u8]) {
    for record in frames(data).0 {
        value_is_refused_or_canonical::<S>(record.id, record.value);
    }
    if let Some((id, value)) = data.split_first_chunk() {
        value_is_refused_or_canonical::<S>(u16::from_le_bytes(*id), value);
    }
}

/// A message that the spec allows comes back from its frame as it was, in place and owned.
///
/// # Panics
///
/// Where that is not so, or the spec does not allow the message.
pub fn message_comes_back<S: MessageSet>(message: &S) {
    let mut frame = Vec::new();
    if let Err(error) = message.encode_frame(&mut frame) {
        panic!("{message:?} cannot be written: {error}");
    }
    let (records, rest) = frames(&frame);
    assert!(rest.is_empty(), "the frame is longer than it says");
    let [record] = records[..] else { panic!("one message, {} frames", records.len()) };
    assert_eq!(record.id, message.id());
    assert_eq!(Ok(record.value.len()), message.value_len());
    value_is_refused_or_canonical::<S>(record.id, record.value);
    match S::decode(record.id, &Bytes::copy_from_slice(record.value)) {
        Ok(back) => assert_eq!(encoded(&back), record.value),
        Err(error) => panic!("{message:?} is refused: {error}"),
    }
}

/// A message keeps to what its type says about it.
///
/// # Panics
///
/// Where that is not so.
pub fn message_keeps_its_promises<M: Message>(message: &M) {
    let frame = match message.to_frame() {
        Ok(frame) => frame,
        Err(error) => panic!("{message:?} cannot be written: {error}"),
    };
    let len = frame.len() - HEADER_LEN;
    assert!(len >= M::MIN_LEN as usize, "{len} bytes are fewer than MIN_LEN");
    assert!(len <= M::MAX_LEN as usize, "{len} bytes are more than MAX_LEN");
    // No part of a frame is a frame.
    for end in 0..frame.len() {
        assert!(record::frame(&frame[..end]).is_err(), "{end} of {} bytes", frame.len());
    }
    // A part of a value may be one, where it ends between records of the tail; it is no other. The
    // head of a long value is cut everywhere, the rest here and there.
    let value = frame.slice(HEADER_LEN..);
    let step = 1 + len.saturating_mul(len) / (2 << 20);
    for end in (0..len).filter(|end| *end < 256 || end % step == 0) {
        let cut = value.slice(..end);
        if let Ok(less) = M::decode_bytes(&cut) {
            let written = less.to_frame().map(|frame| frame.slice(HEADER_LEN..));
            assert_eq!(written, Ok(cut), "{end} of {len} bytes");
        }
    }
}

/// A stream of frames that arrives in these pieces gives the same frames as in one.
///
/// # Panics
///
/// Where that is not so.
pub fn chunks_give_the_same_frames(stream: &[u8], cuts: &[usize]) {
    let (whole, _) = frames(stream);
    let mut received = Vec::new();
    let mut arrived = Vec::new();
    let mut sent = 0;
    let ends = cuts.iter().map(|cut| cut % (stream.len() + 1)).chain([stream.len()]);
    for end in ends {
        // A cut behind the ones before it; the others would go back.
        if let Some(piece) = stream.get(sent..end) {
            received.extend_from_slice(piece);
            sent = end;
        }
        let (records, rest) = frames(&received);
        arrived.extend(records.iter().map(|record| (record.id, record.value.to_vec())));
        let consumed = received.len() - rest.len();
        received.drain(..consumed);
    }
    let whole: Vec<_> = whole.iter().map(|record| (record.id, record.value.to_vec())).collect();
    assert_eq!(arrived, whole);
}

/// The whole frames at the start of a stream, and what is left of it.
fn frames(stream: &[u8]) -> (Vec<Record<'_>>, &[u8]) {
    let mut records = Vec::new();
    let mut rest = stream;
    while let Ok((after, record)) = record::frame(rest) {
        records.push(record);
        rest = after;
    }
    (records, rest)
}

fn error_is_within(error: &DecodeError, value: &[u8]) {
    assert!(error.offset() <= value.len(), "{error}: beyond {} bytes", value.len());
    assert!(!error.to_string().is_empty());
}

/// The value, without its header.
fn encoded<S: MessageSet>(message: &S) -> Vec<u8> {
    let mut frame = Vec::new();
    match message.encode_frame(&mut frame) {
        Ok(()) => frame.split_off(HEADER_LEN),
        Err(error) => panic!("{message:?} was decoded, but cannot be written: {error}"),
    }
}
