//! What the parser and the checker have to say, and how it is shown.
//!
//! A [`Diagnostic`] is plain data: a stable code, a sentence, the place, other places that matter,
//! and help. [`Diagnostics`] holds all of one run together with the texts they point into, and
//! renders them the same way for a build script and for the command.

mod code;
#[cfg(feature = "tools")]
mod json;
pub(crate) mod render;

use std::fmt;
use std::path::{Path, PathBuf};

pub use self::code::{Code, Severity};
use crate::schema::Span;

/// All that one run has to say, and the texts it is about.
///
/// `Display` renders without colour, as [`Diagnostics::render`] does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
}

/// One mistake or lint.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Which mistake.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where, and what is there.
    pub primary: Label,
    /// Other places: the second half of a conflict.
    pub others: Vec<Label>,
    /// What to write instead.
    pub help: Vec<String>,
}

/// A place and what to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// Stands beside the underlined text; may be empty.
    pub text: String,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// As the caller, or the including file, names it.
    pub path: PathBuf,
    /// What was read; where it was not UTF-8, with replacement characters.
    pub text: String,
}

/// Line and column of a place, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Diagnostics {
    /// Sorts the findings by place, so that the text does not depend on the order of the checks.
    pub(crate) fn new(sources: Vec<Source>, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|d| (d.primary.span.file, d.primary.span.start, d.code));
        for diagnostic in list.iter_mut().filter(|diagnostic| diagnostic.help.is_empty()) {
            diagnostic.help.extend(diagnostic.code.advice().map(str::to_owned));
        }
        Self { sources, list }
    }

    /// Every mistake and lint, by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many mistakes there are, lints not counted.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.code.severity() == Severity::Error).count()
    }

    /// How many lints there are.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// The files that were read, indexed by [`Span::file`]; the spec itself is first.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Everything as text for people, one block per finding; `colour` adds ANSI styles.
    pub fn render(&self, colour: bool) -> String {
        render::render(self, colour)
    }

    /// Where a span begins.
    pub fn position(&self, span: Span) -> Position {
        self.sources
            .get(span.file as usize)
            .map_or(Position { line: 1, column: 1 }, |source| source.position(span.start))
    }
}

impl Source {
    /// The path as text.
    pub fn name(&self) -> String {
        Path::display(&self.path).to_string()
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Diagnostic {
    /// A finding at one place; `label` stands beside the underlined text.
    pub(crate) fn new(
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { span, text: label.into() },
            others: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds the other place of a conflict.
    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.others.push(Label { span, text: text.into() });
        self
    }

    /// Adds what to write instead.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds help where there is some.
    pub(crate) fn maybe_help(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
