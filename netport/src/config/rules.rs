//! What settings have to be, and what is said of one that is not.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tlv_core::messages::Role;

use super::{Identity, LinkConfig, NAME_BYTES_MAX, PortConfig};
use crate::core::backoff::Backoff;
use crate::core::directory::{ADDRESSES_MAX, DirectoryConfig, ENTRIES_MAX, is_name};
use crate::core::mesh::MeshConfig;
use crate::sync::TIME_MAX;
use crate::{ClientConfig, ServerConfig};

/// A stack with less than this does not last for a connection's own work, in bytes.
const STACK_BYTES_MIN: u64 = 64 * 1024;

/// A setting that cannot work. Nothing has been opened or started then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{setting}` is {value}: {rule}")]
#[non_exhaustive]
pub struct ConfigError {
    /// Where it stands in the configuration: `port.link.heartbeat`, say.
    pub setting: String,
    /// What it is set to, as text.
    pub value: String,
    /// What it has to be.
    pub rule: Rule,
}

/// What a setting has to be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// An address that others are to connect to. Zones mean something on their own host only.
    #[error("it must have a port, and neither a zone nor a flow")]
    Address,
    /// A number that must not be smaller.
    #[error("it must be at least {0}")]
    AtLeast(u64),
    /// A number that must not be greater.
    #[error("it must be at most {0}")]
    AtMost(u64),
    /// A text that must not be longer.
    #[error("it must have at most {0} bytes")]
    BytesAtMost(usize),
    /// A time that must not be longer.
    #[error("it must be at most {0:?}")]
    NoLongerThan(Duration),
    /// A time that must be no longer than a third of another setting.
    #[error("it must be at most a third of `{0}`, which is {1:?}")]
    AThirdOf(&'static str, Duration),
    /// A time that must be longer than another setting.
    #[error("it must be longer than `{0}`, which is {1:?}")]
    LongerThan(&'static str, Duration),
    /// A text that people read: not empty, and without control characters.
    #[error("it must have a character, and no control character")]
    Name,
    /// A time that must not be 0.
    #[error("it must be longer than 0")]
    Positive,
    /// What an endpoint of this kind has to be to its peers.
    #[error("it must be {0:?}")]
    Role(Role),
}

type Checked = Result<(), ConfigError>;

impl PortConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        self.identity.validate().map_err(|error| error.within("identity"))?;
        if let Some(time) = self.idle_timeout {
            positive("idle_timeout", time)?;
        }
        if let Some(connections) = self.connections_max {
            at_least("connections_max", connections as u64, 1)?;
        }
        if let Some(rate) = self.accept_rate_max {
            at_least("accept_rate_max", rate.into(), 1)?;
        }
        at_least("connections_per_address_max", self.connections_per_address_max as u64, 1)?;
        at_least("handshakes_max", self.handshakes_max as u64, 1)?;
        at_least("listen_backlog", self.listen_backlog.into(), 1)?;
        at_least("thread_stack_bytes", self.thread_stack_bytes as u64, STACK_BYTES_MIN)?;
        self.link.validate().map_err(|error| error.within("link"))
    }
}

impl Identity {
    fn validate(&self) -> Checked {
        at_least("incarnation", self.incarnation, 1)?;
        keep(self.name.len() <= NAME_BYTES_MAX, "name", &self.name, || {
            Rule::BytesAtMost(NAME_BYTES_MAX)
        })?;
        keep(is_name(&self.name), "name", &self.name, || Rule::Name)
    }

    fn has_role(&self, role: Role) -> Checked {
        keep(self.role == role, "port.identity.role", self.role, || Rule::Role(role))
    }
}

impl LinkConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        let optional = [
            ("idle_timeout", self.idle_timeout),
            ("heartbeat", self.heartbeat),
            ("stall_timeout", self.stall_timeout),
        ];
        for (setting, time) in optional {
            time.map_or(Ok(()), |time| positive(setting, time))?;
        }
        positive("handshake_timeout", self.handshake_timeout)?;
        positive("frame_timeout", self.frame_timeout)?;
        positive("dial_timeout", self.dial_timeout)?;
        // These may be 0: to wait for nothing.
        bounded("send_timeout", self.send_timeout)?;
        bounded("linger", self.linger)?;
        bounded("spin", self.spin.unwrap_or_default())?;
        at_least("frame_rate_min", self.frame_rate_min.into(), 1)?;
        at_least("backlog_bytes_max", self.backlog_bytes_max as u64, 1)?;
        at_least("unsent_bytes_max", self.unsent_bytes_max.into(), 1)?;
        at_least("unread_bytes_max", self.unread_bytes_max.unwrap_or(1).into(), 1)?;
        match (self.heartbeat, self.idle_timeout) {
            // The next heartbeat may be almost two of these away, and then it has to get there:
            // peers with the same settings would give each other up meanwhile.
            (Some(heartbeat), Some(idle)) => {
                keep(heartbeat <= idle / 3, "heartbeat", heartbeat, || {
                    Rule::AThirdOf("idle_timeout", idle)
                })
            }
            _ => Ok(()),
        }
    }
}

