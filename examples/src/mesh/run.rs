//! One run, from the first process to the verdict.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{fmt, io};

use crossbeam_channel::{Receiver, RecvTimeoutError, select, unbounded};
use rustix::process::Signal;

use super::children::{Children, Heard};
use super::outcome::{Ended, Outcome};
use super::progress::Progress;
use super::view::View;
use crate::report::Report;
use crate::stop::{self, Stop};

/// A run in which nothing happens for so long, in addition to the server's idle time, has failed.
const STALL_MAX: Duration = Duration::from_secs(30);

/// Children that were told to end have so long for it before they are killed.
const END_MAX: Duration = Duration::from_secs(5);

/// The server's index among the children; client `n` has index `n + 1`.
const SERVER: usize = 0;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many clients, at least 2.
    pub clients: usize,
    /// When the server, after the last client has left, stops by itself.
    pub idle: Duration,
}

/// Why a run has no outcome.
#[derive(Debug)]
pub enum Error {
    /// A process could not be started, or the terminal not written to.
    Io(io::Error),
    /// SIGINT or SIGTERM; the children have ended.
    Stopped(Stop),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Stopped(stop) => stop.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a server and its clients as processes, with progress on standard error. Blocks until all
/// have ended: for a complete run that is the server's idle time after the last client has left.
///
/// # Errors
/// [`Error`]; a run that is merely incomplete has an [`Outcome`].
pub fn run(options: Options) -> Result<Outcome, Error> {
    let started = Instant::now();
    let stop = stop::on_signal()?;
    let (sender, heard) = unbounded();
    let mut run = Run {
        options,
        children: Children::new(sender),
        progress: Progress::new(options.clients),
        view: View::new(),
        leaving: false,
        failed: false,
    };
    run.start_server()?;
    let ended = run.until_all_ended(&heard, &stop);
    if let Err(Error::Stopped(_)) = ended {
        run.end_children(&heard)?;
    }
    ended?;
    let processes = run.children.faults();
    let processes = processes.map(|(name, fault)| Ended { name: name.into(), fault }).collect();
    Ok(Outcome { processes, progress: run.progress.clone(), elapsed: started.elapsed() })
}

struct Run {
    options: Options,
    children: Children,
    progress: Progress,
    view: View,
    /// The clients have been told to leave.
    leaving: bool,
    /// The run cannot become complete any more.
    failed: bool,
}

impl Run {
    fn start_server(&mut self) -> io::Result<()> {
        let idle = self.options.idle.as_secs_f64().to_string();
        self.children.start("server", &["child-server", "--idle", &idle].map(OsString::from))
    }

    fn start_clients(&mut self, server: SocketAddr) -> io::Result<()> {
        let server = server.to_string();
        for client in 0..self.options.clients {
            let name = Progress::name(client);
            let args = ["child-client", "--server", &server, "--name", &name];
            self.children.start(&name, &args.map(OsString::from))?;
        }
        Ok(())
    }

    /// Takes in what the children do until none is left.
    fn until_all_ended(
        &mut self,
        heard: &Receiver<Heard>,
        stop: &Receiver<Stop>,
    ) -> Result<(), Error> {
        while !self.children.all_ended() {
            let event = select! {
                recv(heard) -> event => event,
                recv(stop) -> stop => match stop {
                    Ok(stop) => return Err(Error::Stopped(stop)),
                    Err(_) => continue,
                },
                default(STALL_MAX + self.options.idle) => {
                    self.view.tell("nothing happens any more; giving up")?;
                    self.end_children(heard)?;
                    return Ok(());
                }
            };
            // The children's listeners hold senders, and `self.children` another.
            let Ok(event) = event else { break };
            self.take(event)?;
            // What has piled up is shown at once.
            while let Ok(event) = heard.try_recv() {
                self.take(event)?;
            }
            self.view.show(&self.progress)?;
        }
        Ok(())
    }

    fn take(&mut self, event: Heard) -> io::Result<()> {
        match event {
            Heard::Report(SERVER, Report::Listening { address }) => {
                self.view.tell(&format!("server listening on {address}"))?;
                self.start_clients(address)?;
            }
            Heard::Report(SERVER, _) => {}
            Heard::Report(child, report) => {
                if let Report::ServerLost { .. }
                | Report::ServerUnreached { .. }
                | Report::NotRegistered { .. } = report
                {
                    self.view.tell(&format!("{}: {report}", self.children.name(child)))?;
                }
                self.progress.apply(child - 1, &report);
                if self.progress.greeted().is_complete() {
                    self.dismiss_clients();
                }
            }
            Heard::Line(child, line) => {
                self.view.tell(&format!("{}: {line}", self.children.name(child)))?;
            }
            Heard::End(child) => self.collect(child)?,
        }
        Ok(())
    }

    /// A child has ended. One that should not have makes the run fail: the others then wait for what
    /// will not come, so they are told to leave too.
    fn collect(&mut self, child: usize) -> io::Result<()> {
        let status = self.children.collect(child)?;
        let expected = status.success() && self.leaving;
        if !expected && !self.failed {
            self.failed = true;
            self.view.tell(&format!("{}: {status}", self.children.name(child)))?;
            self.children.signal(Signal::TERM);
        }
        Ok(())
    }

    /// Tells every client to leave; the server stays until it is idle.
    fn dismiss_clients(&mut self) {
        if !self.leaving {
            self.leaving = true;
            (0..self.options.clients).for_each(|client| self.children.dismiss(client + 1));
        }
    }

    /// Ends the children: by a request, and, for those who do not follow it, by force.
    fn end_children(&mut self, heard: &Receiver<Heard>) -> io::Result<()> {
        self.children.signal(Signal::TERM);
        let deadline = Instant::now() + END_MAX;
        while !self.children.all_ended() {
            match heard.recv_deadline(deadline) {
                Ok(Heard::End(child)) => self.children.collect(child).map(drop)?,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(())
    }
}
