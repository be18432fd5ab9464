//! A directory, whose clients come, register, fall silent and go as the script says, and are sent
//! the list.
//!
//! Names are listed once, owners only grow, bounds hold, every registration is answered, whoever is
//! sent the list knows it once nothing is left to be sent, and no deadline stays armed that has
//! passed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::core::directory::{
    Caller, Directory, DirectoryAction, DirectoryConfig, DirectoryEvent, View,
};
use tlv_core::messages::{Control, Epoch, Peer, RegisterError};
use tlv_core::record::HEADER_LEN;
use tlv_core::{MessageSet, Uuid};

use super::script::Script;
#[cfg(test)]
use crate::core::mutant::Mutant;

/// Steps that mean something together: clients that come, register and are told; a probe that is
/// answered, or not.
pub const WORDS: &[&[u8]] = &[
    &[0, 0, 0, 0, 1, 0],
    &[1, 1, 1, 1, 1, 0],
    &[2, 0, 6, 3],
    &[2, 1, 6, 3],
    &[4, 1, 0],
    &[3, 0, 6, 3],
    &[5, 0, 6, 3],
    &[7, 6],
];

/// Those that this catches.
#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::ForgetReplacement,
    Mutant::ForgetToCoalesce,
    Mutant::KeepDeadEntry,
    Mutant::KeepName,
    Mutant::ReachBackTooFar,
    Mutant::SkipIncarnationCheck,
    Mutant::SkipNameCheck,
    Mutant::SkipSnapshot,
];

const PROBE: Duration = Duration::from_secs(1);
/// Links open at a time.
const LINKS_MAX: usize = 12;

/// A client's end of a link.
struct Client {
    caller: Caller,
    has_registered: bool,
    /// A registration that has no answer yet.
    is_waiting: bool,
    /// The list as it was told here.
    view: Option<View>,
    epoch: Option<Epoch>,
    /// The nonce of the last probe.
    probe: Option<u64>,
}

struct World {
    directory: Directory,
    entries_max: usize,
    clients: BTreeMap<u64, Client>,
    last: u64,
    now: Instant,
    /// Incarnation and session that each node is listed with.
    listed: BTreeMap<Uuid, (u64, u64)>,
}

