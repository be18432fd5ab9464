//! A participant's side.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};
use netport::{Broadcast, Client, ClientConfig, ClientHandle};
use tlv_core::Message;

use crate::input::{self, Command, HELP};
use crate::messages::{Act, Chat, Say, Whisper};
use crate::room::{Over, Room};
use crate::screen::Screen;
use crate::{signals, whole};

/// How long the server may take to be reached and to answer.
const SERVER_WAIT_MAX: Duration = Duration::from_secs(5);
/// What is piped in is for those who are there: how long links to all of them may take.
const LINKS_WAIT_MAX: Duration = Duration::from_secs(2);

/// Joins the chat, and stays until the user leaves.
pub(crate) fn join(name: String, server: SocketAddr) -> Result<(), Box<dyn Error>> {
    let leave = signals::leave()?;
    let client = Client::<Chat>::connect(server, ClientConfig::named(name))?;
    let mut session = Session { room: Room::new(client.node()), screen: Screen::new(), client };
    let result = session.run(&leave);
    // Says goodbye, whatever it was that ended the chat.
    session.client.stop();
    session.client.join();
    result
}

struct Session {
    client: ClientHandle<Chat>,
    room: Room,
    screen: Screen,
}

impl Session {
    fn run(&mut self, leave: &Receiver<()>) -> Result<(), Box<dyn Error>> {
        let events = self.client.events().clone();
        let mut lines = never::<String>();
        let mut patience = at(Instant::now() + SERVER_WAIT_MAX);
        let (mut reading, mut waited, mut arrived) = (false, false, false);
        while !self.screen.is_gone() {
            select! {
                recv(leave) -> _ => return Ok(()),
                recv(events) -> event => match event {
                    Ok(event) => self.room.event(event, &mut self.screen).map_err(|Over(why)| why)?,
                    Err(_) => return Err("the client stopped".into()),
                },
                recv(patience) -> _ => match arrived {
                    true => waited = true,
                    false => return Err("the server cannot be reached".into()),
                },
                recv(lines) -> line => match line {
                    Ok(line) if self.line(&line) => {}
                    // `/quit`, or the end of input.
                    Ok(_) | Err(_) => return Ok(()),
                },
            }
            if !arrived && self.room.is_inside() {
                arrived = true;
                patience = at(Instant::now() + LINKS_WAIT_MAX);
            }
            if !reading && (waited || self.room.is_complete()) {
                reading = true;
                lines = input::lines()?;
            }
        }
        Ok(())
    }

    /// Does what a line asks for; whether to go on.
    fn line(&mut self, line: &str) -> bool {
        match input::parse(line) {
            Command::Quit => return false,
            Command::Nothing => {}
            Command::Help => HELP.iter().for_each(|line| self.screen.line(line)),
            Command::Who => self.room.who(&mut self.screen),
            Command::Wrong(what) => {
                self.screen.line(&format!("* `{what}` is not understood; see /help"));
            }
            Command::Say(text) => self.broadcast(&Say::new(text)),
            Command::Act(what) => self.broadcast(&Act::new(what)),
            Command::Whisper { to, text } => {
                if let Err(error) = self.client.send(to, &Whisper::new(text)) {
                    self.screen.line(&format!("* not sent to {to}: {}", whole(&error)));
                }
            }
        }
        true
    }

    fn broadcast<M>(&mut self, message: &M)
    where
        M: Message,
        Chat: From<M>,
    {
        match self.client.broadcast(message) {
            Ok(Broadcast { sent: 0, missed, .. }) if missed.is_empty() => {
                self.screen.line("* that reached nobody");
            }
            Ok(Broadcast { missed, .. }) => {
                for name in missed.iter().filter_map(|node| self.room.name(node)) {
                    self.screen.line(&format!("* not sent to {name}"));
                }
            }
            Err(error) => self.screen.line(&format!("* not sent: {}", whole(&error))),
        }
    }
}
