//! Messages, and the sets that they form.

use alloc::vec::Vec;
use core::fmt::Debug;

use bytes::Bytes;

use crate::{
    EncodeError, EncodeErrorKind,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    generators::Generators,
    parse::{self, IResult},
    record::{HEADER_LEN, Header},
    wire::{Source, Wire},
    write::{self, Output},
};

/// A message type. Implemented by generated code.
pub trait Message:
    Wire<Owned = Self> + Sized + Clone + Debug + PartialEq + Send + Sync + Generators
{
    /// Type id on the wire; even is critical, odd may be skipped by who does not know it.
    const ID: u16;
    /// Name in the spec.
    const NAME: &'static str;
    /// First spec version that has the message.
    const SINCE: u32;
    /// Smallest value in bytes.
    const MIN_LEN: u32;
    /// Largest value in bytes; reader and writer refuse beyond it.
    const MAX_LEN: u32;
    /// Most bytes of memory that a received byte can cost when the value is owned.
    const AMPLIFICATION: u32;

    /// Reads the value in place: all of `input`, since a message's tail runs to the end.
    ///
    /// # Errors
    ///
    /// Where `input` is not an encoding of the message. In nom's wrapping an error knows no offset
    /// yet; [`borrow`](Self::borrow) gives one that does.
    #[inline]
    fn parse(input: &[u8]) -> IResult<'_, Self::Ref<'_>> {
        within_max::<Self>(input)?;
        Self::read_ref(input)
    }

    /// Reads the value in place. Elements of lists, arrays and maps are checked when walked.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    #[inline]
    fn borrow(value: &[u8]) -> Result<Self::Ref<'_>, DecodeError> {
        parse::whole(value, Self::NAME, Self::parse)
    }

    /// Reads the value and owns it.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    #[inline]
    fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_from(value, Source::COPY)
    }

    /// Reads the value and owns it; its `Bytes` are slices of `value`, which lives as long as they.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    #[inline]
    fn decode_bytes(value: &Bytes) -> Result<Self, DecodeError> {
        Self::decode_from(value, Source::shared(value))
    }

    /// Reads the value and owns it; its `Bytes` come from `source`.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    #[inline]
    fn decode_from(value: &[u8], source: Source<'_>) -> Result<Self, DecodeError> {
        parse::whole(value, Self::NAME, |value| {
            within_max::<Self>(value)?;
            Self::read(value, source)
        })
    }

    /// Length of the value in bytes.
    ///
    /// Where this differs from the length of the bytes that the message was decoded from, the
    /// decode has skipped something that this version of the spec does not know.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow the value. After success, encoding cannot fail.
    #[inline]
    fn value_len(&self) -> Result<usize, EncodeError> {
        let len = match Self::size(self) {
            Ok(len) => len,
            Err(error) => return Err(error.in_message(Self::NAME)),
        };
        if len > Self::MAX_LEN as usize {
            let kind = EncodeErrorKind::TooLong { max: Self::MAX_LEN, found: len };
            return Err(EncodeError::new(kind).in_message(Self::NAME));
        }
        Ok(len)
    }

    /// Appends the message as a frame: a record of its id.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow the value; `out` is then unchanged.
    #[inline]
    fn encode_frame<B: Output>(&self, out: &mut B) -> Result<(), EncodeError> {
        let len = self.value_len()?;
        let out = out.grow(HEADER_LEN + len);
        // `value_len` has held it to a `u32`.
        let header = Header { id: Self::ID, len: len as u32 };
        let rest = Self::write(self, write::chunk(out, header.to_bytes()));
        debug_assert!(rest.is_empty(), "a value is shorter than its size");
        Ok(())
    }

    /// The message as a frame of its own.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow the value.
    fn to_frame(&self) -> Result<Bytes, EncodeError> {
        let mut frame = Vec::new();
        self.encode_frame(&mut frame)?;
        Ok(frame.into())
    }
}

