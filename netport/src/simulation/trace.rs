//! What is watched while a network runs: the first thing that must not happen ends the run.

use std::collections::{BTreeMap, BTreeSet};

use tlv_core::messages::{Control, Epoch, GoodbyeReason, RefuseReason};
use tlv_core::record::HEADER_LEN;
use tlv_core::{MessageSet, Uuid};

use super::endpoint::{Endpoint, Owner};
use super::network::{ConnId, Machine, Network};
use crate::config::Identity;
use crate::core::client::Purpose;
use crate::core::directory::{ListChange, ServerEnd};
use crate::core::frame::Frame;
use crate::core::link::handshake::PeerInfo;
use crate::error::End;

/// The witness.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// What went wrong first.
    pub(super) violation: Option<String>,
    /// The versions of the list that a process has seen last, of each run of the server; the newest
    /// run comes last.
    epochs: BTreeMap<(Machine, u64), Vec<(u64, u64)>>,
    /// The newest incarnation of a node that a process was connected to.
    incarnations: BTreeMap<(Machine, u64, Uuid), u64>,
    /// How many messages a side had accepted when it closed in order.
    accepted: BTreeMap<(ConnId, usize), u64>,
    /// Nodes that nothing happens to.
    calm: BTreeSet<Uuid>,
    /// Machines with an identity that a newer incarnation has taken over.
    superseded: BTreeSet<Machine>,
    /// Machines whose process was told to leave.
    left: BTreeSet<Machine>,
    /// Whether everybody has been told to leave.
    pub(super) is_over: bool,
    /// Links that came up.
    pub(super) ups: u64,
    /// Messages received by processes.
    pub(super) messages: u64,
}

impl Trace {
    /// A witness of a network in which nothing happens to the nodes of `calm`.
    pub(super) fn new(calm: BTreeSet<Uuid>) -> Self {
        Self { calm, ..Self::default() }
    }

    pub(super) fn fail(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// A process sees another list. Its version never goes back, nor does the run of the server, and
    /// nobody is seen to leave whom nothing has happened to, even where the server starts again.
    pub(super) fn list(
        &mut self,
        machine: Machine,
        identity: &Identity,
        epoch: Option<Epoch>,
        change: &ListChange,
    ) {
        let gone = change.left.iter().find(|peer| self.calm.contains(&peer.node));
        if let Some(peer) = gone
            && self.calm.contains(&identity.node)
            && !self.is_over
        {
            self.fail(format!("machine {machine} saw {} leave, who is there", peer.name));
        }
        let Some(Epoch { run, count, .. }) = epoch else { return };
        let seen = self.epochs.entry((machine, identity.incarnation)).or_default();
        match seen.iter().position(|(of, _)| *of == run) {
            None => seen.push((run, count)),
            Some(place) if place + 1 == seen.len() && count >= seen[place].1 => {
                seen[place].1 = count;
            }
            Some(_) => {
                let what = format!("machine {machine} went back from {seen:?} to {run} {count}");
                self.fail(what);
            }
        }
    }

    /// A newer incarnation of what runs on the machine has started.
    pub(super) fn superseded(&mut self, machine: Machine) {
        self.superseded.insert(machine);
    }

    /// What runs on the machine is told to leave.
    pub(super) fn leaves(&mut self, machine: Machine) {
        self.left.insert(machine);
    }

    /// A link came up: while a node is connected, no older incarnation of it takes its place.
    pub(super) fn up(&mut self, machine: Machine, identity: &Identity, peer: &PeerInfo) {
        self.ups += 1;
        let key = (machine, identity.incarnation, peer.node);
        let newest = self.incarnations.entry(key).or_default();
        if peer.incarnation < *newest {
            self.fail(format!("machine {machine} went back to incarnation {}", peer.incarnation));
        } else {
            *newest = peer.incarnation;
        }
    }

    /// A link is no longer up.
    pub(super) fn down(&mut self, machine: Machine, identity: &Identity, peer: &PeerInfo) {
        self.incarnations.remove(&(machine, identity.incarnation, peer.node));
    }

    /// One side closes in order: what it has accepted so far must arrive.
    pub(super) fn ordered(&mut self, endpoint: &Endpoint) {
        if !endpoint.is_closing() {
            self.accepted.insert((endpoint.conn, endpoint.side), endpoint.sent);
        }
    }

    /// Two correct processes never break the rules towards each other.
    pub(super) fn refused(&mut self, end: &End) {
        if let End::Malformed(_) = end {
            self.fail(format!("a correct process sent what is malformed: {end}"));
        }
        if let End::Refused(refusal) = end
            && refusal.reason == RefuseReason::NotAllowed
        {
            self.fail(format!("a correct process did what is not allowed: {refusal}"));
        }
    }

    /// A link ended: what was promised arrived, and no link ends without a reason.
    pub(super) fn ended(
        &mut self,
        machine: Machine,
        endpoint: &Endpoint,
        end: &End,
        network: &Network,
    ) {
        self.messages += endpoint.received;
        self.refused(end);
        let Endpoint { conn, side, .. } = *endpoint;
        if let (End::Goodbye(_), Some(accepted)) = (end, self.accepted.get(&(conn, 1 - side)))
            && endpoint.is_up
            && endpoint.received != *accepted
        {
            let received = endpoint.received;
            self.fail(format!("{received} messages of {accepted} arrived before the goodbye"));
        }
        let is_in_use = match endpoint.owner {
            Owner::Client(Purpose::Peer(_)) => endpoint.is_up,
            Owner::Server | Owner::Client(Purpose::Server(_)) => endpoint.peer.is_some(),
        };
        let is_touched = network.conns.get(&conn).is_none_or(|conn| conn.is_touched);
        let is_of = |machines: &BTreeSet<Machine>| {
            let ends = network.machines(conn);
            ends.is_none_or(|(a, b)| machines.contains(&a) || machines.contains(&b))
        };
        let is_orderly = match end {
            End::Goodbye(reason) | End::Closed(reason) => match reason {
                GoodbyeReason::Done => is_of(&self.left),
                GoodbyeReason::Replaced => is_of(&self.superseded),
                _ => false,
            },
            End::Refused(refusal) | End::RefusedBy(refusal) => {
                refusal.reason == RefuseReason::Older
            }
            _ => false,
        };
        if is_in_use && !is_touched && !is_orderly {
            self.fail(format!("machine {machine} lost a good link: {end}"));
        }
    }

    /// Only those are sent away for good who have been replaced.
    pub(super) fn over(&mut self, machine: Machine, end: &End) {
        let is_replaced = matches!(ServerEnd::of(end), ServerEnd::Older | ServerEnd::Replaced);
        if is_replaced && self.superseded.contains(&machine) {
            return;
        }
        self.fail(format!("machine {machine} was sent away for good: {end}"));
    }

    /// A turn is over.
    pub(super) fn bounded(&mut self, endpoint: &Endpoint) {
        if !endpoint.is_bounded() {
            let bytes = endpoint.sending.backlog_bytes();
            self.fail(format!("{bytes} bytes wait on one link"));
        }
    }

    /// A list is sent: it tells everything at once.
    pub(super) fn told(&mut self, frame: &Frame, newest: &Epoch) {
        let list = Control::decode(frame.id(), &frame.bytes().slice(HEADER_LEN..));
        let version = match list {
            Ok(Control::Snapshot(snapshot)) => snapshot.epoch,
            Ok(Control::Changes(changes)) => changes.to,
            other => return self.fail(format!("{other:?} is no list")),
        };
        if version != *newest {
            self.fail(format!("a list leads to {version:?} and not to {newest:?}"));
        }
    }
}
