//! A place in the text, and what lexing does at it: look, take, report.

use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Span;

pub(super) struct Cursor<'t, 'd> {
    pub(super) file: u32,
    pub(super) text: &'t str,
    /// Offset of the next byte.
    pub(super) at: usize,
    pub(super) found: &'d mut Vec<Diagnostic>,
    pub(super) lost: bool,
}

impl<'t> Cursor<'t, '_> {
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

    pub(super) fn eat_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }
}
