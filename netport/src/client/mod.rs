//! A client: it registers with a server, follows the list, and links up with its peers.
//!
//! [`Client`] is an ordinary [`NetPort`]; [`CtsConnection`] and [`CtcConnection`] are ordinary
//! connections. What they share is the [`ClientHub`].

mod ctc;
mod cts;
mod event;
mod handle;
mod hub;
mod launch;
mod perform;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use crossbeam_channel::bounded;
use tlv_core::MessageSet;
use tlv_core::messages::Role;

pub use self::ctc::CtcConnection;
pub use self::cts::CtsConnection;
pub use self::event::{Event, List};
pub use self::handle::{Broadcast, ClientHandle, DeliverError, To};
pub use self::hub::ClientHub;
use crate::config::{Identity, PortConfig};
use crate::connection::Connection;
use crate::core::backoff::Backoff;
use crate::core::mesh::MeshConfig;
use crate::error::{End, StartError};
use crate::port::{Fresh, NetPort, Next, Port};
use crate::sync::Arc;

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where and how it listens, and who it is.
    pub port: PortConfig,
    /// How it deals with its peers.
    pub mesh: MeshConfig,
    /// Waits between attempts to reach the server.
    pub backoff: Backoff,
    /// Whether it registers as soon as it reaches the server. Default: `true`.
    pub register: bool,
    /// Whether it asks again, with the waits of `backoff`, when the server refuses to register it
    /// because the name is taken or the directory full. The holder of the name is alive then, since
    /// the server asks it; but it may be this client's own last run, which is about to leave. Where
    /// it does not, the refusal is told, and the rest is the user's decision. Default: `true`.
    pub register_again: bool,
    /// Where its peers reach it, best first. No address stands for the one that the server sees, with
    /// the port that the client listens on. Default: none.
    pub advertise: Vec<SocketAddr>,
    /// Most events that wait for the user. Default: 1,024.
    pub events_max: usize,
}

impl ClientConfig {
    /// The defaults, for a new node of this name, which listens everywhere on a port that the
    /// system chooses.
    pub fn named(name: impl Into<String>) -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        // A client without links is waiting for its server, or for its user.
        let port = PortConfig {
            idle_timeout: None,
            ..PortConfig::new(listen, Identity::new(Role::Client, name))
        };
        Self {
            port,
            mesh: MeshConfig::default(),
            backoff: Backoff::default(),
            register: true,
            register_again: true,
            advertise: Vec::new(),
            events_max: 1024,
        }
    }
}

/// A client of a rendezvous server that speaks `S` with its peers.
pub struct Client<S> {
    hub: Arc<ClientHub<S>>,
}

impl<S: MessageSet> Client<S> {
    /// What the client's connections share: for a [`NetPort`] that does a client's work and more.
    pub fn hub(&self) -> &Arc<ClientHub<S>> {
        &self.hub
    }

    /// Has a [`Connection`] of the user's own run on each link to a peer, around the client's: what it
    /// answers by itself takes no way through the events. It hands to the client's every call that it
    /// does not answer, and [`Connection::on_open`], [`Connection::on_control`] and
    /// [`Connection::on_end`] in any case. For [`Self::connect_with`]; only the first call counts.
    ///
    /// ```
    /// use netport::{Client, ClientConfig, Connection, CtcConnection, End, Link, Packet, PeerInfo};
    /// use tlv_core::Message;
    /// use tlv_core::messages::{App, Greet};
    ///
    /// /// Returns every greeting, on the thread of the link that it came by.
    /// struct Polite(CtcConnection<App>);
    ///
    /// impl Connection for Polite {
    ///     type Set = App;
    ///
    ///     fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
    ///         self.0.on_open(link, peer)
    ///     }
    ///
    ///     fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
    ///         match self.0.peer() {
    ///             Some(peer) if packet.id() == Greet::ID => {
    ///                 Ok(link.send(&Greet::new(format!("hello {}", peer.name)))?)
    ///             }
    ///             _ => self.0.on_packet(link, packet),
    ///         }
    ///     }
    ///
    ///     fn on_end(&mut self, link: &Link, end: &End) {
    ///         self.0.on_end(link, end);
    ///     }
    /// }
    ///
    /// # let server = ([127, 0, 0, 1], 9).into();
    /// let config = ClientConfig::named("bob");
    /// let bob = Client::connect_with(server, config, |client| client.with_connection(Polite))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_connection<C: Connection<Set = S>>(
        self,
        around: impl Fn(CtcConnection<S>) -> C + Send + Sync + 'static,
    ) -> Self {
        self.hub.launch_by(around);
        self
    }

    /// Listens, and from then on deals with the server and the peers on threads of its own.
    /// Returns at once; whether the server is reached is told by events.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the settings cannot work, or the address cannot be listened on.
    pub fn connect(
        server: SocketAddr,
        config: ClientConfig,
    ) -> Result<ClientHandle<S>, StartError> {
        Self::connect_with(server, config, |client| client)
    }

    /// As [`Self::connect`], with a [`NetPort`] of the user's own around the client. It hands to the
    /// client every call that it does not answer by itself, and [`NetPort::initial`] and
    /// [`NetPort::main_loop_work`] in any case, whose next turn is the [`Next::sooner`] of both; the
    /// client's events end when it drops the client.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the settings cannot work, or the address cannot be listened on.
    pub fn connect_with<N: NetPort>(
        server: SocketAddr,
        mut config: ClientConfig,
        around: impl FnOnce(Self) -> N,
    ) -> Result<ClientHandle<S>, StartError> {
        config.validate()?;
        if server.is_ipv6() && config.port.listen.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
            // The server sees this client by IPv6, so that is where its peers will come.
            config.port.listen.set_ip(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        }
        let (sender, events) = bounded(config.events_max);
        let hub = Arc::new(ClientHub::new(server, &config, sender));
        let netport = around(Self { hub: Arc::clone(&hub) });
        Ok(ClientHandle::new(Port::start(config.port, netport)?, hub, events))
    }
}

impl<S: MessageSet> NetPort for Client<S> {
    fn initial(&mut self, port: &Port) -> Result<(), End> {
        self.hub.attach(port);
        Ok(())
    }

    fn main_loop_work(&mut self, _port: &Port, now: Instant) -> Result<Next, End> {
        Ok(self.hub.turn(now))
    }

    fn new_connection(&mut self, _port: &Port, fresh: Fresh) -> Result<(), End> {
        self.hub.launch().accept(fresh, CtcConnection::accepted(Arc::clone(&self.hub)))
    }
}

impl<S> Drop for Client<S> {
    fn drop(&mut self) {
        self.hub.finish();
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