#[inline]
fn within_max<M: Message>(value: &[u8]) -> Result<(), nom::Err<DecodeError>> {
    if value.len() > M::MAX_LEN as usize {
        let kind = DecodeErrorKind::TooLong { max: M::MAX_LEN, found: value.len() };
        return parse::fail(kind, value.len());
    }
    Ok(())
}

/// A message that is answered by a message of its own.
pub trait Request: Message {
    /// The answer.
    type Response: Response;

    /// The call's number, which the answer carries too.
    fn call(&self) -> u32;

    /// Numbers the call.
    fn set_call(&mut self, call: u32);
}

/// The answer to a [`Request`].
pub trait Response: Message {
    /// The number of the call that is answered.
    fn call(&self) -> u32;

    /// Says which call is answered.
    fn set_call(&mut self, call: u32);
}

/// The messages of a set as one type. Implemented by generated enums.
pub trait MessageSet:
    Sized + Clone + Debug + PartialEq + Send + Sync + Generators + 'static
{
    /// The set's messages in the received bytes.
    type Ref<'a>: Copy + Debug + PartialEq + Send + Sync;

    /// The protocol of the spec that has the set.
    const PROTOCOL: Protocol;

    /// What the spec says about a message type of the set; `None` for others.
    fn info(id: u16) -> Option<&'static MessageInfo>;

    /// What the spec says about each message type of the set, in the spec's order.
    fn infos() -> &'static [MessageInfo];

    /// Reads a value in place. An id outside the set gives the set's `Unknown`, odd or even.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    fn borrow(id: u16, value: &[u8]) -> Result<Self::Ref<'_>, DecodeError>;

    /// Reads a value and owns it; its `Bytes` are slices of `value`. An id outside the set gives
    /// the set's `Unknown`, odd or even.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    #[inline]
    fn decode(id: u16, value: &Bytes) -> Result<Self, DecodeError> {
        Self::decode_from(id, value, Source::shared(value))
    }

    /// Reads a value and owns it; its `Bytes` come from `source`, which for many frames can be the
    /// one buffer that they lie in. An id outside the set gives the set's `Unknown`, odd or even.
    ///
    /// # Errors
    ///
    /// Where `value` is not an encoding of the message.
    fn decode_from(id: u16, value: &[u8], source: Source<'_>) -> Result<Self, DecodeError>;

    /// Owns what was borrowed.
    ///
    /// # Errors
    ///
    /// Where elements that were not walked before are not encodings of their types.
    fn own(message: Self::Ref<'_>) -> Result<Self, DecodeError>;

    /// The message's type id.
    fn id(&self) -> u16;

    /// Length of the message's value in bytes.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow the value.
    fn value_len(&self) -> Result<usize, EncodeError>;

    /// Appends the message as a frame.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow the value; `out` is then unchanged.
    fn encode_frame<B: Output>(&self, out: &mut B) -> Result<(), EncodeError>;

    /// Shows each message type of the set to `visitor`, in the spec's order.
    fn visit<V: Visitor>(visitor: &mut V);

    /// A message made of choices, of an unknown type too, for tests and fuzzers.
    fn generate(choices: &mut Choices<'_>) -> Self;
}

/// Is shown message types, so that code can treat all of them without naming any.
pub trait Visitor {
    /// One message type of the set `S`.
    fn message<S: MessageSet, M: Message>(&mut self);
}

/// Which protocol, and which version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// Name, as `Hello` carries it.
    pub name: &'static str,
    /// Spec version, as `Hello` carries it.
    pub version: u32,
}

/// What the spec says about a message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageInfo {
    /// Type id.
    pub id: u16,
    /// Name in the spec.
    pub name: &'static str,
    /// First spec version that has the message.
    pub since: u32,
    /// Largest value in bytes.
    pub max_len: u32,
    /// Roles that may send it, as numbers of the spec's role enum; empty means anyone.
    pub from: &'static [u32],
    /// The other half of a request/response pair.
    pub pair: Option<Pair>,
}

/// The other half of a request/response pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// The message is a request; its response has this id.
    RequestOf(u16),
    /// The message is the response to the request of this id.
    ResponseTo(u16),
}
