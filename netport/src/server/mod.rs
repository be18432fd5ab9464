//! The rendezvous server: an ordinary [`NetPort`] around [`ServerCore`](crate::core::server::ServerCore).

mod connection;
mod hub;

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tlv_core::MessageSet;
use tlv_core::messages::{Epoch, GoodbyeReason, Peer, Role};

pub use self::connection::ServerConnection;
pub use self::hub::ServerHub;
use crate::config::{Identity, PortConfig};
use crate::core::directory::DirectoryConfig;
use crate::error::{End, StartError};
use crate::port::{Fresh, NetPort, Next, Port, PortHandle};
use crate::sync::Arc;

/// Settings of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where and how it listens.
    pub port: PortConfig,
    /// Whom it lists.
    pub directory: DirectoryConfig,
    /// Lists are sent at least this far apart, so that a burst of changes shares them; the first
    /// change after a quiet time is told at once. Default: 5 milliseconds.
    pub push_spacing: Duration,
}

impl ServerConfig {
    /// The defaults, for a server that listens on `listen` as a new node named `server`. It stops by
    /// itself once nobody was connected for a minute: `port.idle_timeout`; `None` keeps it.
    pub fn new(listen: SocketAddr) -> Self {
        let mut port = PortConfig::new(listen, Identity::new(Role::Server, "server"));
        // Clients have little to say to it, and may be many.
        port.link.unread_bytes_max = Some(64 * 1024);
        port.link.unsent_bytes_max = 128 * 1024;
        Self { port, directory: DirectoryConfig::default(), push_spacing: Duration::from_millis(5) }
    }
}

/// A rendezvous server for clients that speak `S`.
///
/// It keeps the list of who is registered and sends it to every one of them on every change. Its
/// main loop is the one pusher: connections tell the directory what happened and wake it.
pub struct Server<S> {
    hub: Arc<ServerHub>,
    speaks: PhantomData<fn() -> S>,
}

impl<S: MessageSet> Server<S> {
    /// What the server's connections share: for a [`NetPort`] that does a server's work and more.
    pub fn hub(&self) -> &Arc<ServerHub> {
        &self.hub
    }

    /// Binds, listens, and serves on threads of its own.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the settings cannot work, or the address cannot be listened on.
    pub fn start(config: ServerConfig) -> Result<ServerHandle, StartError> {
        Self::start_with(config, |server| server)
    }

    /// As [`Self::start`], with a [`NetPort`] of the user's own around the server. It hands to the
    /// server every call that it does not answer by itself, and [`NetPort::initial`] and
    /// [`NetPort::main_loop_work`] in any case, whose next turn is the [`Next::sooner`] of both.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the settings cannot work, or the address cannot be listened on.
    pub fn start_with<N: NetPort>(
        config: ServerConfig,
        around: impl FnOnce(Self) -> N,
    ) -> Result<ServerHandle, StartError> {
        config.validate()?;
        let hub = Arc::new(ServerHub::new(&config));
        let netport = around(Self { hub: Arc::clone(&hub), speaks: PhantomData });
        Ok(ServerHandle { port: Some(Port::start(config.port, netport)?), hub })
    }
}

impl<S: MessageSet> NetPort for Server<S> {
    fn initial(&mut self, port: &Port) -> Result<(), End> {
        self.hub.attach(port);
        Ok(())
    }

    fn main_loop_work(&mut self, _port: &Port, now: Instant) -> Result<Next, End> {
        Ok(self.hub.turn(now))
    }

    fn new_connection(&mut self, _port: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch(ServerConnection::<S>::new(Arc::clone(&self.hub))).map(drop)
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hub", &self.hub).finish_non_exhaustive()
    }
}

/// A running server. Dropping it stops the server, as [`Self::stop`] does, and waits for its end; on a
/// thread of the server itself it only stops it, as [`PortHandle`] says.
#[derive(Debug)]
#[must_use = "dropped, it stops the server and waits for its end"]
pub struct ServerHandle {
    /// Taken by `join` alone.
    port: Option<PortHandle>,
    hub: Arc<ServerHub>,
}

impl ServerHandle {
    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.port().local_addr()
    }

    /// Its port: a clone of it serves to stop the server from another thread.
    pub fn port(&self) -> &Port {
        // `join` alone takes it, and `join` takes the handle too.
        self.port.as_ref().expect("a handle in use has its port")
    }

    /// What its connections share: a clone of it serves to look at the list from another thread,
    /// and after the end.
    pub fn hub(&self) -> &Arc<ServerHub> {
        &self.hub
    }

    /// Who is registered, by node id.
    pub fn peers(&self) -> Vec<Peer> {
        self.hub.peers()
    }

    /// The version of the list.
    pub fn epoch(&self) -> Epoch {
        self.hub.epoch()
    }

    /// Stops the server. Clients are told that it will be back. Returns at once.
    pub fn stop(&self) {
        self.stop_with(GoodbyeReason::Restart);
    }

    /// Stops the server. Clients are told `reason`. Returns at once.
    pub fn stop_with(&self, reason: GoodbyeReason) {
        self.port().stop(reason);
    }

    /// Waits until the server has stopped, and says why. It stops by itself when it had no
    /// connection for its idle time.
    pub fn join(mut self) -> End {
        self.port.take().map_or(End::Stopped, PortHandle::join)
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        if self.port.is_some() {
            // Not what a port says by itself: who is told `Done` does not come back.
            self.stop();
        }
    }
}
