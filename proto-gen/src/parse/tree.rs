//! The tree: RON's values, each with the place where it stands.

use crate::schema::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Bool(bool),
    Int(Number),
    Float(f64),
    Char(char),
    Str(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: b}`.
    Map(Vec<(Node, Node)>),
    /// `Name(a, b)`, `(a, b)` or `()`.
    Tuple(Option<Name>, Vec<Node>),
    /// `Name(a: b)` or `(a: b)`.
    Struct(Option<Name>, Vec<Entry>),
    /// A bare word.
    Name(String),
    /// Something that was reported already: whoever meets it stays silent.
    Broken,
}

/// An integer of up to 128 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) negative: bool,
    pub(crate) magnitude: u128,
    /// Whether it was written in hex, octal or binary.
    pub(crate) radix: u32,
}

/// A word and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// `key: value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Name,
    pub(crate) value: Node,
}

impl Node {
    /// What it is, for people: "a string".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Bool(_) => "a boolean".into(),
            Kind::Int(_) => "a number".into(),
            Kind::Float(_) => "a float".into(),
            Kind::Char(_) => "a character".into(),
            Kind::Str(_) => "a string".into(),
            Kind::List(_) => "a list".into(),
            Kind::Map(_) => "a map".into(),
            Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _) => {
                format!("`{}(...)`", name.text)
            }
            Kind::Tuple(None, _) | Kind::Struct(None, _) => "a tuple".into(),
            Kind::Name(name) => format!("`{name}`"),
            Kind::Broken => "a mistake".into(),
        }
    }

    /// The text of a type, where it could be one.
    pub(crate) fn type_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.clone()),
            Kind::Int(number) => Some(number.magnitude.to_string()),
            Kind::Tuple(Some(name), arguments) => {
                let arguments: Option<Vec<String>> =
                    arguments.iter().map(Self::type_text).collect();
                Some(format!("{}({})", name.text, arguments?.join(", ")))
            }
            _ => None,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.kind, Kind::Broken)
    }
}

impl Number {
    /// The value, where it fits.
    pub(crate) fn to_i128(self) -> Option<i128> {
        if self.negative {
            0i128.checked_sub_unsigned(self.magnitude)
        } else {
            i128::try_from(self.magnitude).ok()
        }
    }

    /// The value, where it is not negative and fits.
    pub(crate) fn to_unsigned<T: TryFrom<u128>>(self) -> Option<T> {
        match self.negative && self.magnitude != 0 {
            true => None,
            false => T::try_from(self.magnitude).ok(),
        }
    }
}
