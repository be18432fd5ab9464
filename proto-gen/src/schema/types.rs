//! Types: those that every spec has, and those that it declares.

use super::{Body, Meta, Reserved, Size, TypeId};

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
