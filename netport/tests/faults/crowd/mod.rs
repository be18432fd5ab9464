//! The role of a crowd: many clients in one process, which greet each other and keep count.

mod echo;
mod tally;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use netport::{Client, ClientHandle, Dial, Event};
use tlv_core::Uuid;
use tlv_core::messages::{App, Greet};

use self::tally::Tally;
use crate::measure::live_bytes;
use crate::program::{Program, settings};
use crate::{presets, siege};

/// How fast a question about the state is answered: who waits for something asks again.
const PACE: Duration = Duration::from_millis(5);
/// How often a client greets somebody.
const GREETS_EVERY: Duration = Duration::from_millis(20);

/// Starts clients in a process of their own. `args` are settings of [`run`].
pub(crate) fn start(server: SocketAddr, count: usize, args: &[&str]) -> Program {
    let own = [format!("server={server}"), format!("count={count}")];
    let args: Vec<String> =
        own.into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect();
    Program::start("role-crowd", &args)
}

/// Runs clients until standard input ends; then they leave in order.
///
/// Settings: `server`, `count`, `prefix` of the names, `preset`, `dial` (`all` or `never`),
/// `advertise`, and `echo=yes` for as many bare echoes beside the clients.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let settings = settings(args);
    if let Some(cpu) = settings.get("cpu") {
        siege::pin(cpu.parse().expect("a number"));
    }
    let text = |name| settings.get(name).copied().unwrap_or_default();
    let server: SocketAddr = text("server").parse().expect("an address");
    let count: usize = text("count").parse().expect("a number");
    let dial = if text("dial") == "never" { Dial::Never } else { Dial::All };
    let clients: Vec<Arc<Member>> = (0..count)
        .map(|number| {
            let name = format!("{}-{number}", text("prefix"));
            let mut config = presets::client(text("preset"), name, dial);
            if let Some(advertise) = settings.get("advertise") {
                config.advertise = vec![advertise.parse().expect("an address")];
            }
            let handle = Client::connect(server, config).expect("a client on loopback");
            Arc::new(Member { handle, tally: Tally::default() })
        })
        .collect();
    if count == 1 {
        println!("listening {}", clients[0].handle.local_addr());
    }
    let threads: Vec<_> = clients.iter().flat_map(Member::live).collect();
    let echoes = (text("echo") == "yes").then(|| echo::start(count, GREETS_EVERY));
    crate::program::serve(|question| match question {
        "times" => {
            let greetings = clients.iter().flat_map(|member| member.tally.take_times()).collect();
            let echoes = echoes.iter().flat_map(echo::Echoes::take_times).collect();
            format!("greet {} echo {}", tally::quantiles(greetings), tally::quantiles(echoes))
        }
        _ => {
            thread::sleep(PACE);
            state(&clients)
        }
    });
    for member in &clients {
        member.handle.stop();
    }
    for (thread, stop) in threads {
        drop(stop);
        thread.join().expect("no panic");
    }
    ExitCode::SUCCESS
}

/// Everything that is counted.
fn state(clients: &[Arc<Member>]) -> String {
    let registered = clients.iter().filter(|member| member.handle.is_registered()).count();
    let listed = clients.iter().map(|member| member.handle.peers().len());
    let (least, most) = (listed.clone().min().unwrap_or(0), listed.max().unwrap_or(0));
    let up: usize = clients.iter().map(|member| member.handle.connected().len()).sum();
    let answered = clients.iter().map(|member| member.tally.answered()).min().unwrap_or(0);
    let counts = tally::sum(clients.iter().map(|member| &member.tally));
    format!(
        "registered={registered} listed_least={least} listed_most={most} up={up} \
         answered_least={answered} live={} {counts}",
        live_bytes()
    )
}

/// One client.
struct Member {
    handle: ClientHandle<App>,
    tally: Tally,
}

/// A thread, and what stops it when dropped.
type Thread = (thread::JoinHandle<()>, std::sync::mpsc::Sender<()>);

impl Member {
    /// One thread that greets, and one that takes events.
    fn live(self: &Arc<Self>) -> [Thread; 2] {
        let spawn = |work: fn(&Self, &Receiver<()>)| {
            let (stop, stopped) = channel();
            let member = Arc::clone(self);
            (thread::spawn(move || work(&member, &stopped)), stop)
        };
        [spawn(Self::greet), spawn(Self::take_events)]
    }

    /// Greets one peer after the other.
    fn greet(&self, stopped: &Receiver<()>) {
        for turn in 0.. {
            if stopped.recv_timeout(GREETS_EVERY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let peers = self.handle.connected();
            if peers.is_empty() {
                continue;
            }
            let node = peers[turn % peers.len()].node;
            self.send(node, |number| self.tally.question(number));
        }
    }

    fn take_events(&self, _: &Receiver<()>) {
        while let Ok(event) = self.handle.events().recv() {
            match event {
                Event::Up(peer) => self.tally.up(peer.node),
                Event::Down(peer, _) => self.tally.down(peer.node),
                Event::ServerLost(_) => self.tally.lost(),
                Event::ServerGone(_) => self.tally.gone(),
                Event::List(list) => self.tally.listed(&list, &self.handle.connected()),
                Event::Message { from, message: App::Greet(greet) } => {
                    let node = from.node;
                    if let Some(asked) = self.tally.received(node, &greet.text) {
                        self.send(node, |number| format!("answer {number} {asked}"));
                    }
                }
                _ => {}
            }
        }
    }

    /// Sends the next text to a peer, numbered if it is sent at all.
    fn send(&self, node: Uuid, text: impl Fn(u64) -> String) {
        self.tally
            .sending(node, |number| self.handle.try_send(node, &Greet::new(text(number))).is_ok());
    }
}
