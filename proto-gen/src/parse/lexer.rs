//! From text to tokens.

use super::literal;
use super::tree::Number;
use crate::diagnostics::{Code, Diagnostic};
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

/// The tokens of a text, the last one `End`.
pub(super) struct Lexed<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    /// Whether a string or comment never ends: what follows the mistake is not worth a word.
    pub(super) lost: bool,
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

pub(super) fn lex<'t>(file: u32, text: &'t str, found: &mut Vec<Diagnostic>) -> Lexed<'t> {
    let mut lexer = Lexer { file, text, at: 0, found, lost: false };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
        if lexer.lost {
            break;
        }
    }
    let end = text.len() as u32;
    tokens.push(Token { kind: TokenKind::End, span: Span { file, start: end, end } });
    Lexed { tokens, lost: lexer.lost }
}

pub(super) struct Lexer<'t, 'd> {
    file: u32,
    pub(super) text: &'t str,
    /// Offset of the next byte.
    pub(super) at: usize,
    found: &'d mut Vec<Diagnostic>,
    pub(super) lost: bool,
}

impl<'t> Lexer<'t, '_> {
    fn next(&mut self) -> Option<Token<'t>> {
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
                c => {
                    self.eat_while(|next| next == c);
                    self.unexpected(start, c);
                    continue;
                }
            };
            return Some(Token { kind, span: self.span(start) });
        }
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

    pub(super) fn unsupported(&mut self, start: usize, message: &str) {
        self.report(Diagnostic::new(Code::UnsupportedSyntax, self.span(start), message, ""));
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    pub(super) fn span(&self, start: usize) -> Span {
        Span { file: self.file, start: start as u32, end: self.at as u32 }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    pub(super) fn eat_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }
}
