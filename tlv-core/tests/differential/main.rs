//! The generated code against the interpreter, over every message of every set.

mod check;

use std::path::Path;

use check::check;
use proto_gen::dynamic::{Prng, cases, damaged, encode, mutate, random};
use proto_gen::schema::{Message as MessageDef, Schema};
use tlv_core::messages::{App, Control};
use tlv_core::{Message, MessageSet, Visitor};

/// Calls `work` with each message of netport's own sets, and how to check a value of it.
fn each_message(mut work: impl FnMut(&Schema, &MessageDef, &dyn Fn(&[u8]) -> bool)) {
    struct All<'a, F> {
        schema: &'a Schema,
        work: &'a mut F,
    }
    impl<F: FnMut(&Schema, &MessageDef, &dyn Fn(&[u8]) -> bool)> Visitor for All<'_, F> {
        fn message<S: MessageSet, M: Message>(&mut self) {
            let def = self.schema.messages().find(|def| def.id == M::ID).expect("the spec's");
            (self.work)(self.schema, def, &|value| check::<S>(self.schema, M::ID, value));
        }
    }
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    let schema = proto_gen::load(spec).expect("the spec is right");
    let mut all = All { schema: &schema, work: &mut work };
    Control::visit(&mut all);
    App::visit(&mut all);
}

#[test]
fn they_agree_on_every_case_at_every_length() {
    each_message(|schema, message, check| {
        for case in cases(schema, message) {
            let bytes = encode(schema, message, &case.value).expect("a case encodes");
            assert!(check(&bytes), "{}", case.name);
            for len in (0..bytes.len()).rev().take(400) {
                check(&bytes[..len]);
            }
        }
    });
}

#[test]
fn they_agree_on_damage_of_every_class() {
    each_message(|schema, message, check| {
        for damaged in damaged(schema, message) {
            assert_eq!(check(&damaged.bytes), damaged.outcome.is_ok(), "{}", damaged.name);
        }
    });
}

#[test]
fn they_agree_on_random_values_and_on_those_damaged_at_random() {
    let mut accepted = 0;
    each_message(|schema, message, check| {
        let mut prng = Prng::from_text(&message.meta.name);
        for _ in 0..200 {
            let value = random(schema, message, &mut prng);
            let bytes = encode(schema, message, &value).expect("a random value encodes");
            assert!(check(&bytes));
            for _ in 0..10 {
                let mut bytes = bytes.clone();
                mutate(&mut prng, &mut bytes);
                accepted += u32::from(check(&bytes));
            }
        }
    });
    assert!(accepted > 500, "{accepted}");
}
