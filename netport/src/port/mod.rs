//! An endpoint that listens, accepts and dials: the trait that says what it does, and its handle.

mod fresh;
mod handle;
mod main_loop;
mod place;
mod rate;
mod registry;
mod thread;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};
use tlv_core::messages::{GoodbyeReason, Ping};

pub use self::fresh::{Fresh, Origin};
pub use self::handle::PortHandle;
use self::main_loop::MainLoop;
use self::place::Place;
use self::registry::Registry;
use self::thread::{Birth, thread_name};
use crate::config::{Identity, PortConfig};
use crate::connection::Connection;
use crate::core::link::handshake::Expect;
use crate::error::{End, Limit, StartError, encoded};
use crate::io::Waker;
use crate::io::keeper::Keeper;
use crate::io::limits;
use crate::io::listener::Listener;
use crate::io::socket::Socket;
use crate::link::Link;
use crate::meters::Meters;
use crate::sync::{Arc, AtomicU64, JoinHandle, Mutex, Ordering, thread as threads};

/// What an endpoint does, on the thread of its main loop. Override the steps that you care about.
pub trait NetPort: Send + 'static {
    /// Called once, before the main loop. An `Err` stops the port.
    fn initial(&mut self, port: &Port) -> Result<(), End> {
        let _ = port;
        Ok(())
    }

    /// Called at every turn of the main loop: when something connected, when a link ended, after
    /// [`Port::wake`], and when the time has come that it returned. An `Err` stops the port.
    fn main_loop_work(&mut self, port: &Port, now: Instant) -> Result<Next, End> {
        let _ = (port, now);
        Ok(Next::Sleep)
    }

    /// Something connected. An `Err` refuses it.
    fn on_new_connection(&mut self, port: &Port, origin: &Origin) -> Result<(), End> {
        let _ = (port, origin);
        Ok(())
    }

    /// Launches a [`Connection`] for what connected: `fresh.launch(connection)?`. An `Err` is logged;
    /// what is not launched is closed as [`Fresh`] says.
    fn new_connection(&mut self, port: &Port, fresh: Fresh) -> Result<(), End>;
}

/// When the main loop takes its next turn, if nothing happens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something happens.
    Sleep,
    /// At this time, or soon after it.
    At(Instant),
    /// Never: the port stops.
    Stop,
}

impl Next {
    /// Whichever comes first, for a port that does the work of another and its own. Where one of
    /// them stops the port, it stops.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use netport::Next;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(Next::At(later).sooner(Next::At(now)), Next::At(now));
    /// assert_eq!(Next::Sleep.sooner(Next::At(later)), Next::At(later));
    /// assert_eq!(Next::At(now).sooner(Next::Stop), Next::Stop);
    /// ```
    #[must_use]
    pub fn sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Stop, _) | (_, Self::Stop) => Self::Stop,
            (Self::At(one), Self::At(another)) => Self::At(one.min(another)),
            (Self::At(at), Self::Sleep) | (Self::Sleep, Self::At(at)) => Self::At(at),
            (Self::Sleep, Self::Sleep) => Self::Sleep,
        }
    }
}

/// A handle to a running [`NetPort`], cheap to clone, usable from any thread and after the end. Two
/// of them are equal if they are handles to the same one.
#[derive(Clone)]
pub struct Port(Arc<Shared>);

/// What the main loop, the keeper, the connections' threads and the handles share.
pub(crate) struct Shared {
    /// Unique in the process.
    id: u64,
    config: PortConfig,
    local_addr: SocketAddr,
    connections_max: usize,
    registry: Mutex<Registry>,
    keeper: Arc<Keeper>,
    waker: Waker,
    sessions: AtomicU64,
    /// Refused sockets on their way to the main loop, which lets them linger.
    refused: Mutex<Vec<Arc<Socket>>>,
    meters: Meters,
    stopping: Mutex<Stopping>,
    /// Disconnected once the port is to stop.
    stopped: Receiver<Infallible>,
}

/// Whether the port is to stop.
struct Stopping {
    /// What links are told then; `None` while it is not.
    reason: Option<GoodbyeReason>,
    /// Dropped to tell those who wait for something else.
    open: Option<Sender<Infallible>>,
}

