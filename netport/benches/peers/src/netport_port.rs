//! Ports for the measures: no directory, just links.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use netport::{
    Connection, End, Expect, Fresh, Identity, Link, NetPort, Port, PortConfig, PortHandle,
};
use tlv_core::messages::Role;

/// Launches what `make` makes for every accepted socket.
struct Accepting<F>(F);

impl<C: Connection, F: FnMut() -> C + Send + 'static> NetPort for Accepting<F> {
    fn new_connection(&mut self, _: &Port, fresh: Fresh) -> Result<(), End> {
        fresh.launch((self.0)()).map(drop)
    }
}

/// Time that a link which spins goes on trying before it sleeps.
const SPIN: Duration = Duration::from_micros(50);

/// A port on a free port of the loopback address, without an end of its own.
pub fn start<C: Connection>(
    role: Role,
    spin: bool,
    make: impl FnMut() -> C + Send + 'static,
) -> PortHandle {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = PortConfig::new(listen, Identity::new(role, "bench"));
    config.idle_timeout = None;
    config.link.spin = spin.then_some(SPIN);
    Port::start(config, Accepting(make)).expect("a port on loopback")
}

/// Dials, and waits until `C::on_open` was called.
pub fn dial<C: Connection>(port: &Port, address: SocketAddr, connection: C) -> Link {
    port.dial(address, Expect::default(), connection).expect("the port runs")
}
