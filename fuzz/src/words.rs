//! Words: pieces that mean something where a fuzzer would hardly find them, for its dictionary.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proto_gen::schema::{Body, Schema, TypeKind};

use crate::Seed;

/// Longest word in bytes; libFuzzer takes 64.
const LEN_MAX: usize = 32;

/// What frames of a schema are made of: ids, as headers of records too, numbers of enums, and the
/// ends of what numbers and lengths can be.
pub fn of_frames(schema: &Schema) -> Vec<Vec<u8>> {
    let mut words = BTreeSet::new();
    let mut id = |id: u16| {
        words.insert(id.to_le_bytes().to_vec());
        // A record of this id with a short value, and one of the next: unknown, mostly.
        for id in [id, id.wrapping_add(1)] {
            for len in [0u32, 1, 4] {
                words.insert([&id.to_le_bytes()[..], &len.to_le_bytes()].concat());
            }
        }
    };
    let mut bodies: Vec<&Body> = schema.messages().map(|message| &message.body).collect();
    schema.messages().for_each(|message| id(message.id));
    let mut numbers = BTreeSet::from([0, 1, 2, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, u32::MAX]);
    for def in &schema.types {
        match &def.kind {
            TypeKind::Struct(item) => bodies.push(&item.body),
            TypeKind::Union(item) => {
                item.variants.iter().for_each(|variant| id(variant.id));
                bodies.extend(item.variants.iter().map(|variant| &variant.body));
            }
            TypeKind::Enum(item) => numbers.extend(item.values.iter().map(|value| value.value)),
            TypeKind::Flags(_) => {}
        }
    }
    bodies.iter().flat_map(|body| &body.tail).for_each(|tail| id(tail.id));
    for number in numbers {
        for width in [1, 2, 4] {
            words.insert(number.to_le_bytes()[..width].to_vec());
        }
    }
    for wide in [[0; 8], [0xff; 8]] {
        words.insert(wide.to_vec());
    }
    words.extend(["é", "\u{10ffff}"].map(|text| text.as_bytes().to_vec()));
    words.into_iter().collect()
}

/// The words and numbers of texts, each with the bracket or colon that follows it; and the signs.
pub fn of_texts(texts: &[Seed]) -> Vec<Vec<u8>> {
    let mut words: BTreeSet<Vec<u8>> = "()[]{},:\"'\\#".bytes().map(|sign| vec![sign]).collect();
    words.extend(["//", "/*", "*/", "r#\"", "\"#", "-", "0x"].map(|sign| sign.as_bytes().to_vec()));
    let is_sign = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_' && *byte != b'.';
    for (_, text) in texts {
        let mut rest = &text[..];
        while let Some(begin) = rest.iter().position(|byte| !is_sign(byte)) {
            rest = &rest[begin..];
            let len = rest.iter().position(is_sign).unwrap_or(rest.len());
            let len = len + usize::from(matches!(rest.get(len), Some(b'(' | b':')));
            if len <= LEN_MAX {
                words.insert(rest[..len].to_vec());
            }
            rest = &rest[len..];
        }
    }
    words.into_iter().collect()
}

/// The steps of a state machine's scripts.
pub fn of_scripts(words: &[&[u8]]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.to_vec()).collect()
}

/// The words as libFuzzer reads them: one a line, in quotes, every byte by its number.
pub fn dictionary(words: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for word in words {
        text.push('"');
        for byte in word {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
        text.push_str("\"\n");
    }
    text
}
