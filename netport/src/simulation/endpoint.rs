//! One end of a link: the two halves of the link's core over the simulated network, and what the
//! connection's thread does with them.

use std::time::Instant;

use bytes::Bytes;
use tlv_core::messages::{Alive, App, Control, Ping};
use tlv_core::{Message, MessageSet};

use super::network::{ConnId, Network, Read, SimWire};
use crate::config::{Identity, LinkConfig};
use crate::core::client::Purpose;
use crate::core::link::control::{Said, said};
use crate::core::link::handshake::{self, Ends, Expect, PeerInfo};
use crate::core::link::{Admission, ReceivingHalf, SendingHalf, Turn};
use crate::error::End;

/// Whose end of a link it is, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The server's.
    Server,
    /// A client's.
    Client(Purpose),
}

/// What a turn of the connection came to.
pub(super) enum Step {
    /// The handshake is done.
    Opened,
    /// A frame for the hooks.
    Frame(u16, Bytes),
    /// Nothing more for now.
    Idle,
    /// The link has ended, which the hooks are told once. What still arrives is dropped.
    Ended(End),
    /// Nothing can arrive any more.
    Gone,
}

/// What the bytes that wait may come to.
#[derive(Debug)]
struct Bound {
    /// Nothing is admitted beyond so many.
    mark: usize,
    /// The largest frame that was admitted below the mark.
    largest: usize,
    /// Bytes of netport's own messages, which have a reserve.
    own: usize,
}

