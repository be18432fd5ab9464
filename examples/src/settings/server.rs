//! What can be set of a server.

use std::net::SocketAddr;

use clap::Args;
use netport::{ServerConfig, StartError};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use super::{DirectorySettings, LinkSettings, PortSettings, Time};
use crate::options;

/// Settings of the program `server`.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Where to listen; port 0: any [default: 127.0.0.1:4000]
    #[arg(long, value_name = "ADDR")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,

    /// Where operators see how it does; best on loopback
    #[arg(long, value_name = "ADDR")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,

    /// Log level, off to trace [default: warn]
    #[arg(long, value_name = "LEVEL")]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub log: Option<LevelFilter>,

    /// How far apart lists are sent, at least
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    #[serde(with = "super::value", skip_serializing_if = "Option::is_none")]
    pub push_spacing: Option<Time>,

    /// Its connections.
    #[command(flatten)]
    pub port: PortSettings,

    /// Each of them.
    #[command(flatten)]
    pub link: LinkSettings,

    /// Whom it lists.
    #[command(flatten)]
    pub directory: DirectorySettings,
}

impl ServerSettings {
    /// Those that are given here, and otherwise those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            metrics: self.metrics.or(other.metrics),
            log: self.log.or(other.log),
            push_spacing: self.push_spacing.or(other.push_spacing),
            port: self.port.or(other.port),
            link: self.link.or(other.link),
            directory: self.directory.or(other.directory),
        }
    }

    /// With what is not given as it is by default.
    ///
    /// # Errors
    /// They cannot work.
    pub fn config(&self) -> Result<ServerConfig, StartError> {
        let listen = self.listen.unwrap_or(([127, 0, 0, 1], 4000).into());
        let mut config = ServerConfig::new(listen);
        if let Some(spacing) = self.push_spacing {
            config.push_spacing = spacing.into();
        }
        self.port.apply(&mut config.port);
        self.link.apply(&mut config.port.link);
        self.directory.apply(&mut config.directory);
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
            listen: Some(config.port.listen),
            metrics: self.metrics,
            log: Some(self.log()),
            push_spacing: Some(config.push_spacing.into()),
            port: PortSettings::of(&config.port),
            link: LinkSettings::of(&config.port.link),
            directory: DirectorySettings::of(&config.directory),
        })
    }
}
