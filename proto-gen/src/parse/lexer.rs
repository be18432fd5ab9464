//! From text to tokens.

use super::cursor::Cursor;
use super::token::{Bracket, Token, TokenKind};
use super::{foreign, literal};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Span;

/// The tokens of a text, the last one `End`.
pub(super) struct Lexed<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    /// Whether a string or comment never ends: what follows the mistake is not worth a word.
    pub(super) lost: bool,
}

pub(super) fn lex<'t>(file: u32, text: &'t str, found: &mut Vec<Diagnostic>) -> Lexed<'t> {
    let mut lexer = Cursor { file, text, at: 0, found, lost: false };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next(&mut tokens) {
        tokens.push(token);
        if lexer.lost {
            break;
        }
    }
    let end = text.len() as u32;
    tokens.push(Token { kind: TokenKind::End, span: Span { file, start: end, end } });
    Lexed { tokens, lost: lexer.lost }
}

impl<'t> Cursor<'t, '_> {
    /// The next token. Those `before` it say what a character without meaning was meant for.
    fn next(&mut self, before: &mut Vec<Token<'t>>) -> Option<Token<'t>> {
        loop {
            self.skip_blank();
            if self.lost {
                return None;
            }
            let start = self.at;
            let next = self.peek()?;
            let kind = match next {
                '(' => self.take(TokenKind::Open(Bracket::Round)),
                '[' => self.take(TokenKind::Open(Bracket::Square)),
                '{' => self.take(TokenKind::Open(Bracket::Curly)),
                ')' => self.take(TokenKind::Close(Bracket::Round)),
                ']' => self.take(TokenKind::Close(Bracket::Square)),
                '}' => self.take(TokenKind::Close(Bracket::Curly)),
                ',' => self.take(TokenKind::Comma),
                ':' => self.take(TokenKind::Colon),
                '"' => literal::string(self),
                '\'' => literal::character(self),
                '0'..='9' | '+' | '-' => literal::number(self),
                'r' if self.rest().starts_with("r\"") || self.rest().starts_with("r#") => {
                    literal::raw_string(self)
                }
                'b' if self.rest().starts_with("b\"") || self.rest().starts_with("b'") => {
                    self.at += 1;
                    let inner = if self.peek() == Some('"') {
                        literal::string(self)
                    } else {
                        literal::character(self)
                    };
                    if !self.lost && inner != TokenKind::Bad {
                        self.unsupported(start, "byte literals have no place in a spec");
                    }
                    TokenKind::Bad
                }
                c if c == '_' || c.is_ascii_alphabetic() => self.word(),
                '#' if self.rest().starts_with("#!") => {
                    self.eat_while(|c| c != '\n');
                    self.unsupported(start, "RON extensions have no place in a spec");
                    continue;
                }
                '<' if is_word_before(before, start) => {
                    let word = before.pop()?;
                    return Some(self.generic(word.span));
                }
                c => {
                    self.eat_while(|next| next == c);
                    self.unexpected(start, c);
                    let last = before.last().map(|token| &token.kind);
                    match c {
                        // What follows is read as if the right one stood here.
                        '=' if matches!(last, Some(TokenKind::Word(_))) => TokenKind::Colon,
                        ';' if !matches!(last, Some(TokenKind::Comma)) => TokenKind::Comma,
                        _ => continue,
                    }
                }
            };
            return Some(Token { kind, span: self.span(start) });
        }
    }

    /// `Vec<Unit>`, whose word was read.
    fn generic(&mut self, word: Span) -> Token<'t> {
        let start = word.start as usize;
        let mut depth = 0u32;
        // On one line, and no further than the first character that no type has.
        self.eat_while(|c| {
            let inside = depth > 0 || c == '<';
            depth = depth.saturating_add((c == '<').into()).saturating_sub((c == '>').into());
            inside && (c.is_ascii_alphanumeric() || matches!(c, '<' | '>' | '_' | ',' | ' '))
        });
        let span = self.span(start);
        let text = &self.text[start..self.at];
        self.report(
            Diagnostic::new(
                Code::UnexpectedCharacter,
                span,
                "a type's arguments stand between round brackets",
                "",
            )
            .help(format!("write `{}`", foreign::generic(text))),
        );
        Token { kind: TokenKind::Bad, span }
    }

    fn take(&mut self, kind: TokenKind<'t>) -> TokenKind<'t> {
        self.at += 1;
        kind
    }

    fn word(&mut self) -> TokenKind<'t> {
        let start = self.at;
        self.eat_while(|c| c == '_' || c.is_ascii_alphanumeric());
        match &self.text[start..self.at] {
            "inf" => TokenKind::Float(f64::INFINITY),
            "NaN" => TokenKind::Float(f64::NAN),
            word => TokenKind::Word(word),
        }
    }

    /// White space and comments; block comments nest.
    fn skip_blank(&mut self) {
        loop {
            self.eat_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            if self.rest().starts_with("//") {
                self.eat_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.block_comment();
            } else {
                return;
            }
        }
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut level = 0usize;
        loop {
            if self.rest().starts_with("/*") {
                level += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                level -= 1;
                self.at += 2;
                if level == 0 {
                    return;
                }
            } else if self.bump().is_none() {
                let open = Span { end: start as u32 + 2, ..self.span(start) };
                self.lost = true;
                self.found.push(
                    Diagnostic::new(
                        Code::UnclosedComment,
                        open,
                        "this comment is never closed",
                        "begins here",
                    )
                    .help("block comments nest: every `/*` needs a `*/` of its own"),
                );
                return;
            }
        }
    }

    fn unexpected(&mut self, start: usize, c: char) {
        let shown = match c {
            c if c.is_control() || c.is_whitespace() || c == '\u{feff}' => {
                format!("U+{:04X}", u32::from(c))
            }
            c => format!("`{c}`"),
        };
        let diagnostic = Diagnostic::new(
            Code::UnexpectedCharacter,
            self.span(start),
            format!("{shown} has no meaning here"),
            "",
        );
        let help = match c {
            '=' => Some("a key and its value are separated by `:`"),
            ';' => Some("items are separated by `,`"),
            '\u{feff}' => Some("save the file as UTF-8 without a byte order mark"),
            _ => None,
        };
        self.report(diagnostic.maybe_help(help.map(String::from)));
    }
}

/// Whether a word ends where this begins.
fn is_word_before(before: &[Token<'_>], start: usize) -> bool {
    before.last().is_some_and(|last| {
        matches!(last.kind, TokenKind::Word(_)) && last.span.end as usize == start
    })
}
