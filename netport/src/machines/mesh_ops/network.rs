//! The connections between the clients: in order each way, but torn, silent or slow as one likes.

use std::collections::VecDeque;

use tlv_core::Uuid;

use super::client::{Client, Said};
use super::{CONNECTIONS_MAX, PORT, Script, World};
use crate::core::LinkId;
use crate::core::mesh::{MeshEvent, Neighbour, PeerEnd};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// `Hello` is still on its way to this end.
    Opening,
    Open,
    Over,
}

/// One end of a connection; the first is that of who dialled.
#[derive(Debug)]
pub(super) struct End {
    pub(super) host: usize,
    pub(super) stage: Stage,
    /// Who is at the other end, with its incarnation.
    sees: (Uuid, u64),
    /// Whom it was to reach, where this end dialled.
    meant: Option<Uuid>,
    /// On its way to this end.
    coming: VecDeque<Said>,
    /// Nothing comes any more, and nobody says so.
    is_deaf: bool,
}

impl End {
    pub(super) fn hear(&mut self, said: Said) {
        if !self.is_deaf && self.stage != Stage::Over {
            self.coming.push_back(said);
        }
    }

    pub(super) fn deafen(&mut self) {
        self.coming.clear();
        self.is_deaf = true;
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) ends: [End; 2],
}

impl Connection {
    pub(super) fn is_held_by(&self, host: usize) -> bool {
        self.ends.iter().any(|end| end.host == host && end.stage != Stage::Over)
    }

    /// Whether it is open at both ends.
    pub(super) fn is_open(&self) -> bool {
        self.ends.iter().all(|end| end.stage == Stage::Open)
    }

    fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.stage == Stage::Over)
    }
}

impl World {
    /// An end of a connection.
    pub(super) fn end(&self, script: &mut Script<'_>) -> (LinkId, usize) {
        let choice = usize::from(script.next().unwrap_or_default());
        let place = choice / 2 % self.connections.len().max(1);
        (self.connections.keys().nth(place).copied().unwrap_or(LinkId::MAX), choice % 2)
    }

    /// The first of a client's dials that is not connected yet comes to something, or nothing.
    pub(super) fn connect(&mut self, host: usize) -> bool {
        let Some(Some(client)) = self.hosts.get(host) else { return false };
        let mine = |end: &End| end.host == host && end.stage == Stage::Opening;
        let is_connected = |node: &Uuid| {
            let ends = self.connections.values().map(|connection| &connection.ends[0]);
            ends.clone().any(|end| mine(end) && end.meant == Some(*node))
        };
        let next = client.dials.iter().find(|(node, _)| !is_connected(node));
        let Some((node, address)) = next.map(|(node, address)| (*node, *address)) else {
            return false;
        };
        let target = usize::from(address.port() - PORT);
        let Some(Some(reached)) = self.hosts.get(target) else {
            self.with(host, |client, now| {
                client.on(now, &MeshEvent::DialFailed(node, PeerEnd::Lost));
            });
            return true;
        };
        let end = |host: usize, seen: &Client, meant| End {
            host,
            stage: Stage::Opening,
            sees: (seen.node, seen.incarnation),
            meant,
            coming: VecDeque::new(),
            is_deaf: false,
        };
        let ends = [end(host, reached, Some(node)), end(target, client, None)];
        self.last += 1;
        self.connections.insert(self.last, Connection { ends });
        true
    }

    /// `Hello` arrives.
    pub(super) fn open(&mut self, link: LinkId, side: usize) -> bool {
        let Some(connection) = self.connections.get_mut(&link) else { return false };
        let end = &mut connection.ends[side];
        if end.stage != Stage::Opening || end.is_deaf {
            return false;
        }
        let (node, incarnation) = end.sees;
        if end.meant.is_some_and(|meant| meant != node) {
            self.over(link, side, PeerEnd::Lost, true);
            return true;
        }
        end.stage = Stage::Open;
        let neighbour = Neighbour { node, incarnation, dialled: side == 0 };
        let host = end.host;
        self.with(host, |client, now| client.on(now, &MeshEvent::Opened(link, neighbour)));
        true
    }