impl DirectoryConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        at_least("entries_max", self.entries_max as u64, 1)?;
        at_most("entries_max", self.entries_max as u64, ENTRIES_MAX as u64)?;
        at_most("changes_max", self.changes_max as u64, ENTRIES_MAX as u64)?;
        positive("probe_timeout", self.probe_timeout)
    }
}

impl MeshConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        bounded("grace", self.grace)?;
        positive("probe_timeout", self.probe_timeout)?;
        bounded("welcome_timeout", self.welcome_timeout)?;
        keep(
            self.welcome_timeout > self.probe_timeout,
            "welcome_timeout",
            self.welcome_timeout,
            || Rule::LongerThan("probe_timeout", self.probe_timeout),
        )?;
        at_least("dials_max", self.dials_max as u64, 1)?;
        self.backoff.validate().map_err(|error| error.within("backoff"))
    }
}

impl Backoff {
    /// Says which bound cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such bound.
    pub fn validate(&self) -> Checked {
        positive("first", self.first)?;
        bounded("max", self.max)?;
        keep(self.first <= self.max, "first", self.first, || Rule::NoLongerThan(self.max))
    }
}

impl ServerConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        self.port.validate().map_err(|error| error.within("port"))?;
        self.port.identity.has_role(Role::Server)?;
        self.directory.validate().map_err(|error| error.within("directory"))?;
        bounded("push_spacing", self.push_spacing)
    }
}

impl ClientConfig {
    /// Says which setting cannot work, if one cannot.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn validate(&self) -> Checked {
        self.port.validate().map_err(|error| error.within("port"))?;
        self.port.identity.has_role(Role::Client)?;
        self.mesh.validate().map_err(|error| error.within("mesh"))?;
        self.backoff.validate().map_err(|error| error.within("backoff"))?;
        at_most("advertise", self.advertise.len() as u64, ADDRESSES_MAX as u64)?;
        for address in &self.advertise {
            keep(is_sendable(address), "advertise", address, || Rule::Address)?;
        }
        at_least("events_max", self.events_max as u64, 1)
    }
}

impl ConfigError {
    /// The same, of a part of a greater configuration.
    fn within(mut self, part: &str) -> Self {
        self.setting = format!("{part}.{}", self.setting);
        self
    }
}

fn keep(holds: bool, setting: &str, value: impl Debug, rule: impl FnOnce() -> Rule) -> Checked {
    if holds {
        return Ok(());
    }
    Err(ConfigError { setting: setting.to_owned(), value: format!("{value:?}"), rule: rule() })
}

fn is_sendable(address: &SocketAddr) -> bool {
    let is_plain = match address {
        SocketAddr::V4(_) => true,
        SocketAddr::V6(v6) => v6.scope_id() == 0 && v6.flowinfo() == 0,
    };
    is_plain && address.port() != 0
}

fn at_least(setting: &str, value: u64, least: u64) -> Checked {
    keep(value >= least, setting, value, || Rule::AtLeast(least))
}

fn at_most(setting: &str, value: u64, most: u64) -> Checked {
    keep(value <= most, setting, value, || Rule::AtMost(most))
}

fn positive(setting: &str, time: Duration) -> Checked {
    keep(!time.is_zero(), setting, time, || Rule::Positive)?;
    bounded(setting, time)
}

