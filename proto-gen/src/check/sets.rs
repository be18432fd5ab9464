//! Sets, their messages, and the calls between them.

use std::collections::{HashMap, HashSet};

use super::body::{self, Owner, Use};
use super::cx::{Cx, What};
use super::ids::{self, Id};
use super::items::max_len;
use super::keys::{Keys, Shape, text};
use super::meta;
use super::names::Style;
use super::suggest::did_you_mean;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{Kind, Node};
use crate::schema::{Enum, FIRST_FREE_ID, Field, Int, Message, Meta, Pair, Set, Size, Span, Ty};

pub(super) const SET: Shape = Shape {
    name: "Set",
    keys: &["name", "doc", "messages", "calls", "since", "deprecated", "was", "allow"],
};

pub(super) const MESSAGE: Shape = Shape {
    name: "Message",
    keys: &[
        "id",
        "name",
        "doc",
        "fields",
        "tail",
        "from",
        "max_len",
        "unknown",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const CALL: Shape = Shape { name: "Call", keys: &["request", "response"] };

/// What messages refer to outside of their set.
pub(super) struct Outside<'o> {
    /// Whether the protocol is netport itself, and may use its ids.
    pub(super) netport: bool,
    /// The enum that `from` names values of.
    pub(super) roles: Roles<'o>,
}

#[derive(Clone, Copy)]
pub(super) enum Roles<'o> {
    /// The protocol has none.
    None,
    /// It has, but they could not be read.
    Broken,
    Enum(&'o Meta, &'o Enum),
}

/// A set as far as it could be read.
pub(super) struct SetDraft {
    pub(super) set: Set,
    /// One for each of the set's messages.
    pub(super) drafts: Vec<MessageDraft>,
}

/// What a message's checks need besides the message.
pub(super) struct MessageDraft {
    pub(super) id: Id<u16>,
    pub(super) uses: Vec<Use>,
    pub(super) max_len: Option<Span>,
    /// Whether a costly decode is accepted.
    pub(super) amplification_allowed: bool,
    pub(super) whole: bool,
}

struct Call<'t> {
    span: Span,
    request: &'t str,
    response: &'t str,
}

pub(super) fn read(cx: &mut Cx, node: &Node, outside: &Outside<'_>) -> Option<SetDraft> {
    let keys = Keys::open(cx, node, &SET)?;
    let meta = meta::read(cx, &keys, Style::Type, None);
    let mark = cx.enter_meta(&meta);
    let nodes = keys.require(cx, "messages", "[]").and_then(|node| super::keys::list(cx, node));
    let nodes = nodes.unwrap_or_default();
    let calls = calls(cx, &keys, nodes);
    let halves: HashMap<&str, &Call<'_>> =
        calls.iter().flat_map(|call| [(call.request, call), (call.response, call)]).collect();
    let (mut messages, mut drafts) = (Vec::new(), Vec::new());
    for node in nodes {
        if let Some((message, draft)) = message(cx, node, &meta, &halves, outside) {
            messages.push(message);
            drafts.push(draft);
        }
    }
    let ids: Vec<Id<u16>> = drafts.iter().map(|draft| draft.id).collect();
    ids::style(cx, "id", &ids);
    cx.leave(mark);
    pair(&mut messages, &calls);
    Some(SetDraft { set: Set { meta, messages }, drafts })
}

/// The `name` of an item that was not opened yet.
pub(super) fn name_of(node: &Node) -> Option<(&str, Span)> {
    let Kind::Struct(Some(_), entries) = &node.kind else { return None };
    let entry = entries.iter().find(|entry| entry.key.text == "name")?;
    match &entry.value.kind {
        Kind::Str(name) if !name.is_empty() => Some((name, entry.value.span)),
        _ => None,
    }
}

fn calls<'t>(cx: &mut Cx, keys: &Keys<'t>, messages: &[Node]) -> Vec<Call<'t>> {
    let mut calls: Vec<Call<'t>> = Vec::new();
    let names: HashSet<&str> = messages.iter().filter_map(name_of).map(|(name, _)| name).collect();
    let nameless = messages.iter().any(|message| name_of(message).is_none());
    let mut used: HashMap<&str, Span> = HashMap::new();
    for node in keys.list(cx, "calls") {
        let Some(keys) = Keys::open(cx, node, &CALL) else { continue };
        let mut half = |key| {
            let node = keys.require(cx, key, "\"...\"")?;
            let name = text(cx, node)?;
            if !names.contains(name) {
                // One whose name could not be read may be the one that is meant.
                if !nameless {
                    unknown_message(cx, name, node.span, &names);
                }
                return None;
            }
            if let Some(first) = used.get(name) {
                cx.report(
                    Diagnostic::new(
                        Code::TwoCalls,
                        node.span,
                        format!("`{name}` is in two calls"),
                        "again here",
                    )
                    .also(*first, "first used here")
                    .help("a message is one half of one call; give each call messages of its own"),
                );
                return None;
            }
            used.insert(name, node.span);
            Some(name)
        };
        let (request, response) = (half("request"), half("response"));
        if let (Some(request), Some(response)) = (request, response) {
            calls.push(Call { span: keys.span, request, response });
        }
    }
    calls
}