impl Port {
    /// Binds, listens, and starts the port's threads.
    ///
    /// Raises the soft limit of descriptors (`RLIMIT_NOFILE`) to the hard one, for the whole process
    /// and its later children: a connection takes one. A program that needs a lower limit, as for
    /// `select(2)` or for what it starts, sets it when its ports have started, and
    /// `connections_max` with it.
    ///
    /// # Errors
    ///
    /// The configuration cannot work, the address is not free, or the system has no room.
    pub fn start(config: PortConfig, netport: impl NetPort) -> Result<PortHandle, StartError> {
        config.validate()?;
        limits::raise_descriptors();
        let bind = |source| StartError::Bind { address: config.listen, source };
        let listener = Listener::bind(config.listen, config.listen_backlog).map_err(bind)?;
        let (open, stopped) = bounded(0);
        let port = Self(Arc::new(Shared {
            id: handle::next_id(),
            local_addr: listener.local_addr()?,
            connections_max: config.connections_max.unwrap_or_else(limits::connections_max),
            registry: Mutex::default(),
            keeper: Arc::new(Keeper::new(config.link.heartbeat)?),
            waker: Waker::new()?,
            sessions: AtomicU64::new(1),
            refused: Mutex::default(),
            meters: Meters::new(),
            stopping: Mutex::new(Stopping { reason: None, open: Some(open) }),
            stopped,
            config,
        }));
        let keeper = port.spawn_keeper()?;
        let main_loop = MainLoop::new(port.clone(), listener, netport);
        let id = port.0.id;
        let spawned = port.builder("port").spawn(move || {
            handle::own_this_thread(id);
            let end = main_loop.run();
            // Its links are gone, so nothing is left for it to keep.
            end.port.0.keeper.stop();
            if keeper.join().is_err() {
                tracing::error!("the keeper panicked");
            }
            end.port.0.close_descriptors();
            end.end
        });
        match spawned {
            Ok(thread) => Ok(PortHandle::new(port, thread)),
            Err(error) => {
                port.0.keeper.stop();
                Err(error.into())
            }
        }
    }

    /// Where the port listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local_addr
    }

    /// The settings that it was started with.
    pub fn config(&self) -> &PortConfig {
        &self.0.config
    }

    /// Who it is to its peers.
    pub fn identity(&self) -> &Identity {
        &self.0.config.identity
    }

    /// Connects to `address`, where `expect` should be, and launches `connection` on it. Returns at
    /// once, before the link is open ([`Link::wait_open`]); what goes wrong afterwards arrives in
    /// [`Connection::on_end`].
    ///
    /// # Errors
    ///
    /// [`End::Stopped`] where the port is stopping, [`End::NoRoom`] where it has all the connections
    /// that it may have, or the system no descriptor or thread for another, and [`End::Dial`] where
    /// the system knows no way to `address`. `on_end` is not called then.
    pub fn dial<C: Connection>(
        &self,
        address: SocketAddr,
        expect: Expect,
        connection: C,
    ) -> Result<Link, End> {
        if self.is_stopping() {
            return Err(End::Stopped);
        }
        let place = Place::take(self, None).map_err(End::NoRoom)?;
        let socket = Socket::dialling(address, &self.0.config.link).map_err(|error| {
            if limits::is_out_of_room(&error) {
                End::NoRoom(Limit::Descriptors)
            } else {
                End::Dial(error.kind())
            }
        })?;
        let session = self.0.sessions.fetch_add(1, Ordering::Relaxed);
        thread::launch(place, Birth::Dialled { socket, address, session, expect }, connection)
    }

    /// Stops the port, from any thread: it accepts nothing more, closes every link with this
    /// reason, and ends when all have ended. Returns at once.
    pub fn stop(&self, reason: GoodbyeReason) {
        self.0.begin_to_stop(reason);
        self.wake();
    }

    /// Whether the port has been told to stop, or has stopped.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.lock().reason.is_some()
    }

    /// Disconnected from the moment that the port is told to stop, or stops by itself; nothing is
    /// ever received. For callbacks that wait for something: a port waits for them when it stops, so
    /// they are to `select!` this too.
    pub fn stopped(&self) -> &Receiver<Infallible> {
        &self.0.stopped
    }

    /// Has [`NetPort::main_loop_work`] called soon.
    pub fn wake(&self) {
        self.0.waker.wake();
    }

    /// Every link that has not ended.
    pub fn links(&self) -> Vec<Link> {
        self.0.registry.lock().links()
    }

    /// Refuses a socket that never became a link, and has it linger.
    fn let_go(&self, socket: Arc<Socket>, end: &End) {
        self.0.meters.turned_away(end);
        socket.write_last(&end.farewell());
        self.0.refused.lock().push(socket);
        self.wake();
    }

    fn spawn_keeper(&self) -> io::Result<JoinHandle<()>> {
        let port = self.clone();
        self.builder("keep").spawn(move || {
            handle::own_this_thread(port.0.id);
            let ping = encoded(&Ping::new());
            port.0.keeper.run(&ping, &port.0.meters, |id| port.0.registry.lock().find(id));
        })
    }

    fn builder(&self, what: impl fmt::Display) -> threads::Builder {
        threads::Builder::new().name(thread_name(&self.identity().name, what))
    }
}

impl PartialEq for Port {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Port {}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("name", &self.identity().name)
            .field("local_addr", &self.0.local_addr)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Only the first reason counts.
    fn begin_to_stop(&self, reason: GoodbyeReason) {
        let mut stopping = self.stopping.lock();
        stopping.reason.get_or_insert(reason);
        stopping.open = None;
    }

    fn close_descriptors(&self) {
        self.refused.lock().clear();
        self.keeper.close();
        self.waker.close();
    }
}
