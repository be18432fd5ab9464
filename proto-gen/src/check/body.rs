//! Head and tail: the fields of a message, a struct, a variant.

use super::constraint;
use super::cx::Cx;
use super::ids::{self, Id};
use super::keys::{Keys, Shape, choice};
use super::meta;
use super::names::Style;
use super::types::{self, User};
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::Node;
use crate::schema::{Body, Field, Meta, Span, TailField, Ty, TypeId, UnknownPolicy};

pub(super) const FIELD: Shape = Shape {
    name: "Field",
    keys: &[
        "name",
        "ty",
        "doc",
        "range",
        "non_empty",
        "lengths",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const TAIL_FIELD: Shape = Shape {
    name: "Field",
    keys: &[
        "id",
        "name",
        "ty",
        "doc",
        "range",
        "non_empty",
        "lengths",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

/// Whose fields they are.
pub(super) struct Owner<'m> {
    pub(super) meta: &'m Meta,
    /// The type; a message is none.
    pub(super) id: Option<TypeId>,
    /// Whether it can never have a tail.
    pub(super) frozen: bool,
    /// A field that is there without being written, and what demands it.
    pub(super) generated: Option<(Field, Span)>,
}

/// A body as far as it could be read.
pub(super) struct BodyDraft {
    pub(super) body: Body,
    /// Every field's type and where it stands, in the order of head, then tail.
    pub(super) uses: Vec<Use>,
    /// Whether nothing is missing.
    pub(super) whole: bool,
}

/// A field's type and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) ty: Ty,
    pub(super) span: Span,
}

/// Reads `fields`, `tail`, `unknown` and the reservations of an item.
pub(super) fn read(cx: &mut Cx, keys: &Keys<'_>, owner: &Owner<'_>) -> BodyDraft {
    if owner.frozen {
        frozen(cx, keys);
    }
    let mut draft = BodyDraft { body: Body::default(), uses: Vec::new(), whole: true };
    if let Some((field, _)) = &owner.generated {
        draft.uses.push(Use { ty: field.ty.clone(), span: owner.meta.span });
        draft.body.head.push(field.clone());
    }
    let fields = match keys.require(cx, "fields", "[]") {
        Some(node) => super::keys::list(cx, node),
        None => None,
    };
    draft.whole &= fields.is_some();
    for node in fields.unwrap_or_default() {
        head_field(cx, node, owner, &mut draft);
    }
    if !owner.frozen {
        tail(cx, keys, owner, &mut draft);
        if let Some(node) = keys.get("unknown") {
            let choices = [("Skip", UnknownPolicy::Skip), ("Retain", UnknownPolicy::Retain)];
            draft.body.unknown = choice(cx, node, &choices).unwrap_or_default();
        }
    }
    draft.body.reserved_names = meta::reserved_names(cx, keys);
    names(cx, owner, &draft.body);
    draft
}

fn frozen(cx: &mut Cx, keys: &Keys<'_>) {
    for key in ["tail", "unknown", "reserved_ids"] {
        if let Some(entry) = keys.entry(key) {
            cx.report(
                Diagnostic::new(
                    Code::FrozenTail,
                    entry.key.span,
                    "a frozen struct has no tail",
                    format!("`{key}` belongs to a tail"),
                )
                .also(keys.span, "not extensible")
                .help("write `extensible: U16`, if nothing was released that contains it"),
            );
        }
    }
}

fn head_field(cx: &mut Cx, node: &Node, owner: &Owner<'_>, draft: &mut BodyDraft) {
    let Some(keys) = Keys::open(cx, node, &FIELD) else {
        draft.whole = false;
        return;
    };
    let Some(field) = field(cx, &keys, owner, draft) else { return };
    if field.meta.since > owner.meta.since {
        let span = keys.get("since").map_or(field.meta.span, |node| node.span);
        let help = match owner.frozen {
            true => "a frozen struct never changes: declare another one",
            false => "a new field is optional: move it to `tail: [...]`, with an id",
        };
        cx.report(
            Diagnostic::new(
                Code::NewRequiredField,
                span,
                format!("`{}` is required, yet newer than `{}`", field.meta.name, owner.meta.name),
                format!("since {}", field.meta.since),
            )
            .also(owner.meta.span, format!("since {}", owner.meta.since))
            .help(help),
        );
    }
    draft.body.head.push(field);
}

/// Reads what head and tail fields have in common.
fn field(cx: &mut Cx, keys: &Keys<'_>, owner: &Owner<'_>, draft: &mut BodyDraft) -> Option<Field> {
    let meta = meta::read(cx, keys, Style::Field, Some(owner.meta));
    let mark = cx.enter_meta(&meta);
    let user = User {
        owner: owner.id,
        since: meta.since,
        deprecated: meta.deprecated.is_some() || owner.meta.deprecated.is_some(),
    };
    let ty_node = keys.require(cx, "ty", "U32");
    let ty = ty_node.and_then(|node| types::read(cx, node, user));
    let constraint = constraint::read(cx, keys, ty.as_ref());
    cx.leave(mark);
    let (Some(ty), Some(node)) = (ty, ty_node) else {
        draft.whole = false;
        return None;
    };
    draft.uses.push(Use { ty: ty.clone(), span: node.span });
    Some(Field { meta, ty, constraint })
}

fn tail(cx: &mut Cx, keys: &Keys<'_>, owner: &Owner<'_>, draft: &mut BodyDraft) {
    let mut read: Vec<Id<u16>> = Vec::new();
    if keys.entry("tail").is_some_and(|entry| entry.value.is_broken()) {
        draft.whole = false;
    }
    for node in keys.list(cx, "tail") {
        let Some(keys) = Keys::open(cx, node, &TAIL_FIELD) else {
            draft.whole = false;
            continue;
        };
        let id = keys
            .require(cx, "id", "1")
            .and_then(|node| ids::read::<u16>(cx, node, "a tail id", u16::MAX.into()));
        let Some(field) = field(cx, &keys, owner, draft) else { continue };
        if matches!(field.ty, Ty::Opt(_)) {
            let span = keys.get("ty").map_or(field.meta.span, |node| node.span);
            cx.report(
                Diagnostic::new(
                    Code::OptionalTail,
                    span,
                    "a tail field is optional already",
                    "an `Opt` in it would say so twice",
                )
                .help("write the type alone"),
            );
        }
        let mark = cx.enter_meta(&field.meta);
        if let Some(id) = id {
            ids::private(cx, &[id]);
            if id.value == 0 {
                cx.report(
                    Diagnostic::new(Code::TailIdZero, id.span, "tail id 0 is never used", "")
                        .help("ids begin at 1; even ones are critical, odd ones may be skipped"),
                );
            }
            read.push(id);
            draft.body.tail.push(TailField { id: id.value, field });
        } else {
            draft.whole = false;
        }
        cx.leave(mark);
    }
    let reserved = ids::reserved::<u16>(cx, keys, u16::MAX.into());
    ids::distinct(cx, "tail id", &read, &reserved);
    ids::style(cx, "tail id", &read);
    ids::gaps(cx, "tail id", &read, &reserved);
    draft.body.tail.sort_by_key(|field| field.id);
    draft.body.reserved_ids = reserved;
}

/// Field names are unique in head and tail together, and leave the generated ones alone.
fn names(cx: &mut Cx, owner: &Owner<'_>, body: &Body) {
    let written = if owner.generated.is_some() { &body.head[1..] } else { &body.head[..] };
    let metas = written.iter().map(|f| &f.meta).chain(body.tail.iter().map(|f| &f.field.meta));
    meta::distinct(cx, metas.clone(), &body.reserved_names);
    for meta in metas {
        if let Some((field, span)) = &owner.generated
            && field.meta.name == meta.name
        {
            cx.report(
                generated(meta, "a call's messages begin with a field of this name")
                    .also(*span, "the call"),
            );
        }
        if body.unknown == UnknownPolicy::Retain && meta.name == "retained" {
            cx.report(generated(meta, "`unknown: Retain` keeps what it retains under this name"));
        }
    }
}

fn generated(meta: &Meta, label: &str) -> Diagnostic {
    Diagnostic::new(
        Code::GeneratedName,
        meta.span,
        format!("the generated code has a `{}` of its own", meta.name),
        label,
    )
    .help("choose another name")
}
