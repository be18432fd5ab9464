//! Tokens, each with its place.

use super::tree::Number;
use crate::schema::Span;

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'t> {
    Open(Bracket),
    Close(Bracket),
    Comma,
    Colon,
    Word(&'t str),
    Int(Number),
    Float(f64),
    Char(char),
    Str(String),
    /// A literal with a mistake that was reported.
    Bad,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
    Curly,
}

impl Bracket {
    pub(super) fn open(self) -> char {
        match self {
            Self::Round => '(',
            Self::Square => '[',
            Self::Curly => '{',
        }
    }

    pub(super) fn close(self) -> char {
        match self {
            Self::Round => ')',
            Self::Square => ']',
            Self::Curly => '}',
        }
    }
}

impl TokenKind<'_> {
    /// What it is, for people: "this number".
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Open(bracket) => format!("`{}`", bracket.open()),
            Self::Close(bracket) => format!("`{}`", bracket.close()),
            Self::Comma => "`,`".into(),
            Self::Colon => "`:`".into(),
            Self::Word(word) => format!("`{word}`"),
            Self::Int(_) | Self::Float(_) => "this number".into(),
            Self::Char(_) => "this character".into(),
            Self::Str(_) => "this string".into(),
            Self::Bad => "this".into(),
            Self::End => "the end of the file".into(),
        }
    }
}
