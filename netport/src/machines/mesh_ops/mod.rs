//! Clients that learn of each other, dial, choose, lose and replace their links as the script says.
//!
//! Of two nodes the lower id chooses, and chooses one; what is up is never given up for another link
//! of the same incarnation but by its own silence; dials are bounded and meant; whoever waits for a
//! peer is told; no deadline is armed without a reason. Once nothing goes wrong any more, everybody
//! knows everybody by exactly one link, and rests.

mod client;
mod network;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tlv_core::Uuid;
use tlv_core::messages::{Epoch, Peer, Snapshot};

use self::client::{Client, Said, no_change};
use self::network::{Connection, Stage};
use super::script::Script;
use crate::core::LinkId;
use crate::core::mesh::{Dial, MeshEvent, PeerEnd};
#[cfg(test)]
use crate::core::mutant::Mutant;

/// Steps that mean something together: clients that start, register, are told and connect; a link
/// that tears at one end; a client that starts again.
pub const WORDS: &[&[u8]] = &[
    &[0, 0, 0, 1],
    &[1, 0, 0, 1, 1, 0],
    &[2, 0, 2, 1],
    &[3, 0, 3, 1],
    &[4, 5],
    &[6, 0, 1],
    &[6, 0, 2],
    &[7, 0],
    &[8, 0, 0, 0, 0],
    &[11, 0, 1],
    &[12, 5],
    &[4, 12, 4, 4],
];

/// Those that this catches.
#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::CancelDialOnAccept,
    Mutant::CloseUnlisted,
    Mutant::DropUnlisted,
    Mutant::GiveUpOnPeers,
    Mutant::KeepDeadLink,
    Mutant::KeepUnlisted,
    Mutant::SkipIncarnationCheck,
    Mutant::SkipWelcome,
    Mutant::WelcomeAll,
];

/// The port of the first host; the others follow.
const PORT: u16 = 7000;
/// Connections at a time, of which the oldest break when there are more.
const CONNECTIONS_MAX: usize = 24;
/// Turns, by their deadlines, in which everything comes to rest.
const TURNS_MAX: usize = 400;

struct World {
    now: Instant,
    /// What runs at each address.
    hosts: Vec<Option<Client>>,
    dials: Vec<Dial>,
    dials_max: usize,
    /// The newest incarnation of each node.
    incarnations: BTreeMap<Uuid, u64>,
    connections: BTreeMap<LinkId, Connection>,
    last: LinkId,
    /// Who is registered.
    list: BTreeMap<Uuid, Peer>,
    epoch: (u64, u64),
}

