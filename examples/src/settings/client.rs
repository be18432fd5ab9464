//! What can be set of a client.

use std::net::SocketAddr;

use clap::Args;
use netport::{ClientConfig, StartError};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use super::{BackoffSettings, LinkSettings, MeshSettings, PortSettings};
use crate::options;

/// Settings of the program `client`.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSettings {
    /// HOST:PORT of the server
    #[arg(long, value_name = "ADDR")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,

    /// Name to register; no other client may have it
    #[arg(long, value_name = "NAME")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Keeps the node id, to be the same node again
    #[arg(long, value_name = "FILE")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,

    /// Wait while another has the name
    #[arg(long, value_name = "BOOL", hide_possible_values = true, num_args = 0..=1, default_missing_value = "true")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub wait_for_name: Option<bool>,

    /// Log level, off to trace [default: warn]
    #[arg(long, value_name = "LEVEL")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub log: Option<LevelFilter>,

    /// Where to listen for peers [default: anywhere]
    #[arg(long, value_name = "ADDR", hide_short_help = true)]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,

    /// Where peers reach it, up to four, best first [default: what the server sees]
    #[arg(long, value_name = "ADDR", value_delimiter = ',', hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advertise: Vec<SocketAddr>,

    /// Its connections.
    #[command(flatten)]
    pub port: PortSettings,

    /// Each of them.
    #[command(flatten)]
    pub link: LinkSettings,

    /// How it deals with peers.
    #[command(flatten)]
    pub mesh: MeshSettings,

    /// How it deals with the server.
    #[command(flatten)]
    pub backoff: BackoffSettings,
}

impl ClientSettings {
    /// Those that are given here, and otherwise those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let advertise = if self.advertise.is_empty() { other.advertise } else { self.advertise };
        Self {
            server: self.server.or(other.server),
            name: self.name.or(other.name),
            identity: self.identity.or(other.identity),
            wait_for_name: self.wait_for_name.or(other.wait_for_name),
            log: self.log.or(other.log),
            listen: self.listen.or(other.listen),
            advertise,
            port: self.port.or(other.port),
            link: self.link.or(other.link),
            mesh: self.mesh.or(other.mesh),
            backoff: self.backoff.or(other.backoff),
        }
    }

    /// With what is not given as it is by default, but for the identity.
    ///
    /// # Errors
    /// They cannot work.
    pub fn config(&self) -> Result<ClientConfig, StartError> {
        let mut config = ClientConfig::named(self.name.as_deref().unwrap_or_default());
        config.register_again = self.wait_for_name.unwrap_or(false);
        config.advertise.clone_from(&self.advertise);
        if let Some(listen) = self.listen {
            config.port.listen = listen;
        }
        self.port.apply(&mut config.port);
        self.link.apply(&mut config.port.link);
        self.mesh.apply(&mut config.mesh);
        self.backoff.apply(&mut config.backoff);
        config.validate()?;
        Ok(config)
    }

    /// What is logged.
    pub fn log(&self) -> LevelFilter {
        self.log.unwrap_or(options::LOG_DEFAULT)
    }

    /// All settings as they are, to print them.
    ///
    /// # Errors
    /// They cannot work.
    pub fn complete(&self) -> Result<Self, StartError> {
        let config = self.config()?;
        Ok(Self {
            server: self.server.clone(),
            name: self.name.clone(),
            identity: self.identity.clone(),
            wait_for_name: Some(config.register_again),
            log: Some(self.log()),
            listen: Some(config.port.listen),
            advertise: config.advertise,
            port: PortSettings::of(&config.port),
            link: LinkSettings::of(&config.port.link),
            mesh: MeshSettings::of(&config.mesh),
            backoff: BackoffSettings::of(&config.backoff),
        })
    }
}
