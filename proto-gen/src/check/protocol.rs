//! The whole: protocol, included files, and the schema that comes out.

use super::cx::{Cx, Kind, Mention, What};
use super::declare::{self, Declared};
use super::files::Files;
use super::items::{self, Draft};
use super::keys::{Keys, Shape, text, unsigned, words};
use super::memory::Memory;
use super::meta;
use super::names::{self, Style};
use super::order::{self, Order};
use super::sets::{self, Outside, Roles, SetDraft};
use super::suggest::did_you_mean;
use super::{constant, ids, size};
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{self, Node};
use crate::schema::{
    Constant, Enum, Meta, Reserved, Schema, Size, Span, TypeDef, TypeId, TypeKind, Waiver,
};

pub(super) const PROTOCOL: Shape = Shape {
    name: "Protocol",
    keys: &[
        "name",
        "version",
        "doc",
        "roles",
        "include",
        "constants",
        "enums",
        "flags",
        "structs",
        "unions",
        "sets",
        "reserved_ids",
        "reserved_names",
        "waivers",
        "allow",
    ],
};

pub(super) const TYPES: Shape = Shape {
    name: "Types",
    keys: &["doc", "include", "constants", "enums", "flags", "structs", "unions", "allow"],
};

pub(super) const WAIVER: Shape = Shape { name: "Waiver", keys: &["rule", "item", "reason"] };

/// Memory per received byte from which a message deserves a second thought.
const AMPLIFICATION_LINT: u32 = 64;

/// Reads everything. The schema means something only if nothing was reported as a mistake.
pub(super) fn check(cx: &mut Cx, files: &Files) -> Option<Schema> {
    let mut trees = files.trees.iter();
    let root = trees.next()?.as_ref();
    let keys = root.and_then(|root| Keys::open(cx, root, &PROTOCOL));
    cx.names_incomplete |= keys.is_none();
    let mut declared = Declared::default();
    if let Some(keys) = &keys {
        cx.version = keys.require(cx, "version", "1").and_then(|node| version(cx, node));
        declare::file(cx, keys, true, &mut declared);
    }
    for tree in trees.flatten() {
        match included(cx, tree) {
            Some(keys) => declare::file(cx, &keys, false, &mut declared),
            None => cx.names_incomplete = true,
        }
    }
    let keys = keys?;
    let allow = meta::allow(cx, &keys);
    let mark = cx.enter(&allow);
    declare::generated_names(cx);
    let schema = read(cx, &keys, &declared, files);
    cx.leave(mark);
    schema
}

fn included<'t>(cx: &mut Cx, tree: &'t Node) -> Option<Keys<'t>> {
    if let parse::Kind::Struct(Some(name), _) = &tree.kind
        && name.text == PROTOCOL.name
    {
        cx.report(
            Diagnostic::new(
                Code::NotAnInclude,
                name.span,
                "a protocol cannot be included in another",
                "",
            )
            .help("move the types that both need to a file of their own: `Types(structs: [...])`"),
        );
        return None;
    }
    Keys::open(cx, tree, &TYPES)
}

fn read(cx: &mut Cx, keys: &Keys<'_>, declared: &Declared<'_>, files: &Files) -> Option<Schema> {
    let (name, doc) = head(cx, keys);
    let reserved_ids = ids::reserved::<u16>(cx, keys, u16::MAX.into());
    let reserved_names = meta::reserved_names(cx, keys);
    let constants: Vec<Constant> =
        declared.constants.iter().filter_map(|node| constant::read(cx, node)).collect();
    let mut drafts: Vec<Draft> = Vec::with_capacity(declared.types.len());
    for (at, (node, kind)) in declared.types.iter().enumerate() {
        let draft = items::read(cx, node, *kind, TypeId(at));
        drafts.push(draft.unwrap_or_else(missing));
    }
    let role_enum = roles(cx, keys);
    let roles = match role_enum {
        None => Roles::None,
        Some(None) => Roles::Broken,
        Some(Some(id)) => match &drafts[id.0].def {
            TypeDef { meta, kind: TypeKind::Enum(roles), .. } if drafts[id.0].whole => {
                Roles::Enum(meta, roles)
            }
            _ => Roles::Broken,
        },
    };
    if let Roles::Enum(_, roles) = roles {
        endpoints(cx, roles);
    }
    let outside = Outside { netport: name == "netport", roles };
    let mut sets: Vec<SetDraft> =
        declared.sets.iter().filter_map(|node| sets::read(cx, node, &outside)).collect();
    let waivers = waivers(cx, keys);

    all_ids(cx, &sets, &reserved_ids);
    all_names(cx, &drafts, &constants, &sets, &reserved_names);
    versions(cx, &drafts);
    let order = order::sort(cx, &drafts);
    size::measure(cx, &mut drafts, &order, &mut sets);
    if cx.found.iter().any(|found| found.code.severity() == crate::diagnostics::Severity::Error) {
        return None;
    }
    let costs: Vec<Vec<bool>> = sets
        .iter()
        .map(|set| set.drafts.iter().map(|draft| draft.amplification_allowed).collect())
        .collect();
    let mut schema = Schema {
        name,
        version: cx.version?,
        doc,
        roles: role_enum.flatten(),
        constants,
        types: Vec::new(),
        sets: sets.into_iter().map(|draft| draft.set).collect(),
        reserved_ids,
        reserved_names,
        waivers,
        files: files.sources.iter().map(|source| source.path.clone()).collect(),
    };
    assemble(&mut schema, drafts, &order);
    amplifications(cx, &mut schema, &costs);
    Some(schema)
}

