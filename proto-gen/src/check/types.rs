//! Type expressions: `U8`, `Str(64)`, `List(Peer, 10)`, or the name of a type.

use super::constant;
use super::cx::{Cx, Element, Kind as TypeKind, Mention, What};
use super::keys::grouped;
use super::names::BUILT_IN;
use super::number::INTS;
use super::suggest::did_you_mean;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{Kind, Node, foreign_type, foreign_word};
use crate::schema::{FloatWidth, Span, Ty, TypeId};

/// A bound from here on looks like none.
const HUGE_BOUND: u32 = 1 << 24;

/// Who contains the type that is read.
#[derive(Clone, Copy)]
pub(super) struct User {
    /// The type whose field it is; a message's field has none.
    pub(super) owner: Option<TypeId>,
    /// Spec version of the field.
    pub(super) since: u32,
    /// Whether the field or its owner is deprecated itself.
    pub(super) deprecated: bool,
}

/// Reads a type; `None` where it was reported.
pub(super) fn read(cx: &mut Cx, node: &Node, user: User) -> Option<Ty> {
    match &node.kind {
        Kind::Name(name) => word(cx, name, node.span, user),
        Kind::Tuple(Some(name), args) => {
            let args = Args { name: &name.text, span: node.span, args };
            applied(cx, &args, name.span, user)
        }
        Kind::Broken => None,
        Kind::Str(text) => {
            report_value(cx, node, Some(format!("a type is written without quotes: `{text}`")));
            None
        }
        _ => {
            report_value(cx, node, None);
            None
        }
    }
}

fn report_value(cx: &mut Cx, node: &Node, help: Option<String>) {
    cx.report(
        Diagnostic::new(
            Code::WrongValue,
            node.span,
            format!("expected a type, found {}", node.describe()),
            "",
        )
        .maybe_help(help),
    );
}

fn scalar(name: &str) -> Option<Ty> {
    if let Some((_, int)) = INTS.iter().find(|(known, _)| *known == name) {
        return Some(Ty::Int(*int));
    }
    Some(match name {
        "Bool" => Ty::Bool,
        "F32" => Ty::Float(FloatWidth::F32),
        "F64" => Ty::Float(FloatWidth::F64),
        "Ip" => Ty::Ip,
        "SocketAddr" => Ty::SocketAddr,
        "Uuid" => Ty::Uuid,
        "Duration" => Ty::Duration,
        "Timestamp" => Ty::Timestamp,
        _ => return None,
    })
}

/// How a type with arguments is written.
fn example(name: &str) -> Option<&'static str> {
    Some(match name {
        "Str" => "Str(64)",
        "Bytes" => "Bytes(1_024)",
        "List" => "List(U8, 10)",
        "Array" => "Array(U8, 4)",
        "Map" => "Map(Str(8), U32, 10)",
        "Opt" => "Opt(U8)",
        _ => return None,
    })
}

fn word(cx: &mut Cx, name: &str, span: Span, user: User) -> Option<Ty> {
    if let Some(ty) = scalar(name) {
        return Some(ty);
    }
    if let Some(example) = example(name) {
        cx.report(
            Diagnostic::new(Code::TypeArguments, span, format!("`{name}` lacks its arguments"), "")
                .help(format!("write for example `{example}`")),
        );
        return None;
    }
    named(cx, name, span, user).map(Ty::Named)
}

/// The named type behind a word.
pub(super) fn named(cx: &mut Cx, name: &str, span: Span, user: User) -> Option<TypeId> {
    match cx.names.get(name).copied() {
        Some(named) => match named.what {
            What::Type(target) => {
                let deprecated = user.deprecated || cx.is_allowed(Code::DeprecatedUse);
                let User { owner, since, .. } = user;
                cx.mentions.push(Mention { owner, target, span, since, deprecated });
                Some(target)
            }
            What::Message | What::Set | What::Constant => {
                let kind = match named.what {
                    What::Message => "a message",
                    What::Set => "a set",
                    _ => "a constant",
                };
                cx.report(
                    Diagnostic::new(
                        Code::NotAType,
                        span,
                        format!("`{name}` is {kind}, not a type"),
                        "",
                    )
                    .also(named.span, "declared here")
                    .help("a field's type is a built-in one, or a struct, enum, flags or union of the spec"),
                );
                None
            }
        },
        None => {
            unknown(cx, name, span);
            None
        }
    }
}

fn unknown(cx: &mut Cx, name: &str, span: Span) {
    if cx.names_incomplete {
        return;
    }
    let types = cx.names.iter().filter(|(_, named)| matches!(named.what, What::Type(_)));
    let mut candidates: Vec<&str> = types.map(|(name, _)| name.as_str()).collect();
    candidates.sort_unstable();
    candidates.extend(BUILT_IN);
    let help = foreign_word(name)
        .map(|ours| format!("write `{ours}`"))
        .or_else(|| did_you_mean(name, candidates))
        .unwrap_or_else(|| {
            "declare it under `structs`, `enums`, `flags` or `unions`, here or in an included file"
                .into()
        });
    cx.report(
        Diagnostic::new(Code::UnknownType, span, format!("there is no type `{name}`"), "")
            .help(help),
    );
}

