//! The small message, in the forms of the peers: 64 bytes on the wire for everyone.

/// Text of the small message: as long as makes our frame 64 bytes.
pub const TEXT: &str = "the quick brown fox jumps over the lazy dogs!";

/// Bytes of the small message on the wire.
pub const SMALL: usize = 64;

/// Bytes of the large message.
pub const LARGE: usize = 1 << 20;

/// What prost sends, behind a length of four bytes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Item {
    #[prost(fixed64, tag = "1")]
    pub seq: u64,
    #[prost(uint32, tag = "2")]
    pub kind: u32,
    #[prost(string, tag = "3")]
    pub text: String,
}

impl Item {
    pub fn new(seq: u64) -> Self {
        Self { seq, kind: 7, text: TEXT.into() }
    }
}

/// A request for messages, as the peers' own senders understand it: eight bytes.
pub fn start(count: u64) -> [u8; 8] {
    count.to_le_bytes()
}
