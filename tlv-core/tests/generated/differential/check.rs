//! One input, given to the generated code and to the interpreter: they agree on everything.
//!
//! Used by the test beside it, and by the fuzz target `differential`.

// Whoever includes this file finds it beside it.
#[path = "debug.rs"]
mod debug;

use proto_gen::dynamic::{decode, encode};
use proto_gen::schema::Schema;
use tlv_core::MessageSet;
use tlv_core::bytes::Bytes;
use tlv_core::record::HEADER_LEN;

/// Fails where the generated code of the set `S` and the interpreter of `schema` do not agree about
/// `value` as one of message type `id`: accepted or refused, to which value, re-encoded to which
/// bytes, whether anything was skipped, for which class of reason, where, on which path. Returns
/// whether it was accepted.
///
/// # Panics
///
/// Where they do not agree. An id that is not the set's is not judged.
pub(crate) fn check<S: MessageSet>(schema: &Schema, id: u16, value: &[u8]) -> bool {
    let message = schema.messages().find(|message| message.id == id);
    let Some(message) = message.filter(|_| S::info(id).is_some()) else { return false };
    let context = || format!("{} of {}", message.meta.name, hex(value));
    let interpreted = decode(schema, message, value);
    let generated = S::decode(id, &Bytes::copy_from_slice(value));
    // What is walked later is judged later, so that in place another fault may come first.
    if S::borrow(id, value).is_err() {
        assert!(generated.is_err(), "refused when borrowed, accepted when owned: {}", context());
    }
    match (interpreted, generated) {
        (Ok(interpreted), Ok(generated)) => {
            let mut frame = Vec::new();
            generated.encode_frame(&mut frame).expect("what was decoded can be encoded");
            let written = encode(schema, message, &interpreted.value);
            assert_eq!(written.as_deref(), Ok(&frame[HEADER_LEN..]), "{}", context());
            let skipped = frame.len() - HEADER_LEN != value.len();
            assert_eq!(interpreted.skipped, skipped, "{}", context());
            let shown = debug::message(schema, message, &interpreted.value);
            assert_eq!(format!("{generated:?}"), shown, "{}", context());
            true
        }
        (Err(fault), Err(error)) => {
            let found = (error.kind().class(), error.offset(), error.path());
            let wanted = (fault.class.name(), fault.offset, fault.path.clone());
            assert_eq!(found, wanted, "{fault}, {error}: {}", context());
            false
        }
        (Ok(_), Err(error)) => panic!("only the generated code refuses: {error}: {}", context()),
        (Err(fault), Ok(_)) => panic!("only the interpreter refuses: {fault}: {}", context()),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
