//! Reads items: `Name(key: value, ...)` with known keys, and the values of those keys.

use super::cx::Cx;
use super::suggest::{did_you_mean, nearest};
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{Entry, Kind, Node, Number};
use crate::schema::Span;

/// An item's name and the keys that it may have.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
}

/// An item that was found to be of its shape.
pub(super) struct Keys<'t> {
    shape: &'static Shape,
    /// The item's own name, `Message` in `Message(...)`: what a missing key is reported at.
    pub(super) span: Span,
    entries: &'t [Entry],
    /// Keys that a misspelled one was taken for, so that it is one mistake and not two.
    slips: Vec<(&'static str, &'t Entry)>,
}

impl<'t> Keys<'t> {
    /// Reads an item; reports it if it is another one, and keys that it cannot have.
    pub(super) fn open(cx: &mut Cx, node: &'t Node, shape: &'static Shape) -> Option<Self> {
        let (name, entries) = match &node.kind {
            Kind::Broken => return None,
            Kind::Struct(name, entries) => (name.as_ref(), entries.as_slice()),
            Kind::Tuple(name, items) if items.is_empty() => (name.as_ref(), &[][..]),
            _ => (None, &[][..]),
        };
        let meant = name.is_some_and(|name| nearest(&name.text, [shape.name]).is_some());
        if name.is_none_or(|name| name.text != shape.name) {
            let span = name.map_or(node.span, |name| name.span);
            let message = format!("expected `{}(...)`, found {}", shape.name, node.describe());
            let help = match meant {
                true => format!("did you mean `{}`?", shape.name),
                false => format!("write `{}({}: ...)`", shape.name, shape.keys[0]),
            };
            cx.report(Diagnostic::new(Code::WrongItem, span, message, "").help(help));
        }
        // A slip in the item's own name is one mistake; what is in it is read all the same.
        let name = name.filter(|name| meant || name.text == shape.name)?;
        let mut keys = Self { shape, span: name.span, entries, slips: Vec::new() };
        keys.check_keys(cx);
        Some(keys)
    }

    fn check_keys(&mut self, cx: &mut Cx) {
        for (at, Entry { key, .. }) in self.entries.iter().enumerate() {
            if let Some(first) = self.entries[..at].iter().find(|first| first.key.text == key.text)
            {
                cx.report(
                    Diagnostic::new(
                        Code::DuplicateKey,
                        key.span,
                        format!("`{}` is given twice", key.text),
                        "again here",
                    )
                    .also(first.key.span, "first given here"),
                );
            } else if !self.shape.keys.contains(&key.text.as_str()) {
                let free =
                    |meant: &&str| !self.entries.iter().any(|entry| entry.key.text == *meant);
                let candidates = self.shape.keys.iter().copied().filter(free);
                let meant = match key.text.as_str() {
                    // Too far from `ty` for a slip, and what everyone tries first.
                    "type" => candidates.into_iter().find(|key| *key == "ty"),
                    text => nearest(text, candidates),
                };
                let help = match (meant, self.shape.name, key.text.as_str()) {
                    (Some(meant), ..) => format!("did you mean `{meant}`?"),
                    (None, "Protocol", "messages") => {
                        "messages stand in a set: `sets: [Set(name: ..., messages: [...])]`".into()
                    }
                    (None, ..) => format!("its keys are {}", listed(self.shape.keys)),
                };
                self.slips.extend(meant.map(|meant| (meant, &self.entries[at])));
                cx.report(
                    Diagnostic::new(
                        Code::UnknownKey,
                        key.span,
                        format!("`{}` has no key `{}`", self.shape.name, key.text),
                        "",
                    )
                    .help(help),
                );
            }
        }
    }

    /// The item's shape: `Message`.
    pub(super) fn item(&self) -> &'static str {
        self.shape.name
    }

    /// The value of a key, where it is given and not broken.
    pub(super) fn get(&self, key: &str) -> Option<&'t Node> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_broken())
    }

    /// The key and value, where it is given; the value may be broken.
    pub(super) fn entry(&self, key: &str) -> Option<&'t Entry> {
        debug_assert!(self.shape.keys.contains(&key), "the shape declares every key that is read");
        let slip = || self.slips.iter().find(|(meant, _)| *meant == key).map(|(_, entry)| *entry);
        self.entries.iter().find(|entry| entry.key.text == key).or_else(slip)
    }

    /// Whether it has keys that could not be made sense of, so that something may be missing.
    pub(super) fn has_unknown(&self) -> bool {
        let known = |entry: &&Entry| self.shape.keys.contains(&entry.key.text.as_str());
        self.entries.iter().filter(known).count() + self.slips.len() < self.entries.len()
    }

    /// The value of a key that must be given.
    pub(super) fn require(&self, cx: &mut Cx, key: &str, example: &str) -> Option<&'t Node> {
        if self.entry(key).is_none() {
            cx.report(
                Diagnostic::new(
                    Code::MissingKey,
                    self.span,
                    format!("this `{}` has no `{key}`", self.shape.name),
                    "",
                )
                .help(format!("write `{key}: {example}`")),
            );
        }
        self.get(key)
    }

    /// The items of a key's list; none where it is not given.
    pub(super) fn list(&self, cx: &mut Cx, key: &str) -> &'t [Node] {
        self.get(key).and_then(|node| list(cx, node)).unwrap_or(&[])
    }
}

