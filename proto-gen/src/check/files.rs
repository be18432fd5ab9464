//! Reads the spec and what it includes.

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::cx::Cx;
use super::keys::text;
use crate::diagnostics::{Code, Diagnostic, Source};
use crate::parse::{self, Kind, Node};
use crate::schema::Span;

/// How files are read: from the disk, a git revision, or a test's table.
pub(crate) type Read<'r> = dyn FnMut(&Path) -> io::Result<Vec<u8>> + 'r;

/// Everything that was read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) sources: Vec<Source>,
    /// The tree of each file, where it has one to trust.
    pub(super) trees: Vec<Option<Node>>,
}

struct Loader<'l, 'r> {
    cx: &'l mut Cx,
    read: &'l mut Read<'r>,
    files: Files,
    /// Files by their path without `..`, so that one file is read once.
    known: HashMap<PathBuf, u32>,
    /// The includes that led to the current file: the file and where it was included.
    open: Vec<(u32, Span)>,
}

/// Reads `path` and all its includes, the spec first, then depth-first in the order of mention.
pub(super) fn load(cx: &mut Cx, path: &Path, read: &mut Read<'_>) -> Files {
    let mut loader =
        Loader { cx, read, files: Files::default(), known: HashMap::new(), open: Vec::new() };
    loader.file(path, None);
    loader.files
}

impl Loader<'_, '_> {
    fn file(&mut self, path: &Path, included: Option<Span>) {
        let index = self.files.sources.len() as u32;
        let span = Span { file: index, start: 0, end: 0 };
        let bytes = (self.read)(path);
        // A span counts in 32 bits, and no spec written by people comes near.
        let bytes = match bytes {
            Ok(bytes) if bytes.len() <= i32::MAX as usize => bytes,
            failed => {
                let reason = match failed {
                    Ok(_) => "it is larger than 2 GiB".into(),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        "there is no such file".into()
                    }
                    Err(error) => error.to_string(),
                };
                let shown = path.display();
                self.cx.names_incomplete = true;
                let diagnostic = Diagnostic::new(
                    Code::UnreadableFile,
                    included.unwrap_or(span),
                    format!("cannot read `{shown}`: {reason}"),
                    "",
                );
                self.cx.report(match included {
                    Some(_) => diagnostic.help("paths are relative to the file that includes"),
                    None => diagnostic.help("paths are relative to the current directory: name the spec, for example `spec/game.ron`"),
                });
                if included.is_none() {
                    self.push(path, String::new(), None);
                }
                return;
            }
        };
        self.known.insert(normal(path), index);
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                // The text up to the first bad byte is unchanged, a replacement stands there.
                let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
                self.cx.names_incomplete = true;
                self.cx.report(
                    Diagnostic::new(
                        Code::NotUtf8,
                        Span { file: index, start: start as u32, end: end as u32 },
                        "this file is not UTF-8",
                        "the first byte that is not",
                    )
                    .help("save the file as UTF-8"),
                );
                self.push(path, text, None);
                return;
            }
        };
        let tree = parse::parse(index, &text, &mut self.cx.found);
        self.cx.names_incomplete |= tree.is_none();
        let includes = tree.as_ref().map(includes).unwrap_or_default();
        self.push(path, text, tree);
        self.open.push((index, included.unwrap_or(span)));
        for node in includes {
            self.include(path, &node);
        }
        self.open.pop();
    }

    fn push(&mut self, path: &Path, text: String, tree: Option<Node>) {
        self.files.sources.push(Source { path: path.to_owned(), text });
        self.files.trees.push(tree);
    }

    fn include(&mut self, from: &Path, node: &Node) {
        let Some(name) = text(self.cx, node) else { return };
        let path = from.parent().unwrap_or(Path::new("")).join(name);
        let Some(&index) = self.known.get(&normal(&path)) else {
            self.file(&path, Some(node.span));
            return;
        };
        // A file that two others include is read once; one that is still open is a circle.
        if let Some(at) = self.open.iter().position(|(open, _)| *open == index) {
            let mut diagnostic = Diagnostic::new(
                Code::IncludeCycle,
                node.span,
                format!("`{name}` includes itself"),
                "included again here",
            );
            for (_, span) in &self.open[at + 1..] {
                diagnostic = diagnostic.also(*span, "by way of this");
            }
            self.cx.report(diagnostic.help("move what both files need to a third one"));
        }
    }
}

/// The nodes of a file's `include`; a wrong one is left to the checker.
fn includes(root: &Node) -> Vec<Node> {
    let Kind::Struct(_, entries) = &root.kind else { return Vec::new() };
    let include = entries.iter().find(|entry| entry.key.text == "include");
    match include.map(|entry| &entry.value.kind) {
        Some(Kind::List(nodes)) => nodes.clone(),
        _ => Vec::new(),
    }
}

/// The path without `.` and with `..` resolved by its text.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
