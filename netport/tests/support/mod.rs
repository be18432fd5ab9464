//! What the tests over real sockets share. Nothing sleeps: every wait is for an event, with a
//! deadline that only a failure meets.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use netport::{
    Client, ClientConfig, ClientHandle, Event, Identity, List, Server, ServerConfig, ServerHandle,
};
use tlv_core::messages::{App, Control, Hello, MAGIC, Register, Role, WIRE_VERSION};
use tlv_core::record::{self, HEADER_LEN};
use tlv_core::{Message, MessageSet};

/// Long enough for a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Any free port on loopback.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub(crate) fn server_config() -> ServerConfig {
    let mut config = ServerConfig::new(loopback());
    config.port.idle_timeout = None;
    config
}

pub(crate) fn server() -> ServerHandle {
    Server::<App>::start(server_config()).expect("a server on loopback")
}

pub(crate) fn client_config(name: &str) -> ClientConfig {
    let mut config = ClientConfig::named(name);
    config.port.listen = loopback();
    config.backoff.first = Duration::from_millis(20);
    config.backoff.max = Duration::from_millis(200);
    config.mesh.backoff = config.backoff;
    config.mesh.grace = Duration::from_millis(200);
    config
}

pub(crate) fn client(server: SocketAddr, name: &str) -> ClientHandle<App> {
    client_with(server, client_config(name))
}

pub(crate) fn client_with(server: SocketAddr, config: ClientConfig) -> ClientHandle<App> {
    Client::connect(server, config).expect("a client on loopback")
}

/// Takes events until `choose` finds the one that is waited for.
#[track_caller]
pub(crate) fn wait_for<T>(
    client: &ClientHandle<App>,
    what: &str,
    mut choose: impl FnMut(Event<App>) -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    loop {
        match client.events().recv_deadline(deadline) {
            Ok(event) => {
                seen.push(format!("{event:?}"));
                if let Some(found) = choose(event) {
                    return found;
                }
            }
            Err(error) => panic!("{} waits for {what}: {error}; saw {seen:#?}", client.name()),
        }
    }
}

/// Takes events until the list has exactly these names; returns that list.
#[track_caller]
pub(crate) fn wait_for_list(client: &ClientHandle<App>, names: &[&str]) -> List {
    wait_for(client, &format!("the list {names:?}"), |event| match event {
        Event::List(list) if names_of(&list) == names => Some(list),
        _ => None,
    })
}

/// Takes events until every one of these peers has come up.
#[track_caller]
pub(crate) fn wait_for_peers(client: &ClientHandle<App>, names: &[&str]) {
    let mut missing: Vec<&str> = names.to_vec();
    wait_for(client, &format!("links to {names:?}"), |event| {
        if let Event::Up(peer) = event {
            missing.retain(|name| *name != peer.name);
        }
        missing.is_empty().then_some(())
    });
}

/// The names on a list, in order.
pub(crate) fn names_of(list: &List) -> Vec<String> {
    let mut names: Vec<String> = list.peers.iter().map(|peer| peer.name.clone()).collect();
    names.sort();
    names
}

/// A peer that speaks for itself, byte by byte.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, received: Vec::new() }
    }

    /// One that has said `Hello` as a client, and heard the other's.
    pub(crate) fn client(address: SocketAddr, name: &str) -> Self {
        Self::over(TcpStream::connect(address).expect("somebody listens"), name)
    }

    /// The same, over a connection made elsewhere.
    pub(crate) fn over(stream: TcpStream, name: &str) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("a TCP socket");
        let mut raw = Self { stream, received: Vec::new() };
        raw.send(&hello(&Identity::new(Role::Client, name), 1));
        assert!(matches!(raw.expect(), Control::Hello(_)));
        raw
    }

    /// One that is registered.
    pub(crate) fn member(address: SocketAddr, name: &str) -> Self {
        let mut raw = Self::client(address, name);
        raw.send(&Register::new(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 9))]));
        assert!(matches!(raw.expect(), Control::Snapshot(_)));
        raw
    }

    pub(crate) fn send(&mut self, message: &impl Message) {
        let frame = message.to_frame().expect("a message within its bounds");
        self.stream.write_all(&frame).expect("a socket with room");
    }

    /// The next control message that is not a heartbeat.
    #[track_caller]
    pub(crate) fn expect(&mut self) -> Control {
        self.next().expect("a message, and not the end of the stream")
    }

    /// The next control message that is not a heartbeat; none at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Control> {
        loop {
            if let Ok((_, header)) = record::header(&self.received)
                && self.received.len() >= HEADER_LEN + header.len as usize
            {
                let frame: Vec<u8> =
                    self.received.drain(..HEADER_LEN + header.len as usize).collect();
                let value = tlv_core::bytes::Bytes::from(frame).slice(HEADER_LEN..);
                match Control::decode(header.id, &value).expect("a well-formed message") {
                    Control::Ping(_) => continue,
                    message => return Some(message),
                }
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing to read: {error}"),
            }
        }
    }
}

/// The `Hello` of such a peer.
pub(crate) fn hello(identity: &Identity, session: u64) -> Hello {
    Hello::new(
        MAGIC,
        WIRE_VERSION,
        App::PROTOCOL.name.to_owned(),
        App::PROTOCOL.version,
        identity.role,
        identity.node,
        identity.incarnation,
        session,
        identity.name.clone(),
    )
}
