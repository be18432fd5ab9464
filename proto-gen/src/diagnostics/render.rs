//! Findings as text for people, in the shape of a compiler's.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Label, Severity, Source};

/// One finding, whoever found it.
pub(crate) struct Block<'a> {
    pub(crate) level: Level<'static>,
    /// `E0017`.
    pub(crate) id: &'a str,
    pub(crate) message: &'a str,
    /// Places; the first is the finding's own.
    pub(crate) labels: Vec<&'a Label>,
    /// What backs the finding.
    pub(crate) notes: &'a [String],
    /// What to do instead.
    pub(crate) help: &'a [String],
}

/// Every finding, then one line that counts them.
pub(super) fn render(diagnostics: &Diagnostics, colour: bool) -> String {
    let blocks: Vec<Block<'_>> = diagnostics.list.iter().map(block).collect();
    let mut text = render_blocks(&blocks, &diagnostics.sources, colour);
    if let Some(summary) = summary(diagnostics) {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

/// Every finding, with an empty line after each.
pub(crate) fn render_blocks(blocks: &[Block<'_>], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for block in blocks {
        text.push_str(&renderer.render(&[group(block, sources)]));
        text.push_str("\n\n");
    }
    text
}

fn block(diagnostic: &Diagnostic) -> Block<'_> {
    Block {
        level: match diagnostic.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        },
        id: diagnostic.code.as_str(),
        message: &diagnostic.message,
        labels: [&diagnostic.primary].into_iter().chain(&diagnostic.others).collect(),
        notes: &[],
        help: &diagnostic.help,
    }
}

fn group<'a>(block: &'a Block<'_>, sources: &'a [Source]) -> Group<'a> {
    let title = block.level.clone().primary_title(block.message).id(block.id);
    // The file of the finding itself comes first, then the files of the other places.
    let mut files = Vec::new();
    for label in &block.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let mut group = Group::with_title(title);
    for file in files {
        let Some(source) = sources.get(file as usize) else { continue };
        let kind = |at: usize| match at {
            0 => AnnotationKind::Primary,
            _ => AnnotationKind::Context,
        };
        let labels: Vec<(AnnotationKind, &Label)> = block
            .labels
            .iter()
            .enumerate()
            .filter(|(_, label)| label.span.file == file)
            .map(|(at, label)| (kind(at), *label))
            .collect();
        group = group.element(snippet(source, &labels));
    }
    group
        .elements(block.notes.iter().map(|note| Level::NOTE.message(note)))
        .elements(block.help.iter().map(|help| Level::HELP.message(help)))
}

/// The lines that the labels touch: the renderer looks at all that it is given, and a spec may have
/// many lines and many mistakes.
fn snippet<'a>(
    source: &'a Source,
    labels: &[(AnnotationKind, &'a Label)],
) -> Snippet<'a, Annotation<'a>> {
    let text = source.text.as_str();
    let first = labels.iter().map(|(_, label)| label.span.start as usize).min().unwrap_or(0);
    let last = labels.iter().map(|(_, label)| label.span.end as usize).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at + 1);
    let line = text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
    let annotations = labels.iter().map(|(kind, label)| {
        let range = label.span.start as usize - start..label.span.end as usize - start;
        let annotation = kind.span(range);
        match label.text.as_str() {
            "" => annotation,
            text => annotation.label(text),
        }
    });
    Snippet::source(&text[start..end]).line_start(line).path(source.name()).annotations(annotations)
}

/// `2 errors, 1 warning`; nothing where there is nothing.
fn summary(diagnostics: &Diagnostics) -> Option<String> {
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let parts: Vec<String> =
        [count(diagnostics.errors(), "error"), count(diagnostics.warnings(), "warning")]
            .into_iter()
            .flatten()
            .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
