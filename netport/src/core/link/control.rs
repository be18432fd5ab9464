//! What netport's own messages say to the link that they arrive on.

use tlv_core::messages::{CallRefused, Goodbye, Hello, Ping, Probe, Refuse, RefuseReason};
use tlv_core::{DecodeError, Message};

use crate::core::end::{End, Refusal, cut};

/// What one of them says.
#[derive(Debug)]
#[non_exhaustive]
pub enum Said {
    /// The peer is there. That it arrived was all.
    Ping,
    /// The peer asks for `Alive` with this nonce.
    Probe(u64),
    /// The peer has left, or refused the link.
    Left(End),
    /// The peer does not answer a call.
    CallRefused(CallRefused),
    /// Nothing to the link itself.
    Other,
}

/// What a message says, once the handshake is over.
///
/// # Errors
///
/// Where it does not decode, or may not come here: how the link is to end.
pub fn said(id: u16, value: &[u8]) -> Result<Said, End> {
    Ok(match id {
        Ping::ID => Ping::borrow(value).map(|_ping| Said::Ping)?,
        Probe::ID => Said::Probe(Probe::decode(value)?.nonce),
        CallRefused::ID => Said::CallRefused(CallRefused::decode(value)?),
        Hello::ID => return Err(End::refuse(RefuseReason::NotAllowed, "a second `Hello`")),
        _ => left(id, value)?.map_or(Said::Other, Said::Left),
    })
}

/// Why the peer has left, or refused the link, if that is what a message says.
pub(super) fn left(id: u16, value: &[u8]) -> Result<Option<End>, DecodeError> {
    Ok(match id {
        Goodbye::ID => Some(End::Goodbye(Goodbye::decode(value)?.reason)),
        Refuse::ID => {
            let Refuse { reason, text, current, .. } = Refuse::decode(value)?;
            Some(End::RefusedBy(Refusal { reason, text: cut(text), current }))
        }
        _ => None,
    })
}
