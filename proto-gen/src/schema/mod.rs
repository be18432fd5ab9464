//! The checked schema: what every backend, the interpreter and the compatibility checker read.
//!
//! A `Schema` exists only after `check` found no mistake, so a reader of it never has to fail:
//! every name is resolved, every bound is at least 1, every size is computed, no type contains
//! itself. Items keep the spec's order; ids within a tail or a union are strictly ascending.

mod body;
mod size;
mod types;

use std::path::PathBuf;

pub use self::body::{Body, Constraint, Field, TailField, UnknownPolicy};
pub use self::size::Size;
pub use self::types::{
    Enum, EnumValue, FlagBit, Flags, FloatWidth, Int, LenWidth, Struct, Ty, TypeDef, TypeKind,
    Union, Variant,
};

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

/// Message ids from here on are the application's; those below are netport's own.
pub(crate) const FIRST_FREE_ID: u16 = 0x0100;

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

impl Schema {
    /// The named type behind `id`.
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0]
    }

    /// Every message of every set, in the spec's order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.sets.iter().flat_map(|set| &set.messages)
    }
}
