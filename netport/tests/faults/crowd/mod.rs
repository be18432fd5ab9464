//! The role of a crowd: many clients in one process, which greet each other and keep count.
//!
//! Beside the clients may run the same mesh over bare sockets, so that the price of netport is seen
//! whatever else the processor does. It is compared like with like: on both sides a thread at each end
//! of each link reads, answers and takes the time, and most links are cold; one thread of each client
//! asks in turn here and there, so that both find it equally awake; and everybody has times of his own
//! to ask, spread over the period, so that what is measured is one exchange and not a queue of the
//! crowd's own making. What the clients have and the bare mesh has not: messages, their numbers, and
//! the client's lock.
//!
//! What twenty clients in twenty processes would not share is the heap. glibc has sixteen for the 440
//! threads of this one, and each lets nobody in while it asks the kernel for memory; where attackers
//! keep the processor busy, whoever waits for it is up to two seconds late, one waiter after the other.
//! So beside the bare mesh every thread has a heap of its own.

mod echo;
mod greeting;
mod tally;
mod times;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use netport::{Client, ClientHandle, Dial, Event};
use tlv_core::messages::{App, Greet};

use self::echo::Bare;
use self::greeting::Greeting;
use self::tally::{Count, Tally};
use self::times::Quantiles;
use crate::measure::live_bytes;
use crate::program::{Program, settings};
use crate::{presets, siege};

/// How long the answer to a question about the state waits for something to happen, so that who asks
/// until it is so does not ask without pause.
const PACE: Duration = Duration::from_millis(5);
/// How often a client greets somebody: in no step with the kernel's ticks, nor with attackers.
const GREETS_EVERY: Duration = Duration::from_millis(21);

/// The setting for a bare mesh beside the clients.
pub(crate) const BESIDE_BARE: &str = "beside=bare";
/// For glibc's `MALLOC_ARENA_MAX`: more than there are threads.
const HEAPS_MAX: &str = "4096";

/// Starts clients in a process of their own. `args` are settings of [`run`].
pub(crate) fn start(server: SocketAddr, count: usize, args: &[&str]) -> Program {
    let own = [format!("server={server}"), format!("count={count}")];
    let env = [("MALLOC_ARENA_MAX", HEAPS_MAX)];
    let env = if args.contains(&BESIDE_BARE) { &env[..] } else { &[] };
    let args: Vec<String> =
        own.into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect();
    Program::start("role-crowd", &args, env)
}

