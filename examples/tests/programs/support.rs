//! Running the programs as real processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// For everything that a test waits for. Only a failing test ever waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A program under test; killed when dropped.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<Line>,
    /// Every line seen so far, for failures.
    seen: Vec<Line>,
}

/// A line of output, and whence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    Out(String),
    Err(String),
}

impl Program {
    /// Starts a program with its output and errors read line by line.
    pub(crate) fn start(path: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut child = Command::new(path)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let to = sender.clone();
        thread::spawn(move || each_line(out, |line| drop(to.send(Line::Out(line)))));
        thread::spawn(move || each_line(err, |line| drop(sender.send(Line::Err(line)))));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line of output that begins so, and gives the rest of it.
    pub(crate) fn expect_out(&mut self, begin: &str) -> String {
        self.expect(|line| match line {
            Line::Out(text) => text.strip_prefix(begin).map(Into::into),
            Line::Err(_) => None,
        })
    }

    /// Waits for a line on standard error that begins so, and gives the rest of it.
    pub(crate) fn expect_err(&mut self, begin: &str) -> String {
        self.expect(|line| match line {
            Line::Err(text) => text.strip_prefix(begin).map(Into::into),
            Line::Out(_) => None,
        })
    }

    fn expect(&mut self, find: impl Fn(&Line) -> Option<String>) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|error| panic!("{error} after {:#?}", self.seen));
            self.seen.push(line.clone());
            if let Some(found) = find(&line) {
                return found;
            }
        }
    }

    /// The lines that were waited for, and those before them.
    pub(crate) fn seen(&self) -> &[Line] {
        &self.seen
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program runs");
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id")
    }

    /// Waits for its end: how it ended, and every line that it ever wrote.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<Line>) {
        let deadline = Instant::now() + DEADLINE;
        // Both streams end when the process does.
        while let Ok(line) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line);
        }
        assert!(Instant::now() < deadline, "still running after {:#?}", self.seen);
        let status = self.child.wait().expect("a child can be waited for");
        (status, std::mem::take(&mut self.seen))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail if it has ended, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of standard output.
pub(crate) fn out(lines: &[Line]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| if let Line::Out(text) = line { Some(&**text) } else { None })
        .collect()
}

fn each_line(stream: Option<impl Read>, mut take: impl FnMut(String)) {
    let Some(stream) = stream else { return };
    BufReader::new(stream).lines().map_while(Result::ok).for_each(&mut take);
}
