//! What must hold when all is calm, and when everybody has left.

use std::collections::BTreeSet;

use tlv_core::Uuid;

use super::super::process::{Part, Process};
use super::{Host, Simulation};
use crate::core::client::ClientCore;
use crate::core::directory::Directory;

impl Simulation<'_> {
    fn clients(&self) -> impl Iterator<Item = (&Host, &Process, &ClientCore)> {
        self.hosts.iter().filter_map(|host| {
            let process = host.process.as_ref()?;
            match &process.role {
                Part::Client(core) => Some((host, process, &**core)),
                Part::Server(_) => None,
            }
        })
    }

    fn directory(&self) -> Result<&Directory, String> {
        match self.hosts[0].process.as_ref().map(|process| &process.role) {
            Some(Part::Server(core)) => Ok(core.directory()),
            _ => Err("there is no server".into()),
        }
    }

    /// Everybody who wants to be listed is, everybody who is listed knows the list, and every two
    /// of them share exactly one link.
    pub(super) fn check_all_met(&self) -> Result<(), String> {
        if self.network.is_held_by_others(self.hosts.len()) {
            return Err("a stranger who sends a byte now and then keeps a connection".into());
        }
        let directory = self.directory()?;
        let listed: BTreeSet<(Uuid, u64)> =
            directory.peers().map(|peer| (peer.node, peer.incarnation)).collect();
        let registered: BTreeSet<(Uuid, u64)> = self
            .clients()
            .filter(|(_, _, core)| core.is_registered())
            .map(|(_, process, ..)| (process.identity.node, process.identity.incarnation))
            .collect();
        if listed != registered {
            return Err(format!("listed are {listed:?}, registered are {registered:?}"));
        }
        let named = |name: &str, is: &dyn Fn(&Host, &Process, &ClientCore) -> bool| {
            let same = self.clients().filter(|(_, process, _)| process.identity.name == name);
            same.filter(|(host, process, core)| is(host, process, core)).count()
        };
        for (_, process, core) in self.clients() {
            let (machine, name) = (process.machine, &process.identity.name);
            let wanting =
                named(name, &|host, process, _| host.wants_in && !self.is_superseded(process));
            let holding = named(name, &|_, _, core| core.is_registered());
            // An older incarnation may be back where the newer is gone.
            let older = named(name, &|_, process, _| self.is_superseded(process));
            if !(wanting.min(1)..=(wanting + older).min(1)).contains(&holding) {
                return Err(format!("{holding} of {wanting} clients hold the name {name}"));
            }
            if !core.is_registered() {
                continue;
            }
            let known: BTreeSet<(Uuid, u64)> =
                core.view().peers().map(|peer| (peer.node, peer.incarnation)).collect();
            if known != listed {
                return Err(format!("machine {machine} knows {known:?}, listed are {listed:?}"));
            }
            for (_, other, other_core) in self.clients() {
                if other_core.is_registered() && other.machine != machine {
                    let there = core.up(&other.identity.node);
                    let back = other_core.up(&process.identity.node);
                    let links = process.links_to(&other.identity.node);
                    if there.is_none() || there != back || links != 1 {
                        return Err(format!(
                            "machines {machine} and {} use {there:?} and {back:?} of {links} links",
                            other.machine
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing is left of those who have gone.
    pub(super) fn check_all_gone(&self) -> Result<(), String> {
        let directory = self.directory()?;
        if !directory.is_empty() || directory.subscribers() > 0 {
            return Err("the directory lists who has left".into());
        }
        if let Some((conn, state)) = self.network.conns.iter().find(|(_, conn)| conn.is_held()) {
            return Err(format!("connection {conn} is left: {state:?}"));
        }
        for (_, process, core) in self.clients() {
            if core.all_up().count() > 0 || !process.endpoints.is_empty() {
                return Err(format!("machine {} keeps links", process.machine));
            }
        }
        Ok(())
    }
}
