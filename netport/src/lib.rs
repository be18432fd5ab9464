//! A thread-based runtime for peers that speak a protocol of their own over TCP.
//!
//! A [`NetPort`] is an endpoint: it listens, accepts and dials. A [`Connection`] is what happens on
//! one link, on a thread of its own. Both are traits whose every step has a default; override the
//! ones that you care about. A [`Link`] is the handle that everybody else sends through.
//!
//! [`Server`] and [`Client`] are such endpoints, ready to use: clients register with a server, which
//! tells each of them who else is there, and talk to each other directly.
//!
//! Threads sleep until a socket, a wake-up or their next deadline needs them. Every loop has a
//! deadline, and every queue a bound.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod client;
mod config;
mod connection;
pub mod core;
mod error;
mod guard;
mod identity;
mod io;
mod link;
#[cfg(any(test, feature = "machines"))]
#[doc(hidden)]
pub mod machines;
mod meters;
mod port;
#[cfg(test)]
mod schedules;
mod seed;
mod server;
#[cfg(test)]
mod simulation;
mod sync;

pub use crate::client::{
    Broadcast, Client, ClientConfig, ClientHandle, ClientHub, CtcConnection, CtsConnection,
    DeliverError, Event, List, To,
};
pub use crate::config::{
    ClientBuilder, ConfigError, Identity, LinkConfig, NAME_BYTES_MAX, PortBuilder, PortConfig,
    Rule, ServerBuilder,
};
pub use crate::connection::{Connection, dispatch, event_loop};
pub use crate::core::backoff::Backoff;
pub use crate::core::directory::{DirectoryConfig, ListChange};
pub use crate::core::link::handshake::{Expect, PeerInfo};
pub use crate::core::mesh::{Dial, MeshConfig};
pub use crate::error::{CallFailure, End, Limit, Refusal, SendError, StartError};
pub use crate::identity::{IdentityError, IdentityFile};
pub use crate::io::{Inbox, InboxEvent, Packet};
pub use crate::link::{Batch, Frame, Link, Reply};
pub use crate::port::{Fresh, NetPort, Next, Origin, Port, PortHandle};
pub use crate::server::{Server, ServerConfig, ServerConnection, ServerHandle, ServerHub};
