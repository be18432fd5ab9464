//! Processes: this program in another role.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::measure::threads;

/// Whatever has not happened by then never will.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a program says of itself: counts by name.
pub(crate) type State = BTreeMap<String, u64>;

/// A process in one of the roles. Killed when dropped.
pub(crate) struct Program {
    what: String,
    child: Child,
    /// Its end tells the program to leave.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts this program in a role, with `env` added to its environment.
    pub(crate) fn start(role: &str, args: &[String], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .arg(role)
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("piped"));
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // Nobody may be listening any more.
                let _ = sender.send(line);
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let (said, err) =
            (Arc::clone(&errors), BufReader::new(child.stderr.take().expect("piped")));
        let reader = thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let mut said = said.lock().expect("no panic");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let input = child.stdin.take();
        Self {
            what: format!("{role} {}", args.join(" ")),
            child,
            input,
            lines,
            errors,
            reader: Some(reader),
        }
    }

    /// Waits for a line that begins so, and gives the rest of it.
    #[track_caller]
    pub(crate) fn expect(&self, begin: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(begin) {
                        return rest.trim().to_owned();
                    }
                }
                Err(error) => {
                    panic!("{} never said {begin:?}: {error}\n{}", self.what, self.errors())
                }
            }
        }
    }

    /// Asks, and gives the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str) -> String {
        let input = self.input.as_mut().expect("not told to leave");
        writeln!(input, "{question}").expect("it listens");
        self.expect(question)
    }

    /// What it counts now.
    #[track_caller]
    pub(crate) fn state(&mut self) -> State {
        let counts = self.ask("state");
        let counts = counts.split_whitespace().filter_map(|count| count.split_once('='));
        counts.map(|(name, count)| (name.to_owned(), count.parse().expect("a number"))).collect()
    }

    /// Asks until it is so.
    #[track_caller]
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&State) -> bool) -> State {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.state();
            if is_so(&state) {
                return state;
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{}: never {what}: {state:?}\n{}", self.what, self.errors());
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    /// Ends it as a crash of its host would: nothing more is said.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("a child can be waited for");
        self.assert_no_panic();
    }

    /// Tells it to leave, and waits until it has.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        self.input = None;
        let deadline = Instant::now() + PATIENCE;
        // The stream ends when the process does.
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let threads = threads(self.pid());
                    panic!("{} does not leave\n{threads}{}", self.what, self.errors());
                }
            }
        }
        let status = self.child.wait().expect("a child can be waited for");
        assert!(status.success(), "{}: {status}\n{}", self.what, self.errors());
        self.assert_no_panic();
    }

    /// What it wrote to standard error.
    pub(crate) fn errors(&self) -> String {
        self.errors.lock().expect("no panic").clone()
    }

    #[track_caller]
    fn assert_no_panic(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        let errors = self.errors();
        assert!(!errors.contains("panicked"), "{}:\n{errors}", self.what);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail if it has ended, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            self.assert_no_panic();
        }
    }
}

/// The commands on a role's standard input, answered by `answer` until it ends.
pub(crate) fn serve(mut answer: impl FnMut(&str) -> String) {
    for question in std::io::stdin().lines().map_while(Result::ok) {
        println!("{question} {}", answer(&question));
    }
}

/// `name=value` arguments.
pub(crate) fn settings(args: &[String]) -> BTreeMap<&str, &str> {
    args.iter().filter_map(|arg| arg.split_once('=')).collect()
}
