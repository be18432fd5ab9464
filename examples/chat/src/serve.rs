//! The server's side.

use std::error::Error;
use std::net::SocketAddr;

use netport::{End, Server, ServerConfig};

use crate::messages::Chat;
use crate::screen::Screen;
use crate::signals;

/// Serves until Ctrl-C.
pub(crate) fn serve(listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let leave = signals::leave()?;
    let mut config = ServerConfig::new(listen);
    // An empty room waits for guests.
    config.port.idle_timeout = None;
    let server = Server::<Chat>::start(config)?;
    // That nobody reads this is no reason not to serve.
    Screen::new().line(&format!("chat server on {}", server.local_addr()));
    // The other end is dropped only with the process.
    let _ = leave.recv();
    server.stop();
    match server.join() {
        End::Stopped | End::Closed(_) => Ok(()),
        end => Err(end.into()),
    }
}
