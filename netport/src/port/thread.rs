//! A connection's thread, from its first byte to its last.

use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use tlv_core::MessageSet;
use tlv_core::messages::{GoodbyeReason, RefuseReason};
use tracing::field::Empty;

use super::place::Place;
use super::{Port, handle};
use crate::connection::Connection;
use crate::core::link::ReceivingHalf;
use crate::core::link::handshake::{self, Ends, Expect, PeerInfo};
use crate::core::mutant::{Mutant, mutant};
use crate::error::{End, Limit, encoded};
use crate::guard::{contained, guarded};
use crate::io::socket::{Socket, SocketWire};
use crate::io::writer::Writer;
use crate::link::{Inbox, InboxEvent};
use crate::link::{Link, Shared};
use crate::meters;
use crate::sync::{self, Arc};

/// Longest name that the kernel shows for a thread, in bytes.
const THREAD_NAME_BYTES: usize = 15;

/// Ids of links, unique in the process; 0 is nobody's. No thread is told anything by it, and it
/// outlives every schedule, so it is none of [`crate::sync`].
static NEXT_LINK: AtomicU64 = AtomicU64::new(1);

/// How a link came to be.
pub(super) enum Birth {
    /// It arrived.
    Accepted { socket: Socket, address: SocketAddr },
    /// This side dialled.
    Dialled { socket: Socket, address: SocketAddr, session: u64, expect: Expect },
}

/// `name:what`, the name cut so that `what` can be read in full.
pub(super) fn thread_name(name: &str, what: impl Display) -> String {
    // With room for the 0 that the system wants behind it.
    let mut text = String::with_capacity(THREAD_NAME_BYTES + 1);
    // A string takes everything.
    let _ = write!(text, ":{what}");
    let mut end = 0;
    // A thread's name cannot hold a 0.
    for c in name.chars().filter(|c| !c.is_control()) {
        if text.len() + c.len_utf8() > THREAD_NAME_BYTES {
            break;
        }
        text.insert(end, c);
        end += c.len_utf8();
    }
    text
}

/// Starts a connection's thread.
pub(super) fn launch<C: Connection>(
    place: Place,
    birth: Birth,
    connection: C,
) -> Result<Link, End> {
    let life = Life::new(place, birth)?;
    let (port, link, accepted) = (life.port.clone(), life.link.clone(), !life.dialled);
    if !port.0.registry.lock().insert(Arc::clone(&link.0), accepted) {
        return Err(End::Stopped);
    }
    if accepted {
        // Here and not on the link's own thread: Linux keeps 32 KiB for a thread that has ever sent
        // something, and most accepted links send nothing more by themselves.
        greet::<C::Set>(&port, &link);
    }
    let socket = Arc::clone(&life.socket);
    let spawned = port
        .builder(format_args!("l{}", link.id()))
        .stack_size(port.config().thread_stack_bytes)
        .spawn(move || life.live(connection));
    match spawned {
        Ok(thread) => port.0.registry.lock().insert_thread(link.id(), thread),
        // `Life` went with the closure, and its place took the link out of the registry.
        Err(error) => {
            port.0.registry.lock().forget_thread(link.id());
            tracing::warn!(%error, "no thread for a connection");
            let end = End::NoRoom(Limit::Threads);
            if accepted {
                port.let_go(socket, &end);
            }
            return Err(end);
        }
    }
    port.0.meters.began(accepted);
    if port.is_stopping() && !mutant(Mutant::LaunchUntold) {
        // The link is new to the main loop, or its thread is, which may have ended already.
        port.wake();
    }
    evict(&port);
    link.0.schedule();
    Ok(link)
}

/// Ends the link that is in its handshake longest, where there are too many.
fn evict(port: &Port) {
    let oldest = port.0.registry.lock().evicted(port.config().handshakes_max);
    if let Some(oldest) = oldest {
        tracing::info!(link = oldest.id, peer = %oldest.address, "evicted from its handshake");
        oldest.close(&End::refuse(RefuseReason::Busy, "too many handshakes at a time"));
        oldest.abort(&End::Stopped);
    }
}

/// Sends this side's `Hello`.
fn greet<S: MessageSet>(port: &Port, link: &Link) {
    let hello = handshake::hello(port.identity(), S::PROTOCOL, link.session());
    link.0.writer.greet(&encoded(&hello));
}

/// One connection's life.
struct Life {
    port: Port,
    link: Link,
    socket: Arc<Socket>,
    expect: Expect,
    dialled: bool,
    /// Dropped last.
    _place: Place,
}

