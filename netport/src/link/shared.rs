//! What the handles of a link, its connection's thread and the keeper share of it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use tlv_core::write::FrameBuffer;
use tlv_core::{EncodeError, Message};

use super::{CONTROL_IDS, Calls};
use crate::config::LinkConfig;
use crate::core::link::handshake::PeerInfo;
use crate::error::{End, SendError};
use crate::io::keeper::Keeper;
use crate::io::writer::{Manner, Writer};
use crate::sync::{self, Arc, OnceLock};

sync::thread_local! {
    /// The link whose connection runs on this thread; 0 on other threads.
    static OWN: Cell<u64> = const { Cell::new(0) };
}

/// Whether this thread is a connection's own, where nothing may wait.
pub(super) fn on_a_connections_thread() -> bool {
    OWN.with(Cell::get) != 0
}

/// The link itself.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) id: u64,
    pub(crate) session: u64,
    pub(crate) address: SocketAddr,
    pub(crate) writer: Writer,
    pub(crate) peer: OnceLock<PeerInfo>,
    pub(crate) calls: Calls,
    keeper: Arc<Keeper>,
    pub(super) send_timeout: Duration,
}

/// For the keeper, which needs to know no more of a link.
impl AsRef<Writer> for Shared {
    fn as_ref(&self) -> &Writer {
        &self.writer
    }
}

impl Shared {
    pub(crate) fn new(
        id: u64,
        session: u64,
        address: SocketAddr,
        writer: Writer,
        keeper: Arc<Keeper>,
        config: &LinkConfig,
    ) -> Self {
        Self {
            id,
            session,
            address,
            writer,
            peer: OnceLock::new(),
            calls: Calls::default(),
            keeper,
            send_timeout: config.send_timeout,
        }
    }

    /// This thread is the connection's own from now on.
    pub(crate) fn own_this_thread(&self) {
        OWN.with(|own| own.set(self.id));
    }

    pub(super) fn is_own_thread(&self) -> bool {
        OWN.with(Cell::get) == self.id
    }

    /// Admits nothing more, and says farewell. Only the first call counts.
    ///
    /// The connection's thread is not woken: it goes on reading, and drops what it reads, until the
    /// peer closes or the keeper shuts the socket. Waking it by shutting the read side would have
    /// the kernel answer whatever the peer still sends with a reset, and lose what is on its way.
    pub(crate) fn close(&self, end: &End) {
        if self.writer.close(end, sync::now()) {
            self.schedule();
        }
    }

    /// The link ends for `end`, which befell it: so it is known, whatever callbacks make of it.
    pub(crate) fn befell(&self, end: End) -> End {
        self.close(&end);
        end
    }

    /// Has the keeper look after the link's next deadline.
    pub(crate) fn schedule(&self) {
        if let Some(at) = self.writer.next_deadline() {
            self.keeper.schedule(at, self.id);
        }
    }

    /// Ends the link without a farewell.
    pub(crate) fn abort(&self, end: &End) {
        self.writer.abort(end);
    }

    /// Whether the peer speaks a version that has the message, or may skip it.
    pub(super) fn admits(&self, id: u16, since: u32) -> Result<(), SendError> {
        if id.is_multiple_of(2) { self.answers(id, since) } else { Ok(()) }
    }

    /// Whether the peer speaks a version that has the message. Who may skip a request does not answer
    /// it, and its caller would wait in vain.
    pub(super) fn answers(&self, id: u16, since: u32) -> Result<(), SendError> {
        match self.peer.get() {
            Some(peer) if id >= CONTROL_IDS && since > peer.version => {
                Err(SendError::TooNew { since, peer: peer.version })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn append_message<M: Message>(
        &self,
        manner: Manner,
        message: &M,
    ) -> Result<(), SendError> {
        if M::ID < CONTROL_IDS {
            return self.append_few(manner, |out| message.encode_frame(out));
        }
        self.admits(M::ID, M::SINCE)?;
        self.writer.send(manner, |half| half.append(|out| message.encode_frame(out)))
    }

    /// Appends one of netport's own messages: a peer that reads slowly is not to lose its link for
    /// that.
    pub(super) fn append_few(
        &self,
        manner: Manner,
        encode: impl FnOnce(&mut FrameBuffer) -> Result<(), EncodeError>,
    ) -> Result<(), SendError> {
        self.writer.send_few(manner, |half| half.append_few(encode))
    }

    pub(super) fn waiting(&self, timeout: Duration) -> Manner {
        match OWN.with(Cell::get) {
            0 => Manner::Wait(timeout),
            own if own == self.id => Manner::Cork,
            _ => Manner::Try,
        }
    }

    pub(super) fn trying(&self) -> Manner {
        if self.is_own_thread() { Manner::Cork } else { Manner::Try }
    }
}
