//! What servers and clients are made of: shorter times than the defaults, in the same proportions.

use std::time::Duration;

use super::super::plan::Plan;
use super::super::process::{LISTENS, Part, address};
use super::Simulation;
use crate::config::{Identity, LinkConfig};
use crate::core::backoff::Backoff;
use crate::core::client::{ClientCore, ClientSettings};
use crate::core::directory::DirectoryConfig;
use crate::core::mesh::MeshConfig;
use crate::core::server::{ServerCore, ServerSettings};

impl Simulation<'_> {
    pub(super) fn server(&mut self) -> Part {
        let config = DirectoryConfig {
            changes_max: self.plan.changes_max,
            probe_timeout: Duration::from_secs(1),
            ..DirectoryConfig::default()
        };
        let settings = ServerSettings {
            directory: config,
            push_spacing: Duration::from_millis(5),
            pushes_per_turn_max: 2,
        };
        Part::Server(Box::new(ServerCore::new(settings, self.chance.number())))
    }

    pub(super) fn client(&mut self, identity: &Identity) -> Part {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(2) };
        let link = link_config(self.plan);
        let mesh = MeshConfig {
            grace: self.plan.grace,
            welcome_timeout: Duration::from_secs(3),
            probe_timeout: Duration::from_secs(1),
            backoff,
            dials_max: 1 + self.chance.below(8) as usize,
            ..MeshConfig::default()
        };
        let settings = ClientSettings {
            node: identity.node,
            server: address(0),
            advertise: Vec::new(),
            backoff,
            attempt_timeout: link.dial_timeout + link.handshake_timeout,
            register: true,
            register_again: true,
            mesh,
        };
        let mut core = ClientCore::new(settings, self.now, self.chance.number());
        core.listens(LISTENS);
        Part::Client(Box::new(core))
    }
}

/// How every link is set.
pub(super) fn link_config(plan: &Plan) -> LinkConfig {
    LinkConfig {
        idle_timeout: Some(Duration::from_secs(10)),
        heartbeat: Some(Duration::from_secs(3)),
        handshake_timeout: Duration::from_secs(3),
        frame_timeout: Duration::from_secs(3),
        dial_timeout: Duration::from_secs(3),
        stall_timeout: Some(Duration::from_secs(8)),
        linger: Duration::from_secs(1),
        backlog_bytes_max: plan.backlog_bytes_max,
        ..LinkConfig::default()
    }
}