impl Life {
    /// The link, and what its thread needs.
    fn new(mut place: Place, birth: Birth) -> Result<Self, End> {
        let (socket, address, session, expect) = match birth {
            Birth::Accepted { socket, address } => (socket, address, 0, None),
            Birth::Dialled { socket, address, session, expect } => {
                (socket, address, session, Some(expect))
            }
        };
        let port = place.port().clone();
        let epoll = port.0.keeper.epoll().ok_or(End::Stopped)?;
        let id = NEXT_LINK.fetch_add(1, Ordering::Relaxed);
        place.give_to(id);
        let socket = Arc::new(socket);
        let wire = SocketWire::new(Arc::clone(&socket), epoll, id);
        let (config, meters) = (&port.config().link, port.0.meters.sent.clone());
        let writer = Writer::new(config.send_limits(), wire, meters, sync::now());
        let keeper = Arc::clone(&port.0.keeper);
        let link = Link(Arc::new(Shared::new(id, session, address, writer, keeper, config)));
        let dialled = expect.is_some();
        Ok(Self { port, link, socket, expect: expect.unwrap_or_default(), dialled, _place: place })
    }

    fn live<C: Connection>(self, mut connection: C) {
        self.link.0.own_this_thread();
        handle::own_this_thread(self.port.0.id);
        // Whatever level is logged, it is to be seen whose line it is.
        let span = tracing::error_span!(
            "link",
            port = %self.port.identity().name,
            id = self.link.id(),
            peer = %self.link.address(),
            // Known when they are.
            name = Empty,
            node = Empty,
            reason = Empty,
        );
        let _entered = span.enter();
        let mut at_end = false;
        let result = guarded(|| self.run(&mut connection, &mut at_end));
        let end = match result {
            Ok(()) => End::Closed(GoodbyeReason::Done),
            Err(end) => end,
        };
        self.link.0.close(&end);
        // Another thread may have closed first, for a reason of its own.
        let end = self.link.end().unwrap_or(end);
        span.record("reason", end.label());
        log(&end);
        self.port.0.meters.ended(&end);
        self.link.0.calls.end(&end);
        contained("on_end", || connection.on_end(&self.link, &end));
        contained("the destructor of a connection", || drop(connection));
        self.linger(at_end);
        self.link.0.writer.end();
    }

    fn run<C: Connection>(&self, connection: &mut C, at_end: &mut bool) -> Result<(), End> {
        let config = self.port.config();
        if self.dialled {
            let deadline = sync::now() + config.link.dial_timeout;
            self.socket.connected(deadline).map_err(|error| End::Dial(error.kind()))?;
            greet::<C::Set>(&self.port, &self.link);
        }
        let half = ReceivingHalf::new(
            config.link.receive_limits(),
            handshake::max_len::<C::Set>,
            handshake::may_be_first,
            sync::now(),
        );
        let mut inbox = Inbox::new(
            self.link.clone(),
            Arc::clone(&self.socket),
            half,
            &self.port.0.meters,
            &config.link,
        );
        let ended = self.converse(connection, &mut inbox);
        *at_end = inbox.at_end;
        ended
    }

    fn converse<C: Connection>(&self, connection: &mut C, inbox: &mut Inbox) -> Result<(), End> {
        let peer = self.shake_hands::<C::Set>(inbox)?;
        tracing::Span::current()
            .record("name", peer.name.as_str())
            .record("node", tracing::field::display(peer.node));
        tracing::debug!(role = ?peer.role, "open");
        connection.on_open(&self.link, peer).map_err(End::of_callback)?;
        connection.run(&self.link, inbox).map_err(End::of_callback)
    }

    fn shake_hands<S: MessageSet>(&self, inbox: &mut Inbox) -> Result<&PeerInfo, End> {
        let local = self.socket.local_addr().map_err(|error| End::System(error.kind()))?;
        let ends = Ends { address: self.link.address(), local, dialled: self.dialled };
        let peer = match inbox.next(None)? {
            InboxEvent::Packet(packet) => {
                let value = packet.bytes();
                handshake::judge(packet.id(), &value, S::PROTOCOL, &self.expect, ends)?
            }
            // No wake-up was asked for.
            InboxEvent::Wake(_) => return Err(End::Stopped),
        };
        inbox.open(handshake::role_number(peer.role))?;
        let peer = self.link.0.peer.get_or_init(|| peer);
        self.link.0.writer.open();
        self.port.0.registry.lock().opened(self.link.id());
        Ok(peer)
    }

    /// Lets the farewell out, and what the peer still sends in: closing with unread bytes would
    /// reset the connection, and lose what is on its way.
    fn linger(&self, at_end: bool) {
        let deadline = sync::now() + self.port.config().link.linger;
        let read = at_end || self.socket.discard(deadline);
        let written = self.link.0.writer.wait_finished(deadline);
        if !(read && written) {
            meters::expired("linger");
        }
        self.socket.leave(self.port.config().link.linger);
    }
}

fn log(end: &End) {
    match end {
        // Who dials has somebody to tell, and says how bad it is.
        End::Closed(_) | End::Dial(_) | End::Goodbye(_) | End::Stopped | End::Idle => {
            tracing::info!("ended: {end}");
        }
        End::Panicked(_) => tracing::error!("ended: {end}"),
        _ => tracing::warn!("ended: {end}"),
    }
}