/// Runs clients until standard input ends; then they leave in order.
///
/// Settings: `server`, `count`, `prefix` of the names, `preset`, `dial` (`all` or `never`),
/// `advertise`, `cpu`, and [`BESIDE_BARE`].
pub(crate) fn run(args: &[String]) -> ExitCode {
    let settings = settings(args);
    if let Some(cpu) = settings.get("cpu") {
        siege::pin(cpu.parse().expect("a number"));
    }
    let text = |name| settings.get(name).copied().unwrap_or_default();
    let server: SocketAddr = text("server").parse().expect("an address");
    let count: usize = text("count").parse().expect("a number");
    let dial = if text("dial") == "never" { Dial::Never } else { Dial::All };
    let beside = if text("beside") == "bare" { count } else { 0 };
    let mut bare = echo::mesh(beside).expect("sockets on loopback").into_iter();
    let slot = GREETS_EVERY / (2 * count as u32);
    let begun = Instant::now();
    let (news, new) = sync_channel(1);
    let clients: Vec<Arc<Member>> = (0..count)
        .map(|number| {
            let name = format!("{}-{number}", text("prefix"));
            let mut config = presets::client(text("preset"), name, dial);
            if let Some(advertise) = settings.get("advertise") {
                config.advertise = vec![advertise.parse().expect("an address")];
            }
            let tally = Arc::new(Tally::default());
            let greeting = Arc::clone(&tally);
            let handle = Client::connect_with(server, config, |client| {
                client.with_connection(move |own| Greeting::around(own, &greeting))
            });
            Arc::new(Member {
                handle: handle.expect("a client on loopback"),
                tally,
                news: news.clone(),
                bare: bare.next(),
                greets_at: begun + slot * 2 * number as u32,
                // About half the period later, when nobody greets.
                then_bare: slot * (count as u32 | 1),
            })
        })
        .collect();
    if count == 1 {
        println!("listening {}", clients[0].handle.local_addr());
    }
    let threads: Vec<_> = clients.iter().flat_map(Member::live).collect();
    crate::program::serve(|question| match question {
        "times" => times(&clients),
        _ => {
            // Whether something has happened or not, the answer is how it stands.
            let _ = new.recv_timeout(PACE);
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

/// What exchanges took since the last question, here and beside.
fn times(clients: &[Arc<Member>]) -> String {
    let greetings = clients.iter().flat_map(|member| member.tally.take_times()).collect();
    let echoes = clients.iter().flat_map(|member| &member.bare).flat_map(Bare::take_times);
    let (greetings, echoes) = (Quantiles::of(greetings), Quantiles::of(echoes.collect()));
    format!("{greetings}; bare {echoes}; ratio {}", greetings.ratios(&echoes))
}

/// Everything that is counted.
fn state(clients: &[Arc<Member>]) -> String {
    let registered = clients.iter().filter(|member| member.handle.is_registered()).count();
    let listed = clients.iter().map(|member| member.handle.peers().len());
    let (least, most) = (listed.clone().min().unwrap_or(0), listed.max().unwrap_or(0));
    let up: usize = clients.iter().map(|member| member.handle.connected().len()).sum();
    let answered = clients.iter().map(|member| member.tally.answered()).min().unwrap_or(0);
    let counts = tally::sum(clients.iter().map(|member| &*member.tally));
    format!(
        "registered={registered} listed_least={least} listed_most={most} up={up} \
         answered_least={answered} live={} {counts}",
        live_bytes()
    )
}

/// One client.
struct Member {
    handle: ClientHandle<App>,
    tally: Arc<Tally>,
    /// Says that something has happened.
    news: SyncSender<()>,
    /// Its counterpart of bare sockets.
    bare: Option<Bare>,
    /// When it greets first, and how long after each greeting it asks there.
    greets_at: Instant,
    then_bare: Duration,
}

/// A thread, and what stops it when dropped.
type Thread = (thread::JoinHandle<()>, Sender<()>);

impl Member {
    /// One thread that greets, and one that takes events.
    fn live(self: &Arc<Self>) -> [Thread; 2] {
        let spawn = |work: fn(&Self, &Receiver<()>)| {
            let (stop, stopped) = channel();
            let member = Arc::clone(self);
            (thread::spawn(move || work(&member, &stopped)), stop)
        };
        [spawn(Self::ask), spawn(Self::take_events)]
    }

    /// Asks a peer, then one of the bare mesh, and so on.
    fn ask(&self, stopped: &Receiver<()>) {
        let until = |at: Instant| {
            let left = at.saturating_duration_since(Instant::now());
            stopped.recv_timeout(left) == Err(RecvTimeoutError::Timeout)
        };
        let mut at = self.greets_at;
        for turn in 0.. {
            // Those whose time has passed are left out: made up for, they would all come at once.
            while at < Instant::now() {
                at += GREETS_EVERY;
            }
            if !until(at) {
                return;
            }
            self.greet(turn);
            if let Some(bare) = &self.bare {
                if !until(at + self.then_bare) {
                    return;
                }
                bare.ask(turn);
            }
        }
    }

    fn greet(&self, turn: usize) {
        let peers = self.handle.connected();
        if peers.is_empty() {
            return;
        }
        let node = peers[turn % peers.len()].node;
        self.tally.ask(node, |text| self.handle.try_send(node, &Greet::new(text)).is_ok());
    }

    fn take_events(&self, _: &Receiver<()>) {
        while let Ok(event) = self.handle.events().recv() {
            match event {
                Event::Up(_) => self.tally.count(Count::Ups, 1),
                Event::Down(..) => self.tally.count(Count::Down, 1),
                Event::ServerLost(_) => self.tally.count(Count::Lost, 1),
                Event::ServerGone(_) => self.tally.count(Count::Gone, 1),
                Event::List(list) => self.tally.listed(&list, &self.handle.connected()),
                _ => {}
            }
            // Where one is on its way already, it stands for this one too.
            let _ = self.news.try_send(());
        }
    }
}
