//! A client's link to its server.

use std::fmt;
use std::sync::Arc;

use tlv_core::MessageSet;
use tlv_core::messages::{ControlRef, GoodbyeReason, RefuseReason};

use super::ClientHub;
use crate::connection::Connection;
use crate::core::LinkId;
use crate::core::directory::{MembershipEvent, ServerEnd};
use crate::core::link::handshake::PeerInfo;
use crate::error::{End, Refusal};
use crate::link::{Link, Reply};

/// Tells the membership what the server says.
pub struct CtsConnection<S> {
    hub: Arc<ClientHub<S>>,
    key: LinkId,
}

impl<S: MessageSet> CtsConnection<S> {
    /// The connection that the membership of `hub` asked for as `key`.
    pub fn new(hub: Arc<ClientHub<S>>, key: LinkId) -> Self {
        Self { hub, key }
    }
}

impl<S: MessageSet> Connection for CtsConnection<S> {
    type Set = S;

    fn on_open(&mut self, link: &Link, _peer: &PeerInfo) -> Result<(), End> {
        self.hub.server_opened(self.key, link);
        Ok(())
    }

    fn on_control(&mut self, _link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        let event = match control {
            ControlRef::Snapshot(list) => MembershipEvent::Snapshot(self.key, list.to_owned()?),
            ControlRef::Changes(list) => MembershipEvent::Changes(self.key, list.to_owned()?),
            ControlRef::RegisterRefused(refused) => {
                MembershipEvent::Refused(self.key, refused.reason)
            }
            other => {
                let text = format!("{other:?} means nothing to a client from its server");
                return Err(End::refuse(RefuseReason::NotAllowed, text));
            }
        };
        self.hub.membership(event);
        Ok(())
    }

    fn on_message(&mut self, _link: &Link, _message: S::Ref<'_>) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server has no messages for applications"))
    }

    fn on_request(&mut self, _link: &Link, _request: S::Ref<'_>, _reply: Reply) -> Result<(), End> {
        Err(End::refuse(RefuseReason::NotAllowed, "a server has no messages for applications"))
    }

    fn on_end(&mut self, _link: &Link, end: &End) {
        self.hub.server_ended(self.key, end);
    }
}

impl<S> fmt::Debug for CtsConnection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtsConnection").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What the end of the link to the server means for coming back.
pub(crate) fn server_end(end: &End) -> ServerEnd {
    match end {
        End::Goodbye(GoodbyeReason::Done) => ServerEnd::Done,
        End::Goodbye(GoodbyeReason::Replaced) => ServerEnd::Replaced,
        End::RefusedBy(Refusal { reason: RefuseReason::Older, .. }) => ServerEnd::Older,
        End::Refused(refusal) | End::RefusedBy(refusal) if is_lasting(refusal.reason) => {
            ServerEnd::Refused
        }
        _ => ServerEnd::Lost,
    }
}

/// Whether another attempt would meet with the same refusal.
fn is_lasting(reason: RefuseReason) -> bool {
    matches!(
        reason,
        RefuseReason::NotHello
            | RefuseReason::Protocol
            | RefuseReason::WireVersion
            | RefuseReason::WrongNode
    )
}