/// A type's name and what stands between its brackets.
struct Args<'t> {
    name: &'t str,
    span: Span,
    args: &'t [Node],
}

fn applied(cx: &mut Cx, args: &Args<'_>, name: Span, user: User) -> Option<Ty> {
    let list = args.args;
    let ty = match (args.name, list) {
        ("Str", [max]) => Ty::Str { max: bound(cx, max)? },
        ("Bytes", [max]) => Ty::Bytes { max: bound(cx, max)? },
        ("Opt", [inner]) => Ty::Opt(Box::new(read(cx, inner, user)?)),
        ("List", [elem, max]) => {
            let (elem, max) = (element(cx, elem, user), bound(cx, max));
            Ty::List { elem: Box::new(elem?), max: max? }
        }
        ("Array", [elem, len]) => {
            let (elem, len) = (element(cx, elem, user), bound(cx, len));
            Ty::Array { elem: Box::new(elem?), len: len? }
        }
        ("Map", [key, value, max]) => {
            let (key, value) = (map_key(cx, key, user), read(cx, value, user));
            let max = bound(cx, max);
            Ty::Map { key: Box::new(key?), value: Box::new(value?), max: max? }
        }
        _ => {
            wrong_arguments(cx, args, name, user);
            return None;
        }
    };
    Some(ty)
}

fn wrong_arguments(cx: &mut Cx, args: &Args<'_>, name: Span, user: User) {
    if args.args.iter().any(Node::is_broken) {
        return;
    }
    let known = scalar(args.name).is_some() || cx.names.contains_key(args.name);
    let (message, help) = match example(args.name) {
        Some(example) => (
            format!("`{}` has the wrong number of arguments", args.name),
            Some(format!("write for example `{example}`")),
        ),
        None if known => {
            (format!("`{}` has no arguments", args.name), Some(format!("write `{}`", args.name)))
        }
        None => {
            // A slip in the name of a type with arguments, or no type at all.
            let ours = ["Str", "Bytes", "List", "Array", "Map", "Opt"];
            let written: Option<Vec<String>> = args.args.iter().map(Node::type_text).collect();
            let help = match written.and_then(|args_text| foreign_type(args.name, &args_text)) {
                Some(ours) => Some(format!("write `{ours}`")),
                None if foreign_word(args.name).is_some() => None,
                None => did_you_mean(args.name, ours),
            };
            match help {
                Some(help) => cx.report(
                    Diagnostic::new(
                        Code::UnknownType,
                        name,
                        format!("there is no type `{}`", args.name),
                        "",
                    )
                    .help(help),
                ),
                None => drop(named(cx, args.name, name, user)),
            }
            return;
        }
    };
    cx.report(Diagnostic::new(Code::TypeArguments, args.span, message, "").maybe_help(help));
}

/// A type whose smallest size must be at least 1.
fn element(cx: &mut Cx, node: &Node, user: User) -> Option<Ty> {
    let ty = read(cx, node, user)?;
    cx.elements.push(Element { ty: ty.clone(), span: node.span });
    Some(ty)
}

fn map_key(cx: &mut Cx, node: &Node, user: User) -> Option<Ty> {
    let ty = read(cx, node, user)?;
    let good = match &ty {
        Ty::Int(_) | Ty::Str { .. } | Ty::Bytes { .. } | Ty::Uuid => true,
        Ty::Named(id) => cx.kinds[id.0] == TypeKind::Enum,
        _ => false,
    };
    if !good {
        cx.report(
            Diagnostic::new(Code::BadMapKey, node.span, "this type cannot be a map's key", "")
                .help("keys are integers, enums, `Str`, `Bytes` or `Uuid`: what has one order on every machine"),
        );
        return None;
    }
    Some(ty)
}

/// A bound or count: at least 1, at most what a `u32` holds.
fn bound(cx: &mut Cx, node: &Node) -> Option<u32> {
    let node = &*constant::resolve(cx, node);
    let Kind::Int(number) = &node.kind else {
        if !node.is_broken() {
            cx.report(
                Diagnostic::new(
                    Code::TypeArguments,
                    node.span,
                    format!("expected a bound, found {}", node.describe()),
                    "",
                )
                .help("a bound is a number, at least 1, or the name of a constant"),
            );
        }
        return None;
    };
    if number.magnitude == 0 || number.negative {
        cx.report(Diagnostic::new(Code::ZeroBound, node.span, "a bound is at least 1", "").help(
            "for something that is never there leave the field out; for growth use the tail",
        ));
        return None;
    }
    let Some(bound) = number.to_unsigned::<u32>() else {
        cx.report(Diagnostic::new(
            Code::BoundTooLarge,
            node.span,
            format!("a bound is at most {}", grouped(u32::MAX.into())),
            "",
        ));
        return None;
    };
    huge(cx, bound, node.span);
    Some(bound)
}

/// Lints a bound that looks as if none were meant.
pub(super) fn huge(cx: &mut Cx, bound: u32, span: Span) {
    if bound >= HUGE_BOUND {
        cx.report(
            Diagnostic::new(
                Code::HugeBound,
                span,
                format!("{} looks like no bound at all", grouped(bound.into())),
                "",
            )
            .help(
                "write what the largest real value needs; a bound can be widened later, at a price",
            ),
        );
    }
}
