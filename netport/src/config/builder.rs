//! Builders: every setting of a role by its name, and `build`, which checks them.
//!
//! They are a convenience. The settings are plain structs, whose fields say what they mean, and
//! whoever starts something with them has them checked all the same.

use std::net::SocketAddr;
use std::time::Duration;

use super::{ConfigError, Identity, PortConfig};
use crate::core::backoff::Backoff;
use crate::core::mesh::Dial;
use crate::{ClientConfig, ServerConfig};

/// A builder with the settings of a port, which is at `$port`, and some of its own.
macro_rules! builder {
    (
        $(#[$doc:meta])*
        $builder:ident of $config:ident, $built:ident => $port:expr;
        $($setting:ident: $ty:ty => $place:expr,)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $builder($config);

        impl $builder {
            setters! { $built of $config;
                identity: Identity => $port.identity,
                idle_timeout: Option<Duration> => $port.idle_timeout,
                connections_max: Option<usize> => $port.connections_max,
                connections_per_address_max: usize => $port.connections_per_address_max,
                handshakes_max: usize => $port.handshakes_max,
                listen_backlog: u32 => $port.listen_backlog,
                accept_rate_max: Option<u32> => $port.accept_rate_max,
                thread_stack_bytes: usize => $port.thread_stack_bytes,
                link_idle_timeout: Option<Duration> => $port.link.idle_timeout,
                heartbeat: Option<Duration> => $port.link.heartbeat,
                handshake_timeout: Duration => $port.link.handshake_timeout,
                frame_timeout: Duration => $port.link.frame_timeout,
                frame_rate_min: u32 => $port.link.frame_rate_min,
                dial_timeout: Duration => $port.link.dial_timeout,
                send_timeout: Duration => $port.link.send_timeout,
                stall_timeout: Option<Duration> => $port.link.stall_timeout,
                linger: Duration => $port.link.linger,
                backlog_bytes_max: usize => $port.link.backlog_bytes_max,
                unsent_bytes_max: u32 => $port.link.unsent_bytes_max,
                unread_bytes_max: Option<u32> => $port.link.unread_bytes_max,
                spin: Option<Duration> => $port.link.spin,
                $($setting: $ty => $place,)*
            }

            /// The settings, checked.
            ///
            /// # Errors
            ///
            /// Says which of them cannot work, and why.
            pub fn build(self) -> Result<$config, ConfigError> {
                self.0.validate()?;
                Ok(self.0)
            }
        }
    };
}

macro_rules! setters {
    ($built:ident of $config:ident; $($setting:ident: $ty:ty => $place:expr,)*) => {
        $(
            #[doc = concat!(
                "Sets `", stringify!($place), "` of a [`", stringify!($config), "`]."
            )]
            pub fn $setting(mut self, $setting: $ty) -> Self {
                let $built = &mut self.0;
                $place = $setting;
                self
            }
        )*
    };
}

builder! {
    /// Builds a [`PortConfig`].
    PortBuilder of PortConfig, config => config;
}

builder! {
    /// Builds a [`ServerConfig`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// use netport::{Rule, ServerConfig};
    ///
    /// let listen = "127.0.0.1:0".parse()?;
    /// let config = ServerConfig::builder(listen).idle_timeout(None).entries_max(500).build()?;
    /// assert_eq!(config.directory.entries_max, 500);
    ///
    /// let wrong = ServerConfig::builder(listen).heartbeat(Some(Duration::from_secs(30))).build();
    /// let wrong = wrong.expect_err("peers would give each other up between heartbeats");
    /// assert_eq!(wrong.setting, "port.link.heartbeat");
    /// assert_eq!(wrong.rule, Rule::AThirdOf("idle_timeout", Duration::from_secs(60)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ServerBuilder of ServerConfig, config => config.port;
    entries_max: usize => config.directory.entries_max,
    changes_max: usize => config.directory.changes_max,
    probe_timeout: Duration => config.directory.probe_timeout,
    trust_advertised: bool => config.directory.trust_advertised,
    push_spacing: Duration => config.push_spacing,
}

builder! {
    /// Builds a [`ClientConfig`].
    ClientBuilder of ClientConfig, config => config.port;
    listen: SocketAddr => config.port.listen,
    dial: Dial => config.mesh.dial,
    grace: Duration => config.mesh.grace,
    welcome_timeout: Duration => config.mesh.welcome_timeout,
    probe_timeout: Duration => config.mesh.probe_timeout,
    peer_backoff: Backoff => config.mesh.backoff,
    dials_max: usize => config.mesh.dials_max,
    backoff: Backoff => config.backoff,
    register: bool => config.register,
    register_again: bool => config.register_again,
    advertise: Vec<SocketAddr> => config.advertise,
    events_max: usize => config.events_max,
}

impl PortConfig {
    /// Begins with the defaults, for an endpoint that listens on `listen`.
    pub fn builder(listen: SocketAddr, identity: Identity) -> PortBuilder {
        PortBuilder(Self::new(listen, identity))
    }
}

impl ServerConfig {
    /// Begins with the defaults, for a server that listens on `listen`.
    pub fn builder(listen: SocketAddr) -> ServerBuilder {
        ServerBuilder(Self::new(listen))
    }
}

impl ClientConfig {
    /// Begins with the defaults, for a client of this name.
    pub fn builder(name: impl Into<String>) -> ClientBuilder {
        ClientBuilder(Self::named(name))
    }
}
