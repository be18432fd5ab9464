//! Which links a port has, and which of its threads are still to be joined.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use crate::core::mutant::{Mutant, mutant};
use crate::error::Limit;
use crate::link::{Link, Shared};
use crate::sync::{Arc, JoinHandle};

/// The links of one port.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    links: BTreeMap<u64, Arc<Shared>>,
    /// Connections that are begun, with those that are no link yet.
    places: usize,
    /// The accepted ones of these, by address.
    accepted: HashMap<IpAddr, usize>,
    /// Accepted links in their handshake; ids grow, so the first is the oldest.
    handshakes: BTreeSet<u64>,
    threads: HashMap<u64, JoinHandle<()>>,
    /// Links whose threads are about to end.
    ended: Vec<u64>,
    last_end: Option<Instant>,
    /// The port has ended.
    closed: bool,
}

impl Registry {
    pub(super) fn links(&self) -> Vec<Link> {
        self.links.values().cloned().map(Link).collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<Arc<Shared>> {
        self.links.get(&id).cloned()
    }

    /// Counts another connection, if it may be begun: one that arrives from `from`, or is dialled.
    pub(super) fn take_place(
        &mut self,
        from: Option<IpAddr>,
        max: usize,
        per_address_max: usize,
    ) -> Result<(), Limit> {
        if self.places >= max {
            return Err(Limit::Connections);
        }
        if let Some(address) = from {
            let from_there = self.accepted.get(&address).copied().unwrap_or(0);
            if from_there >= per_address_max {
                return Err(Limit::ConnectionsPerAddress);
            }
            self.accepted.insert(address, from_there + 1);
        }
        self.places += 1;
        Ok(())
    }

    /// A connection is over. So is its link, if it had one, whose thread is about to end.
    pub(super) fn leave_place(&mut self, from: Option<IpAddr>, link: Option<u64>, now: Instant) {
        self.places -= 1;
        self.last_end = Some(now);
        if let Some(address) = from
            && let Some(count) = self.accepted.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.accepted.remove(&address);
            }
        }
        if let Some(id) = link
            && self.links.remove(&id).is_some()
        {
            self.handshakes.remove(&id);
            self.ended.push(id);
        }
    }

    /// Adds a link; `false` if the port has ended.
    pub(super) fn insert(&mut self, link: Arc<Shared>, accepted: bool) -> bool {
        if self.closed {
            return false;
        }
        if accepted {
            self.handshakes.insert(link.id);
        }
        self.links.insert(link.id, link);
        true
    }

    /// Keeps the thread of a link, so that it can be joined.
    pub(super) fn insert_thread(&mut self, id: u64, thread: JoinHandle<()>) {
        self.threads.insert(id, thread);
    }

    /// A link got no thread.
    pub(super) fn forget_thread(&mut self, id: u64) {
        self.ended.retain(|ended| *ended != id);
    }

    /// Takes no more links, if none is left and no thread is to be joined; says whether that is so.
    pub(super) fn try_close(&mut self) -> bool {
        self.closed = self.links.is_empty() && self.threads.is_empty();
        self.closed
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

    /// Whether there is no connection at all.
    pub(super) fn is_idle(&self) -> bool {
        self.places == 0
    }

    /// When the last connection was over.
    pub(super) fn last_end(&self) -> Option<Instant> {
        self.last_end
    }

    /// Threads to be joined: they end without waiting for anything.
    pub(super) fn reap(&mut self) -> Vec<JoinHandle<()>> {
        let mut reaped = Vec::with_capacity(self.ended.len());
        let Self { ended, threads, .. } = self;
        ended.retain(|id| {
            let thread = threads.remove(id);
            // One may have ended before its thread was kept here.
            let is_unknown = thread.is_none() && !mutant(Mutant::ForgetUnknownThread);
            reaped.extend(thread);
            is_unknown
        });
        reaped
    }
}
