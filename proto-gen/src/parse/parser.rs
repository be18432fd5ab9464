//! From tokens to the tree, going on after a mistake.
//!
//! Recovery is by the brackets: a mistake inside an entry costs that entry. Only where brackets do
//! not match is the rest of the file given up, since every further word would be a guess.

use super::DEPTH_MAX;
use super::lexer::lex;
use super::token::{Bracket, Token, TokenKind};
use super::tree::{Entry, Kind, Name, Node};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Span;

/// Reads one value that fills the text. `None` where the mistakes leave no tree to trust.
pub(crate) fn parse(file: u32, text: &str, found: &mut Vec<Diagnostic>) -> Option<Node> {
    let lexed = lex(file, text, found);
    if lexed.lost {
        // What precedes an unclosed string is likely the inside of one: only the last word counts.
        let last = found.pop();
        found.clear();
        found.extend(last);
        return None;
    }
    let mut parser = Parser {
        tokens: &lexed.tokens,
        at: 0,
        open: Vec::new(),
        found,
        assumed: None,
        lost: false,
    };
    let root = parser.value();
    if !parser.lost {
        parser.end();
    }
    (!parser.lost).then_some(root)
}

pub(super) struct Parser<'p, 't> {
    tokens: &'p [Token<'t>],
    /// Index of the next token; never beyond `End`.
    pub(super) at: usize,
    /// Brackets that wait for their other half.
    pub(super) open: Vec<(Bracket, Span)>,
    pub(super) found: &'p mut Vec<Diagnostic>,
    /// Index of the token before which a missing bracket was assumed; its comma went with it.
    assumed: Option<usize>,
    /// Brackets do not match; the rest is not worth a word.
    pub(super) lost: bool,
}

/// What a round bracket's entries turned out to be.
#[derive(Default)]
struct Round {
    items: Vec<Node>,
    entries: Vec<Entry>,
    mixed: bool,
}

impl<'p, 't> Parser<'p, 't> {
    fn value(&mut self) -> Node {
        let token = self.peek();
        let span = token.span;
        let kind = match &token.kind {
            TokenKind::Word(word) => return self.word(word, span),
            TokenKind::Open(Bracket::Round) => return self.round(None),
            TokenKind::Open(Bracket::Square) => return self.square(),
            TokenKind::Open(Bracket::Curly) => return self.curly(),
            TokenKind::Int(number) => Kind::Int(*number),
            TokenKind::Float(value) => Kind::Float(*value),
            TokenKind::Char(value) => Kind::Char(*value),
            TokenKind::Str(text) => Kind::Str(text.clone()),
            TokenKind::Bad => Kind::Broken,
            TokenKind::Comma | TokenKind::Colon | TokenKind::Close(_) | TokenKind::End => {
                let what = token.kind.describe();
                let help =
                    "a spec holds one `Protocol(...)`, a file that it includes one `Types(...)`";
                let empty = self.open.is_empty().then_some(help);
                self.report(
                    Diagnostic::new(
                        Code::ExpectedValue,
                        span,
                        format!("a value is missing before {what}"),
                        "expected a value here",
                    )
                    .maybe_help(empty.map(String::from)),
                );
                return Node { span, kind: Kind::Broken };
            }
        };
        self.at += 1;
        Node { span, kind }
    }

    fn word(&mut self, word: &str, span: Span) -> Node {
        self.at += 1;
        let kind = match word {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "Some" | "None" => {
                self.report(Diagnostic::new(
                    Code::UnsupportedSyntax,
                    span,
                    "`Some` and `None` have no place in a spec: what is absent is left out",
                    "",
                ));
                if self.peek().kind == TokenKind::Open(Bracket::Round) {
                    self.round(None);
                }
                Kind::Broken
            }
            _ if self.peek().kind == TokenKind::Open(Bracket::Round) => {
                return self.round(Some(Name { text: word.to_owned(), span }));
            }
            _ => Kind::Name(word.to_owned()),
        };
        Node { span, kind }
    }

    /// `(a, b)`, `(a: b)`, with or without a name before it.
    fn round(&mut self, name: Option<Name>) -> Node {
        let start = name.as_ref().map_or(self.peek().span, |name| name.span);
        let mut round = Round::default();
        self.sequence(Bracket::Round, |parser| parser.round_entry(&mut round));
        let kind = match round {
            // The first entry says which it is; the others were reported.
            Round { mixed: true, .. } => Kind::Broken,
            Round { entries, items, .. } if items.is_empty() && !entries.is_empty() => {
                Kind::Struct(name, entries)
            }
            Round { items, .. } => Kind::Tuple(name, items),
        };
        self.node_from(start, kind)
    }

    /// One entry between round brackets; `false` where the bracket must have ended before it.
    fn round_entry(&mut self, round: &mut Round) -> bool {
        let token = self.peek();
        let span = token.span;
        if let (TokenKind::Word(word), TokenKind::Colon) = (&token.kind, &self.peek_at(1).kind) {
            self.at += 2;
            let key = Name { text: (*word).to_owned(), span };
            if !round.items.is_empty() && !round.mixed {
                round.mixed = true;
                self.mixed(span, "this entry has a key, the ones before it have none");
            }
            let value = self.value();
            round.entries.push(Entry { key, value });
            return true;
        }
        let named = !round.entries.is_empty();
        let constructor = matches!(token.kind, TokenKind::Word(_))
            && self.peek_at(1).kind == TokenKind::Open(Bracket::Round);
        if named && constructor {
            self.unclosed(span, "so this would be inside it");
            return false;
        }
        if let (true, TokenKind::Str(key), TokenKind::Colon) =
            (named || round.items.is_empty(), &token.kind, &self.peek_at(1).kind)
        {
            self.report(
                Diagnostic::new(Code::MixedEntries, span, "a key is written without quotes", "")
                    .help(format!("write `{key}: ...`")),
            );
            self.at += 2;
            self.value();
            round.mixed = true;
            return true;
        }
        if named && !round.mixed {
            round.mixed = true;
            self.mixed(span, "this entry has no key, the ones before it have one");
        }
        let value = self.value();
        round.items.push(value);
        true
    }

