//! What happens on one link: the trait, and its default ways as functions that an override can hand
//! the rest to.

use std::time::Instant;

use tlv_core::messages::{Alive, CallError, Control, ControlRef, RefuseReason};
use tlv_core::{MessageInfo, MessageSet, Pair};

use crate::core::link::control::{Said, said};
use crate::core::link::handshake::{PeerInfo, role_number};
use crate::error::End;
use crate::link::{CONTROL_IDS, Link, Reply};
use crate::link::{Inbox, InboxEvent};
use crate::{Packet, SendError, sync};

/// What happens on one link, on a thread of its own. Override the steps that you care about.
///
/// ```text
/// handshake -> on_open -> run -> on_end
///                          |
///                          +-- on_wake                       when its time has come
///                          +-- on_packet                     every frame
///                               |
///                               +-- on_control               netport's own messages
///                               +-- on_request, on_message   the application's
/// ```
///
/// An `Err` from any step ends the link for that reason; what the peer is told is said with
/// [`End`]. So does a panic, and nobody else notices.
pub trait Connection: Send + 'static {
    /// The application's messages on this link. Its protocol is what both sides must speak.
    type Set: MessageSet;

    /// The whole life of the link after [`Self::on_open`]. `Ok` closes it with `Goodbye(Done)`.
    fn run(&mut self, link: &Link, inbox: &mut Inbox) -> Result<(), End> {
        event_loop(self, link, inbox)
    }

    /// The handshake is over: `peer` is at the other end, and frames are admitted.
    fn on_open(&mut self, link: &Link, peer: &PeerInfo) -> Result<(), End> {
        let _ = (link, peer);
        Ok(())
    }

    /// A frame arrived, any frame: `Ping`, `Goodbye` and unknown types too.
    fn on_packet(&mut self, link: &Link, packet: Packet<'_>) -> Result<(), End> {
        dispatch(self, link, packet)
    }

    /// One of netport's own messages arrived, which its sender's role allows, and which
    /// [`dispatch`] does not deal with. By default the link is refused.
    fn on_control(&mut self, link: &Link, control: ControlRef<'_>) -> Result<(), End> {
        let _ = link;
        let text = format!("{control:?} has no meaning on this link");
        Err(End::refuse(RefuseReason::NotAllowed, text))
    }

    /// One of the application's messages arrived.
    fn on_message(
        &mut self,
        link: &Link,
        message: <Self::Set as MessageSet>::Ref<'_>,
    ) -> Result<(), End> {
        let _ = (link, message);
        Ok(())
    }

    /// One of the application's requests arrived. It may be answered later, from any thread. By
    /// default it is refused.
    fn on_request(
        &mut self,
        link: &Link,
        request: <Self::Set as MessageSet>::Ref<'_>,
        reply: Reply,
    ) -> Result<(), End> {
        let _ = (link, request);
        Ok(reply.refuse(CallError::Unsupported, "requests are not answered here")?)
    }

    /// Called once before the first packet, then whenever the time has come that it returned last.
    fn on_wake(&mut self, link: &Link, now: Instant) -> Result<Option<Instant>, End> {
        let _ = (link, now);
        Ok(None)
    }

    /// The link has ended; nothing can be sent. Called once, for a link that never opened too.
    fn on_end(&mut self, link: &Link, end: &End) {
        let _ = (link, end);
    }
}

/// The default [`Connection::run`]: hands every packet to `on_packet`, and the time to `on_wake`.
///
/// # Errors
///
/// Why the link ends.
pub fn event_loop<C: Connection + ?Sized>(
    connection: &mut C,
    link: &Link,
    inbox: &mut Inbox,
) -> Result<(), End> {
    let mut wake = connection.on_wake(link, sync::now())?;
    loop {
        match inbox.next(wake)? {
            InboxEvent::Packet(packet) => connection.on_packet(link, packet)?,
            InboxEvent::Wake(now) => wake = connection.on_wake(link, now)?,
        }
    }
}

/// The default [`Connection::on_packet`]: applies parity and the roles that may send a message,
/// handles what concerns the link alone, and hands the rest to the other hooks.
///
/// # Errors
///
/// Why the link ends.
pub fn dispatch<C: Connection + ?Sized>(
    connection: &mut C,
    link: &Link,
    packet: Packet<'_>,
) -> Result<(), End> {
    let id = packet.id();
    let info = if id < CONTROL_IDS { Control::info(id) } else { C::Set::info(id) };
    let Some(info) = info else { return unknown(id) };
    may_send(link, info)?;
    if id < CONTROL_IDS {
        return control(connection, link, packet);
    }
    let message = C::Set::borrow(id, packet.value())?;
    match (info.pair, call_number(packet.value())) {
        (Some(Pair::RequestOf(response)), Some(call)) => {
            connection.on_request(link, message, Reply::new(link.clone(), call, response))
        }
        (Some(Pair::ResponseTo(_)), Some(call)) => {
            link.0.calls.answer(call, id, packet.value());
            Ok(())
        }
        _ => connection.on_message(link, message),
    }
}

/// "It's OK to be odd": an unknown even message is critical.
fn unknown(id: u16) -> Result<(), End> {
    if id.is_multiple_of(2) {
        let text = format!("message {id:#06x} is not known here");
        return Err(End::refuse(RefuseReason::UnknownCritical, text));
    }
    tracing::debug!(id, "skipped an unknown message");
    Ok(())
}

#[inline]
fn may_send(link: &Link, info: &MessageInfo) -> Result<(), End> {
    if info.from.is_empty() {
        return Ok(());
    }
    let role = link.peer().map(|peer| role_number(peer.role));
    if role.is_some_and(|role| info.from.contains(&role)) {
        return Ok(());
    }
    let text = format!("`{}` must not come from this role", info.name);
    Err(End::refuse(RefuseReason::NotAllowed, text))
}

fn control<C: Connection + ?Sized>(
    connection: &mut C,
    link: &Link,
    packet: Packet<'_>,
) -> Result<(), End> {
    let (id, value) = (packet.id(), packet.value());
    match said(id, value)? {
        Said::Ping => Ok(()),
        Said::Probe(nonce) => match link.try_send(&Alive::new(nonce)) {
            // Whoever sends faster than it reads does not need the answer to know.
            Ok(()) | Err(SendError::Full) => Ok(()),
            Err(error) => Err(error.into()),
        },
        Said::Left(end) => Err(link.0.befell(end)),
        Said::CallRefused(refused) => {
            link.0.calls.refused(refused.call, refused.reason, &refused.text);
            Ok(())
        }
        Said::Other => connection.on_control(link, Control::borrow(id, value)?),
    }
}

/// The first field of a request or response.
fn call_number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
