//! How large everything is, and the settings of servers and clients by name, so that a process and
//! the one that judges it agree on them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use netport::{Backoff, ClientConfig, Dial, PortConfig, ServerConfig};

/// How large everything is.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// What the other process is told.
    pub(crate) name: &'static str,
    /// Clients under attack, which must not notice.
    pub(crate) bystanders: usize,
    /// Connections that send a byte now and then.
    pub(crate) dribblers: usize,
    /// How often.
    pub(crate) dribble_every: Duration,
    /// Connections of a flood.
    pub(crate) flood: usize,
    /// Connections that never read, and that never stop sending.
    pub(crate) deaf: usize,
    /// How long each attack lasts at least, so that there are greetings enough for a percentile.
    pub(crate) attacked_for: Duration,
    /// Most connections of the server under attack.
    pub(crate) connections_max: usize,
    /// Clients whose server is killed.
    pub(crate) orphans: usize,
    /// Clients that are killed in a push.
    pub(crate) victims: usize,
    /// How often what is random is repeated.
    pub(crate) rounds: usize,
    /// How long the soak takes.
    pub(crate) soak: Duration,
    /// Whether times are told.
    pub(crate) timed: bool,
}

impl Scale {
    /// What every run of CI can afford.
    pub(crate) fn small() -> Self {
        Self {
            name: "small",
            bystanders: 20,
            dribblers: 100,
            dribble_every: Duration::from_millis(200),
            flood: 500,
            deaf: 20,
            attacked_for: Duration::ZERO,
            connections_max: 200,
            orphans: 40,
            victims: 40,
            rounds: 2,
            soak: Duration::from_secs(8),
            timed: false,
        }
    }

    /// What a campaign takes.
    pub(crate) fn full() -> Self {
        Self {
            name: "full",
            dribblers: 1_000,
            dribble_every: Duration::from_secs(3),
            flood: 10_000,
            deaf: 100,
            attacked_for: Duration::from_secs(5),
            connections_max: 1_500,
            orphans: 200,
            victims: 200,
            rounds: 12,
            soak: Duration::from_secs(60),
            timed: true,
            ..Self::small()
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        if name == "full" { Self::full() } else { Self::small() }
    }
}

/// Any free port of the first loopback address.
pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Deadlines so short that what a fault does is seen soon. They may be missed by a healthy process
/// on a busy machine: for scenarios that expect loss.
fn hasty(port: &mut PortConfig) {
    port.link.heartbeat = Some(Duration::from_millis(200));
    port.link.idle_timeout = Some(Duration::from_secs(1));
    port.link.handshake_timeout = Duration::from_secs(1);
    port.link.frame_timeout = Duration::from_secs(1);
    port.link.dial_timeout = Duration::from_secs(1);
    port.link.stall_timeout = Some(Duration::from_secs(1));
    port.link.linger = Duration::from_millis(200);
}

/// The server of a scenario.
pub(crate) fn server(preset: &str, scale: &Scale) -> ServerConfig {
    let mut config = ServerConfig::new(loopback());
    config.port.idle_timeout = None;
    config.directory.probe_timeout = Duration::from_secs(1);
    match preset {
        "hasty" => hasty(&mut config.port),
        "besieged" => {
            let port = &mut config.port;
            port.connections_max = Some(scale.connections_max);
            port.connections_per_address_max = scale.connections_max / 4;
            port.handshakes_max = scale.connections_max / 2;
            port.thread_stack_bytes = 128 * 1024;
            port.link.handshake_timeout = 4 * scale.dribble_every;
            port.link.frame_timeout = 4 * scale.dribble_every;
            port.link.frame_rate_min = 1024 * 1024;
            port.link.stall_timeout = Some(Duration::from_secs(1));
            port.link.backlog_bytes_max = 64 * 1024;
            port.link.unsent_bytes_max = 64 * 1024;
            config.directory.entries_max = scale.connections_max;
        }
        // The log of changes is full after the first peaks.
        "churned" => config.directory.changes_max = 64,
        // Descriptors run out before connections do.
        "unlimited" => config.port.connections_max = Some(100_000),
        _ => {}
    }
    config
}

/// A client of a scenario.
pub(crate) fn client(preset: &str, name: String, dial: Dial) -> ClientConfig {
    let mut config = ClientConfig::named(name);
    config.port.listen = loopback();
    config.backoff = Backoff { first: Duration::from_millis(50), max: Duration::from_millis(500) };
    config.mesh.backoff = config.backoff;
    config.mesh.grace = Duration::from_millis(200);
    config.mesh.dial = dial;
    if preset == "hasty" {
        hasty(&mut config.port);
    }
    config
}
