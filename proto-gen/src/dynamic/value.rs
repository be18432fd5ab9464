//! A value of any type of a schema.

use std::net::{IpAddr, SocketAddr};

/// A value of some type. It does not know its type; [`encode`](super::encode) checks that it fits.
///
/// Two values are equal exactly if they have the same encoding: floats are kept as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A `Bool`.
    Bool(bool),
    /// `U8` to `U128`.
    Unsigned(u128),
    /// `I8` to `I128`.
    Signed(i128),
    /// An `F32`, by its bits.
    F32(u32),
    /// An `F64`, by its bits.
    F64(u64),
    /// A `Str`.
    Str(String),
    /// A `Bytes`.
    Bytes(Vec<u8>),
    /// A `List` or an `Array`.
    List(Vec<Value>),
    /// A `Map`, in the order of its keys.
    Map(Vec<(Value, Value)>),
    /// An `Opt`.
    Opt(Option<Box<Value>>),
    /// An `Ip`.
    Ip(IpAddr),
    /// A `SocketAddr`; scope and flow of an IPv6 address are 0.
    SocketAddr(SocketAddr),
    /// A `Uuid`.
    Uuid([u8; 16]),
    /// A `Duration` in nanoseconds.
    Duration(u64),
    /// A `Timestamp` in microseconds since the Unix epoch.
    Timestamp(i64),
    /// An enum's number, named or not.
    Enum(u32),
    /// A flags' bits, named or not.
    Flags(u64),
    /// A struct.
    Struct(Body),
    /// A union.
    Union(Choice),
}

/// The value of a [`crate::schema::Body`]: of a message, a struct or a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// One value per head field, in order.
    pub head: Vec<Value>,
    /// The tail fields that are there, ids strictly ascending.
    pub tail: Vec<Tail>,
}

/// One tail record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Its id.
    pub id: u16,
    /// Its value.
    pub value: TailValue,
}

/// A tail record's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TailValue {
    /// A field that the schema knows.
    Known(Value),
    /// An unknown odd id, under `unknown: Retain`.
    Retained(Vec<u8>),
}

/// A union's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The variant's id.
    pub id: u16,
    /// The variant's value.
    pub value: ChoiceValue,
}

/// A variant's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceValue {
    /// A variant that the schema knows.
    Known(Body),
    /// An unknown odd id.
    Unknown(Vec<u8>),
}

impl Body {
    /// The tail field with this id, where the schema knows it and the value has it.
    pub fn tail_field(&self, id: u16) -> Option<&Value> {
        self.tail.iter().find(|tail| tail.id == id).and_then(|tail| match &tail.value {
            TailValue::Known(value) => Some(value),
            TailValue::Retained(_) => None,
        })
    }
}
