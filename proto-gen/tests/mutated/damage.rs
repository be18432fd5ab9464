//! Damages a text: deletes, inserts, swaps and doubles characters and whole tokens.

use proptest::prelude::*;

/// One piece of damage; positions count in thousandths of the text, so that they fit any.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    /// Removes this many characters.
    Delete(usize, usize),
    /// Inserts a piece that means something.
    Insert(usize, &'static str),
    /// Inserts any character.
    Character(usize, char),
    /// Exchanges two tokens.
    Swap(usize, usize),
    /// Writes a token twice.
    Double(usize),
    /// Ends the text here.
    Cut(usize),
}

const PIECES: [&str; 32] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\\",
    "#",
    "r#\"",
    "\"#",
    "0x",
    "-1",
    "1.5",
    "99999999999",
    "Struct(",
    "List(",
    "fields: [",
    "name: \"Greet\"",
    "ty: Peer",
    "id: 0",
    "since: 9",
    "é",
    "\u{2028}",
    "\r\n",
    "Opt(",
];

/// Up to a handful of damages.
pub(crate) fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let at = 0..1000usize;
    let damage = prop_oneof![
        (at.clone(), 1..6usize).prop_map(|(at, count)| Damage::Delete(at, count)),
        (at.clone(), prop::sample::select(&PIECES[..])).prop_map(|(at, s)| Damage::Insert(at, s)),
        (at.clone(), any::<char>()).prop_map(|(at, c)| Damage::Character(at, c)),
        (at.clone(), at.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        at.clone().prop_map(Damage::Double),
        at.prop_map(Damage::Cut),
    ];
    prop::collection::vec(damage, 1..6)
}

/// The damaged text.
pub(crate) fn apply(text: &str, damages: &[Damage]) -> String {
    let mut text = text.to_owned();
    for damage in damages {
        text = one(&text, damage);
    }
    text
}

fn one(text: &str, damage: &Damage) -> String {
    let place = |at: usize| {
        let mut place = text.len() * at / 1000;
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    };
    match *damage {
        Damage::Delete(at, count) => {
            let (before, after) = text.split_at(place(at));
            before.chars().chain(after.chars().skip(count)).collect()
        }
        Damage::Insert(at, piece) => {
            let (before, after) = text.split_at(place(at));
            [before, piece, after].concat()
        }
        Damage::Character(at, c) => {
            let (before, after) = text.split_at(place(at));
            format!("{before}{c}{after}")
        }
        Damage::Swap(a, b) => {
            let mut tokens = tokens(text);
            if !tokens.is_empty() {
                let (a, b) = (tokens.len() * a / 1000, tokens.len() * b / 1000);
                tokens.swap(a, b);
            }
            tokens.concat()
        }
        Damage::Double(at) => {
            let mut tokens = tokens(text);
            if !tokens.is_empty() {
                let at = tokens.len() * at / 1000;
                tokens.insert(at, tokens[at]);
            }
            tokens.concat()
        }
        Damage::Cut(at) => text[..place(at)].to_owned(),
    }
}

/// Words, runs of blanks, and single other characters: roughly what a parser sees.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut previous = 0;
    for (at, c) in text.char_indices() {
        let current = class(c);
        if at > start && (current == 0 || current != previous) {
            tokens.push(&text[start..at]);
            start = at;
        }
        previous = current;
    }
    tokens.push(&text[start..]);
    tokens
}
