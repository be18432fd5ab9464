//! Every message of the spec, and of the specs with one construct each: what is written is read
//! again, owned and in place, and gives the same bytes.
//!
//! The input is which message, and the bytes from which `arbitrary` makes it.

#![cfg_attr(not(test), no_main)]

#[allow(dead_code)]
#[path = "../../../tlv-core/tests/generated/goldens.rs"]
mod goldens;

use netport_fuzz::libfuzzer_sys::arbitrary::Unstructured;
use netport_fuzz::{Seed, seeds, words};
use tlv_core::laws::message_comes_back;
use tlv_core::record::HEADER_LEN;
use tlv_core::{Message, MessageSet, Visitor, messages};

netport_fuzz::target!(fuzz, seeds(), words::of_frames(&seeds::schema()));

fn fuzz(data: &[u8]) {
    let Some((&at, choices)) = data.split_first() else { return };
    every_message(&mut At { left: usize::from(at), choices });
}

fn every_message(visitor: &mut impl Visitor) {
    messages::visit_messages(visitor);
    goldens::visit_messages(visitor);
}

/// Makes the message that is so far behind.
struct At<'d> {
    left: usize,
    choices: &'d [u8],
}

impl Visitor for At<'_> {
    fn message<S: MessageSet, M: Message>(&mut self) {
        let here = self.left == 0;
        // Never again: no spec has so many.
        self.left = self.left.wrapping_sub(1);
        if here && let Ok(message) = M::arbitrary(&mut Unstructured::new(self.choices)) {
            comes_back::<S, M>(&message);
        }
    }
}

fn comes_back<S: MessageSet, M: Message>(message: &M) {
    let frame = message.to_frame().expect("an arbitrary message keeps to the spec");
    let value = frame.slice(HEADER_LEN..);
    let back = M::decode_bytes(&value).expect("what was written is read");
    assert_eq!(back.to_frame().expect("what was read is written"), frame);
    message_comes_back(&S::decode(M::ID, &value).expect("the set has the message"));
}

fn seeds() -> Vec<Seed> {
    struct Count(u8);
    impl Visitor for Count {
        fn message<S: MessageSet, M: Message>(&mut self) {
            self.0 = self.0.checked_add(1).expect("one byte says which message");
        }
    }
    let mut count = Count(0);
    every_message(&mut count);
    let seed = |at: u8| [16, 64, 256].map(|len| (at, len));
    let seeds = (0..count.0).flat_map(seed).map(|(at, len)| {
        let choices = seeds::random(u64::from(at) << 16 | len as u64, len);
        (format!("{at}-{len}"), [&[at], &choices[..]].concat())
    });
    seeds.collect()
}
