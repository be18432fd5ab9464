//! A chat of real processes, typed into and read from.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for anything; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `chat`.
struct Chat {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Chat {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        thread::spawn(move || {
            output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { input: child.stdin.take(), child, lines, seen: Vec::new() }
    }

    /// A server, and its address.
    fn serve() -> (Self, String) {
        let mut server = Self::start(&["serve", "--listen", "127.0.0.1:0"]);
        let line = server.wait_for("chat server on ");
        let address = line.rsplit(' ').next().expect("an address").to_owned();
        (server, address)
    }

    fn join(name: &str, server: &str) -> Self {
        Self::start(&["join", name, "--server", server])
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("still open");
        writeln!(input, "{line}").expect("the program reads");
    }

    /// Reads until a line that contains `text`.
    #[track_caller]
    fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no {text:?} after {:#?}", self.seen)
                }
            }
        }
    }

    /// Everything that it said until it ended, and how it ended.
    #[track_caller]
    fn end(mut self) -> (ExitStatus, Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line);
        }
        assert!(Instant::now() < deadline, "still running after {:#?}", self.seen);
        let status = self.child.wait().expect("it ends");
        (status, std::mem::take(&mut self.seen))
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // After a failure the others still run; one that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn people_talk_whisper_see_who_is_there_and_leave() {
    let (server, address) = Chat::serve();
    let mut ann = Chat::join("ann", &address);
    ann.wait_for("* nobody else is here");
    ann.say("anybody?");
    ann.wait_for("* that reached nobody");
    let mut bob = Chat::join("bob", &address);
    bob.wait_for("* here: ann");
    ann.wait_for("* bob joined");
    let mut carl = Chat::join("carl", &address);
    carl.wait_for("* here: ");
    for other in [&mut ann, &mut bob] {
        other.wait_for("* carl joined");
    }

    // What carl says waits until he can reach everybody who was there.
    carl.say("hello all");
    ann.wait_for("carl: hello all");
    bob.wait_for("carl: hello all");
    carl.say("/to bob only for you");
    bob.wait_for("carl, to you: only for you");
    carl.say("/me waves");
    ann.wait_for("* carl waves");
    bob.wait_for("* carl waves");
    assert!(!ann.seen.iter().any(|line| line.contains("only for you")), "{:?}", ann.seen);

    carl.say("/who");
    let here = carl.wait_for("* here: ");
    assert!(here.contains("ann") && here.contains("bob"), "{here}");
    carl.say("/to nobody hi");
    carl.wait_for("* not sent to nobody");
    carl.say("/dance");
    carl.wait_for("* `/dance` is not understood; see /help");

    // The end of input, `/quit` and Ctrl-C are three ways to leave in order.
    carl.input = None;
    assert!(carl.end().0.success());
    ann.wait_for("* carl left");
    bob.wait_for("* carl left");
    bob.say("/quit");
    assert!(bob.end().0.success());
    ann.wait_for("* bob left");
    ann.interrupt();
    let (status, seen) = ann.end();
    assert!(status.success(), "{status}");
    assert!(!seen.iter().any(|line| line.contains("the link to")), "{seen:?}");
    server.interrupt();
    assert!(server.end().0.success());
}

#[test]
fn what_is_piped_in_is_said_before_leaving() {
    let (_server, address) = Chat::serve();
    let mut ann = Chat::join("ann", &address);
    ann.wait_for("* nobody else is here");
    let mut bob = Chat::join("bob", &address);
    bob.say("from a pipe");
    bob.input = None;
    ann.wait_for("bob: from a pipe");
    ann.wait_for("* bob left");
    assert!(bob.end().0.success());
}

#[test]
fn a_name_that_is_taken_and_a_server_that_is_not_there_are_said_and_end_it() {
    let (_server, address) = Chat::serve();
    let mut ann = Chat::join("ann", &address);
    ann.wait_for("* nobody else is here");
    let (status, _) = Chat::join("ann", &address).end();
    assert_eq!(status.code(), Some(1));
    ann.say("/quit");
    assert!(ann.end().0.success());
    // Nobody listens on port 1.
    let (status, _) = Chat::join("bob", "127.0.0.1:1").end();
    assert_eq!(status.code(), Some(1));
}
