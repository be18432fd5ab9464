//! The laws, for every message of every set, without naming any: a new message is covered the
//! moment it is in the spec.

use proptest::{prelude::*, test_runner::TestRunner};
use quickcheck::{QuickCheck, TestResult};
use tlv_core::{
    Message, MessageSet,
    laws::{
        bytes_are_refused_or_canonical, chunks_give_the_same_frames, message_comes_back,
        message_keeps_its_promises, value_is_refused_or_canonical,
    },
};

use crate::specs::{Law, Spec, for_each_message};

/// Values of each message type.
const CASES: u32 = 64;

/// Values of the whole set, for each message type in it.
const SET_CASES: u32 = 12;

pub(crate) fn run<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    law: impl Fn(&T),
) {
    // No file of failures: a failure's seed is printed, and its value shown.
    let config = ProptestConfig { cases, failure_persistence: None, ..<_>::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        law(&value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn every_message_of_proptest_comes_back_and_no_part_of_it_is_taken_for_it() {
    struct Proptest;
    impl Law for Proptest {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            run(CASES, any::<M>(), message_keeps_its_promises);
        }
    }
    for_each_message(&mut Proptest);
}

#[test]
fn every_message_of_quickcheck_comes_back_and_no_part_of_it_is_taken_for_it() {
    struct Quickcheck;
    impl Law for Quickcheck {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            fn law<M: Message>(message: M) -> TestResult {
                message_keeps_its_promises(&message);
                TestResult::passed()
            }
            QuickCheck::new().tests(u64::from(CASES)).quickcheck(law::<M> as fn(M) -> TestResult);
        }
    }
    for_each_message(&mut Quickcheck);
}

#[test]
fn every_message_of_every_set_is_written_once_and_read_twice() {
    struct Sets;
    impl Law for Sets {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            run(SET_CASES, any::<S>(), message_comes_back);
        }
    }
    for_each_message(&mut Sets);
}

#[test]
fn random_values_are_refused_or_have_one_encoding() {
    struct Random;
    impl Law for Random {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            let bytes = prop::collection::vec(any::<u8>(), 0..200);
            run(CASES, bytes, |bytes: &Vec<u8>| {
                value_is_refused_or_canonical::<S>(M::ID, bytes);
                bytes_are_refused_or_canonical::<S>(bytes);
            });
        }
    }
    for_each_message(&mut Random);
}

#[test]
fn damaged_values_are_refused_or_have_one_encoding() {
    struct Damaged;
    impl Law for Damaged {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
            run(CASES, (any::<M>(), damage), |(message, damage)| {
                let frame = message.to_frame().expect("generated values keep to the spec");
                let mut value = frame[6..].to_vec();
                // What a short value lacks is put there: more often than not it is left over.
                value.resize(value.len().max(1), 0);
                for (index, byte) in damage {
                    let index = index.index(value.len());
                    value[index] = *byte;
                }
                value_is_refused_or_canonical::<S>(M::ID, &value);
                // Behind the end stands a record that no spec knows.
                value.extend_from_slice(&[0xfd, 0xff, 2, 0, 0, 0, 7, 7]);
                value_is_refused_or_canonical::<S>(M::ID, &value);
            });
        }
    }
    for_each_message(&mut Damaged);
}

#[test]
fn any_split_of_a_stream_gives_the_same_frames() {
    struct Split;
    impl Law for Split {
        fn hold<S: MessageSet, M: Message>(&mut self, _: Spec<'_>) {
            let messages = prop::collection::vec(any::<S>(), 0..5);
            let cuts = prop::collection::vec(any::<usize>(), 0..20);
            run(SET_CASES, (messages, cuts), |(messages, cuts)| {
                let mut stream = Vec::new();
                for message in messages {
                    message.encode_frame(&mut stream).expect("generated values keep to the spec");
                }
                let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
                cuts.sort_unstable();
                chunks_give_the_same_frames(&stream, &cuts);
            });
        }
    }
    for_each_message(&mut Split);
}
