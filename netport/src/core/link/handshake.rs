//! What both sides say first, and whether they may go on.

use std::net::SocketAddr;

use bytes::Bytes;
use tlv_core::messages::{
    Control, Goodbye, Hello, MAGIC, Refuse, RefuseReason, Role, WIRE_VERSION,
};
use tlv_core::{Message, MessageSet, Protocol, UNKNOWN_MAX_LEN, Uuid};

use super::control::left;
use crate::core::end::End;

/// Longest name in bytes, as `Hello` carries it.
pub const NAME_BYTES_MAX: usize = 64;

/// Who an endpoint is to its peers: what its `Hello` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Node id.
    pub node: Uuid,
    /// Grows each time the same node starts again; at least 1.
    pub incarnation: u64,
    /// For people, and unique among registered clients; at most [`NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// What it is to the other end.
    pub role: Role,
}

/// Whom a dialler means to reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// This node and no other.
    pub node: Option<Uuid>,
    /// A peer of this role.
    pub role: Option<Role>,
}

impl Expect {
    /// Whoever answers.
    pub fn any() -> Self {
        Self::default()
    }

    /// Only this node.
    #[must_use]
    pub fn node(mut self, node: Uuid) -> Self {
        self.node = Some(node);
        self
    }

    /// Only a peer of this role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }
}

/// The other end of a link, as its `Hello` described it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerInfo {
    /// Node id.
    pub node: Uuid,
    /// Grows each time the same node starts again.
    pub incarnation: u64,
    /// Grows with each link that the peer dials; 0 where this side dialled.
    pub session: u64,
    /// For people.
    pub name: String,
    /// What the peer is.
    pub role: Role,
    /// The peer's version of the application's protocol.
    pub version: u32,
    /// The socket's remote address.
    pub address: SocketAddr,
    /// The socket's own address.
    pub local: SocketAddr,
    /// Whether this side dialled.
    pub dialled: bool,
}

/// The socket under a handshake.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// Remote address.
    pub address: SocketAddr,
    /// Own address.
    pub local: SocketAddr,
    /// Whether this side dialled.
    pub dialled: bool,
}

/// What this side says first.
pub fn hello(identity: &Identity, protocol: Protocol, session: u64) -> Hello {
    Hello::new(
        MAGIC,
        WIRE_VERSION,
        protocol.name,
        protocol.version,
        identity.role,
        identity.node,
        identity.incarnation,
        session,
        &*identity.name,
    )
}

/// Whether a message type may be a link's first: a peer that is at a limit refuses without a
/// `Hello`, and one that is leaving says so.
pub fn may_be_first(id: u16) -> bool {
    [Hello::ID, Refuse::ID, Goodbye::ID].contains(&id)
}

/// Largest value of a message type in bytes, from a peer of this role: what the spec says, but for
/// what the role may not send no more than for a message that nobody knows.
pub fn max_len<S: MessageSet>(id: u16, role: u32) -> u32 {
    match Control::info(id).or_else(|| S::info(id)) {
        None => UNKNOWN_MAX_LEN,
        Some(info) if !info.from.is_empty() && !info.from.contains(&role) => {
            info.max_len.min(UNKNOWN_MAX_LEN)
        }
        Some(info) => info.max_len,
    }
}

/// A role as [`MessageInfo::from`](tlv_core::MessageInfo::from) counts it.
pub fn role_number(role: Role) -> u32 {
    u8::from(role).into()
}

/// Judges the peer's first frame.
pub fn judge(
    id: u16,
    value: &Bytes,
    protocol: Protocol,
    expect: &Expect,
    ends: Ends,
) -> Result<PeerInfo, End> {
    if let Some(end) = left(id, value)? {
        return Err(end);
    }
    // The magic and the version come first: behind them, another version may differ.
    let Some((magic, rest)) = value.split_first_chunk().map(|(m, r)| (u32::from_le_bytes(*m), r))
    else {
        return Err(End::refuse(RefuseReason::NotHello, "too short for a `Hello`"));
    };
    if magic != MAGIC {
        return Err(End::refuse(RefuseReason::NotHello, format!("magic {magic:#010x}")));
    }
    if let Some(version) = rest.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
        && version != WIRE_VERSION
    {
        let text = format!("wire version {version}, wanted {WIRE_VERSION}");
        return Err(End::refuse(RefuseReason::WireVersion, text));
    }
    let hello = Hello::decode(value)?;
    if hello.protocol != protocol.name {
        let text = format!("protocol {:?}, wanted {:?}", hello.protocol, protocol.name);
        return Err(End::refuse(RefuseReason::Protocol, text));
    }
    if hello.incarnation == 0 {
        return Err(End::refuse(RefuseReason::Malformed, "incarnation 0"));
    }
    if expect.node.is_some_and(|node| node != hello.node) {
        let text = format!("this is {}, not who was dialled", hello.node);
        return Err(End::refuse(RefuseReason::WrongNode, text));
    }
    if expect.role.is_some_and(|role| role != hello.role) {
        let text = format!("this is a {}, not who was dialled", hello.role);
        return Err(End::refuse(RefuseReason::WrongNode, text));
    }
    Ok(PeerInfo {
        node: hello.node,
        incarnation: hello.incarnation,
        session: hello.session,
        name: hello.name,
        role: hello.role,
        version: hello.version,
        address: ends.address,
        local: ends.local,
        dialled: ends.dialled,
    })
}
