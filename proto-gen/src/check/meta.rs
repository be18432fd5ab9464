//! What every named item carries: name, doc, versions, lints that it allows.

use std::collections::HashMap;

use super::cx::Cx;
use super::keys::{Keys, list, text, unsigned, words};
use super::names::{self, Style};
use super::suggest::did_you_mean;
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::parse::{Kind, Node};
use crate::schema::{Meta, Reserved, Span};

/// Reads an item's name, doc and history. `owner` is what contains it, where something does.
/// Its `allow` is in force for it alone; an item with members enters it for them too.
pub(super) fn read(cx: &mut Cx, keys: &Keys<'_>, style: Style, owner: Option<&Meta>) -> Meta {
    let allow = allow(cx, keys);
    let mark = cx.enter(&allow);
    let (name, span) = match keys.require(cx, "name", "\"...\"") {
        Some(node) => {
            let name = text(cx, node);
            if let Some(name) = name {
                names::check(cx, name, node.span, style);
            }
            (name.unwrap_or_default().to_owned(), node.span)
        }
        None => (String::new(), keys.span),
    };
    let doc = doc(cx, keys, &name);
    let meta = Meta {
        doc,
        since: since(cx, keys, owner),
        deprecated: keys
            .get("deprecated")
            .and_then(|node| words(cx, node, "`deprecated`"))
            .map(str::to_owned),
        was: keys.get("was").and_then(|node| was(cx, node, style)),
        allow: allow.iter().map(|code| code.as_str().to_owned()).collect(),
        name,
        span,
    };
    cx.leave(mark);
    meta
}

/// The lints that an item's `allow` names.
pub(super) fn allow(cx: &mut Cx, keys: &Keys<'_>) -> Vec<Code> {
    let mut allowed = Vec::new();
    for node in keys.list(cx, "allow") {
        let Some(name) = text(cx, node) else { continue };
        match Code::from_text(name).filter(|code| code.severity() == Severity::Warning) {
            Some(code) => allowed.push(code),
            None => {
                let lints = Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
                let help = match Code::from_text(name) {
                    Some(_) => Some("a mistake cannot be allowed, only a lint (`L...`) can".into()),
                    None => did_you_mean(name, lints.map(|code| code.as_str())),
                };
                cx.report(
                    Diagnostic::new(
                        Code::UnknownLint,
                        node.span,
                        format!("there is no lint `{name}`"),
                        "",
                    )
                    .maybe_help(help),
                );
            }
        }
    }
    allowed
}

fn doc(cx: &mut Cx, keys: &Keys<'_>, name: &str) -> String {
    let entry = keys.entry("doc");
    let written = entry.and_then(|entry| text(cx, &entry.value)).unwrap_or_default();
    // A value of the wrong kind was reported, and is no missing one.
    let absent = entry.is_none_or(|entry| matches!(entry.value.kind, Kind::Str(_)));
    if absent && written.trim().is_empty() {
        cx.report(
            Diagnostic::new(
                Code::MissingDoc,
                keys.get("name").map_or(keys.span, |node| node.span),
                format!("`{name}` has no `doc`"),
                "",
            )
            .help("say in a sentence what it is for: `doc: \"...\"`"),
        );
    }
    let (Some(entry), doc) = (entry, written.to_owned()) else { return String::new() };
    if let Some(reason) = doctest(&doc) {
        cx.report(
            Diagnostic::new(
                Code::Doctest,
                entry.value.span,
                "Rust would compile a part of this text as an example",
                reason,
            )
            .help("mark the code fence (```` ```text ````), or indent by less than four spaces"),
        );
    }
    doc
}

/// Why `cargo test` would take a part of the text for an example.
fn doctest(doc: &str) -> Option<&'static str> {
    let mut fenced = false;
    // Markdown takes an indented line for code only where no paragraph goes on into it.
    let mut blank = true;
    for line in doc.lines() {
        let trimmed = line.trim_start();
        if let Some(language) = trimmed.strip_prefix("```").or(trimmed.strip_prefix("~~~")) {
            let language = language.trim();
            let rust = language.split([',', ' ']).all(|word| {
                word.is_empty()
                    || word == "rust"
                    || word.starts_with("should_panic")
                    || word.starts_with("no_run")
                    || word.starts_with("compile_fail")
                    || word.starts_with("edition")
            });
            if !fenced && rust {
                return Some("a code fence without a language");
            }
            fenced = !fenced;
        } else if !fenced && blank && !trimmed.is_empty() && is_indented(line) {
            return Some("a line indented by four spaces");
        }
        blank = trimmed.is_empty();
    }
    None
}

fn is_indented(line: &str) -> bool {
    line.starts_with("    ") || line.starts_with('\t')
}

