//! What was decided about a client, done: links dialled and closed, messages sent, and the user told.

use std::net::SocketAddr;

use tlv_core::MessageSet;
use tlv_core::messages::Control;

use super::event::Event;
use super::hub::State;
use super::{ClientHub, CtcConnection, CtsConnection};
use crate::core::LinkId;
use crate::core::client::{ClientAction, ClientEvent, ClientNews, Purpose};
use crate::core::link::handshake::Expect;
use crate::error::{End, Refusal, SendError};
use crate::link::Link;
use crate::sync::{Arc, Ordering};

/// What is to be dialled, where, and who is expected there.
pub(super) type Attempt = (Purpose, SocketAddr, Expect);

impl<S: MessageSet> ClientHub<S> {
    /// Does what was decided, but for the dials, which it returns.
    pub(super) fn perform(state: &mut State<S>, actions: Vec<ClientAction>) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for action in actions {
            match action {
                ClientAction::Dial(purpose, address, expect) => {
                    attempts.push((purpose, address, expect));
                }
                ClientAction::Send(id, message) => state.with(id, |link| send(link, &message)),
                ClientAction::Close(id, reason) => state.with(id, |link| link.close(reason)),
                ClientAction::Refuse(id, Refusal { reason, text, current }) => {
                    state.with(id, |link| link.refuse(reason, &text, current));
                }
                ClientAction::Up(id, peer) => {
                    state.set_up(id, true);
                    state.told.push_back(Event::Up(peer));
                }
                ClientAction::Down(id, peer, end) => {
                    state.set_up(id, false);
                    state.told.push_back(Event::Down(peer, end));
                }
                ClientAction::Unreached(node) => {
                    if let Some(sought) = state.sought.get_mut(&node) {
                        sought.unreached = true;
                    }
                }
                ClientAction::Tell(news) => state.told.push_back(news.into()),
            }
        }
        attempts
    }

    /// Dials a server or a peer; the error is why that could not even begin.
    pub(super) fn dial(
        self: &Arc<Self>,
        (purpose, address, expect): Attempt,
    ) -> Result<(), ClientEvent> {
        self.launched(purpose, address, expect).map_err(|end| ClientEvent::NotDialled(purpose, end))
    }

    fn launched(
        self: &Arc<Self>,
        purpose: Purpose,
        address: SocketAddr,
        expect: Expect,
    ) -> Result<(), End> {
        let port = self.port.get().ok_or(End::Stopped)?;
        let hub = Arc::clone(self);
        match purpose {
            Purpose::Server(dial) => {
                port.dial(address, expect, CtsConnection::new(hub, dial)).map(drop)
            }
            Purpose::Peer(node) => {
                self.launch().dial(port, address, expect, CtcConnection::new(hub, node))
            }
        }
    }
}

impl<S> State<S> {
    /// Does something to a link that has not ended.
    fn with(&self, id: LinkId, act: impl FnOnce(&Link)) {
        if let Some(open) = self.links.get(&id) {
            act(&open.link);
        }
    }

    fn set_up(&self, id: LinkId, is_up: bool) {
        if let Some(open) = self.links.get(&id) {
            open.is_up.store(is_up, Ordering::Release);
        }
    }
}

impl<S> From<ClientNews> for Event<S> {
    fn from(news: ClientNews) -> Self {
        match news {
            ClientNews::List(list) => Self::List(list),
            ClientNews::Registered => Self::Registered,
            ClientNews::RegisterRefused(error, retry) => Self::RegisterRefused { error, retry },
            ClientNews::ServerGone(end) => Self::ServerGone(end),
            ClientNews::ServerLost(end) => Self::ServerLost(end),
            ClientNews::ServerUnreached(attempt, end, retry) => {
                tracing::info!(attempt, ?retry, "no way to the server: {end}");
                Self::ServerUnreached { attempt, end, retry }
            }
        }
    }
}

/// A link that takes no more is as good as dead, and its end is told as such before long.
fn send(link: &Link, message: &Control) {
    match link.try_send_control(message) {
        Ok(()) => {}
        Err(error @ SendError::Encode(_)) => {
            tracing::error!(link = link.id(), %error, "a control message cannot be sent");
        }
        Err(error) => tracing::debug!(link = link.id(), %error, "a control message was not sent"),
    }
}