fn bounded(setting: &str, time: Duration) -> Checked {
    keep(time <= TIME_MAX, setting, time, || Rule::NoLongerThan(TIME_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> SocketAddr {
        ([127, 0, 0, 1], 0).into()
    }

    #[track_caller]
    fn server(expect: &str, change: impl FnOnce(&mut ServerConfig)) {
        let mut config = ServerConfig::new(listen());
        change(&mut config);
        assert_eq!(config.validate().expect_err("it cannot work").to_string(), expect);
    }

    #[track_caller]
    fn client(expect: &str, change: impl FnOnce(&mut ClientConfig)) {
        let mut config = ClientConfig::named("ann");
        change(&mut config);
        assert_eq!(config.validate().expect_err("it cannot work").to_string(), expect);
    }

    #[test]
    fn the_defaults_work() {
        assert_eq!(ServerConfig::new(listen()).validate(), Ok(()));
        assert_eq!(ClientConfig::named("ann").validate(), Ok(()));
    }

    #[test]
    fn a_port_names_the_setting_its_value_and_the_rule() {
        server("`port.handshakes_max` is 0: it must be at least 1", |c| c.port.handshakes_max = 0);
        server("`port.connections_max` is 0: it must be at least 1", |c| {
            c.port.connections_max = Some(0);
        });
        server("`port.accept_rate_max` is 0: it must be at least 1", |c| {
            c.port.accept_rate_max = Some(0);
        });
        server("`port.connections_per_address_max` is 0: it must be at least 1", |c| {
            c.port.connections_per_address_max = 0;
        });
        server("`port.listen_backlog` is 0: it must be at least 1", |c| c.port.listen_backlog = 0);
        server("`port.thread_stack_bytes` is 100: it must be at least 65536", |c| {
            c.port.thread_stack_bytes = 100;
        });
        server("`port.idle_timeout` is 0ns: it must be longer than 0", |c| {
            c.port.idle_timeout = Some(Duration::ZERO);
        });
        server("`port.identity.role` is Client: it must be Server", |c| {
            c.port.identity.role = Role::Client;
        });
        server("`port.identity.incarnation` is 0: it must be at least 1", |c| {
            c.port.identity.incarnation = 0;
        });
    }

    #[test]
    fn a_name_has_to_be_one() {
        client(
            "`port.identity.name` is \"\": it must have a character, and no control character",
            |c| {
                c.port.identity.name.clear();
            },
        );
        client(
            "`port.identity.name` is \"a\\nb\": it must have a character, and no control character",
            |c| c.port.identity.name = "a\nb".into(),
        );
        let long = "x".repeat(65);
        client(&format!("`port.identity.name` is {long:?}: it must have at most 64 bytes"), |c| {
            c.port.identity.name = "x".repeat(65);
        });
    }

    #[test]
    fn a_links_times_fit_each_other() {
        server(
            "`port.link.heartbeat` is 60s: it must be at most a third of `idle_timeout`, which is 60s",
            |c| c.port.link.heartbeat = c.port.link.idle_timeout,
        );
        server("`port.link.idle_timeout` is 31536001s: it must be at most 31536000s", |c| {
            c.port.link.idle_timeout = Some(TIME_MAX + Duration::from_secs(1));
        });
        server("`port.link.frame_timeout` is 0ns: it must be longer than 0", |c| {
            c.port.link.frame_timeout = Duration::ZERO;
        });
        server(
            "`port.link.linger` is 18446744073709551615.999999999s: it must be at most 31536000s",
            |c| {
                c.port.link.linger = Duration::MAX;
            },
        );
        server("`port.link.frame_rate_min` is 0: it must be at least 1", |c| {
            c.port.link.frame_rate_min = 0;
        });
        server("`port.link.backlog_bytes_max` is 0: it must be at least 1", |c| {
            c.port.link.backlog_bytes_max = 0;
        });
        server("`port.link.unsent_bytes_max` is 0: it must be at least 1", |c| {
            c.port.link.unsent_bytes_max = 0;
        });
        server("`port.link.unread_bytes_max` is 0: it must be at least 1", |c| {
            c.port.link.unread_bytes_max = Some(0);
        });
    }

    #[test]
    fn a_directory_has_room_and_no_more_than_a_snapshot_carries() {
        server("`directory.entries_max` is 0: it must be at least 1", |c| {
            c.directory.entries_max = 0;
        });
        server("`directory.entries_max` is 32769: it must be at most 32768", |c| {
            c.directory.entries_max = ENTRIES_MAX + 1;
        });
        server("`directory.changes_max` is 32769: it must be at most 32768", |c| {
            c.directory.changes_max = ENTRIES_MAX + 1;
        });
        server("`directory.probe_timeout` is 0ns: it must be longer than 0", |c| {
            c.directory.probe_timeout = Duration::ZERO;
        });
    }

    #[test]
    fn a_clients_settings_fit_each_other() {
        client("`backoff.first` is 11s: it must be at most 10s", |c| {
            c.backoff.first = Duration::from_secs(11);
        });
        client("`mesh.backoff.first` is 0ns: it must be longer than 0", |c| {
            c.mesh.backoff.first = Duration::ZERO;
        });
        client(
            "`mesh.welcome_timeout` is 3s: it must be longer than `probe_timeout`, which is 3s",
            |c| c.mesh.welcome_timeout = c.mesh.probe_timeout,
        );
        client("`mesh.dials_max` is 0: it must be at least 1", |c| c.mesh.dials_max = 0);
        client("`events_max` is 0: it must be at least 1", |c| c.events_max = 0);
        client("`advertise` is 5: it must be at most 4", |c| c.advertise = vec![listen(); 5]);
        for address in ["192.0.2.1:0", "[fe80::1%2]:7000"] {
            let rule = "it must have a port, and neither a zone nor a flow";
            client(&format!("`advertise` is {address}: {rule}"), |c| {
                c.advertise = vec![address.parse().expect("an address")];
            });
        }
        client("`port.identity.role` is Server: it must be Client", |c| {
            c.port.identity.role = Role::Server;
        });
    }
}
