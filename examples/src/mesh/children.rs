//! The processes of a run: starting them, hearing from them, ending them.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{env, thread};

use crossbeam_channel::Sender;
use rustix::process::{Pid, Signal, kill_process};

use crate::report::Report;

/// What a child does, with its index among the children.
#[derive(Debug)]
pub(super) enum Heard {
    /// It wrote a report.
    Report(usize, Report),
    /// It wrote something else, or to its standard error.
    Line(usize, String),
    /// It closed its standard output, which a child does only by ending.
    End(usize),
}

/// The processes of a run.
///
/// Dropping it kills those that still run.
pub(super) struct Children {
    children: Vec<Running>,
    heard: Sender<Heard>,
}

struct Running {
    name: String,
    process: Child,
    status: Option<ExitStatus>,
}

impl Children {
    /// No children yet; what they do goes to `heard`.
    pub(super) fn new(heard: Sender<Heard>) -> Self {
        Self { children: Vec::new(), heard }
    }

    /// Starts this program again with these arguments.
    pub(super) fn start(&mut self, name: &str, args: &[OsString]) -> io::Result<()> {
        let mut process = Command::new(env::current_exe()?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let index = self.children.len();
        let (output, errors) = (process.stdout.take(), process.stderr.take());
        self.children.push(Running { name: name.into(), process, status: None });
        if let Some(output) = output {
            let heard = self.heard.clone();
            listen(name, output, move |line| match line {
                Some(line) => match serde_json::from_str(&line) {
                    Ok(report) => heard.send(Heard::Report(index, report)).is_ok(),
                    Err(_) => heard.send(Heard::Line(index, line)).is_ok(),
                },
                None => heard.send(Heard::End(index)).is_ok(),
            })?;
        }
        if let Some(errors) = errors {
            let heard = self.heard.clone();
            listen(name, errors, move |line| {
                line.is_none_or(|line| heard.send(Heard::Line(index, line)).is_ok())
            })?;
        }
        Ok(())
    }

    /// The name of a child.
    pub(super) fn name(&self, index: usize) -> &str {
        &self.children[index].name
    }

    /// Closes the child's standard input, which tells it to leave.
    pub(super) fn dismiss(&mut self, index: usize) {
        self.children[index].process.stdin = None;
    }

    /// Collects a child that has closed its standard output. Blocks until it is gone, for no longer
    /// than the system needs to end a process.
    pub(super) fn collect(&mut self, index: usize) -> io::Result<ExitStatus> {
        let child = &mut self.children[index];
        let status = child.process.wait()?;
        child.status = Some(status);
        Ok(status)
    }

    /// Whether every child is collected.
    pub(super) fn all_ended(&self) -> bool {
        self.children.iter().all(|child| child.status.is_some())
    }

    /// Sends a signal to every child that is not collected. They exist until then, so none of the
    /// process ids can belong to anybody else.
    pub(super) fn signal(&self, signal: Signal) {
        for child in self.children.iter().filter(|child| child.status.is_none()) {
            let pid = i32::try_from(child.process.id()).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid {
                // Fails only if the process has just ended, which is what the signal is for.
                let _ = kill_process(pid, signal);
            }
        }
    }

    /// Each child's name, and what is wrong with the way in which it ended, if anything is.
    pub(super) fn faults(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        self.children.iter().map(|child| (child.name.as_str(), fault(child.status)))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        for child in self.children.iter_mut().filter(|child| child.status.is_none()) {
            let _ = child.process.wait();
        }
    }
}

/// What is wrong with the way in which a process ended.
fn fault(status: Option<ExitStatus>) -> Option<String> {
    let Some(status) = status else { return Some("did not end".into()) };
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("ended with exit code {code}")),
        (None, Some(signal)) => Some(format!("was ended by signal {signal}")),
        (None, None) => Some(format!("ended with {status}")),
    }
}

/// Reads lines on a thread of their own until the stream ends (then `None`), or `take` has enough.
fn listen(
    name: &str,
    stream: impl Read + Send + 'static,
    take: impl Fn(Option<String>) -> bool + Send + 'static,
) -> io::Result<()> {
    let listener = move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if !take(Some(line)) {
                return;
            }
        }
        take(None);
    };
    thread::Builder::new().name(format!("hear {name}")).spawn(listener).map(drop)
}
