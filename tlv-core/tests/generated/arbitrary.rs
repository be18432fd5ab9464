//! What `arbitrary` makes of any bytes: values that come back as they were, the shortest and the
//! longest among them.

use std::collections::BTreeSet;

use proto_gen::dynamic::{Prng, What, decode_traced, encode};
use proto_gen::schema::{Body, Constraint, Field, Schema, Ty, TypeKind};
use tlv_core::arbitrary::Unstructured;
use tlv_core::record::HEADER_LEN;
use tlv_core::{Message, MessageSet};

use crate::specs::{Law, Spec, for_each_message};

/// Values of each message, at least; and at most, until every edge has been seen.
const VALUES: [usize; 2] = [50, 5_000];

/// Bytes that a value is made of, at most.
const BYTES_MAX: usize = 16_384;

#[test]
fn arbitrary_messages_come_back_and_every_length_is_at_times_the_least_and_the_most() {
    struct Edges;
    impl Law for Edges {
        fn hold<S: MessageSet, M: Message>(&mut self, Spec { schema, message }: Spec<'_>) {
            let mut wanted = Wanted { schema, edges: BTreeSet::new() };
            wanted.body(M::NAME, &message.body, u64::from(M::MAX_LEN - M::MIN_LEN));
            let mut prng = Prng::from_text(M::NAME);
            let mut made = 0;
            while made < VALUES[0] || !wanted.edges.is_empty() {
                assert!(made < VALUES[1], "never: {:?}", wanted.edges);
                made += 1;
                let bytes: Vec<u8> =
                    (0..prng.below(BYTES_MAX)).map(|_| prng.bits() as u8).collect();
                let value =
                    M::arbitrary_take_rest(Unstructured::new(&bytes)).expect("any bytes do");
                let frame = value.to_frame().expect("what is made keeps to the spec");
                let value = &frame[HEADER_LEN..];
                let again = M::decode(value).expect("what was written is read").to_frame();
                assert_eq!(again.as_ref(), Ok(&frame));
                let (steps, read) = decode_traced(schema, message, value);
                let read = read.expect("the interpreter reads it too");
                assert_eq!(encode(schema, message, &read.value).as_deref(), Ok(value));
                for step in steps {
                    if let What::Length(len) | What::Count(len) = step.what {
                        wanted.edges.remove(&(without_indexes(&step.path), len));
                    }
                }
            }
        }
    }
    for_each_message(&mut Edges);
}

/// `Changes.joined[].name` for `Changes.joined[3].name`.
fn without_indexes(path: &str) -> String {
    let parts = path.split('[').map(|part| part.split_once(']').map_or(part, |(_, after)| after));
    parts.collect::<Vec<_>>().join("[]")
}

/// Lengths that have to occur.
struct Wanted<'s> {
    schema: &'s Schema,
    /// Of what, without indexes, and how much.
    edges: BTreeSet<(String, u32)>,
}

impl Wanted<'_> {
    /// The lengths in a body, which may have `room` bytes beyond the smallest.
    fn body(&mut self, path: &str, body: &Body, room: u64) {
        for field in &body.head {
            self.field(path, field, room);
        }
        for tail in &body.tail {
            let least = HEADER_LEN as u64 + self.least(&tail.field.ty);
            if let Some(room) = room.checked_sub(least) {
                self.field(path, &tail.field, room);
            }
        }
    }

    fn field(&mut self, path: &str, field: &Field, room: u64) {
        let path = format!("{path}.{}", field.meta.name);
        self.value(&path, &field.ty, field.constraint.as_ref(), room);
    }

    fn value(&mut self, path: &str, ty: &Ty, constraint: Option<&Constraint>, room: u64) {
        match ty {
            Ty::Str { max } | Ty::Bytes { max } => self.length(path, *max, 1, constraint, room),
            Ty::List { elem, max } => {
                let least = self.least(elem);
                self.length(path, *max, least, constraint, room);
                self.value(&format!("{path}[]"), elem, None, room.saturating_sub(least));
            }
            Ty::Map { key, value, max } => {
                let least = self.least(key) + self.least(value);
                // There are not more pairs than keys.
                if matches!(**key, Ty::Str { .. } | Ty::Bytes { .. } | Ty::Int(_) | Ty::Uuid) {
                    self.length(path, *max, least, constraint, room);
                }
                let room = room.saturating_sub(least);
                self.value(&format!("{path}[].key"), key, None, room);
                self.value(&format!("{path}[].value"), value, None, room);
            }
            Ty::Array { elem, .. } => self.value(&format!("{path}[]"), elem, None, room),
            Ty::Opt(inner) => {
                self.value(path, inner, None, room.saturating_sub(self.least(inner)));
            }
            Ty::Named(id) => match &self.schema.type_def(*id).kind {
                TypeKind::Struct(of) => {
                    let width = of.extensible.map_or(0, |width| width.bytes());
                    let most = (1_u64 << (8 * width.min(4))) - 1;
                    let least = self.least(ty) - width;
                    let limit = if width == 0 { room } else { most.saturating_sub(least) };
                    self.body(path, &of.body, room.min(limit));
                }
                TypeKind::Union(of) => {
                    for variant in &of.variants {
                        let head = variant.body.head.iter();
                        let least = head.map(|field| self.least(&field.ty)).sum::<u64>();
                        let limit = u64::from(of.max_len).min(room).saturating_sub(least);
                        self.body(&format!("{path}.{}", variant.meta.name), &variant.body, limit);
                    }
                }
                TypeKind::Enum(_) | TypeKind::Flags(_) => {}
            },
            _ => {}
        }
    }

    /// The least and the most of a length up to `max`, as far as there is room.
    fn length(&mut self, path: &str, max: u32, least: u64, of: Option<&Constraint>, room: u64) {
        let mut edges = match of {
            Some(Constraint::Lengths(allowed)) => allowed.clone(),
            Some(Constraint::NonEmpty) => vec![1, max],
            _ => vec![0, max],
        };
        edges.retain(|edge| u64::from(*edge) * least <= room);
        self.edges.extend(edges.into_iter().map(|edge| (path.to_owned(), edge)));
    }

    fn least(&self, ty: &Ty) -> u64 {
        self.schema.size_of(ty).min
    }
}
