//! The checked schema: what every backend, the interpreter and the compatibility checker read.
//!
//! A `Schema` exists only after `check` found no mistake, so a reader of it never has to fail:
//! every name is resolved, every bound is at least 1, every size is computed, no type contains
//! itself. Items keep the spec's order; ids within a tail or a union are strictly ascending.

use std::path::PathBuf;

/// A whole protocol: one spec file and what it includes.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Name that peers exchange in `Hello`, and the prefix of filters in the dissector.
    pub name: String,
    /// Spec version that peers exchange in `Hello`; `since` counts in it.
    pub version: u32,
    /// What the protocol is for.
    pub doc: String,
    /// The enum whose values `Message::from` names, where the spec declares roles.
    pub roles: Option<TypeId>,
    /// Named constants.
    pub constants: Vec<Constant>,
    /// Every named type, each one after the types that it contains.
    pub types: Vec<TypeDef>,
    /// Groups of messages; ids are disjoint across all of them.
    pub sets: Vec<Set>,
    /// Ids of message types that were used once and never will be again.
    pub reserved_ids: Vec<Reserved<u16>>,
    /// Names of items that were used once and never will be again.
    pub reserved_names: Vec<Reserved<String>>,
    /// Findings of the compatibility checker that the spec accepts, with the reason.
    pub waivers: Vec<Waiver>,
    /// The spec and its includes, in the order read; `Span::file` indexes it.
    pub files: Vec<PathBuf>,
}

/// Where an item stands: byte offsets into `Schema::files[file]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Index into `Schema::files`.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Index into `Schema::types`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub usize);

/// What every named item carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Name as the spec writes it: `UpperCamelCase` for types and messages, `snake_case` for fields.
    pub name: String,
    /// Doc string; may be empty (a lint).
    pub doc: String,
    /// First spec version that has the item; 1 unless stated.
    pub since: u32,
    /// Why, and what to use instead.
    pub deprecated: Option<String>,
    /// The item's name in the version before.
    pub was: Option<String>,
    /// Lints that the spec allows on this item, by code.
    pub allow: Vec<String>,
    /// Where the item's name stands.
    pub span: Span,
}

/// A named constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Name (`SCREAMING_SNAKE_CASE`) and doc.
    pub meta: Meta,
    /// Its value.
    pub value: ConstValue,
}

/// A constant's type and value.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstValue {
    /// A `Bool`.
    Bool(bool),
    /// An unsigned integer of this width.
    Unsigned(Int, u128),
    /// A signed integer of this width.
    Signed(Int, i128),
    /// An `F32` (exactly representable) or `F64`.
    Float(FloatWidth, f64),
    /// A `Str`.
    Str(String),
}

/// An id or name that must not be used again.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserved<T> {
    /// What is reserved.
    pub value: T,
    /// Where the spec says so.
    pub span: Span,
}

/// A finding of the compatibility checker that the spec accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// Path of the item: `Greet.text`.
    pub item: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Where the waiver stands.
    pub span: Span,
}

/// A group of messages that becomes one Rust enum.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Name and doc.
    pub meta: Meta,
    /// Messages in the spec's order.
    pub messages: Vec<Message>,
}

/// One message type.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Name and doc.
    pub meta: Meta,
    /// Type id on the wire; even is critical, odd may be skipped by who does not know it.
    pub id: u16,
    /// Fields. A request or response begins with the generated `call: U32`.
    pub body: Body,
    /// Largest value on the wire in bytes, tail included; reader and writer refuse beyond it.
    pub max_len: u32,
    /// Roles that may send it, as values of the `Schema::roles` enum; empty means anyone.
    pub from: Vec<u32>,
    /// The other half of a request/response pair.
    pub pair: Option<Pair>,
    /// Sizes of the value that this version can write, `max` no more than `max_len`.
    pub size: Size,
    /// Most bytes of memory that a received byte can cost when decoded to the owned type.
    pub amplification: u32,
}

/// The other half of a request/response pair, by message id (in the same set).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// This message is a request; its response has this id.
    RequestOf(u16),
    /// This message is the response to the request of this id.
    ResponseTo(u16),
}

