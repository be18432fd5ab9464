//! What can be set, with its defaults.

mod builder;
mod rules;

use std::net::SocketAddr;
use std::time::Duration;

use tlv_core::Uuid;
use tlv_core::messages::Role;

pub use self::builder::{ClientBuilder, PortBuilder, ServerBuilder};
pub use self::rules::{ConfigError, Rule};
pub use crate::core::link::handshake::{Identity, NAME_BYTES_MAX};
use crate::core::link::{ReceiveLimits, SendLimits};
use crate::seed::fresh_seed;

impl Identity {
    /// A new node with a random id, in its first incarnation.
    pub fn new(role: Role, name: impl Into<String>) -> Self {
        let mut node = [0; 16];
        for half in node.chunks_exact_mut(8) {
            half.copy_from_slice(&fresh_seed().to_le_bytes());
        }
        Self { node: Uuid::from_bytes(node), incarnation: 1, name: name.into(), role }
    }
}

/// Settings of a [`Port`](crate::Port).
#[derive(Clone, Debug)]
pub struct PortConfig {
    /// Address to listen on; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What this endpoint's `Hello` says.
    pub identity: Identity,
    /// The port stops when it saw no new connection and had none alive for so long; `None` never.
    /// Default: a minute.
    pub idle_timeout: Option<Duration>,
    /// Most connections at a time. Default: `None`, which is what the descriptors and the memory maps
    /// of the process are enough for when the port starts.
    pub connections_max: Option<usize>,
    /// Most accepted connections from one address at a time. Default: no limit.
    pub connections_per_address_max: usize,
    /// Most accepted connections in their handshake; one more evicts the oldest. Default: 1,024.
    pub handshakes_max: usize,
    /// Connections that the kernel completes ahead of the port; the system caps it. Default: 4,096.
    pub listen_backlog: u32,
    /// Most connections accepted in a second, on average; a tenth of them at once. The rest wait in
    /// the kernel. Default: no limit.
    pub accept_rate_max: Option<u32>,
    /// Stack of each connection's thread, in bytes; only what is touched costs memory. Default:
    /// 1 MiB.
    pub thread_stack_bytes: usize,
    /// Settings of each link.
    pub link: LinkConfig,
}

impl PortConfig {
    /// The defaults, for an endpoint that listens on `listen`.
    pub fn new(listen: SocketAddr, identity: Identity) -> Self {
        Self {
            listen,
            identity,
            idle_timeout: Some(Duration::from_secs(60)),
            connections_max: None,
            connections_per_address_max: usize::MAX,
            handshakes_max: 1024,
            listen_backlog: 4096,
            accept_rate_max: None,
            thread_stack_bytes: 1024 * 1024,
            link: LinkConfig::default(),
        }
    }
}

/// Settings of each link of a port.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// The link ends when it received no whole frame for so long; `None` never. Default: a minute.
    pub idle_timeout: Option<Duration>,
    /// A `Ping` is sent when nothing else was for between once and twice so long, even while user
    /// code is busy; `None` sends none. At most a third of `idle_timeout`, and of the peers'.
    /// Default: 20 seconds.
    pub heartbeat: Option<Duration>,
    /// From the connection to the end of the peer's `Hello`. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// From a frame's first byte to its last, plus its length over `frame_rate_min`. Default: 10
    /// seconds.
    pub frame_timeout: Duration,
    /// Bytes a second that a peer must manage while it sends a frame. Default: 16,384.
    pub frame_rate_min: u32,
    /// From the start of a dial to the connection. Default: 10 seconds.
    pub dial_timeout: Duration,
    /// How long `send` waits for room, on threads that may wait. Default: 10 seconds.
    pub send_timeout: Duration,
    /// The link ends when bytes wait and the peer takes none for so long; `None` never. It is judged
    /// three times within it or more often, so the end may be late by two thirds of it. Default: a
    /// minute.
    pub stall_timeout: Option<Duration>,
    /// From the farewell to the end of the link, at most: for what was accepted to be sent, and for
    /// the peer to close. Default: 2 seconds.
    pub linger: Duration,
    /// A frame is accepted while fewer bytes than this wait, so a link can hold this and one frame; and
    /// some 4 KiB of netport's own messages, which have a reserve. Default: 1 MiB.
    pub backlog_bytes_max: usize,
    /// Bytes that the kernel may hold unsent for a peer that does not read, before a link's own
    /// backlog begins. Default: 256 KiB; for a server 128 KiB.
    pub unsent_bytes_max: u32,
    /// Bytes, about, that the kernel may hold received and not yet read from a peer that sends
    /// faster than this side reads. `None` leaves it to the kernel, which goes up to megabytes for
    /// the sake of throughput. Default: `None`; for a server 64 KiB.
    pub unread_bytes_max: Option<u32>,
    /// Tries again for so long before the thread sleeps: lower latency for processor time. Default:
    /// `None`.
    pub spin: Option<Duration>,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            idle_timeout: Some(Duration::from_secs(60)),
            heartbeat: Some(Duration::from_secs(20)),
            handshake_timeout: Duration::from_secs(10),
            frame_timeout: Duration::from_secs(10),
            frame_rate_min: 16 * 1024,
            dial_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            stall_timeout: Some(Duration::from_secs(60)),
            linger: Duration::from_secs(2),
            backlog_bytes_max: 1024 * 1024,
            unsent_bytes_max: 256 * 1024,
            unread_bytes_max: None,
            spin: None,
        }
    }
}

impl LinkConfig {
    pub(crate) fn send_limits(&self) -> SendLimits {
        SendLimits {
            backlog_bytes_max: self.backlog_bytes_max,
            heartbeat: self.heartbeat,
            stall_timeout: self.stall_timeout,
            linger: self.linger,
        }
    }

    pub(crate) fn receive_limits(&self) -> ReceiveLimits {
        ReceiveLimits {
            idle_timeout: self.idle_timeout,
            handshake_timeout: self.handshake_timeout,
            frame_timeout: self.frame_timeout,
            frame_rate_min: self.frame_rate_min,
        }
    }
}
