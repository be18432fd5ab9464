//! Processors, and the second process of a measure.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::thread::{CpuSet, sched_setaffinity};

/// Binds this thread, and the threads that it starts from now on, to one processor.
pub fn pin(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("cannot pin to processor {cpu}: {error}");
    }
}

/// How many processors there are, whatever this thread is bound to.
pub fn processors() -> usize {
    let online = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let is_processor = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    online.lines().filter(is_processor).count().max(1)
}

/// This program again, in another role. It says its address in its first line, ends when its
/// standard input does, and is ended when this is dropped.
pub struct Peer {
    child: Child,
    /// Closing it tells the child to end.
    _stdin: Option<ChildStdin>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// Starts `child ROLE` on a processor.
    pub fn start(role: &[&str], cpu: usize) -> std::io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["child", "--cpu", &cpu.to_string()])
            .args(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| {
            std::io::Error::other(format!("{role:?} said {line:?} instead of its address"))
        })?;
        Ok(Self { child, _stdin: stdin, address })
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; what counts is that it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In a child: says the address, and returns when the parent closes the standard input.
pub fn serve_until_parent_leaves(address: SocketAddr) {
    println!("{address}");
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
}

/// Processor time of this process so far, in seconds, user and system.
pub fn processor_seconds() -> f64 {
    processor_seconds_of("self")
}

/// The same of any process, by its id or `self`.
pub fn processor_seconds_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Fields are counted behind the name, which may contain anything.
    let fields: Vec<&str> =
        stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
    let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / rustix::param::clock_ticks_per_second() as f64
}
