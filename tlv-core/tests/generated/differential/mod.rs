//! The generated code against the interpreter, over every message of every set.

mod check;

use check::check;
use proptest::prelude::*;
use proto_gen::dynamic::{FaultClass, Prng, cases, damaged, encode, mutate, random};
use tlv_core::record::HEADER_LEN;
use tlv_core::{Message, MessageSet};

use crate::laws::run;
use crate::specs::{Law, Spec, for_each_message};

/// Most lengths at which a case is cut.
const CUTS_MAX: usize = 400;

#[test]
fn they_agree_on_every_case_at_every_length() {
    struct Cases;
    impl Law for Cases {
        fn hold<S: MessageSet, M: Message>(&mut self, Spec { schema, message }: Spec<'_>) {
            for case in cases(schema, message) {
                let bytes = encode(schema, message, &case.value).expect("a case encodes");
                assert!(check::<S>(schema, M::ID, &bytes), "{}", case.name);
                for len in (0..bytes.len()).rev().take(CUTS_MAX) {
                    check::<S>(schema, M::ID, &bytes[..len]);
                }
            }
        }
    }
    for_each_message(&mut Cases);
}

#[test]
fn they_agree_on_damage_of_every_class() {
    struct Damaged(Vec<FaultClass>);
    impl Law for Damaged {
        fn hold<S: MessageSet, M: Message>(&mut self, Spec { schema, message }: Spec<'_>) {
            for damaged in damaged(schema, message) {
                let accepted = check::<S>(schema, M::ID, &damaged.bytes);
                assert_eq!(accepted, damaged.outcome.is_ok(), "{}", damaged.name);
                self.0.extend(damaged.outcome.err().map(|fault| fault.class));
                // One fault before the other: the damage, and an end.
                for len in (0..damaged.bytes.len()).rev().take(CUTS_MAX) {
                    check::<S>(schema, M::ID, &damaged.bytes[..len]);
                }
            }
        }
    }
    let mut damaged = Damaged(Vec::new());
    for_each_message(&mut damaged);
    damaged.0.sort_unstable();
    damaged.0.dedup();
    assert_eq!(damaged.0, FaultClass::ALL);
}

#[test]
fn they_agree_on_random_values_and_on_those_damaged_at_random() {
    struct Random(usize);
    impl Law for Random {
        fn hold<S: MessageSet, M: Message>(&mut self, Spec { schema, message }: Spec<'_>) {
            let mut prng = Prng::from_text(&message.meta.name);
            for _ in 0..100 {
                let value = random(schema, message, &mut prng);
                let bytes = encode(schema, message, &value).expect("a random value encodes");
                assert!(check::<S>(schema, M::ID, &bytes));
                for _ in 0..10 {
                    let mut bytes = bytes.clone();
                    mutate(&mut prng, &mut bytes);
                    self.0 += usize::from(check::<S>(schema, M::ID, &bytes));
                }
            }
        }
    }
    let mut random = Random(0);
    for_each_message(&mut random);
    assert!(random.0 > 1_000, "{}", random.0);
}

#[test]
fn they_agree_on_generated_messages_and_on_those_damaged_at_random() {
    struct Generated;
    impl Law for Generated {
        fn hold<S: MessageSet, M: Message>(&mut self, Spec { schema, .. }: Spec<'_>) {
            run(32, (any::<M>(), any::<u64>()), |(message, seed)| {
                let frame = message.to_frame().expect("generated values keep to the spec");
                let value = &frame[HEADER_LEN..];
                assert!(check::<S>(schema, M::ID, value));
                let mut prng = Prng::new(*seed);
                for _ in 0..10 {
                    let mut value = value.to_vec();
                    mutate(&mut prng, &mut value);
                    check::<S>(schema, M::ID, &value);
                }
            });
        }
    }
    for_each_message(&mut Generated);
}
