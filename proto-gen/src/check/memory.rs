//! How many bytes of memory a received byte can cost: `Message::amplification`.
//!
//! For a message it is the least whole number `n` so that for every accepted frame
//! `size_of(owned type) + heap <= n * (6 + length of the value)`, where `heap` is what decoding to
//! the owned type allocates and 6 is the frame's header. A shared `Bytes` allocates nothing, one
//! that is copied allocates its length; the higher is counted. What keeps a receive buffer alive is
//! not counted, nor what the allocator rounds up.
//!
//! The sizes of Rust types are upper bounds (`crate::memory`); lists are allocated exactly, maps are
//! B-trees whose nodes are as empty as a B-tree allows.
//!
//! The ratio is found by parametric search: for a price `n` per byte, `gain(n)` is the most that
//! any value costs above `n` per byte. Each field's gain can be maximised by itself, and the sum is
//! at most 0 exactly if `n` is enough. So lists, optional fields and bounds are judged together,
//! without looking at values.

use std::collections::HashMap;

use crate::memory::{Layouts, RECORD};
use crate::schema::{Body, LenWidth, Message, Schema, Ty, TypeId, TypeKind, UnknownPolicy};

/// Bytes of a frame's header.
const FRAME_HEADER: i128 = 6;
/// Bytes of a record's header.
const RECORD_HEADER: i128 = 6;
/// Entries of a B-tree node, most and least.
const NODE_MOST: i128 = 11;
const NODE_LEAST: i128 = 5;

/// Computes amplifications of one schema's messages.
pub(super) struct Memory<'s> {
    schema: &'s Schema,
    layouts: Layouts,
    gains: HashMap<(TypeId, u32), i128>,
}

impl<'s> Memory<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, layouts: Layouts::new(schema), gains: HashMap::new() }
    }

    pub(super) fn amplification(&mut self, message: &Message) -> u32 {
        let inline = self.layouts.of_body(&message.body).size;
        let mut enough = |price: u32| {
            let header = -FRAME_HEADER * i128::from(price);
            inline.saturating_add(header).saturating_add(self.body_gain(&message.body, price)) <= 0
        };
        // Doubling first: most messages are cheap, and each probe walks the whole message.
        let mut high = 1;
        while !enough(high) {
            if high == 1 << 31 {
                return u32::MAX;
            }
            high *= 2;
        }
        let mut low = high / 2;
        while low < high {
            let middle = low + (high - low) / 2;
            if enough(middle) { high = middle } else { low = middle + 1 }
        }
        high
    }

    /// The most that a value of `ty` allocates beyond `price` for each of its bytes.
    fn gain(&mut self, ty: &Ty, price: u32) -> i128 {
        let cost = |bytes: u64| -i128::from(bytes).saturating_mul(i128::from(price));
        match ty {
            Ty::Str { max } | Ty::Bytes { max } => {
                let per_byte = 1 - i128::from(price);
                cost(LenWidth::for_bound(*max).bytes())
                    .saturating_add(i128::from(*max).saturating_mul(per_byte.max(0)))
            }
            Ty::List { elem, max } => {
                let each = self.layouts.of(elem).size.saturating_add(self.gain(elem, price));
                cost(LenWidth::for_bound(*max).bytes())
                    .saturating_add(i128::from(*max).saturating_mul(each.max(0)))
            }
            Ty::Array { elem, len } => {
                let len = i128::from(*len);
                let inline = self.layouts.of(elem).size.saturating_mul(len);
                let boxed = if self.layouts.is_boxed(ty) { inline } else { 0 };
                self.gain(elem, price).saturating_mul(len).saturating_add(boxed)
            }
            Ty::Map { key, value, max } => {
                let prefix = cost(LenWidth::for_bound(*max).bytes());
                let entry = self.layouts.of(key).size.saturating_add(self.layouts.of(value).size);
                let gain = self.gain(key, price).saturating_add(self.gain(value, price));
                prefix.saturating_add(map_gain(entry, gain, i128::from(*max)))
            }
            Ty::Opt(inner) => cost(1).saturating_add(self.gain(inner, price).max(0)),
            Ty::Named(id) => self.named_gain(*id, price),
            // Without allocation; the smallest encoding costs least.
            fixed => cost(self.schema.size_of(fixed).min),
        }
    }

    fn named_gain(&mut self, id: TypeId, price: u32) -> i128 {
        if let Some(gain) = self.gains.get(&(id, price)) {
            return *gain;
        }
        let schema = self.schema;
        let cost = |bytes: i128| -bytes.saturating_mul(i128::from(price));
        let gain = match &schema.type_def(id).kind {
            TypeKind::Enum(item) => cost(i128::from(item.repr.bytes())),
            TypeKind::Flags(item) => cost(i128::from(item.repr.bytes())),
            TypeKind::Struct(item) => {
                let prefix = item.extensible.map_or(0, LenWidth::bytes);
                cost(i128::from(prefix)).saturating_add(self.body_gain(&item.body, price))
            }
            TypeKind::Union(item) => {
                // An unknown variant's value is kept as it is.
                let kept = i128::from(item.max_len).saturating_mul((1 - i128::from(price)).max(0));
                let variants: Vec<i128> = item
                    .variants
                    .iter()
                    .map(|variant| self.body_gain(&variant.body, price))
                    .collect();
                let most = variants.into_iter().fold(kept, i128::max);
                cost(RECORD_HEADER).saturating_add(most)
            }
        };
        self.gains.insert((id, price), gain);
        gain
    }

    fn body_gain(&mut self, body: &Body, price: u32) -> i128 {
        let record = -RECORD_HEADER * i128::from(price);
        let mut total = 0i128;
        for field in &body.head {
            total = total.saturating_add(self.gain(&field.ty, price));
        }
        for field in &body.tail {
            let gain = record.saturating_add(self.gain(&field.field.ty, price));
            total = total.saturating_add(gain.max(0));
        }
        if body.unknown == UnknownPolicy::Retain {
            // A growing list of records: twice what is needed, and at least four of them.
            let many = record + 2 * RECORD.size;
            let first = record + 4 * RECORD.size;
            let count = i128::from(u16::MAX);
            total = total
                .saturating_add(first.max(0))
                .saturating_add(many.max(0).saturating_mul(count));
        }
        total
    }
}

