//! What happens on a link between two of a crowd: greetings are answered on its own thread, as
//! netport is to be used where the time matters.

use std::sync::Arc;

use netport::{Connection, CtcConnection, End, Link, Packet, PeerInfo};
use tlv_core::Message;
use tlv_core::messages::{App, Greet};

use super::tally::{Conversation, Tally};

/// Answers questions, and takes note of answers; everything else is the client's.
pub(super) struct Greeting {
    own: CtcConnection<App>,
    tally: Arc<Tally>,
    /// Once the link is open.
    conversation: Option<Conversation>,
}

impl Greeting {
    pub(super) fn around(own: CtcConnection<App>, tally: &Arc<Tally>) -> Self {
        Self { own, tally: Arc::clone(tally), conversation: None }
    }
}

impl Connection for Greeting {
    type Set = App;

    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        self.conversation = Some(self.tally.conversation(peer.node));
        self.own.on_open(link, peer)
    }

    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        let (Greet::ID, Some(conversation), Some(_)) =
            (packet.id(), &mut self.conversation, self.own.peer())
        else {
            return self.own.on_packet(link, packet);
        };
        match self.tally.received(conversation, Greet::borrow(packet.value())?.text) {
            // What is not answered would be missed: so a link without room ends.
            Some(answer) => Ok(link.send(&Greet::new(answer))?),
            None => Ok(()),
        }
    }

    fn on_end(&mut self, link: &Link, end: &End) {
        self.own.on_end(link, end);
    }
}