fn version(cx: &mut Cx, node: &Node) -> Option<u32> {
    match &node.kind {
        parse::Kind::Int(_) => unsigned(cx, node, 1, u32::MAX),
        _ => {
            let message = format!("expected a number, found {}", node.describe());
            cx.report(
                Diagnostic::new(Code::WrongValue, node.span, message, "")
                    .help("write `version: 1`: a whole number, which grows with each release"),
            );
            None
        }
    }
}

/// The protocol's own name and doc.
fn head(cx: &mut Cx, keys: &Keys<'_>) -> (String, String) {
    let name = keys.require(cx, "name", "\"my_protocol\"").and_then(|node| {
        let name = text(cx, node)?;
        names::check(cx, name, node.span, Style::Field);
        Some(name.to_owned())
    });
    if keys.entry("doc").is_none() {
        cx.report(
            Diagnostic::new(Code::MissingDoc, keys.span, "the protocol has no `doc`", "")
                .help("say in a sentence what it is for: `doc: \"...\"`"),
        );
    }
    let doc = keys.get("doc").and_then(|node| text(cx, node)).unwrap_or_default().to_owned();
    (name.unwrap_or_default(), doc)
}

/// Stands for a type that could not be read.
fn missing() -> Draft {
    Draft {
        def: TypeDef {
            meta: Meta::default(),
            kind: TypeKind::Struct(crate::schema::Struct {
                extensible: None,
                body: crate::schema::Body::default(),
            }),
            size: Size::default(),
        },
        uses: Vec::new(),
        max_len: None,
        whole: false,
    }
}

/// The enum of roles: none, or one that could not be found, or one.
fn roles(cx: &mut Cx, keys: &Keys<'_>) -> Option<Option<TypeId>> {
    let node = &keys.entry("roles")?.value;
    let Some(name) = text(cx, node) else { return Some(None) };
    match cx.names.get(name).map(|named| named.what) {
        Some(What::Type(id)) if cx.kinds[id.0] == Kind::Enum => return Some(Some(id)),
        None if cx.names_incomplete => return Some(None),
        _ => {}
    }
    let enums = cx
        .names
        .iter()
        .filter(|(_, named)| matches!(named.what, What::Type(id) if cx.kinds[id.0] == Kind::Enum));
    let mut enums: Vec<&str> = enums.map(|(name, _)| name.as_str()).collect();
    enums.sort_unstable();
    let help = did_you_mean(name, enums.iter().copied());
    let help = help.unwrap_or_else(|| "declare an enum with a value for each role".into());
    cx.report(
        Diagnostic::new(Code::RolesNotEnum, node.span, format!("there is no enum `{name}`"), "")
            .help(help),
    );
    Some(None)
}

/// Roles are what endpoints say in their `Hello`; there are two of them.
fn endpoints(cx: &mut Cx, roles: &Enum) {
    for role in roles.values.iter().filter(|role| !matches!(role.value, 1 | 2)) {
        cx.report(
            Diagnostic::new(
                Code::NoSuchEndpoint,
                role.meta.span,
                format!("no endpoint has the role {}, `{}`", role.value, role.meta.name),
                "could never send a message",
            )
            .help("an endpoint is 1, the server, or 2, a client: say in a field what else it is"),
        );
    }
}

fn waivers(cx: &mut Cx, keys: &Keys<'_>) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for node in keys.list(cx, "waivers") {
        let Some(keys) = Keys::open(cx, node, &WAIVER) else { continue };
        let mut read = |key: &str, example: &str| {
            let node = keys.require(cx, key, example)?;
            words(cx, node, &format!("`{key}`")).map(str::to_owned)
        };
        let (rule, item) = (read("rule", "\"...\""), read("item", "\"Greet.text\""));
        let reason = read("reason", "\"why it is acceptable\"");
        if let (Some(rule), Some(item), Some(reason)) = (rule, item, reason) {
            waivers.push(Waiver { rule, item, reason, span: keys.span });
        }
    }
    waivers
}