    /// `[a, b]`.
    fn square(&mut self) -> Node {
        let start = self.peek().span;
        let mut items = Vec::new();
        self.sequence(Bracket::Square, |parser| {
            let key = matches!(parser.peek().kind, TokenKind::Word(_))
                && parser.peek_at(1).kind == TokenKind::Colon;
            if key {
                let span = parser.peek().span;
                parser.unclosed(span, "so this key would be inside it");
                return false;
            }
            items.push(parser.value());
            true
        });
        self.node_from(start, Kind::List(items))
    }

    /// `{a: b}`; no spec has one, but RON does, and the checker says so better.
    fn curly(&mut self) -> Node {
        let start = self.peek().span;
        let mut pairs = Vec::new();
        self.sequence(Bracket::Curly, |parser| {
            let key = parser.value();
            if parser.peek().kind == TokenKind::Colon {
                parser.at += 1;
                let value = parser.value();
                pairs.push((key, value));
            } else if !key.is_broken() {
                let span = parser.peek().span;
                parser.report(Diagnostic::new(
                    Code::ExpectedValue,
                    span,
                    "a map's entry is `key: value`",
                    "expected `:` and a value here",
                ));
            }
            true
        });
        self.node_from(start, Kind::Map(pairs))
    }

    /// The entries from an opening bracket to its closing one, separated by commas. `entry` says
    /// `false` where the bracket was left open and the entry belongs to the one around it.
    fn sequence(&mut self, bracket: Bracket, mut entry: impl FnMut(&mut Self) -> bool) {
        let opened = self.peek().span;
        self.at += 1;
        self.open.push((bracket, opened));
        if self.open.len() > DEPTH_MAX {
            self.report(Diagnostic::new(
                Code::TooManyBrackets,
                opened,
                format!("brackets nest more than {DEPTH_MAX} deep"),
                "one too many",
            ));
            self.lost = true;
        }
        while !self.lost && !self.closed(bracket) {
            if self.peek().kind == TokenKind::Comma {
                self.stray_comma();
                continue;
            }
            let before = self.at;
            if !entry(self) {
                self.assumed = Some(self.at);
                break;
            }
            if !self.lost {
                self.separator(before);
            }
        }
        self.open.pop();
    }

    /// Takes the closing bracket, if it is next.
    fn closed(&mut self, bracket: Bracket) -> bool {
        let token = self.peek();
        match token.kind {
            TokenKind::Close(found) if found == bracket => self.at += 1,
            TokenKind::Close(found) => {
                let span = token.span;
                if self.open.iter().any(|(open, _)| *open == found) {
                    self.unclosed(span, &format!("this `{}` comes first", found.close()));
                } else {
                    self.stray(span, found);
                }
                self.lost = true;
            }
            TokenKind::End => {
                let span = token.span;
                self.unclosed(span, "the file ends here");
                self.lost = true;
            }
            _ => return false,
        }
        true
    }

    /// What must stand between two entries.
    fn separator(&mut self, before: usize) {
        let token = self.peek();
        match token.kind {
            TokenKind::Comma => self.at += 1,
            TokenKind::Close(_) | TokenKind::End => {}
            TokenKind::Colon => {
                let span = token.span;
                self.report(
                    Diagnostic::new(Code::MixedEntries, span, "this `:` follows no key", "")
                        .help("only a bare word can be a key"),
                );
                self.at += 1;
                if !matches!(
                    self.peek().kind,
                    TokenKind::Comma | TokenKind::Close(_) | TokenKind::End
                ) {
                    self.value();
                }
                if self.peek().kind == TokenKind::Comma {
                    self.at += 1;
                }
            }
            _ if self.assumed == Some(self.at) => {}
            // A broken literal may have swallowed the comma; its own mistake is enough.
            _ if self.tokens[before..self.at].iter().any(|token| token.kind == TokenKind::Bad) => {}
            _ => {
                let next = token.span;
                let last = self.previous();
                self.report(
                    Diagnostic::new(
                        Code::MissingComma,
                        Span { start: last.end, end: last.end, ..last },
                        format!("a comma is missing before {}", self.peek().kind.describe()),
                        "expected `,` here",
                    )
                    .also(next, "the next entry"),
                );
            }
        }
    }

    /// Nothing may follow the value.
    fn end(&mut self) {
        let token = self.peek();
        match token.kind {
            TokenKind::End => {}
            TokenKind::Close(bracket) => {
                let span = token.span;
                self.stray(span, bracket);
            }
            _ => {
                let span = token.span;
                self.report(Diagnostic::new(
                    Code::TextAfterEnd,
                    span,
                    "a file holds one item, and this follows it",
                    "nothing may stand here",
                ));
            }
        }
    }

    fn node_from(&self, start: Span, kind: Kind) -> Node {
        Node { span: Span { end: self.previous().end.max(start.end), ..start }, kind }
    }

    pub(super) fn peek(&self) -> &'p Token<'t> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &'p Token<'t> {
        // The last token is `End`, so the list is never empty.
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }
}
