//! Unique names: the probe that decides whether a holder is alive, and who waits for it.

use std::net::SocketAddr;
use std::time::Instant;

use tlv_core::Uuid;
use tlv_core::messages::RegisterError;

use super::{Actions, Directory, DirectoryAction, LinkId};
use crate::core::mutant::{Mutant, mutant};

impl Directory {
    /// Has a client that registers wait for its name, if another node holds that; says whether so.
    pub(super) fn has_to_wait(
        &mut self,
        now: Instant,
        link: LinkId,
        addresses: &[SocketAddr],
        actions: &mut Actions,
    ) -> bool {
        let Some(client) = self.links.get_mut(&link) else { return false };
        let holder = self.names.get(&client.caller.name).copied();
        let Some(holder) = holder.filter(|holder| *holder != client.caller.node) else {
            return false;
        };
        if mutant(Mutant::SkipNameCheck) {
            return false;
        }
        client.waits_with = Some(addresses.to_vec());
        self.waiting.entry(client.caller.name.clone()).or_default().push_back(link);
        self.doubt(now, holder, actions);
        true
    }

    /// The holder of a name shows that it is alive: so whoever waited for the name is refused.
    pub(super) fn alive(&mut self, link: LinkId, nonce: u64, actions: &mut Actions) {
        let Some(client) = self.links.get(&link) else { return };
        let node = client.caller.node;
        let Some(entry) = self.entries.get_mut(&node) else { return };
        if entry.holder != Some(link) || entry.probe != Some(nonce) {
            return;
        }
        entry.probe = None;
        self.doubts.clear(&node);
        for waiting in self.waiting.remove(&entry.peer.name).unwrap_or_default() {
            if let Some(client) = self.links.get_mut(&waiting) {
                client.waits_with = None;
            }
            actions.add(DirectoryAction::RefuseRegistration(waiting, RegisterError::NameTaken));
        }
    }

    /// Registers those who waited for a name that is free now, in the order in which they came,
    /// until nothing more follows from it.
    pub(super) fn settle(&mut self, now: Instant, mut actions: Actions) -> Vec<DirectoryAction> {
        while let Some(name) = actions.freed.pop_front() {
            for link in self.waiting.remove(&name).unwrap_or_default() {
                let client = self.links.get_mut(&link);
                if let Some(addresses) = client.and_then(|client| client.waits_with.take()) {
                    self.register(now, link, &addresses, &mut actions);
                }
            }
        }
        actions.list
    }

    /// Asks the holder of an entry whether it is alive, unless the question is open already.
    fn doubt(&mut self, now: Instant, node: Uuid, actions: &mut Actions) {
        if self.doubts.is_set(&node) {
            return;
        }
        let Some(entry) = self.entries.get_mut(&node) else { return };
        self.doubts.set(node, now + self.config.probe_timeout);
        if let Some(link) = entry.holder {
            self.nonce += 1;
            entry.probe = Some(self.nonce);
            actions.add(DirectoryAction::Probe(link, self.nonce));
        }
    }

    /// Whatever `link` waits for, it does so no longer.
    pub(super) fn stop_waiting(&mut self, link: LinkId) {
        let Some(client) = self.links.get_mut(&link) else { return };
        if client.waits_with.take().is_none() {
            return;
        }
        if let Some(queue) = self.waiting.get_mut(&client.caller.name) {
            queue.retain(|waiting| *waiting != link);
            if queue.is_empty() {
                self.waiting.remove(&client.caller.name);
            }
        }
    }
}

/// Whether a client may be listed under `name`. Its length is bounded by the spec.
pub(crate) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.chars().any(char::is_control)
}
