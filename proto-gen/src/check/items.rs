//! Named types: structs, enums, flags, unions.

use super::body::{self, Owner, Use};
use super::constant;
use super::cx::{Cx, Kind};
use super::ids::{self, Id};
use super::keys::{Keys, Shape, boolean, choice, unsigned};
use super::meta;
use super::names::Style;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::Node;
use crate::schema::{
    Enum, EnumValue, FlagBit, Flags, Int, LenWidth, Meta, Size, Span, Struct, TypeDef, TypeId,
    TypeKind, Union, Variant,
};

pub(super) const STRUCT: Shape = Shape {
    name: "Struct",
    keys: &[
        "name",
        "doc",
        "extensible",
        "fields",
        "tail",
        "unknown",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const ENUM: Shape = Shape {
    name: "Enum",
    keys: &[
        "name",
        "doc",
        "repr",
        "closed",
        "values",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const VALUE: Shape =
    Shape { name: "Value", keys: &["value", "name", "doc", "since", "deprecated", "was", "allow"] };

pub(super) const FLAGS: Shape = Shape {
    name: "Flags",
    keys: &[
        "name",
        "doc",
        "repr",
        "bits",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const BIT: Shape =
    Shape { name: "Bit", keys: &["bit", "name", "doc", "since", "deprecated", "was", "allow"] };

pub(super) const UNION: Shape = Shape {
    name: "Union",
    keys: &[
        "name",
        "doc",
        "variants",
        "max_len",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

pub(super) const VARIANT: Shape = Shape {
    name: "Variant",
    keys: &[
        "id",
        "name",
        "doc",
        "fields",
        "tail",
        "unknown",
        "reserved_ids",
        "reserved_names",
        "since",
        "deprecated",
        "was",
        "allow",
    ],
};

/// A type as far as it could be read.
pub(super) struct Draft {
    pub(super) def: TypeDef,
    /// Types of its fields.
    pub(super) uses: Vec<Use>,
    /// Where `max_len` is stated.
    pub(super) max_len: Option<Span>,
    /// Whether nothing is missing, so that its sizes mean something.
    pub(super) whole: bool,
}

/// The largest value of a message or variant that states none.
pub(super) const MAX_LEN: u32 = 65_536;

pub(super) fn read(cx: &mut Cx, node: &Node, kind: Kind, id: TypeId) -> Option<Draft> {
    match kind {
        Kind::Struct => structure(cx, node, id),
        Kind::Enum => enumeration(cx, node),
        Kind::Flags => flags(cx, node),
        Kind::Union => union(cx, node, id),
    }
}

fn draft(meta: Meta, kind: TypeKind, whole: bool) -> Draft {
    Draft {
        def: TypeDef { meta, kind, size: Size::default() },
        uses: Vec::new(),
        max_len: None,
        whole,
    }
}

fn structure(cx: &mut Cx, node: &Node, id: TypeId) -> Option<Draft> {
    let keys = Keys::open(cx, node, &STRUCT)?;
    let meta = meta::read(cx, &keys, Style::Type, None);
    let mark = cx.enter_meta(&meta);
    let widths = [("U16", LenWidth::U16), ("U32", LenWidth::U32)];
    let stated = keys.entry("extensible").is_some();
    let extensible = keys.get("extensible").and_then(|node| choice(cx, node, &widths));
    let owner = Owner { meta: &meta, id: Some(id), frozen: !stated, generated: None };
    let body = body::read(cx, &keys, &owner);
    cx.leave(mark);
    let whole = body.whole && stated == extensible.is_some();
    let kind = TypeKind::Struct(Struct { extensible, body: body.body });
    Some(Draft { uses: body.uses, ..draft(meta, kind, whole) })
}

fn enumeration(cx: &mut Cx, node: &Node) -> Option<Draft> {
    let keys = Keys::open(cx, node, &ENUM)?;
    let meta = meta::read(cx, &keys, Style::Type, None);
    let mark = cx.enter_meta(&meta);
    let repr = repr(cx, &keys, &[("U8", Int::U8), ("U16", Int::U16), ("U32", Int::U32)]);
    let closed = keys.get("closed").and_then(|node| boolean(cx, node)).unwrap_or(false);
    let (mut values, mut read) = (Vec::new(), Vec::new());
    for node in members(cx, &keys, "values") {
        let Some(keys) = Keys::open(cx, node, &VALUE) else { continue };
        let member = meta::read(cx, &keys, Style::Member, Some(&meta));
        let value = keys
            .require(cx, "value", "1")
            .and_then(|node| ids::read::<u32>(cx, node, "a value", u32::MAX));
        let Some(value) = value else { continue };
        let most = repr.map_or(u32::MAX, |repr| (u64::MAX >> (64 - 8 * repr.bytes())) as u32);
        if value.value > most {
            too_wide(cx, value.span, format!("the value {} does not fit", value.value), &meta);
        }
        read.push(value);
        values.push(EnumValue { meta: member, value: value.value });
    }
    let reserved_ids = ids::reserved::<u32>(cx, &keys, u32::MAX);
    let reserved_names = meta::reserved_names(cx, &keys);
    ids::distinct(cx, "value", &read, &reserved_ids);
    ids::style(cx, "value", &read);
    meta::distinct(cx, values.iter().map(|value| &value.meta), &reserved_names);
    cx.leave(mark);
    let kind = TypeKind::Enum(Enum {
        repr: repr.unwrap_or(Int::U8),
        closed,
        values,
        reserved_ids,
        reserved_names,
    });
    Some(draft(meta, kind, repr.is_some()))
}

fn flags(cx: &mut Cx, node: &Node) -> Option<Draft> {
    let keys = Keys::open(cx, node, &FLAGS)?;
    let meta = meta::read(cx, &keys, Style::Type, None);
    let mark = cx.enter_meta(&meta);
    let reprs = [("U8", Int::U8), ("U16", Int::U16), ("U32", Int::U32), ("U64", Int::U64)];
    let repr = repr(cx, &keys, &reprs);
    let (mut bits, mut read) = (Vec::new(), Vec::<Id<u8>>::new());
    for node in members(cx, &keys, "bits") {
        let Some(keys) = Keys::open(cx, node, &BIT) else { continue };
        let member = meta::read(cx, &keys, Style::Member, Some(&meta));
        let bit =
            keys.require(cx, "bit", "0").and_then(|node| ids::read::<u8>(cx, node, "a bit", 63));
        let Some(bit) = bit else { continue };
        if repr.is_some_and(|repr| u64::from(bit.value) >= 8 * repr.bytes()) {
            too_wide(cx, bit.span, format!("there is no bit {}", bit.value), &meta);
        }
        read.push(bit);
        bits.push(FlagBit { meta: member, bit: bit.value });
    }
    let reserved_ids = ids::reserved::<u8>(cx, &keys, 63);
    let reserved_names = meta::reserved_names(cx, &keys);
    ids::distinct(cx, "bit", &read, &reserved_ids);
    ids::style(cx, "bit", &read);
    meta::distinct(cx, bits.iter().map(|bit| &bit.meta), &reserved_names);
    cx.leave(mark);
    let kind = TypeKind::Flags(Flags {
        repr: repr.unwrap_or(Int::U8),
        bits,
        reserved_ids,
        reserved_names,
    });
    Some(draft(meta, kind, repr.is_some()))
}

fn union(cx: &mut Cx, node: &Node, id: TypeId) -> Option<Draft> {
    let keys = Keys::open(cx, node, &UNION)?;
    let meta = meta::read(cx, &keys, Style::Type, None);
    let mark = cx.enter_meta(&meta);
    let (max_len, max_len_span) = max_len(cx, &keys);
    let (mut variants, mut read, mut uses) = (Vec::new(), Vec::new(), Vec::new());
    let mut whole = true;
    for node in members(cx, &keys, "variants") {
        let Some(variant) = variant(cx, node, &meta, id) else {
            whole = false;
            continue;
        };
        whole &= variant.whole;
        uses.extend(variant.uses);
        read.push(variant.id);
        variants.push(variant.variant);
    }
    let reserved_ids = ids::reserved::<u16>(cx, &keys, u16::MAX.into());
    let reserved_names = meta::reserved_names(cx, &keys);
    ids::distinct(cx, "variant id", &read, &reserved_ids);
    ids::style(cx, "variant id", &read);
    ids::gaps(cx, "variant id", &read, &reserved_ids);
    meta::distinct(cx, variants.iter().map(|variant| &variant.meta), &reserved_names);
    cx.leave(mark);
    variants.sort_by_key(|variant| variant.id);
    let kind = TypeKind::Union(Union { variants, max_len, reserved_ids, reserved_names });
    Some(Draft { uses, max_len: max_len_span, ..draft(meta, kind, whole) })
}

struct VariantDraft {
    variant: Variant,
    id: Id<u16>,
    uses: Vec<Use>,
    whole: bool,
}

fn variant(cx: &mut Cx, node: &Node, union: &Meta, id: TypeId) -> Option<VariantDraft> {
    let keys = Keys::open(cx, node, &VARIANT)?;
    let meta = meta::read(cx, &keys, Style::Member, Some(union));
    let mark = cx.enter_meta(&meta);
    let wire_id = keys
        .require(cx, "id", "2")
        .and_then(|node| ids::read::<u16>(cx, node, "a variant id", u16::MAX.into()));
    if let Some(wire_id) = wire_id {
        ids::private(cx, &[wire_id]);
    }
    let owner = Owner { meta: &meta, id: Some(id), frozen: false, generated: None };
    let body = body::read(cx, &keys, &owner);
    cx.leave(mark);
    let wire_id = wire_id?;
    Some(VariantDraft {
        variant: Variant { meta, id: wire_id.value, body: body.body },
        id: wire_id,
        uses: body.uses,
        whole: body.whole,
    })
}

/// `max_len`, and where it is stated.
pub(super) fn max_len(cx: &mut Cx, keys: &Keys<'_>) -> (u32, Option<Span>) {
    let Some(node) = keys.get("max_len") else { return (MAX_LEN, None) };
    let number = constant::resolve(cx, node);
    let Some(value) = unsigned(cx, &number, 1, u32::MAX) else { return (MAX_LEN, Some(node.span)) };
    super::types::huge(cx, value, node.span);
    (value, Some(node.span))
}

fn repr(cx: &mut Cx, keys: &Keys<'_>, reprs: &[(&'static str, Int)]) -> Option<Int> {
    let node = keys.require(cx, "repr", reprs[0].0)?;
    // A type that exists but is none of these deserves more than a "did you mean".
    if let crate::parse::Kind::Name(name) = &node.kind
        && !reprs.iter().any(|(known, _)| known == name)
    {
        let known: Vec<&str> = reprs.iter().map(|(known, _)| *known).collect();
        cx.report(
            Diagnostic::new(
                Code::BadRepr,
                node.span,
                format!("`{name}` cannot represent {}", article(keys.item())),
                "",
            )
            .help(format!("write one of {}", super::keys::listed(&known))),
        );
        return None;
    }
    choice(cx, node, reprs)
}

fn article(item: &str) -> String {
    match item {
        "Enum" => "an enum".into(),
        _ => "flags".into(),
    }
}

fn too_wide(cx: &mut Cx, span: Span, message: String, owner: &Meta) {
    cx.report(
        Diagnostic::new(Code::IdTooWide, span, message, "beyond the representation")
            .also(owner.span, "the `repr` of this one is too narrow"),
    );
}

/// The nodes of a list that must have at least one.
fn members<'t>(cx: &mut Cx, keys: &Keys<'t>, key: &str) -> &'t [Node] {
    let Some(node) = keys.require(cx, key, "[...]") else { return &[] };
    let Some(nodes) = super::keys::list(cx, node) else { return &[] };
    if nodes.is_empty() {
        cx.report(
            Diagnostic::new(Code::NothingInside, node.span, format!("`{key}` is empty"), "")
                .help("a type without members has no value that it could carry"),
        );
    }
    nodes
}