/// Runs the script.
pub fn check(script: &[u8]) {
    let mut script = Script(script);
    let config = DirectoryConfig {
        entries_max: script.one_of(&[3, 1, 2, 10]),
        changes_max: script.one_of(&[2, 0, 1, 50]),
        probe_timeout: PROBE,
        trust_advertised: false,
    };
    let mut world = World {
        entries_max: config.entries_max,
        directory: Directory::new(config, 7),
        clients: BTreeMap::new(),
        last: 0,
        now: Instant::now(),
        listed: BTreeMap::new(),
    };
    while let Some(step) = script.next() {
        world.step(step, &mut script);
        world.audit();
    }
    world.calm();
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 8 {
            0 | 1 if self.clients.len() < LINKS_MAX => self.open(script),
            2 => self.with(script, |world, link| {
                if let Some(client) = world.clients.get_mut(&link) {
                    client.has_registered = true;
                    client.is_waiting = true;
                }
                let addresses = vec![SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 7000)];
                world.handle(DirectoryEvent::Register(link, addresses));
            }),
            3 => self.with(script, |world, link| {
                if let Some(client) = world.clients.get_mut(&link) {
                    client.is_waiting = false;
                    client.view = None;
                }
                world.handle(DirectoryEvent::Deregister(link));
            }),
            4 => {
                let is_right = script.below(4) > 0;
                self.with(script, |world, link| {
                    let probe = world.clients.get(&link).and_then(|client| client.probe);
                    let nonce = probe.filter(|_| is_right).unwrap_or(u64::MAX);
                    world.handle(DirectoryEvent::Alive(link, nonce));
                });
            }
            5 => self.with(script, |world, link| {
                world.clients.remove(&link);
                world.handle(DirectoryEvent::Closed(link));
            }),
            6 => {
                let most = script.below(4);
                self.push(most.into());
            }
            _ => {
                self.now += script.time();
                let actions = self.directory.on_deadline(self.now);
                self.perform(actions);
                let is_overdue = self.directory.deadline().is_some_and(|at| at <= self.now);
                assert!(!is_overdue, "an overdue deadline stays armed");
            }
        }
    }

    /// Does something to one of the links.
    fn with(&mut self, script: &mut Script<'_>, act: impl FnOnce(&mut Self, u64)) {
        let place = usize::from(script.next().unwrap_or_default()) % (self.clients.len() + 1);
        // One more than there are: a link that the directory does not know.
        let link = self.clients.keys().nth(place).copied().unwrap_or(u64::MAX);
        act(self, link);
    }

    fn open(&mut self, script: &mut Script<'_>) {
        self.last += 1;
        let observed = script.one_of(&[Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1)]);
        let caller = Caller {
            node: Uuid::from_bytes([script.below(5); 16]),
            incarnation: 1 + u64::from(script.below(3)),
            session: if script.below(4) == 0 { 1 } else { self.last },
            name: script.one_of(&["ann", "bob", "eve", " ", "a\nb"]).into(),
            observed: IpAddr::V4(observed),
        };
        let client = Client {
            caller: caller.clone(),
            has_registered: false,
            is_waiting: false,
            view: None,
            epoch: None,
            probe: None,
        };
        self.clients.insert(self.last, client);
        self.handle(DirectoryEvent::Opened(self.last, caller));
    }

    fn handle(&mut self, event: DirectoryEvent) {
        let actions = self.directory.handle(self.now, event);
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<DirectoryAction>) {
        for action in actions {
            match action {
                // Both end the link; of the first the directory will be told.
                DirectoryAction::Refuse(link, ..) => {
                    let client = self.clients.remove(&link).expect("a link that is open");
                    let event = DirectoryEvent::Closed(link);
                    let actions = self.directory.handle(self.now, event);
                    drop(client);
                    self.perform(actions);
                }
                DirectoryAction::Dismiss(link, _) => {
                    self.clients.remove(&link).expect("a link that is open");
                }
                DirectoryAction::RefuseRegistration(link, error) => {
                    let client = self.clients.get_mut(&link).expect("a link that is open");
                    assert!(client.is_waiting, "{error:?} for one that did not ask");
                    client.is_waiting = false;
                    if error == RegisterError::Full {
                        assert!(self.directory.len() >= self.entries_max);
                    }
                }
                DirectoryAction::Probe(link, nonce) => {
                    let client = self.clients.get_mut(&link).expect("a link that is open");
                    client.probe = Some(nonce);
                }
                DirectoryAction::Push => {}
            }
        }
    }

    /// Sends lists to so many of those who lack something; whose link is full is passed over.
    fn push(&mut self, most: usize) {
        let mut after = None;
        for _ in 0..most {
            let push = self.directory.next_push(after).expect("entries keep to the spec");
            let Some(push) = push else { return };
            let link = push.receipt.link;
            after = Some(link);
            let client = self.clients.get_mut(&link).expect("a link that is open");
            let bytes = push.frame.bytes();
            let list =
                Control::decode(push.frame.id(), &bytes.slice(HEADER_LEN..)).expect("a list");
            let epoch = match list {
                Control::Snapshot(snapshot) => {
                    client.is_waiting = false;
                    let epoch = snapshot.epoch;
                    let view = client.view.get_or_insert_with(|| View::new(PROBE));
                    view.snapshot(self.now, snapshot);
                    epoch
                }
                Control::Changes(changes) => {
                    let epoch = changes.to;
                    let view = client.view.as_mut().expect("a snapshot comes first");
                    view.changes(changes).expect("no gap");
                    epoch
                }
                other => panic!("{other:?} is no list"),
            };
            assert_eq!(epoch, self.directory.epoch());
            let grows = client.epoch.as_ref().is_none_or(|before| before.count <= epoch.count);
            assert!(grows, "an epoch went back");
            client.epoch = Some(epoch);
            self.directory.pushed(push.receipt);
        }
    }

    /// What holds after every step.
    fn audit(&mut self) {
        let directory = &self.directory;
        assert!(directory.len() <= self.entries_max, "too many entries");
        assert!(directory.subscribers() <= self.clients.len(), "a subscriber without a link");
        let names: BTreeSet<&str> = directory.peers().map(|peer| peer.name.as_str()).collect();
        assert_eq!(names.len(), directory.len(), "a name is listed twice");
        let listed: BTreeMap<Uuid, (u64, u64)> =
            directory.peers().map(|peer| (peer.node, (peer.incarnation, peer.session))).collect();
        for (node, owner) in &listed {
            let before = self.listed.get(node);
            assert!(before.is_none_or(|before| before <= owner), "an owner went back");
            // An entry is somebody's, or in doubt.
            let has_owner = self.clients.values().any(|client| {
                let caller = &client.caller;
                caller.node == *node && (caller.incarnation, caller.session) == *owner
            });
            assert!(has_owner || directory.deadline().is_some(), "an entry of nobody");
        }
        self.listed = listed;
        self.audit_views();
    }

    /// Who was sent the newest list knows it.
    fn audit_views(&self) {
        let entry = |peer: &Peer| (peer.node, peer.incarnation, peer.session);
        let newest = self.directory.epoch();
        for (link, client) in &self.clients {
            let Some(view) = client.view.as_ref().filter(|view| view.epoch() == Some(newest))
            else {
                continue;
            };
            let known = view.peers().map(|peer| entry(peer));
            assert!(known.eq(self.directory.peers().map(entry)), "link {link} knows another list");
        }
    }

    /// Time passes, everything is sent, and everybody goes.
    fn calm(&mut self) {
        for _ in 0..LINKS_MAX {
            self.now += PROBE;
            let actions = self.directory.on_deadline(self.now);
            self.perform(actions);
        }
        assert_eq!(self.directory.deadline(), None, "a doubt stays");
        self.push(usize::MAX);
        let listed: BTreeSet<(Uuid, u64)> =
            self.directory.peers().map(|peer| (peer.node, peer.incarnation)).collect();
        for (link, client) in &self.clients {
            assert!(!client.is_waiting, "link {link} has no answer");
            let node = client.caller.node;
            let owner = (client.caller.incarnation, client.caller.session);
            let is_listed = self.listed.get(&node) == Some(&owner) && client.has_registered;
            let Some(view) = client.view.as_ref().filter(|_| is_listed) else { continue };
            let known: BTreeSet<(Uuid, u64)> =
                view.peers().map(|peer| (peer.node, peer.incarnation)).collect();
            assert_eq!(known, listed, "link {link} knows another list");
        }
        for link in self.clients.keys().copied().collect::<Vec<_>>() {
            self.clients.remove(&link);
            self.handle(DirectoryEvent::Closed(link));
        }
        for _ in 0..2 {
            self.now += PROBE;
            let actions = self.directory.on_deadline(self.now);
            self.perform(actions);
        }
        assert!(
            self.directory.is_empty() && self.directory.subscribers() == 0,
            "something is left"
        );
        assert_eq!(self.directory.deadline(), None);
    }
}
