#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! A server and two clients that leave each other a note.

use std::time::Duration;

use netport::{Client, ClientConfig, ClientHandle, Event, Server, ServerConfig};

/// Generated from `spec/notes.ron`.
pub mod notes {
    include!(concat!(env!("OUT_DIR"), "/notes.rs"));
}

use notes::{Kind, Note, Notes};

/// Takes events until one is what is looked for.
fn wait<T>(client: &ClientHandle<Notes>, mut look: impl FnMut(Event<Notes>) -> Option<T>) -> T {
    loop {
        let event = client.events().recv_timeout(Duration::from_secs(60));
        if let Some(found) = look(event.expect("something happens")) {
            return found;
        }
    }
}

fn main() {
    let config = ServerConfig::new(([127, 0, 0, 1], 0).into());
    let server = Server::<Notes>::start(config).expect("an address is free");
    let join = |name: &str| {
        Client::<Notes>::connect(server.local_addr(), ClientConfig::named(name)).expect("a port is free")
    };
    let (ann, bob) = (join("ann"), join("bob"));
    wait(&ann, |event| match event {
        Event::Up(peer) => (peer.name == "bob").then_some(()),
        _ => None,
    });
    ann.send("bob", &Note::new(Kind::Lunch, "at noon")).expect("bob is there");
    let note = wait(&bob, |event| match event {
        Event::Message { message: Notes::Note(note), .. } => Some(note),
        _ => None,
    });
    println!("{:?}: {}", note.kind, note.r#type);
}
