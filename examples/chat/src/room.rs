//! What one participant knows of the others, and what is shown of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use netport::{End, Event, List};
use tlv_core::Uuid;
use tlv_core::messages::{Peer, RegisterError};

use crate::messages::Chat;
use crate::screen::Screen;
use crate::whole;

/// Everything that a participant was told.
#[derive(Debug)]
pub(crate) struct Room {
    own: Uuid,
    /// Everyone else who is listed.
    listed: BTreeMap<Uuid, String>,
    /// Who can be talked to.
    connected: BTreeSet<Uuid>,
    /// Whether the list was seen.
    inside: bool,
}

/// Why the chat is over before it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over(pub(crate) String);

impl Room {
    pub(crate) fn new(own: Uuid) -> Self {
        Self { own, listed: BTreeMap::new(), connected: BTreeSet::new(), inside: false }
    }

    /// Whether this participant is listed.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside
    }

    /// Whether everybody who is listed can be talked to.
    pub(crate) fn is_complete(&self) -> bool {
        self.inside && self.listed.keys().all(|node| self.connected.contains(node))
    }

    /// Shows what happened.
    pub(crate) fn event(&mut self, event: Event<Chat>, screen: &mut Screen) -> Result<(), Over> {
        match event {
            Event::Message { from, message } => said(&from.name, message, screen),
            Event::List(list) => self.list(&list, screen),
            Event::Up(peer) => drop(self.connected.insert(peer.node)),
            Event::Down(peer, end) => {
                self.connected.remove(&peer.node);
                // Who says goodbye leaves the list too.
                if !matches!(end, End::Goodbye(_) | End::Stopped | End::Closed(_)) {
                    screen.line(&format!("* the link to {} ended: {}", peer.name, whole(&end)));
                }
            }
            Event::RegisterRefused { error: RegisterError::NameTaken, .. } => {
                return Err(Over("somebody of this name is there: choose another".to_owned()));
            }
            Event::RegisterRefused { error, .. } => {
                return Err(Over(format!("the server refused: {error}")));
            }
            Event::ServerLost(end) | Event::ServerGone(end) if !self.inside => {
                return Err(Over(format!("cannot reach the server: {}", whole(&end))));
            }
            Event::ServerLost(end) => {
                screen.line(&format!("* the server is lost ({}); trying again", whole(&end)));
            }
            Event::ServerGone(end) => {
                screen
                    .line(&format!("* the server is gone ({}); nobody new will come", whole(&end)));
            }
            // A chat has no requests, and those who are listed learn it by the list.
            _ => {}
        }
        Ok(())
    }

    fn list(&mut self, list: &List, screen: &mut Screen) {
        let other = |peer: &&Arc<Peer>| peer.node != self.own;
        let known = |peer: &Arc<Peer>| (peer.node, peer.name.clone());
        let first = !self.inside && list.peers.iter().any(|peer| peer.node == self.own);
        self.listed = list.peers.iter().filter(other).map(known).collect();
        if first {
            self.inside = true;
            return self.who(screen);
        }
        for peer in list.change.left.iter().filter(other) {
            screen.line(&format!("* {} left", peer.name));
        }
        for peer in list.change.joined.iter().filter(other) {
            screen.line(&format!("* {} joined", peer.name));
        }
    }

    /// The name of somebody who is listed.
    pub(crate) fn name(&self, node: &Uuid) -> Option<&str> {
        self.listed.get(node).map(String::as_str)
    }

    /// Shows who is there.
    pub(crate) fn who(&self, screen: &mut Screen) {
        let names: Vec<&str> = self.listed.values().map(String::as_str).collect();
        screen.line(&match names.is_empty() {
            true => "* nobody else is here".to_owned(),
            false => format!("* here: {}", names.join(", ")),
        });
    }
}

fn said(from: &str, message: Chat, screen: &mut Screen) {
    match message {
        Chat::Say(say) => screen.line(&format!("{from}: {}", say.text)),
        Chat::Whisper(whisper) => screen.line(&format!("{from}, to you: {}", whisper.text)),
        Chat::Act(act) => screen.line(&format!("* {from} {}", act.what)),
        // Of a newer chat, and one that may be missed.
        Chat::Unknown(_) => {}
    }
}
