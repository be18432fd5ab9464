//! A thread-based runtime for peers that speak a protocol of their own over TCP.
//!
//! The messages come from a spec, by `proto-gen` in a build script; here, netport's own example set
//! [`App`](tlv_core::messages::App) stands for them. [`Server`] and [`Client`] are endpoints ready to
//! use: clients register with a server, which tells each of them who else is there, and talk to each
//! other directly. What happens arrives as [`Event`]s, in order.
//!
//! ```
//! use netport::{Client, ClientConfig, Event, Server, ServerConfig};
//! use tlv_core::messages::{App, Greet};
//!
//! let server = Server::<App>::start(ServerConfig::new(([127, 0, 0, 1], 0).into()))?;
//! let join = |name: &str| {
//!     Client::<App>::connect(server.local_addr(), ClientConfig::named(name))
//! };
//! let (ann, bob) = (join("ann")?, join("bob")?);
//! for event in ann.events() {
//!     match event {
//!         Event::Up(peer) => {
//!             ann.send(peer.node, &Greet::new("hello"))?;
//!             break;
//!         }
//!         Event::ServerUnreached { end, .. } => println!("no server: {end}"),
//!         _ => {}
//!     }
//! }
//! for event in bob.events() {
//!     if let Event::Message { from, message: App::Greet(greet) } = event {
//!         assert_eq!((from.name.as_str(), greet.text.as_str()), ("ann", "hello"));
//!         break;
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Below them, a [`NetPort`] is an endpoint: it listens, accepts and dials. A [`Connection`] is what
//! happens on one link, on a thread of its own. Both are traits whose every step has a default;
//! override the ones that you care about. A [`Link`] is the handle that everybody sends through.
//! [`Server::start_with`] and [`Client::connect_with`] take a [`NetPort`] of your own around theirs.
//!
//! ```
//! use std::time::Duration;
//!
//! use netport::{
//!     Connection, End, Expect, Fresh, Identity, Link, NetPort, PeerInfo, Port, PortConfig,
//! };
//! use tlv_core::messages::{App, AppRef, GoodbyeReason, Greet, Role};
//!
//! /// What happens on one link.
//! struct Greeting;
//!
//! impl Connection for Greeting {
//!     type Set = App;
//!
//!     fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
//!         Ok(link.send(&Greet::new(format!("hello {}", peer.name)))?)
//!     }
//!
//!     fn on_message(&mut self, link: &Link, message: AppRef<'_>) -> Result<(), End> {
//!         if let AppRef::Greet(greet) = message {
//!             println!("{}", greet.text);
//!             link.close(GoodbyeReason::Done);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! /// An endpoint: it launches a connection for each link that is accepted.
//! struct Host;
//!
//! impl NetPort for Host {
//!     fn new_connection(&mut self, _port: &Port, fresh: Fresh) -> Result<(), End> {
//!         fresh.launch(Greeting).map(drop)
//!     }
//! }
//!
//! let start = |name| {
//!     let identity = Identity::new(Role::Client, name);
//!     let mut config = PortConfig::new(([127, 0, 0, 1], 0).into(), identity);
//!     // With no link any more, and no new one for so long, it stops by itself.
//!     config.idle_timeout = Some(Duration::from_millis(200));
//!     Port::start(config, Host)
//! };
//! let (ann, bob) = (start("ann")?, start("bob")?);
//! ann.dial(bob.local_addr(), Expect::any(), Greeting)?;
//! assert!(matches!((ann.join(), bob.join()), (End::Idle, End::Idle)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
pub use crate::link::{Batch, Frame, Inbox, InboxEvent, Link, Packet, Reply};
pub use crate::port::{Fresh, NetPort, Next, Origin, Port, PortHandle};
pub use crate::server::{Server, ServerConfig, ServerConnection, ServerHandle, ServerHub};

/// The channel of a [`Client`]'s events is one of this crate's: for `select!`, and for the names of
/// its errors.
pub use crossbeam_channel;

/// The values of netport's own messages that users name.
pub use tlv_core::messages::{CallError, GoodbyeReason, RefuseReason, RegisterError, Role};
