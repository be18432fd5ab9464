//! Frames that are encoded before they are sent.

use bytes::{BufMut, Bytes, BytesMut};
use tlv_core::record::HEADER_LEN;
use tlv_core::{EncodeError, Message};

/// A message as it stands on the wire: encoded once, sent over any number of links. A clone shares
/// the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    id: u16,
    since: u32,
}

impl Frame {
    /// Encodes a message.
    ///
    /// # Errors
    ///
    /// Where the spec does not allow its value.
    pub fn of<M: Message>(message: &M) -> Result<Self, EncodeError> {
        Ok(Self { bytes: message.to_frame()?, id: M::ID, since: M::SINCE })
    }

    /// A frame of a message type that the spec does not have. The receiver handles it in its
    /// `on_packet`, refuses it if `id` is even, and skips it otherwise.
    ///
    /// `value` beyond 65,536 bytes will be refused by any receiver; `None` beyond 4 GiB, which no
    /// frame can have.
    pub fn raw(id: u16, value: &[u8]) -> Option<Self> {
        let len = u32::try_from(value.len()).ok()?;
        let mut bytes = BytesMut::with_capacity(HEADER_LEN + value.len());
        bytes.put_u16_le(id);
        bytes.put_u32_le(len);
        bytes.put_slice(value);
        Some(Self { bytes: bytes.freeze(), id, since: 0 })
    }

    /// Message type.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The whole frame, header included.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// First version of the protocol that has the message.
    pub(crate) fn since(&self) -> u32 {
        self.since
    }
}