/// The most that up to `max` entries of a B-tree cost above their price: one node at once, and
/// another for every five entries beyond what one node holds.
fn map_gain(entry: i128, gain: i128, max: i128) -> i128 {
    // Links and counters of an inner node: twelve children, the parent, two numbers.
    let node = entry.saturating_mul(NODE_MOST).saturating_add(8 * (NODE_MOST + 1) + 16);
    let one = node.saturating_add(gain);
    let full = node.saturating_add(gain.saturating_mul(NODE_MOST.min(max)));
    let more = node.saturating_add(gain.saturating_add(node / NODE_LEAST + 1).saturating_mul(max));
    let mut most = one.max(full).max(0);
    if max > NODE_MOST {
        most = most.max(more);
    }
    most
}

#[cfg(test)]
mod tests {
    /// Amplification of a message with this text between `Message(...)`, as the schema has it.
    fn amplification(message: &str) -> u32 {
        let spec = format!(
            r#"Protocol(name: "demo", version: 1, doc: "d", allow: ["L0001", "L0002", "L0009"],
            enums: [Enum(name: "Mood", repr: U8, values: [Value(value: 1, name: "Good")])],
            structs: [
                Struct(name: "Wide", extensible: U16, fields: [], tail: [
                    Field(id: 1, name: "a", ty: U128), Field(id: 3, name: "b", ty: U128),
                ]),
            ],
            unions: [Union(name: "Shape", variants: [
                Variant(id: 2, name: "Key", fields: [Field(name: "key", ty: Array(U8, 200))]),
                Variant(id: 4, name: "Dot", fields: []),
            ])],
            sets: [Set(name: "App", messages: [
                Message(id: 0x0100, name: "It", max_len: 100_000_000, {message}),
            ])])"#
        );
        let checked = crate::check_with("spec.ron", |_| Ok(spec.clone().into_bytes()));
        let schema = checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics));
        schema.sets[0].messages[0].amplification
    }

    #[test]
    fn memory_per_received_byte_is_bounded_tightly() {
        let check = |ty: &str, expect: u32| {
            let message = format!("fields: [Field(name: \"f\", ty: {ty})]");
            assert_eq!(amplification(&message), expect, "{ty}");
        };
        // 4 bytes in memory for a frame of 10.
        check("U32", 1);
        // An empty string is the dearest: 24 bytes for a frame of 7.
        check("Str(64)", 24u32.div_ceil(7));
        // As is an empty list, of elements that are as large on the wire as in memory.
        check("List(U128, 100)", 24u32.div_ceil(7));
        // 24 and a million times 24 bytes for strings of one byte each.
        check("List(Str(8), 1_000_000)", 24);
        check("List(SocketAddr, 1_000_000)", 32u32.div_ceil(7));
        // Two tagged 16-byte fields that may both be absent, beside a length of 2.
        check("List(Wide, 1_000_000)", 64 / 2);
        // Variants as large as the largest, each in 6 bytes.
        check("List(Shape, 1_000_000)", 208u32.div_ceil(6));
        // Two bytes for one in each element, but the empty list is dearer.
        check("List(Mood, 1_000_000)", 24u32.div_ceil(6 + 4));
        // One entry pays for a node of eleven, with twelve links and 16 bytes more.
        check("Map(U8, U8, 1)", (24u32 + 11 * 2 + 12 * 8 + 16).div_ceil(6 + 1 + 2));
        // Its pointer comes on top of its bytes.
        check("Array(U8, 5_000)", 5_008u32.div_ceil(5_006));
        // Inline, and paid for where it is absent.
        check("Opt(Array(U8, 4_000))", 4_001u32.div_ceil(7));
        // Boxed above 4 KiB: only a pointer and its tag where it is absent.
        check("Opt(Array(U8, 5_000))", 16u32.div_ceil(7));
    }

    #[test]
    fn a_message_without_fields_costs_nothing() {
        assert_eq!(amplification("fields: []"), 0);
    }

    #[test]
    fn retained_records_cost_what_a_growing_list_of_them_does() {
        // Room for four records at once for the first, which may have 6 bytes; 24 for the list.
        let first = (24u32 + 4 * 40).div_ceil(6 + 6);
        assert_eq!(amplification("fields: [], unknown: Retain"), first);
    }
}