/// The version that the item appeared in: as stated, or its owner's.
fn since(cx: &mut Cx, keys: &Keys<'_>, owner: Option<&Meta>) -> u32 {
    let inherited = owner.map_or(1, |owner| owner.since);
    let Some(node) = keys.get("since") else { return inherited };
    let Some(since) = unsigned(cx, node, 1, u32::MAX) else { return inherited };
    match cx.version {
        Some(version) if since > version => cx.report(
            Diagnostic::new(
                Code::SinceUnknown,
                node.span,
                format!("the protocol has not come to version {since}"),
                "",
            )
            .help(format!("its version is {version}: write `since: {version}`, or raise the protocol's `version`")),
        ),
        _ => {}
    }
    if let Some(owner) = owner.filter(|owner| since < owner.since) {
        cx.report(
            Diagnostic::new(
                Code::OlderThanOwner,
                node.span,
                format!("this is older than `{}`, which contains it", owner.name),
                format!("since {since}"),
            )
            .also(owner.span, format!("since {}", owner.since)),
        );
    }
    since
}

fn was(cx: &mut Cx, node: &Node, style: Style) -> Option<String> {
    let name = text(cx, node)?;
    names::check(cx, name, node.span, style);
    Some(name.to_owned())
}

/// Reports names that occur twice among siblings, reserved ones, and a `was` that still exists.
pub(super) fn distinct<'m>(
    cx: &mut Cx,
    metas: impl Iterator<Item = &'m Meta> + Clone,
    reserved: &[Reserved<String>],
) {
    // Case does not count: `Ab` and `AB` are one constant in the generated code.
    let mut first: HashMap<String, &Meta> = HashMap::new();
    for meta in metas.clone().filter(|meta| !meta.name.is_empty()) {
        let key = meta.name.to_ascii_lowercase();
        match first.get(&key) {
            Some(first) if first.name == meta.name => {
                cx.report(duplicate(&meta.name, meta.span, first.span));
            }
            Some(first) => cx.report(
                duplicate(&meta.name, meta.span, first.span).help("a difference in case is none"),
            ),
            None => {
                first.insert(key, meta);
            }
        }
        if let Some(reserved) = reserved.iter().find(|reserved| reserved.value == meta.name) {
            cx.report(self::reserved(meta, reserved.span));
        }
    }
    for meta in metas {
        let Some(was) = meta.was.as_deref() else { continue };
        let still = first.get(&was.to_ascii_lowercase()).filter(|still| still.name == was);
        if let Some(still) = still {
            cx.report(still_here(meta, still.span));
        }
    }
}

pub(super) fn duplicate(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateName,
        span,
        format!("the name `{name}` is used twice"),
        "again here",
    )
    .also(first, "first used here")
}

pub(super) fn reserved(meta: &Meta, reserved: Span) -> Diagnostic {
    Diagnostic::new(
        Code::ReservedName,
        meta.span,
        format!("the name `{}` is reserved", meta.name),
        "used here",
    )
    .also(reserved, "reserved here")
    .help("choose another name: an old spec gives this one another meaning")
}

pub(super) fn still_here(meta: &Meta, span: Span) -> Diagnostic {
    let was = meta.was.as_deref().unwrap_or_default();
    Diagnostic::new(
        Code::WasStillHere,
        meta.span,
        format!("`{}` was `{was}`, but `{was}` is still here", meta.name),
        "renamed here",
    )
    .also(span, "still declared here")
    .help("remove `was`, or the item that has the old name")
}

/// The names of a `reserved_names` list.
pub(super) fn reserved_names(cx: &mut Cx, keys: &Keys<'_>) -> Vec<Reserved<String>> {
    let mut reserved: Vec<Reserved<String>> = Vec::new();
    let Some(nodes) = keys.get("reserved_names").and_then(|node| list(cx, node)) else {
        return reserved;
    };
    for node in nodes {
        let Some(name) = text(cx, node) else { continue };
        if let Some(first) = reserved.iter().find(|first| first.value == name) {
            cx.report(reserved_twice(name, node.span, first.span));
            continue;
        }
        reserved.push(Reserved { value: name.to_owned(), span: node.span });
    }
    reserved
}

pub(super) fn reserved_twice(what: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::ReservedTwice, span, format!("`{what}` is reserved twice"), "again here")
        .also(first, "first reserved here")
}

#[cfg(test)]
mod tests {
    use super::doctest;

    #[test]
    fn finds_what_rustdoc_would_compile() {
        let check = |doc: &str, expect: bool| assert_eq!(doctest(doc).is_some(), expect, "{doc:?}");
        check("Plain `code` in a sentence.", false);
        check("```\nlet x = 1;\n```", true);
        check("```rust\nlet x = 1;\n```", true);
        check("```text\n0102\n```", false);
        check("```text\n    indented\n```\nand on", false);
        check("First.\n\n    indented", true);
        check("First line\n    goes on", false);
        check("    from the start", true);
        check("```ignore\nx\n```", false);
    }
}
