//! A connection's place among those of its port.

use std::net::IpAddr;

use super::Port;
use crate::core::mutant::{Mutant, mutant};
use crate::error::Limit;
use crate::sync;

/// Taken before a connection is begun, so that the limits hold whoever begins one at the same time;
/// given back when it is dropped, whatever became of the connection until then.
pub(super) struct Place {
    port: Port,
    /// Where it was accepted from; `None` where this side dials.
    from: Option<IpAddr>,
    /// The link that came of it.
    link: Option<u64>,
}

impl Place {
    /// A place for a connection that arrives from `from`, or is dialled.
    pub(super) fn take(port: &Port, from: Option<IpAddr>) -> Result<Self, Limit> {
        let per_address_max = port.config().connections_per_address_max;
        port.0.registry.lock().take_place(from, port.0.connections_max, per_address_max)?;
        Ok(Self { port: port.clone(), from, link: None })
    }

    pub(super) fn port(&self) -> &Port {
        &self.port
    }

    /// The place is this link's, which leaves the registry with it.
    pub(super) fn give_to(&mut self, link: u64) {
        self.link = Some(link);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.port.0.registry.lock().leave_place(self.from, self.link, sync::now());
        if let Some(link) = self.link {
            self.port.0.keeper.forget(link);
        }
        if !mutant(Mutant::EndUntold) {
            self.port.wake();
        }
    }
}
