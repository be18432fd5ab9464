//! The main loop of a port: accepts, launches, and ends when it has nothing left to wait for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tlv_core::messages::GoodbyeReason;
use tracing::field::Empty;

use super::fresh::{Fresh, Origin};
use super::place::Place;
use super::rate::Rate;
use super::{NetPort, Next, Port};
use crate::config::Identity;
use crate::core::mutant::{Mutant, mutant};
use crate::error::End;
use crate::guard::{contained, guarded};
use crate::io::kernel::{self, Fd, Ready};
use crate::io::listener::{Accept, Listener};
use crate::io::socket::Socket;
use crate::sync::{self, Arc};

/// Most connections accepted in one turn, so that the user's work gets its own.
const ACCEPTS_PER_TURN: usize = 64;
/// No accepting for so long after the system said that it has no room.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// A refused socket is kept for so long, for its peer to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);
/// Most refused sockets kept; the oldest goes first.
const REFUSED_MAX: usize = 64;

/// The main loop's own state.
pub(super) struct MainLoop<N> {
    port: Port,
    listener: Listener,
    netport: N,
    /// The last accept, or the start.
    last_new: Instant,
    /// No accepting before.
    paused_until: Option<Instant>,
    /// How many are accepted in a second, where that is limited.
    rate: Option<Rate>,
    refused: VecDeque<(Instant, Arc<Socket>)>,
}

/// How a main loop ended.
pub(super) struct Ended {
    pub(super) port: Port,
    pub(super) end: End,
}

impl<N: NetPort> MainLoop<N> {
    pub(super) fn new(port: Port, listener: Listener, netport: N) -> Self {
        let now = sync::now();
        let rate = port.config().accept_rate_max.map(|rate| Rate::new(rate, now));
        Self {
            port,
            listener,
            netport,
            last_new: now,
            paused_until: None,
            rate,
            refused: VecDeque::new(),
        }
    }

    /// Runs until the port is stopped, idle, or its user's work fails; then ends every link.
    pub(super) fn run(mut self) -> Ended {
        let Identity { name, node, .. } = self.port.identity().clone();
        // Whatever level is logged, it is to be seen whose line it is.
        let span = tracing::error_span!(
            "port",
            %name,
            %node,
            address = %self.port.local_addr(),
            reason = Empty,
        );
        let _entered = span.enter();
        tracing::debug!("listening");
        let end = self.turns();
        span.record("reason", end.label());
        tracing::debug!("stopping: {end}");
        let Self { port, listener, netport, .. } = self;
        // Nobody new, while those who are here leave.
        drop(listener);
        let reason = match &end {
            End::Closed(reason) => *reason,
            End::Idle => GoodbyeReason::Idle,
            End::Stopped => GoodbyeReason::Done,
            _ => GoodbyeReason::Restart,
        };
        end_links(&port, reason);
        contained("the destructor of a port", || drop(netport));
        tracing::info!("ended: {end}");
        Ended { port, end }
    }

    fn turns(&mut self) -> End {
        if let Err(end) = guarded(|| self.netport.initial(&self.port)) {
            return end;
        }
        loop {
            if !mutant(Mutant::ClearLate) {
                self.port.0.waker.clear();
            }
            join_ended(&self.port);
            if let Some(reason) = self.port.0.stopping.lock().reason {
                return End::Closed(reason);
            }
            let now = sync::now();
            self.accept(now);
            self.let_go_of_refused(now);
            let next = match guarded(|| self.netport.main_loop_work(&self.port, now)) {
                Ok(Next::Stop) => return End::Stopped,
                Ok(Next::Sleep) => None,
                Ok(Next::At(at)) => Some(at),
                Err(end) => return end,
            };
            let idle = self.idle_at();
            if idle.is_some_and(|at| now >= at) {
                return End::Idle;
            }
            if mutant(Mutant::ClearLate) {
                self.port.0.waker.clear();
            }
            if let Err(end) = self.sleep([next, idle], now) {
                return end;
            }
        }
    }

