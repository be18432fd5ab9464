//! Findings as text for people, in the shape of a compiler's.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

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
        let mut snippet = Snippet::source(&source.text).path(source.name());
        if diagnostic.primary.span.file == file {
            snippet = snippet.annotation(annotation(AnnotationKind::Primary, &diagnostic.primary));
        }
        for other in diagnostic.others.iter().filter(|other| other.span.file == file) {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, other));
        }
        group = group.element(snippet);
    }
    group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help)))
}

fn annotation(kind: AnnotationKind, label: &Label) -> annotate_snippets::Annotation<'_> {
    let annotation = kind.span(label.span.start as usize..label.span.end as usize);
    match label.text.as_str() {
        "" => annotation,
        text => annotation.label(text),
    }
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