/// Head and tail: the value of a message, of an extensible struct, of a union's variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Required fields, in order, without ids.
    pub head: Vec<Field>,
    /// Optional fields, ids strictly ascending.
    pub tail: Vec<TailField>,
    /// What becomes of unknown odd tail ids.
    pub unknown: UnknownPolicy,
    /// Tail ids that must not be used again.
    pub reserved_ids: Vec<Reserved<u16>>,
    /// Field names that must not be used again.
    pub reserved_names: Vec<Reserved<String>>,
}

/// What becomes of unknown odd tail ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// Dropped, and reported.
    #[default]
    Skip,
    /// Kept, and written back in sorted place.
    Retain,
}

/// A required field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name and doc.
    pub meta: Meta,
    /// Its type.
    pub ty: Ty,
    /// What the format alone cannot express.
    pub constraint: Option<Constraint>,
}

/// An optional field.
#[derive(Clone, Debug, PartialEq)]
pub struct TailField {
    /// Record id, never 0.
    pub id: u16,
    /// The field; its type is never `Opt`.
    pub field: Field,
}

/// A rule on a field's value, checked on decode and on encode.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// Integer in an inclusive range, both ends within the type.
    IntRange {
        /// Smallest value allowed.
        min: i128,
        /// Largest value allowed; `u128` values above `i128::MAX` cannot be bounds.
        max: i128,
    },
    /// Float in an inclusive range; NaN fails.
    FloatRange {
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
    /// At least one element or byte.
    NonEmpty,
    /// The length is one of these, ascending.
    Lengths(Vec<u32>),
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// One byte, 0 or 1.
    Bool,
    /// A fixed-width integer.
    Int(Int),
    /// A float, by its bits.
    Float(FloatWidth),
    /// UTF-8 of at most `max` bytes.
    Str {
        /// Largest length in bytes.
        max: u32,
    },
    /// At most `max` bytes.
    Bytes {
        /// Largest length in bytes.
        max: u32,
    },
    /// At most `max` elements.
    List {
        /// The elements' type, whose smallest size is at least 1.
        elem: Box<Ty>,
        /// Largest count.
        max: u32,
    },
    /// Exactly `len` elements.
    Array {
        /// The elements' type.
        elem: Box<Ty>,
        /// Count.
        len: u32,
    },
    /// At most `max` pairs, keys strictly ascending.
    Map {
        /// Integers, enums, `Str`, `Bytes`, `Uuid`.
        key: Box<Ty>,
        /// Anything.
        value: Box<Ty>,
        /// Largest count of pairs.
        max: u32,
    },
    /// One byte, 0 or 1, then the value if 1.
    Opt(Box<Ty>),
    /// Family byte 4 or 6, then the address.
    Ip,
    /// An `Ip`, then the port as `U16`.
    SocketAddr,
    /// 16 bytes.
    Uuid,
    /// `U64` nanoseconds.
    Duration,
    /// `I64` microseconds since the Unix epoch.
    Timestamp,
    /// A struct, enum, flags or union of the spec.
    Named(TypeId),
}

/// An integer's width and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say all there is")]
pub enum Int {
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
}

/// A float's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say all there is")]
pub enum FloatWidth {
    F32,
    F64,
}

/// A length prefix's width: the narrowest that holds the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say all there is")]
pub enum LenWidth {
    U8,
    U16,
    U32,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// Name and doc.
    pub meta: Meta,
    /// What it is.
    pub kind: TypeKind,
    /// Sizes on the wire, length prefixes included.
    pub size: Size,
}

/// The kinds of named types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// Fields in place; frozen for ever unless extensible.
    Struct(Struct),
    /// A number with names.
    Enum(Enum),
    /// A named bit set.
    Flags(Flags),
    /// One of several bodies, each a record.
    Union(Union),
}

/// A struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// Width of the length that precedes an extensible struct; `None` is frozen, without a tail.
    pub extensible: Option<LenWidth>,
    /// Fields.
    pub body: Body,
}

/// A number with names.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// `U8`, `U16` or `U32`.
    pub repr: Int,
    /// Whether an unknown value is refused instead of kept.
    pub closed: bool,
    /// Named values, in the spec's order.
    pub values: Vec<EnumValue>,
    /// Values that must not be used again.
    pub reserved_ids: Vec<Reserved<u32>>,
    /// Names that must not be used again.
    pub reserved_names: Vec<Reserved<String>>,
}