fn unknown_message(cx: &mut Cx, name: &str, span: Span, names: &HashSet<&str>) {
    let elsewhere = cx.names.get(name).filter(|named| named.what == What::Message).map(|n| n.span);
    let diagnostic = Diagnostic::new(
        Code::UnknownMessage,
        span,
        format!("this set has no message `{name}`"),
        "",
    );
    let mut candidates: Vec<&str> = names.iter().copied().collect();
    candidates.sort_unstable();
    cx.report(match elsewhere {
        Some(elsewhere) => diagnostic
            .also(elsewhere, "this one is in another set")
            .help("both halves of a call are in the set that declares it"),
        None => diagnostic.maybe_help(did_you_mean(name, candidates)),
    });
}

/// Links the two halves of every call by their ids.
fn pair(messages: &mut [Message], calls: &[Call<'_>]) {
    let at: HashMap<String, usize> =
        messages.iter().enumerate().map(|(at, message)| (message.meta.name.clone(), at)).collect();
    for call in calls {
        let (Some(&request), Some(&response)) = (at.get(call.request), at.get(call.response))
        else {
            // A half that could not be read was reported.
            continue;
        };
        messages[request].pair = Some(Pair::RequestOf(messages[response].id));
        messages[response].pair = Some(Pair::ResponseTo(messages[request].id));
    }
}

fn message(
    cx: &mut Cx,
    node: &Node,
    set: &Meta,
    calls: &HashMap<&str, &Call<'_>>,
    outside: &Outside<'_>,
) -> Option<(Message, MessageDraft)> {
    let keys = Keys::open(cx, node, &MESSAGE)?;
    let meta = meta::read(cx, &keys, Style::Type, Some(set));
    let mark = cx.enter_meta(&meta);
    let id = keys
        .require(cx, "id", "0x0102")
        .and_then(|node| ids::read::<u16>(cx, node, "a message id", u16::MAX.into()));
    if let Some(id) = id {
        ids::private(cx, &[id]);
        if id.value < FIRST_FREE_ID && !outside.netport {
            cx.report(
                Diagnostic::new(
                    Code::NetportId,
                    id.span,
                    format!("{} belongs to netport's own messages", ids::show(&id)),
                    "",
                )
                .help("ids of other protocols begin at 0x0100"),
            );
        }
    }
    let (max_len, max_len_span) = max_len(cx, &keys);
    let generated = calls.get(meta.name.as_str()).map(|call| (call_field(&meta, call), call.span));
    let owner = Owner { meta: &meta, id: None, frozen: false, generated };
    let body = body::read(cx, &keys, &owner);
    let from = from(cx, &keys, outside);
    let amplification_allowed = cx.is_allowed(Code::Amplification);
    cx.leave(mark);
    let id = id?;
    let draft = MessageDraft {
        id,
        uses: body.uses,
        max_len: max_len_span,
        amplification_allowed,
        whole: body.whole,
    };
    let message = Message {
        meta,
        id: id.value,
        body: body.body,
        max_len,
        from,
        pair: None,
        size: Size::default(),
        amplification: 0,
    };
    Some((message, draft))
}

/// The first field of both halves of a call.
fn call_field(message: &Meta, call: &Call<'_>) -> Field {
    let doc = if message.name == call.request {
        "The call's number: comes back in the response."
    } else {
        "The request's call number."
    };
    let meta = Meta {
        name: "call".into(),
        doc: doc.into(),
        since: message.since,
        span: call.span,
        ..Meta::default()
    };
    Field { meta, ty: Ty::Int(Int::U32), constraint: None }
}

/// The roles that may send a message, as numbers.
fn from(cx: &mut Cx, keys: &Keys<'_>, outside: &Outside<'_>) -> Vec<u32> {
    let Some(entry) = keys.entry("from") else { return Vec::new() };
    let (meta, roles) = match outside.roles {
        Roles::Enum(meta, roles) => (meta, roles),
        Roles::Broken => return Vec::new(),
        Roles::None => {
            cx.report(
                Diagnostic::new(
                    Code::NoRoles,
                    entry.key.span,
                    "`from` names roles, but the protocol has none",
                    "",
                )
                .help("name the enum of roles in the protocol: `roles: \"Role\"`"),
            );
            return Vec::new();
        }
    };
    let mut from = Vec::new();
    for node in keys.list(cx, "from") {
        let Kind::Name(name) = &node.kind else {
            if !node.is_broken() {
                cx.report(
                    Diagnostic::new(
                        Code::WrongValue,
                        node.span,
                        format!("expected a role, found {}", node.describe()),
                        "",
                    )
                    .help(format!("write a value of `{}` without quotes", meta.name)),
                );
            }
            continue;
        };
        match roles.values.iter().find(|value| value.meta.name == *name) {
            Some(value) if !from.contains(&value.value) => from.push(value.value),
            Some(_) => cx.report(Diagnostic::new(
                Code::DuplicateName,
                node.span,
                format!("`{name}` is listed twice"),
                "",
            )),
            None => {
                let known = roles.values.iter().map(|value| value.meta.name.as_str());
                cx.report(
                    Diagnostic::new(
                        Code::UnknownRole,
                        node.span,
                        format!("there is no role `{name}`"),
                        "",
                    )
                    .also(meta.span, "the roles are the values of this enum")
                    .maybe_help(did_you_mean(name, known)),
                );
            }
        }
    }
    from
}
