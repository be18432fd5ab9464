//! A reader: what a peer of one version does with a frame.

use crate::dynamic::{Body, FRAME_HEADER_LEN, decode};
use crate::schema::{Message, Schema};

/// What is known of a link besides its frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// The one set that the reader reads; `None` reads all.
    pub(crate) set: Option<String>,
    /// The sender's role.
    pub(crate) role: Option<u32>,
}

/// What became of a frame.
#[derive(Clone, Debug)]
pub(crate) enum Reading<'a> {
    /// The link ends, with this reason.
    Refused(String),
    /// An unknown odd type.
    Skipped,
    /// A message and its value.
    Read(&'a Message, Body),
}

/// Reads one frame as a peer of `schema` does.
pub(crate) fn read<'a>(schema: &'a Schema, frame: &[u8], link: &Link) -> Reading<'a> {
    let Some((header, value)) = frame.split_first_chunk::<FRAME_HEADER_LEN>() else {
        return Reading::Refused("half a header".to_owned());
    };
    let id = u16::from_le_bytes([header[0], header[1]]);
    let sets = schema.sets.iter().filter(|set| match &link.set {
        Some(name) => set.meta.name == *name,
        None => true,
    });
    let Some(message) = sets.flat_map(|set| &set.messages).find(|message| message.id == id) else {
        return if id % 2 == 0 {
            Reading::Refused(format!("message type {id:#06x} is unknown and critical"))
        } else {
            Reading::Skipped
        };
    };
    let name = &message.meta.name;
    if let Some(role) = link.role
        && !message.from.is_empty()
        && !message.from.contains(&role)
    {
        return Reading::Refused(format!("the sender's role may not send `{name}`"));
    }
    match decode(schema, message, value) {
        Ok(decoded) => Reading::Read(message, decoded.value),
        Err(fault) => Reading::Refused(fault.to_string()),
    }
}
