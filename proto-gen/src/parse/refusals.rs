//! What the parser says where brackets, commas and entries do not match.

use super::parser::Parser;
use super::token::Bracket;
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Span;

impl Parser<'_, '_> {
    pub(super) fn mixed(&mut self, span: Span, label: &str) {
        self.report(
            Diagnostic::new(Code::MixedEntries, span, "entries with and without keys", label)
                .help("write `key: value` for every entry, or for none"),
        );
    }

    pub(super) fn stray_comma(&mut self) {
        let span = self.peek().span;
        self.report(Diagnostic::new(
            Code::ExpectedValue,
            span,
            "a value is missing before `,`",
            "expected a value here",
        ));
        self.at += 1;
    }

    /// The innermost bracket is not closed before `span`.
    pub(super) fn unclosed(&mut self, span: Span, label: &str) {
        if let Some(&(bracket, opened)) = self.open.last() {
            self.report(
                Diagnostic::new(
                    Code::UnclosedBracket,
                    opened,
                    format!("this `{}` is never closed", bracket.open()),
                    "opened here",
                )
                .also(span, label)
                .help(format!("write the `{}` that ends it", bracket.close())),
            );
        }
    }

    pub(super) fn stray(&mut self, span: Span, bracket: Bracket) {
        self.report(Diagnostic::new(
            Code::StrayBracket,
            span,
            format!("this `{}` closes nothing", bracket.close()),
            "no bracket of its kind is open",
        ));
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.lost {
            self.found.push(diagnostic);
        }
    }
}
