//! Servers and clients on loopback, and waiting for what clients are told.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use netport::{
    Client, ClientConfig, ClientHandle, Event, List, Server, ServerConfig, ServerHandle,
};
use tlv_core::messages::App;

use super::PATIENCE;

/// Any free port on loopback.
pub fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub fn server_config() -> ServerConfig {
    let mut config = ServerConfig::new(loopback());
    config.port.idle_timeout = None;
    config
}

pub fn server() -> ServerHandle {
    Server::<App>::start(server_config()).expect("a server on loopback")
}

pub fn client_config(name: &str) -> ClientConfig {
    let mut config = ClientConfig::named(name);
    config.port.listen = loopback();
    config.backoff.first = Duration::from_millis(20);
    config.backoff.max = Duration::from_millis(200);
    config.mesh.backoff = config.backoff;
    config.mesh.grace = Duration::from_millis(200);
    config
}

pub fn client(server: SocketAddr, name: &str) -> ClientHandle<App> {
    client_with(server, client_config(name))
}

pub fn client_with(server: SocketAddr, config: ClientConfig) -> ClientHandle<App> {
    Client::connect(server, config).expect("a client on loopback")
}

/// Takes events until `choose` finds the one that is waited for.
#[track_caller]
pub fn wait_for<T>(
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
pub fn wait_for_list(client: &ClientHandle<App>, names: &[&str]) -> List {
    wait_for(client, &format!("the list {names:?}"), |event| match event {
        Event::List(list) if names_of(&list) == names => Some(list),
        _ => None,
    })
}

/// Takes events until every one of these peers has come up.
#[track_caller]
pub fn wait_for_peers(client: &ClientHandle<App>, names: &[&str]) {
    let mut missing: Vec<&str> = names.to_vec();
    wait_for(client, &format!("links to {names:?}"), |event| {
        if let Event::Up(peer) = event {
            missing.retain(|name| *name != peer.name);
        }
        missing.is_empty().then_some(())
    });
}

/// The names on a list, in order.
pub fn names_of(list: &List) -> Vec<String> {
    let mut names: Vec<String> = list.peers.iter().map(|peer| peer.name.clone()).collect();
    names.sort();
    names
}