/// Message ids are one space across all sets.
fn all_ids(cx: &mut Cx, sets: &[SetDraft], reserved: &[Reserved<u16>]) {
    let ids: Vec<_> = sets.iter().flat_map(|set| &set.drafts).map(|draft| draft.id).collect();
    ids::distinct(cx, "message id", &ids, reserved);
}

/// Reserved names and `was` of everything in the protocol's one name space. Duplicates were
/// reported when the names were collected.
fn all_names(
    cx: &mut Cx,
    drafts: &[Draft],
    constants: &[Constant],
    sets: &[SetDraft],
    reserved: &[Reserved<String>],
) {
    let types = drafts.iter().map(|draft| &draft.def.meta);
    let constants = constants.iter().map(|constant| &constant.meta);
    let messages = sets.iter().flat_map(|set| set.set.messages.iter().map(|message| &message.meta));
    let sets = sets.iter().map(|set| &set.set.meta);
    let metas: Vec<&Meta> = types.chain(constants).chain(sets).chain(messages).collect();
    let by_name: std::collections::HashMap<&str, Span> =
        reserved.iter().map(|reserved| (reserved.value.as_str(), reserved.span)).collect();
    for meta in metas {
        if let Some(reserved) = by_name.get(meta.name.as_str()) {
            cx.report(meta::reserved(meta, *reserved));
        }
        let still = meta.was.as_deref().and_then(|was| cx.names.get(was)).map(|named| named.span);
        if let Some(span) = still {
            cx.report(meta::still_here(meta, span));
        }
    }
}

/// Reports types that are newer than their use, and lints deprecated ones in use.
fn versions(cx: &mut Cx, drafts: &[Draft]) {
    for mention in std::mem::take(&mut cx.mentions) {
        let Mention { target, span, since, deprecated, .. } = mention;
        let meta = &drafts[target.0].def.meta;
        if meta.since > since {
            cx.report(
                Diagnostic::new(
                    Code::TypeTooNew,
                    span,
                    format!("`{}` is newer than what uses it", meta.name),
                    format!("used since {since}"),
                )
                .also(meta.span, format!("here since {}", meta.since))
                .help("give the field a `since` that is not before its type's"),
            );
        }
        if let Some(reason) = meta.deprecated.as_deref().filter(|_| !deprecated) {
            cx.report(
                Diagnostic::new(
                    Code::DeprecatedUse,
                    span,
                    format!("`{}` is deprecated: {reason}", meta.name),
                    "used here",
                )
                .also(meta.span, "declared here"),
            );
        }
        cx.mentions.push(mention);
    }
}

/// Puts the types in their order, and rewrites every reference to them.
fn assemble(schema: &mut Schema, drafts: Vec<Draft>, order: &Order) {
    let mut new = vec![TypeId(0); drafts.len()];
    for (at, old) in order.order.iter().enumerate() {
        new[old.0] = TypeId(at);
    }
    let mut defs: Vec<(TypeId, TypeDef)> =
        drafts.into_iter().enumerate().map(|(old, draft)| (new[old], draft.def)).collect();
    defs.sort_by_key(|(id, _)| *id);
    schema.types = defs
        .into_iter()
        .map(|(_, mut def)| {
            order::renumber_type(&mut def.kind, &new);
            def
        })
        .collect();
    for set in &mut schema.sets {
        for message in &mut set.messages {
            order::renumber_body(&mut message.body, &new);
        }
    }
    schema.roles = schema.roles.map(|id| new[id.0]);
}

fn amplifications(cx: &mut Cx, schema: &mut Schema, allowed: &[Vec<bool>]) {
    let mut memory = Memory::new(schema);
    let costs: Vec<Vec<u32>> = schema
        .sets
        .iter()
        .map(|set| set.messages.iter().map(|message| memory.amplification(message)).collect())
        .collect();
    for ((set, costs), allowed) in schema.sets.iter_mut().zip(costs).zip(allowed) {
        for ((message, cost), allowed) in set.messages.iter_mut().zip(costs).zip(allowed) {
            message.amplification = cost;
            if cost > AMPLIFICATION_LINT && !allowed {
                cx.report(
                    Diagnostic::new(
                        Code::Amplification,
                        message.meta.span,
                        format!("a received byte of `{}` can cost {cost} bytes of memory", message.meta.name),
                        format!("more than {AMPLIFICATION_LINT}"),
                    )
                    .help("large optional fields are paid for even where they are absent: put them in a list, or narrow their bounds"),
                );
            }
        }
    }
}
