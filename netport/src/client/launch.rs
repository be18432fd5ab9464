//! What runs on the links to peers: the client's connection, or the user's around it.

use std::net::SocketAddr;

use super::CtcConnection;
use crate::connection::Connection;
use crate::core::link::handshake::Expect;
use crate::error::End;
use crate::guard::guarded;
use crate::port::{Fresh, Port};

/// Launches the connections of a client whose type only the user knows.
pub(super) trait Launch<S>: Send + Sync {
    /// On a link that a peer dialled.
    fn accept(&self, fresh: Fresh, own: CtcConnection<S>) -> Result<(), End>;

    /// On a link that is dialled.
    fn dial(
        &self,
        port: &Port,
        address: SocketAddr,
        expect: Expect,
        own: CtcConnection<S>,
    ) -> Result<(), End>;
}

impl<S, C: Connection, F: Fn(CtcConnection<S>) -> C + Send + Sync> Launch<S> for F {
    fn accept(&self, fresh: Fresh, own: CtcConnection<S>) -> Result<(), End> {
        fresh.launch(self(own)).map(drop)
    }

    fn dial(
        &self,
        port: &Port,
        address: SocketAddr,
        expect: Expect,
        own: CtcConnection<S>,
    ) -> Result<(), End> {
        // Who dials may be the main loop, or the thread of another link.
        let connection = guarded(|| Ok(self(own)))?;
        port.dial(address, expect, connection).map(drop)
    }
}
