//! How a link's sending half writes into the network.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Instant;

use super::{Chunk, ConnId, NetEvent, Network};
use crate::core::link::Wire;

/// One side's way into the network.
pub(in crate::simulation) struct SimWire<'a> {
    pub(in crate::simulation) network: &'a mut Network,
    pub(in crate::simulation) now: Instant,
    pub(in crate::simulation) conn: ConnId,
    pub(in crate::simulation) side: usize,
}

impl Wire for SimWire<'_> {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(conn) = self.network.conns.get_mut(&self.conn) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let side = &mut conn.sides[self.side];
        if side.is_reset || side.pipe.fin_sent {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let room = self.network.pipe_bytes_max - side.pipe.bytes;
        let bytes: VecDeque<u8> =
            slices.iter().flat_map(|slice| slice.iter().copied()).take(room).collect();
        if bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let written = bytes.len();
        side.pipe.bytes += written;
        self.network.send(self.now, self.conn, self.side, Chunk::Bytes(bytes));
        Ok(written)
    }

    fn arm(&mut self) -> io::Result<()> {
        if let Some(conn) = self.network.conns.get_mut(&self.conn) {
            let pipe = &mut conn.sides[self.side].pipe;
            if pipe.bytes < self.network.pipe_bytes_max {
                self.network.plan_soon(self.now, NetEvent::Writable(self.conn, self.side));
            } else {
                pipe.armed = true;
            }
        }
        Ok(())
    }

    fn shut_write(&mut self) {
        self.network.fin(self.now, self.conn, self.side);
    }

    fn shut(&mut self) {
        if let Some(conn) = self.network.conns.get_mut(&self.conn) {
            conn.sides[self.side].is_shut = true;
            let event = NetEvent::Readable(self.conn, self.side);
            self.network.planned.push((self.now, event));
        }
        self.network.fin(self.now, self.conn, self.side);
    }
}
