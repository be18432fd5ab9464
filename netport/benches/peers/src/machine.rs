//! Processors, and the second process of a measure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

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
        let mut child = spawn(role, cpu)?;
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

/// This program again, in a role that talks in lines. It is ended when this is dropped.
pub struct Talker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Talker {
    /// Starts `child ROLE` on a processor.
    pub fn start(role: &[&str], cpu: usize) -> std::io::Result<Self> {
        let mut child = spawn(role, cpu)?;
        let closed = || std::io::Error::other("a pipe that is not there");
        let stdin = child.stdin.take().ok_or_else(closed)?;
        let stdout = child.stdout.take().ok_or_else(closed)?;
        Ok(Self { child, stdin, stdout: BufReader::new(stdout) })
    }

    /// Says a line, and waits for the answer.
    pub fn ask(&mut self, line: &str) -> std::io::Result<String> {
        writeln!(self.stdin, "{line}")?;
        self.listen()
    }

    /// The next line that it says.
    pub fn listen(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line)? {
            0 => Err(std::io::Error::other("the child has ended")),
            _ => Ok(line.trim().to_owned()),
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // It may have ended by itself; what counts is that it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(role: &[&str], cpu: usize) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["child", "--cpu", &cpu.to_string()])
        .args(role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// A field in KiB of a file of procfs, in bytes.
pub fn memory_field(path: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|v| v.parse::<f64>().ok()).unwrap_or(f64::NAN) * 1024.0
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
