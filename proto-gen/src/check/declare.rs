//! Collects every name before anything is read, so that the order of declarations does not matter.

use super::cx::{Cx, Kind, Named, What};
use super::keys::Keys;
use super::meta::duplicate;
use super::sets::name_of;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{self, Node};
use crate::schema::{Span, TypeId};

/// The declarations of all files.
#[derive(Default)]
pub(super) struct Declared<'t> {
    /// Types, by `TypeId`.
    pub(super) types: Vec<(&'t Node, Kind)>,
    pub(super) constants: Vec<&'t Node>,
    pub(super) sets: Vec<&'t Node>,
}

/// Collects what one file declares.
pub(super) fn file<'t>(cx: &mut Cx, keys: &Keys<'t>, sets: bool, declared: &mut Declared<'t>) {
    // What cannot be read may have declared the names that others then seem to lack.
    cx.names_incomplete |= keys.has_unknown();
    for key in ["enums", "flags", "structs", "unions", "constants", "sets", "include"] {
        if sets || key != "sets" {
            let list = keys.entry(key).map(|entry| &entry.value.kind);
            cx.names_incomplete |= list.is_some_and(|kind| !matches!(kind, parse::Kind::List(_)));
        }
    }
    let groups = [
        ("enums", Kind::Enum),
        ("flags", Kind::Flags),
        ("structs", Kind::Struct),
        ("unions", Kind::Union),
    ];
    for (key, kind) in groups {
        for node in keys.list(cx, key) {
            let id = TypeId(declared.types.len());
            declared.types.push((node, kind));
            cx.kinds.push(kind);
            name(cx, node, What::Type(id));
        }
    }
    for node in keys.list(cx, "constants") {
        declared.constants.push(node);
        name(cx, node, What::Constant);
    }
    if !sets {
        return;
    }
    for node in keys.list(cx, "sets") {
        declared.sets.push(node);
        name(cx, node, What::Set);
        let parse::Kind::Struct(_, entries) = &node.kind else { continue };
        let messages = entries.iter().find(|entry| entry.key.text == "messages");
        match messages.map(|entry| &entry.value.kind) {
            Some(parse::Kind::List(messages)) => {
                for message in messages {
                    name(cx, message, What::Message);
                }
            }
            _ => cx.names_incomplete = true,
        }
    }
}

fn name(cx: &mut Cx, node: &Node, what: What) {
    let Some((name, span)) = name_of(node) else {
        cx.names_incomplete = true;
        return;
    };
    if let Some(first) = cx.names.get(name) {
        let first = first.span;
        cx.report(
            duplicate(name, span, first)
                .help("types, messages, sets and constants share one name space, in all files"),
        );
        return;
    }
    cx.names.insert(name.to_owned(), Named { what, span });
}

/// Reports names that the generated code derives from other names.
pub(super) fn generated_names(cx: &mut Cx) {
    let derived = |name: &str| {
        name.strip_suffix("Ref").or_else(|| name.strip_prefix("Unknown")).map(str::to_owned)
    };
    let mut clashes: Vec<(String, Span, Span)> = cx
        .names
        .iter()
        .filter_map(|(name, named)| {
            let origin = cx.names.get(&derived(name)?)?;
            (origin.what != What::Constant).then(|| (name.clone(), named.span, origin.span))
        })
        .collect();
    clashes.sort_by_key(|(_, span, _)| (span.file, span.start));
    for (name, span, origin) in clashes {
        cx.report(
            Diagnostic::new(
                Code::GeneratedName,
                span,
                format!("the generated code has a `{name}` of its own"),
                "",
            )
            .also(origin, "generated for this")
            .help("choose another name"),
        );
    }
}