    /// The next of what is on its way arrives.
    pub(super) fn deliver(&mut self, link: LinkId, side: usize) -> bool {
        let Some(connection) = self.connections.get_mut(&link) else { return false };
        let end = &mut connection.ends[side];
        if end.stage != Stage::Open {
            return false;
        }
        let Some(said) = end.coming.pop_front() else { return false };
        let host = end.host;
        match said {
            Said::Welcome => self.with(host, |it, now| it.on(now, &MeshEvent::Welcome(link))),
            Said::Alive(nonce) => {
                self.with(host, |it, now| it.on(now, &MeshEvent::Alive(link, nonce)));
            }
            // The connection answers by itself.
            Said::Probe(nonce) => connection.ends[1 - side].hear(Said::Alive(nonce)),
            Said::Gone(how) => self.over(link, side, how, false),
        }
        true
    }

    /// A client says something on its end of a link.
    pub(super) fn say(&mut self, host: usize, link: LinkId, said: Said) {
        let connection = self.connections.get_mut(&link).expect("links do not vanish");
        // A node that reached itself has both ends.
        let is_mine = |end: &End| end.host == host && end.stage == Stage::Open;
        let side = connection.ends.iter().position(is_mine).expect("the link is open here");
        if matches!(said, Said::Gone(_)) {
            connection.ends[side].stage = Stage::Over;
        }
        connection.ends[1 - side].hear(said);
    }

    /// One end hears that the connection is torn; the other hears it too, or nothing any more.
    pub(super) fn tear(&mut self, link: LinkId, side: usize, is_silent: bool) {
        let Some(connection) = self.connections.get_mut(&link) else { return };
        let other = &mut connection.ends[1 - side];
        if is_silent {
            other.deafen();
        }
        self.over(link, side, PeerEnd::Lost, !is_silent);
    }

    /// An end that nothing comes to gives up.
    pub(super) fn silence(&mut self, link: LinkId, side: usize) {
        let connection = self.connections.get(&link);
        if connection.is_some_and(|connection| connection.ends[side].is_deaf) {
            self.over(link, side, PeerEnd::Lost, true);
        }
    }

    /// An end is over, and its client hears of it; the other end hears of it if it `is_told`.
    fn over(&mut self, link: LinkId, side: usize, how: PeerEnd, is_told: bool) {
        let Some(connection) = self.connections.get_mut(&link) else { return };
        let end = &mut connection.ends[side];
        let (host, was, meant) = (end.host, end.stage, end.meant);
        end.stage = Stage::Over;
        if is_told && was != Stage::Over {
            connection.ends[1 - side].hear(Said::Gone(PeerEnd::Lost));
        }
        let event = match (was, meant) {
            (Stage::Open, _) => MeshEvent::Closed(link, how),
            (Stage::Opening, Some(node)) => MeshEvent::DialFailed(node, how),
            (Stage::Opening, None) | (Stage::Over, _) => return,
        };
        self.with(host, |client, now| client.on(now, &event));
    }

    pub(super) fn deliver_all(&mut self) -> bool {
        let mut is_anything = false;
        for link in self.connections.keys().copied().collect::<Vec<_>>() {
            for side in 0..2 {
                while self.deliver(link, side) {
                    is_anything = true;
                }
            }
        }
        is_anything
    }

    /// Everything that is under way comes to its end.
    pub(super) fn progress(&mut self) {
        let mut is_anything = true;
        while std::mem::take(&mut is_anything) {
            for host in 0..self.hosts.len() {
                is_anything |= self.connect(host);
            }
            for link in self.connections.keys().copied().collect::<Vec<_>>() {
                for side in 0..2 {
                    is_anything |= self.open(link, side);
                }
            }
            is_anything |= self.deliver_all();
        }
        self.connections.retain(|_, connection| !connection.is_over());
    }

    /// Forgets connections that are over, and breaks the oldest of too many.
    pub(super) fn bound_connections(&mut self) {
        while self.connections.len() > CONNECTIONS_MAX {
            let before = self.connections.len();
            self.connections.retain(|_, connection| !connection.is_over());
            let Some(oldest) = self.connections.keys().next().copied() else { return };
            if self.connections.len() == before {
                (0..2).for_each(|side| self.over(oldest, side, PeerEnd::Lost, false));
            }
        }
    }
}
