//! netport's clients: an explicit batch on the sending side; on the receiving side owned messages,
//! by the channel of events, taken on the user's thread.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use netport::{Client, ClientConfig, ClientHandle, Event, Server, ServerConfig};

use super::Receiver;
use super::netport::send_small;
use crate::bench::{Bench, Start};
use crate::machine::serve_until_parent_leaves;

const SENDER: &str = "sender";

struct Events(ClientHandle<Bench>);

pub fn connect(server: SocketAddr) -> Box<dyn Receiver> {
    let client = client("receiver", server);
    while !client.events().recv().is_ok_and(|event| matches!(event, Event::Up(_))) {}
    Box::new(Events(client))
}

fn client(name: &str, server: SocketAddr) -> ClientHandle<Bench> {
    Client::connect(server, ClientConfig::named(name)).expect("a port is free")
}

impl Receiver for Events {
    fn receive(&mut self, count: u64) -> (Duration, u64) {
        let begin = Instant::now();
        self.0.send(SENDER, &Start::new(count, false)).expect("the sender lives");
        let (mut left, mut sum) = (count, 0u64);
        while left > 0 {
            let event = self.0.events().recv().expect("the client runs");
            if let Event::Message { message: Bench::Item(item), .. } = event {
                sum = sum.wrapping_add(item.seq + u64::from(item.kind) + item.text.len() as u64);
                left -= 1;
            }
        }
        (begin.elapsed(), sum)
    }
}

/// A server, and the client that sends what it is asked for.
pub fn sender() -> std::io::Result<()> {
    let server = Server::<Bench>::start(ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into()))
        .map_err(std::io::Error::other)?;
    let address = server.local_addr();
    std::thread::spawn(move || {
        let client = client(SENDER, address);
        while let Ok(event) = client.events().recv() {
            if let Event::Message { from, message: Bench::Start(start) } = event {
                let link = client.link(from.node).expect("the one who asked is there");
                send_small(&link, start.count).expect("the one who asked reads");
            }
        }
    });
    serve_until_parent_leaves(address);
    Ok(())
}