/// Runs the script.
pub fn check(script: &[u8]) {
    let mut script = Script(script);
    let count = script.one_of(&[2, 3, 4]);
    let dials =
        (0..count).map(|_| script.one_of(&[Dial::All, Dial::All, Dial::OnDemand, Dial::Never]));
    let mut world = World {
        now: Instant::now(),
        hosts: (0..count).map(|_| None).collect(),
        dials: dials.collect(),
        dials_max: script.one_of(&[64, 1, 2]),
        incarnations: BTreeMap::new(),
        connections: BTreeMap::new(),
        last: 0,
        list: BTreeMap::new(),
        epoch: (1, 0),
    };
    for host in 0..count {
        world.start(host);
    }
    while let Some(step) = script.next() {
        world.step(step, &mut script);
    }
    world.calm();
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 16 {
            0 => {
                let host = self.host(script);
                self.start(host);
            }
            1 => {
                let host = self.host(script);
                let addresses = script.below(6);
                self.register(host, addresses);
            }
            2 => {
                let host = self.host(script);
                self.tell(host);
            }
            3 => {
                let host = self.host(script);
                self.connect(host);
            }
            4 => self.progress(),
            5 => {
                self.deliver_all();
            }
            6 => {
                let (link, side) = self.end(script);
                self.open(link, side);
            }
            7 => {
                let (link, side) = self.end(script);
                self.deliver(link, side);
            }
            8 => {
                let (link, side) = self.end(script);
                let is_silent = script.below(2) == 1;
                self.tear(link, side, is_silent);
            }
            9 => {
                let (link, side) = self.end(script);
                self.silence(link, side);
            }
            10 => {
                let host = self.host(script);
                match script.below(3) {
                    0 => self.stop(host, Some(PeerEnd::Lost)),
                    1 => self.stop(host, Some(PeerEnd::Done)),
                    _ => self.stop(host, None),
                }
            }
            11 => {
                let (host, other) = (self.host(script), script.below(5));
                let node = node_of(usize::from(other));
                self.with(host, |client, now| client.on(now, &MeshEvent::Wanted(node)));
            }
            12 | 13 => self.pass(script.time(), step % 16 == 12),
            14 => {
                let host = self.host(script);
                self.loses_list(host, script.below(4));
            }
            _ => self.stray(script),
        }
        self.bound_connections();
    }

    fn host(&self, script: &mut Script<'_>) -> usize {
        usize::from(script.next().unwrap_or_default()) % self.hosts.len()
    }

    /// Does something to a client, if it runs, and sends what it says.
    fn with(&mut self, host: usize, act: impl FnOnce(&mut Client, Instant)) {
        let Some(Some(client)) = self.hosts.get_mut(host) else { return };
        act(client, self.now);
        for (link, said) in std::mem::take(&mut client.said) {
            self.say(host, link, said);
        }
    }

    /// A client starts, as a newer incarnation of its node.
    fn start(&mut self, host: usize) {
        if self.hosts[host].is_some() {
            return;
        }
        let node = node_of(host);
        let incarnation = self.incarnations.entry(node).or_default();
        *incarnation += 1;
        self.hosts[host] = Some(Client::new(node, *incarnation, self.dials[host], self.dials_max));
    }

    /// A client ends. Its peers hear how, or nothing.
    fn stop(&mut self, host: usize, end: Option<PeerEnd>) {
        for link in self.connections.keys().copied().collect::<Vec<_>>() {
            for side in 0..2 {
                let ends = &mut self.connections.get_mut(&link).expect("just seen").ends;
                if ends[side].host == host && ends[side].stage != Stage::Over {
                    ends[side].stage = Stage::Over;
                    match end {
                        Some(end) => ends[1 - side].hear(Said::Gone(end)),
                        None => ends[1 - side].deafen(),
                    }
                }
            }
        }
        self.hosts[host] = None;
    }

    /// A client registers, with addresses that are right, or not all of them, or none; or it is
    /// registered no more.
    fn register(&mut self, host: usize, addresses: u8) {
        let Some(client) = &self.hosts[host] else { return };
        let (node, incarnation) = (client.node, client.incarnation);
        let is_older = self.list.get(&node).is_some_and(|peer| peer.incarnation > incarnation);
        if is_older {
            return;
        }
        let (own, nobody) = (address(host), address(self.hosts.len()));
        let other = address((host + 1) % self.hosts.len());
        let addresses = match addresses {
            0 | 1 => vec![own],
            2 => vec![nobody, own],
            3 => vec![other, own],
            4 => vec![],
            _ => {
                self.list.remove(&node);
                self.epoch.1 += 1;
                return;
            }
        };
        self.list.insert(node, Peer::new(node, incarnation, 1, host.to_string(), addresses));
        self.epoch.1 += 1;
    }

    fn tell(&mut self, host: usize) {
        let (run, count) = self.epoch;
        let list = Snapshot::new(Epoch::new(run, count), self.list.values().cloned().collect());
        self.with(host, |client, now| client.told(now, list));
    }

    /// The server starts again; or a client loses it, or what it was told.
    fn loses_list(&mut self, host: usize, how: u8) {
        match how {
            0 => {
                self.epoch = (self.epoch.0 + 1, 0);
                self.list.clear();
            }
            1 => self.with(host, |client, _| client.view.lost()),
            2 => self.with(host, Client::unlisted),
            _ => self.with(host, |client, now| client.on(now, &no_change())),
        }
    }

    /// Something that has no place here: of a link that is over or never was, or that its peer must
    /// not send.
    fn stray(&mut self, script: &mut Script<'_>) {
        let (host, link) = (self.host(script), LinkId::from(script.next().unwrap_or_default()));
        let what = script.below(4);
        if self.connections.get(&link).is_some_and(|connection| connection.is_held_by(host)) {
            self.with(host, |client, now| match what {
                0 | 1 => client.on(now, &MeshEvent::Alive(link, u64::MAX)),
                // Who decides is not told.
                _ if client.is_lower_on(link) => client.on(now, &MeshEvent::Welcome(link)),
                _ => {}
            });
            return;
        }
        self.with(host, |client, now| {
            client.on(
                now,
                &match what {
                    0 => MeshEvent::Welcome(link),
                    1 => MeshEvent::Alive(link, 1),
                    2 => MeshEvent::Closed(link, PeerEnd::Done),
                    _ => MeshEvent::DialFailed(node_of(usize::from(u8::MAX)), PeerEnd::Lost),
                },
            );
        });
    }

    /// Time passes, and each client is asked when it wanted to be; or all are late.
    fn pass(&mut self, time: Duration, is_punctual: bool) {
        let until = self.now + time;
        while is_punctual && let Some(next) = self.deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.turn();
        }
        self.now = until;
        self.turn();
    }

    fn deadline(&self) -> Option<Instant> {
        self.hosts.iter().flatten().filter_map(Client::deadline).min()
    }

    fn turn(&mut self) {
        for host in 0..self.hosts.len() {
            self.with(host, Client::turn);
        }
    }

    /// Nothing goes wrong any more: everybody knows everybody, by one link each, and rests.
    fn calm(&mut self) {
        for link in self.connections.keys().copied().collect::<Vec<_>>() {
            (0..2).for_each(|side| self.silence(link, side));
        }
        for host in 0..self.hosts.len() {
            let client = self.hosts[host].as_ref();
            if client.is_some_and(|client| client.incarnation < self.incarnations[&client.node]) {
                self.stop(host, Some(PeerEnd::Lost));
            }
        }
        let is_running = |node: &Uuid| self.hosts.iter().flatten().any(|it| it.node == *node);
        self.list.retain(|node, _| is_running(node));
        (0..self.hosts.len()).for_each(|host| self.register(host, 0));
        (0..self.hosts.len()).for_each(|host| self.tell(host));
        let mut turns = 0;
        loop {
            self.progress();
            let Some(next) = self.deadline() else { break };
            assert!(turns < TURNS_MAX, "they find no rest");
            turns += 1;
            self.now = self.now.max(next);
            self.turn();
        }
        self.check_all_met();
        let now = self.now;
        self.hosts.drain(..).flatten().for_each(|client| client.end(now));
    }

    fn check_all_met(&self) {
        for one in self.hosts.iter().flatten() {
            let known: Vec<&Peer> = one.view.peers().map(|peer| &**peer).collect();
            assert_eq!(known, self.list.values().collect::<Vec<_>>(), "another list is known");
            assert!(one.wanted.is_empty() && one.dials.is_empty());
            for other in self.hosts.iter().flatten().filter(|other| other.node > one.node) {
                let (there, back) = (one.up.get(&other.node), other.up.get(&one.node));
                assert_eq!(there, back, "each uses another link");
                let is_expected = one.dial == Dial::All || other.dial == Dial::All;
                assert!(there.is_some() || !is_expected, "they do not meet");
            }
        }
        // Nor is there any other link.
        let open = self.connections.values().filter(|connection| connection.is_open());
        let up: usize = self.hosts.iter().flatten().map(|client| client.up.len()).sum();
        assert_eq!(2 * open.count(), up, "a link is left that nobody uses");
    }
}

/// The node that runs on a host. The last of four has the id of the first: it takes its place.
fn node_of(host: usize) -> Uuid {
    Uuid::from_bytes([if host == 3 { 0 } else { host as u8 }; 16])
}

fn address(host: usize) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT + host as u16)
}