    /// Takes who is waiting, as far as the limits allow.
    fn accept(&mut self, now: Instant) {
        if self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.paused_until = None;
        for _ in 0..ACCEPTS_PER_TURN {
            if let Some(until) = self.rate.as_ref().and_then(|rate| rate.wait(now)) {
                self.paused_until = Some(until);
                return;
            }
            match self.listener.accept() {
                Accept::Connection(fd, address) => {
                    self.last_new = now;
                    if let Some(rate) = &mut self.rate {
                        rate.take(now);
                    }
                    self.welcome(fd, address);
                }
                Accept::Gone => {}
                Accept::WouldBlock => return,
                Accept::Exhausted(error) => {
                    tracing::warn!(%error, "cannot accept");
                    self.paused_until = Some(now + EXHAUSTED_PAUSE);
                    return;
                }
            }
        }
        // Others may be waiting, and the socket says so.
    }

    fn welcome(&mut self, fd: Fd, address: SocketAddr) {
        let accepted = Socket::accepted(fd, &self.port.config().link)
            .and_then(|socket| Ok((socket.local_addr()?, socket)));
        let Ok((local, socket)) = accepted else {
            // It was gone before it was here.
            return;
        };
        let origin = Origin { address, local };
        let place = match Place::take(&self.port, Some(address.ip())) {
            Ok(place) => place,
            Err(limit) => {
                tracing::warn!(peer = %address, "refused: {limit}");
                self.port.let_go(Arc::new(socket), &End::NoRoom(limit));
                return;
            }
        };
        let fresh = Fresh::new(place, socket, origin);
        let wanted = guarded(|| self.netport.on_new_connection(&self.port, &origin));
        if let Err(end) = wanted.map_err(End::of_callback) {
            tracing::info!(peer = %address, reason = end.label(), "refused: {end}");
            fresh.close(&end);
            return;
        }
        if let Err(end) = guarded(|| self.netport.new_connection(&self.port, fresh)) {
            tracing::warn!(peer = %address, reason = end.label(), "not launched: {end}");
        }
    }

    fn let_go_of_refused(&mut self, now: Instant) {
        let arrived = std::mem::take(&mut *self.port.0.refused.lock());
        self.refused.extend(arrived.into_iter().map(|socket| (now + REFUSED_LINGER, socket)));
        while self.refused.len() > REFUSED_MAX
            || self.refused.front().is_some_and(|(until, _)| now >= *until)
        {
            if let Some((_, socket)) = self.refused.pop_front() {
                socket.discard_now();
            }
        }
    }

    /// When the port has been idle for too long, if nothing happens.
    fn idle_at(&self) -> Option<Instant> {
        let timeout = self.port.config().idle_timeout?;
        let registry = self.port.0.registry.lock();
        if !registry.is_idle() {
            return None;
        }
        let last = registry.last_end().map_or(self.last_new, |end| end.max(self.last_new));
        Some(last + timeout)
    }

    fn sleep(&self, deadlines: [Option<Instant>; 2], now: Instant) -> Result<(), End> {
        let paused = self.paused_until.filter(|until| *until > now);
        let refused = self.refused.front().map(|(until, _)| *until);
        let first = deadlines.into_iter().chain([paused, refused]).flatten().min();
        let Some(waker) = self.port.0.waker.fd() else { return Err(End::Stopped) };
        let woken = match paused {
            Some(_) => kernel::poll([(&waker, Ready::Read)], first),
            None => kernel::poll([(&waker, Ready::Read), (self.listener.fd(), Ready::Read)], first),
        };
        woken.map(drop).map_err(|error| End::System(error.kind()))
    }
}

/// Joins the threads of links that have ended.
fn join_ended(port: &Port) {
    // Bound first: joining under the lock would wait for threads that want it.
    let ended = port.0.registry.lock().reap();
    for thread in ended {
        if thread.join().is_err() {
            tracing::error!("a connection's thread panicked outside its callbacks");
        }
    }
}

/// Closes every link, and waits until all have ended: each has its own deadline for that.
fn end_links(port: &Port, reason: GoodbyeReason) {
    // From here on nobody dials.
    port.0.begin_to_stop(reason);
    let Some(waker) = port.0.waker.fd() else { return };
    loop {
        port.0.waker.clear();
        for link in port.links() {
            link.close(reason);
        }
        join_ended(port);
        if port.0.registry.lock().try_close() {
            return;
        }
        if let Err(error) = kernel::poll([(&waker, Ready::Read)], None) {
            tracing::error!(%error, "cannot wait for links to end");
            return;
        }
    }
}
