//! Which links a port has, and which of its threads are still to be joined.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::link::{Link, Shared};
use crate::sync::{Arc, JoinHandle};

/// The links of one port.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    links: HashMap<u64, Arc<Shared>>,
    /// Accepted links by address.
    accepted: HashMap<IpAddr, usize>,
    /// Accepted links in their handshake; ids grow, so the first is the oldest.
    handshakes: BTreeSet<u64>,
    threads: HashMap<u64, JoinHandle<()>>,
    /// Links whose threads are about to end.
    ended: Vec<u64>,
    last_end: Option<Instant>,
}

impl Registry {
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn links(&self) -> Vec<Link> {
        self.links.values().cloned().map(Link).collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<Arc<Shared>> {
        self.links.get(&id).cloned()
    }

    /// Accepted links from this address.
    pub(super) fn accepted_from(&self, address: SocketAddr) -> usize {
        self.accepted.get(&address.ip()).copied().unwrap_or(0)
    }

    pub(super) fn insert(&mut self, link: Arc<Shared>, accepted: bool) {
        if accepted {
            *self.accepted.entry(link.address.ip()).or_default() += 1;
            self.handshakes.insert(link.id);
        }
        self.links.insert(link.id, link);
    }

    /// Keeps the thread of a link, so that it can be joined.
    pub(super) fn insert_thread(&mut self, id: u64, thread: JoinHandle<()>) {
        self.threads.insert(id, thread);
    }

    /// A link's handshake is over.
    pub(super) fn opened(&mut self, id: u64) {
        self.handshakes.remove(&id);
    }

    /// The accepted link that is in its handshake longest, if there are more than `max`.
    pub(super) fn evicted(&mut self, max: usize) -> Option<Arc<Shared>> {
        if self.handshakes.len() <= max {
            return None;
        }
        let oldest = self.handshakes.pop_first()?;
        self.find(oldest)
    }

    /// A link has ended, and its thread is about to.
    pub(super) fn remove(&mut self, id: u64, accepted: bool, now: Instant) {
        let Some(link) = self.links.remove(&id) else { return };
        self.handshakes.remove(&id);
        self.ended.push(id);
        self.last_end = Some(now);
        if accepted {
            let address = link.address.ip();
            if let Some(count) = self.accepted.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    self.accepted.remove(&address);
                }
            }
        }
    }

    /// When the last link ended.
    pub(super) fn last_end(&self) -> Option<Instant> {
        self.last_end
    }

    /// Threads to be joined: they end without waiting for anything.
    pub(super) fn reap(&mut self) -> Vec<JoinHandle<()>> {
        let ended = std::mem::take(&mut self.ended);
        ended.into_iter().filter_map(|id| self.threads.remove(&id)).collect()
    }
}
