//! A small HTTP/1.1 server for operators: it shows a few pages, to whoever asks `GET`.
//!
//! One thread serves everybody, and waits for nobody: who dribbles, asks for too much or does not
//! read loses its connection in time, and meanwhile nobody else notices.

mod answer;
mod exchange;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use self::exchange::Exchange;

/// Most connections, each with a page in memory; one more takes the place of the oldest.
const EXCHANGES_MAX: usize = 16;
/// From the connection to its end.
const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(10);
/// No accepting for so long after the system said that it has no room.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// What is shown.
#[derive(Clone, Debug)]
pub struct Page {
    /// What kind of text it is.
    pub content_type: &'static str,
    /// The text.
    pub text: String,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Pages {
    address: SocketAddr,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Pages {
    /// Listens, and shows what `page` finds for a path.
    ///
    /// # Errors
    /// The address cannot be listened on, or the system has no room for a thread.
    pub fn serve(
        listen: SocketAddr,
        page: impl Fn(&str) -> Option<Page> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let server = Server {
            listener,
            stop: Arc::clone(&stop),
            page,
            exchanges: VecDeque::new(),
            paused_until: None,
        };
        let thread = thread::Builder::new().name("pages".into()).spawn(move || server.run())?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // It can be read from then on, whatever it held before.
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the pages panicked");
        }
    }
}

struct Server<P> {
    listener: TcpListener,
    stop: Arc<OwnedFd>,
    page: P,
    /// The oldest first, and so the first whose time is over.
    exchanges: VecDeque<Exchange>,
    paused_until: Option<Instant>,
}

impl<P: Fn(&str) -> Option<Page>> Server<P> {
    fn run(mut self) {
        loop {
            match self.wait() {
                Ok(Woken { stopped: true, .. }) => return,
                Ok(Woken { connected, ready, .. }) => {
                    for (exchange, ready) in self.exchanges.iter_mut().zip(ready) {
                        if ready {
                            exchange.go_on(&self.page);
                        }
                    }
                    if connected {
                        self.accept();
                    }
                }
                Err(error) => return tracing::error!(%error, "the pages are shown no more"),
            }
            let now = Instant::now();
            self.exchanges.retain(|exchange| exchange.until() > now && !exchange.is_over());
        }
    }

    /// Sleeps until something happens.
    fn wait(&self) -> io::Result<Woken> {
        let now = Instant::now();
        let paused = self.paused_until.filter(|until| *until > now);
        let first = self.exchanges.front().map(Exchange::until);
        let timeout = paused.into_iter().chain(first).min().map(|at| {
            // A moment later, so that the time is over by then.
            let left = at.saturating_duration_since(now) + Duration::from_millis(1);
            Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() }
        });
        let accepting = if paused.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut fds =
            vec![PollFd::new(&*self.stop, PollFlags::IN), PollFd::new(&self.listener, accepting)];
        fds.extend(self.exchanges.iter().map(Exchange::waits_for));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let stopped = ready.next() == Some(true);
        let connected = ready.next() == Some(true);
        Ok(Woken { stopped, connected, ready: ready.collect() })
    }

    fn accept(&mut self) {
        // The socket says so if more are waiting.
        for _ in 0..EXCHANGES_MAX {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    if socket.set_nonblocking(true).is_ok() {
                        let until = Instant::now() + EXCHANGE_TIME_MAX;
                        self.exchanges.push_back(Exchange::new(socket, until));
                    }
                    if self.exchanges.len() > EXCHANGES_MAX {
                        self.exchanges.pop_front();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept for the pages");
                    self.paused_until = Some(Instant::now() + EXHAUSTED_PAUSE);
                    return;
                }
            }
        }
    }
}

/// What a sleep ended with.
struct Woken {
    stopped: bool,
    connected: bool,
    /// Of each exchange.
    ready: Vec<bool>,
}

#[cfg(test)]
mod tests;