/// `a`, `b` and `c`.
pub(super) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn wrong(cx: &mut Cx, node: &Node, expected: &str, help: Option<String>) {
    if !node.is_broken() {
        cx.report(
            Diagnostic::new(
                Code::WrongValue,
                node.span,
                format!("expected {expected}, found {}", node.describe()),
                "",
            )
            .maybe_help(help),
        );
    }
}

pub(super) fn list<'t>(cx: &mut Cx, node: &'t Node) -> Option<&'t [Node]> {
    match &node.kind {
        Kind::List(items) => Some(items),
        _ => {
            wrong(cx, node, "a list", Some("write `[...]`".into()));
            None
        }
    }
}

pub(super) fn text<'t>(cx: &mut Cx, node: &'t Node) -> Option<&'t str> {
    match &node.kind {
        Kind::Str(text) => Some(text),
        Kind::Name(name) => {
            wrong(cx, node, "a string", Some(format!("write `\"{name}\"`")));
            None
        }
        _ => {
            wrong(cx, node, "a string", None);
            None
        }
    }
}

/// A string with something in it.
pub(super) fn words<'t>(cx: &mut Cx, node: &'t Node, what: &str) -> Option<&'t str> {
    let text = text(cx, node)?;
    if text.trim().is_empty() {
        cx.report(Diagnostic::new(Code::EmptyReason, node.span, format!("{what} is empty"), ""));
        return None;
    }
    Some(text)
}

pub(super) fn boolean(cx: &mut Cx, node: &Node) -> Option<bool> {
    match node.kind {
        Kind::Bool(value) => Some(value),
        _ => {
            wrong(cx, node, "`true` or `false`", Some("write `true`, or leave it out".into()));
            None
        }
    }
}

pub(super) fn number(cx: &mut Cx, node: &Node) -> Option<Number> {
    match &node.kind {
        Kind::Int(number) => Some(*number),
        Kind::Str(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) => {
            wrong(cx, node, "a number", Some(format!("write `{text}`")));
            None
        }
        _ => {
            wrong(cx, node, "a number", Some("write a whole number, without quotes".into()));
            None
        }
    }
}

/// A number between `least` and `most`.
pub(super) fn unsigned(cx: &mut Cx, node: &Node, least: u32, most: u32) -> Option<u32> {
    let number = number(cx, node)?;
    let value = number.to_unsigned::<u32>().filter(|value| (least..=most).contains(value));
    if value.is_none() {
        cx.report(Diagnostic::new(
            Code::NumberOutOfRange,
            node.span,
            format!("expected a number from {} to {}", grouped(least.into()), grouped(most.into())),
            "",
        ));
    }
    value
}

/// A bare word out of a few.
pub(super) fn choice<T: Copy>(
    cx: &mut Cx,
    node: &Node,
    choices: &[(&'static str, T)],
) -> Option<T> {
    let names: Vec<&'static str> = choices.iter().map(|(name, _)| *name).collect();
    let expected = format!("one of {}", listed(&names));
    let word = match &node.kind {
        Kind::Name(word) => word,
        Kind::Str(text) if names.contains(&text.as_str()) => {
            wrong(cx, node, &expected, Some(format!("write `{text}` without quotes")));
            return None;
        }
        _ => {
            wrong(cx, node, &expected, Some(format!("write `{}`", names[0])));
            return None;
        }
    };
    let found = choices.iter().find(|(name, _)| name == word).map(|(_, value)| *value);
    if found.is_none() {
        let meant = did_you_mean(word, names.iter().copied());
        wrong(cx, node, &expected, meant.or_else(|| Some(format!("write `{}`", names[0]))));
    }
    found
}

/// A number with its thousands apart, as specs write it: `65_536`.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