/// One end of a link.
pub(super) struct Endpoint {
    pub(super) conn: ConnId,
    pub(super) side: usize,
    pub(super) owner: Owner,
    pub(super) peer: Option<PeerInfo>,
    pub(super) sending: SendingHalf,
    bound: Bound,
    receiving: ReceivingHalf,
    expect: Expect,
    ends: Ends,
    /// Why the link is being closed.
    end: Option<End>,
    /// Whether the hooks were told.
    is_told: bool,
    /// Whether nothing can arrive any more.
    at_end: bool,
    is_slow: bool,
    /// Whether it has read in this turn, which is enough for a slow one.
    has_read: bool,
    /// Whether messages go by this link.
    pub(super) is_up: bool,
    /// Numbers of the next application message to be sent, and to be received.
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Bound {
    fn admitted(&mut self, len: usize) {
        self.largest = self.largest.max(len);
    }
}

impl Endpoint {
    pub(super) fn new(
        (conn, side): (ConnId, usize),
        owner: Owner,
        (identity, session): (&Identity, u64),
        (expect, ends): (Expect, Ends),
        config: &LinkConfig,
        now: Instant,
    ) -> Self {
        let mut sending = SendingHalf::new(config.send_limits(), now);
        let hello = handshake::hello(identity, App::PROTOCOL, session);
        sending.append(|out| hello.encode_frame(out)).expect("a Hello within its bounds");
        let receiving = ReceivingHalf::new(
            config.receive_limits(),
            handshake::max_len::<App>,
            handshake::may_be_first,
            now,
        );
        Self {
            conn,
            side,
            owner,
            peer: None,
            bound: Bound {
                mark: config.backlog_bytes_max,
                largest: 0,
                own: sending.backlog_bytes(),
            },
            sending,
            receiving,
            expect,
            ends,
            end: None,
            is_told: false,
            at_end: false,
            is_slow: false,
            has_read: false,
            is_up: false,
            sent: 0,
            received: 0,
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.end.is_some()
    }

    /// Appends a message if it is admitted.
    pub(super) fn send(&mut self, message: &impl Message) -> bool {
        let is_granted = self.sending.admission() == Admission::Granted;
        if is_granted {
            let before = self.sending.backlog_bytes();
            let appended = self.sending.append(|out| message.encode_frame(out));
            appended.expect("a message within its bounds");
            self.bound.admitted(self.sending.backlog_bytes() - before);
        }
        is_granted
    }

    /// Appends a whole frame, which is admitted.
    pub(super) fn send_shared(&mut self, frame: &Bytes) {
        self.sending.append_shared(frame);
        self.bound.admitted(frame.len());
    }

    /// Appends one of netport's own messages if it is admitted.
    pub(super) fn send_control(&mut self, message: &Control) -> Admission {
        let admission = self.sending.admission_of_few();
        if admission == Admission::Granted {
            let before = self.sending.backlog_bytes();
            let appended = self.sending.append_few(|out| message.encode_frame(out));
            appended.expect("a message within its bounds");
            self.bound.own += self.sending.backlog_bytes() - before;
        }
        admission
    }

    /// Whether no more waits than may.
    pub(super) fn is_bounded(&self) -> bool {
        let Bound { mark, largest, own } = self.bound;
        self.sending.backlog_bytes() <= mark + largest + own
    }

    pub(super) fn flush(&mut self, network: &mut Network, now: Instant) {
        let mut wire = SimWire { network, now, conn: self.conn, side: self.side };
        self.sending.flush(&mut wire);
    }

    pub(super) fn drain(&mut self, network: &mut Network, now: Instant) {
        let mut wire = SimWire { network, now, conn: self.conn, side: self.side };
        self.sending.drain(&mut wire);
    }

    /// Closes in order, or with a refusal, as `end` says. Only the first call counts.
    pub(super) fn close(&mut self, network: &mut Network, now: Instant, end: End) {
        if self.end.is_none() {
            let mut wire = SimWire { network, now, conn: self.conn, side: self.side };
            let farewell = end.farewell();
            self.bound.own += farewell.len();
            self.sending.close(&mut wire, &farewell, now);
            self.end = Some(end);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let receiving = if self.is_closing() { None } else { self.receiving.next_deadline() };
        receiving.into_iter().chain(self.sending.next_deadline()).min()
    }

    /// The sending half's turn by the clock.
    pub(super) fn on_time(&mut self, network: &mut Network, now: Instant) {
        let mut wire = SimWire { network, now, conn: self.conn, side: self.side };
        match self.sending.on_time(&mut wire, now) {
            Turn::Ping => {
                let ping = Ping::new().to_frame().expect("a Ping within its bounds");
                self.bound.own += ping.len();
                self.sending.ping(&mut wire, &ping);
            }
            Turn::Quiet => {}
            Turn::Stalled => self.end = self.end.take().or(Some(End::Stalled)),
        }
    }

    /// Begins to read, in the way of the machine that it runs on.
    pub(super) fn begin(&mut self, is_slow: bool) {
        self.is_slow = is_slow;
        self.has_read = false;
    }

    /// Goes on until there is something to decide.
    pub(super) fn step(&mut self, network: &mut Network, now: Instant) -> Step {
        loop {
            if let Some(end) = &self.end
                && !std::mem::replace(&mut self.is_told, true)
            {
                return Step::Ended(end.clone());
            }
            if self.at_end {
                return Step::Gone;
            }
            if self.end.is_none() {
                match self.frame() {
                    Ok(Some(step)) => return step,
                    Ok(None) => {}
                    Err(end) => {
                        self.close(network, now, end);
                        continue;
                    }
                }
            }
            if self.is_slow && std::mem::replace(&mut self.has_read, true) {
                network.read_later(now, self.conn, self.side);
                return Step::Idle;
            }
            match network.read(now, self.conn, self.side) {
                Read::Bytes(bytes) if self.end.is_none() => {
                    self.receiving.room().extend_from_slice(&bytes);
                    self.receiving.received(false, now);
                }
                // Behind a farewell nothing counts.
                Read::Bytes(_) => {}
                Read::Nothing if self.end.is_some() => return Step::Idle,
                Read::Nothing => match self.receiving.would_block(now) {
                    Ok(()) => return Step::Idle,
                    Err(expired) => self.close(network, now, expired.into()),
                },
                Read::End => self.over(End::Lost),
                Read::Reset => self.over(End::Reset(std::io::ErrorKind::ConnectionReset)),
            }
        }
    }

    /// The peer sends nothing any more.
    fn over(&mut self, end: End) {
        self.at_end = true;
        self.end.get_or_insert(end);
    }

    /// The next frame that concerns the hooks.
    fn frame(&mut self) -> Result<Option<Step>, End> {
        while let Some(frame) = self.receiving.next_frame()? {
            let value = self.receiving.batch().slice(frame.value);
            if self.peer.is_none() {
                let ends = self.ends;
                let peer = handshake::judge(frame.id, &value, App::PROTOCOL, &self.expect, ends)?;
                self.sending.open();
                self.receiving.open(u32::from(u8::from(peer.role)));
                self.peer = Some(peer);
                return Ok(Some(Step::Opened));
            }
            match said(frame.id, &value)? {
                Said::Ping => {}
                Said::Probe(nonce) => {
                    self.send_control(&Control::Alive(Alive::new(nonce)));
                }
                Said::Left(end) => return Err(end),
                // Nobody calls here.
                Said::CallRefused(_) | Said::Other => {
                    return Ok(Some(Step::Frame(frame.id, value)));
                }
            }
        }
        Ok(None)
    }
}
