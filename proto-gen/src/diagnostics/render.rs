//! Findings as text for people, in the shape of a compiler's.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Label, Severity, Source};

/// Every finding, then one line that counts them.
pub(super) fn render(diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in &diagnostics.list {
        text.push_str(&renderer.render(&[group(diagnostic, &diagnostics.sources)]));
        text.push_str("\n\n");
    }
    if let Some(summary) = summary(diagnostics) {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Group<'a> {
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.as_str());
    // The file of the finding itself comes first, then the files of the other places.
    let mut files = vec![diagnostic.primary.span.file];
    files.extend(diagnostic.others.iter().map(|other| other.span.file));
    let mut seen = Vec::new();
    files.retain(|file| {
        !seen.contains(file) && {
            seen.push(*file);
            true
        }
    });
    let mut group = Group::with_title(title);
    for file in files {
        let Some(source) = sources.get(file as usize) else { continue };
        let primary = Some((AnnotationKind::Primary, &diagnostic.primary));
        let others = diagnostic.others.iter().map(|other| (AnnotationKind::Context, other));
        let labels: Vec<(AnnotationKind, &Label)> = primary
            .into_iter()
            .chain(others)
            .filter(|(_, label)| label.span.file == file)
            .collect();
        group = group.element(snippet(source, &labels));
    }
    group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help)))
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
