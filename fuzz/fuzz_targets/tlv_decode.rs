//! Every decoder on any bytes: nothing panics, and what is accepted has one encoding.
//!
//! The input is read twice. As a stream of frames, which is what a socket gives; and as the id of a
//! message type and a value, where no length has to be right, so that a fuzzer gets further.

#![no_main]

mod seeds;

use libfuzzer_sys::fuzz_target;
use tlv_core::MessageSet;
use tlv_core::bytes::Bytes;
use tlv_core::messages::{App, Control};
use tlv_core::record::{self, HEADER_LEN};

fuzz_target!(init: seeds::write::<(Control, App)>(), |data: &[u8]| {
    let mut stream = data;
    while let Ok((rest, frame)) = record::frame(stream) {
        stream = rest;
        check(frame.id, frame.value);
    }
    if let Some((id, value)) = data.split_first_chunk() {
        check(u16::from_le_bytes(*id), value);
    }
});

fn check(id: u16, value: &[u8]) {
    check_in::<Control>(id, value);
    check_in::<App>(id, value);
}

fn check_in<S: MessageSet>(id: u16, value: &[u8]) {
    let message = match S::decode(id, &Bytes::copy_from_slice(value)) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset() <= value.len(), "{error} lies outside");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(S::borrow(id, value).is_ok(), "owned, but not borrowed: {message:?}");
    let written = encode(&message);
    if written.len() == value.len() {
        assert_eq!(written, value, "{message:?} has two encodings");
    } else {
        // Something unknown was skipped. Then it is gone, and the rest stays as it is.
        assert!(written.len() < value.len(), "{message:?} has grown");
        let again = S::decode(id, &Bytes::copy_from_slice(&written)).expect("own output decodes");
        assert_eq!(encode(&again), written, "{message:?} changes once more");
    }
}

/// The value, without its header.
fn encode<S: MessageSet>(message: &S) -> Vec<u8> {
    let mut frame = Vec::new();
    message.encode_frame(&mut frame).expect("what was decoded keeps to the spec");
    frame.split_off(HEADER_LEN)
}