/// One named value.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// Name (`UpperCamelCase`) and doc.
    pub meta: Meta,
    /// The number on the wire.
    pub value: u32,
}

/// A named bit set; unknown bits are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Flags {
    /// `U8` to `U64`.
    pub repr: Int,
    /// Named bits, in the spec's order.
    pub bits: Vec<FlagBit>,
    /// Bits that must not be used again.
    pub reserved_ids: Vec<Reserved<u8>>,
    /// Names that must not be used again.
    pub reserved_names: Vec<Reserved<String>>,
}

/// One named bit.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagBit {
    /// Name (`UpperCamelCase`) and doc.
    pub meta: Meta,
    /// Position, 0 is the least significant.
    pub bit: u8,
}

/// One of several bodies, each a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// Variants, ids strictly ascending.
    pub variants: Vec<Variant>,
    /// Largest value of a variant in bytes, room to grow included.
    pub max_len: u32,
    /// Variant ids that must not be used again.
    pub reserved_ids: Vec<Reserved<u16>>,
    /// Names that must not be used again.
    pub reserved_names: Vec<Reserved<String>>,
}

/// One variant of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Name (`UpperCamelCase`) and doc.
    pub meta: Meta,
    /// Record id; even is critical, an unknown odd one is kept.
    pub id: u16,
    /// Fields.
    pub body: Body,
}

/// Smallest and largest size in bytes, saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Smallest.
    pub min: u64,
    /// Largest.
    pub max: u64,
}

impl Size {
    /// The size, where there is only one.
    pub fn fixed(self) -> Option<u64> {
        (self.min == self.max).then_some(self.min)
    }
}

impl LenWidth {
    /// The narrowest width that holds `bound` (255, 65,535, or more).
    pub fn for_bound(bound: u32) -> Self {
        match bound {
            0..=0xff => Self::U8,
            0x100..=0xffff => Self::U16,
            _ => Self::U32,
        }
    }

    /// Width in bytes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }
}

impl Int {
    /// Width in bytes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 => 4,
            Self::U64 | Self::I64 => 8,
            Self::U128 | Self::I128 => 16,
        }
    }

    /// Whether negative values exist.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::I128)
    }
}

impl Schema {
    /// The named type behind `id`.
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0]
    }

    /// Every message of every set, in the spec's order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.sets.iter().flat_map(|set| &set.messages)
    }

    /// Sizes of a type on the wire.
    pub fn size_of(&self, ty: &Ty) -> Size {
        let fixed = |n| Size { min: n, max: n };
        match ty {
            Ty::Bool => fixed(1),
            Ty::Int(int) => fixed(int.bytes()),
            Ty::Float(FloatWidth::F32) => fixed(4),
            Ty::Float(FloatWidth::F64) | Ty::Duration | Ty::Timestamp => fixed(8),
            Ty::Uuid => fixed(16),
            Ty::Ip => Size { min: 5, max: 17 },
            Ty::SocketAddr => Size { min: 7, max: 19 },
            Ty::Str { max } | Ty::Bytes { max } => counted(*max, fixed(1)),
            Ty::List { elem, max } => counted(*max, self.size_of(elem)),
            Ty::Map { key, value, max } => {
                counted(*max, self.size_of(key).and(self.size_of(value)))
            }
            Ty::Array { elem, len } => self.size_of(elem).times(u64::from(*len)),
            Ty::Opt(inner) => Size { min: 1, max: self.size_of(inner).max.saturating_add(1) },
            Ty::Named(id) => self.type_def(*id).size,
        }
    }
}

impl Size {
    /// This, then that.
    pub fn and(self, next: Size) -> Size {
        Size { min: self.min.saturating_add(next.min), max: self.max.saturating_add(next.max) }
    }

    /// This, `count` times.
    pub fn times(self, count: u64) -> Size {
        Size { min: self.min.saturating_mul(count), max: self.max.saturating_mul(count) }
    }
}

/// A length prefix, then up to `max` elements.
fn counted(max: u32, elem: Size) -> Size {
    let prefix = LenWidth::for_bound(max).bytes();
    Size { min: prefix, max: elem.max.saturating_mul(u64::from(max)).saturating_add(prefix) }
}
