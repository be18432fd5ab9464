//! Processors, memory, and the second process of a measure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

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
    stdin: Option<ChildStdin>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// Starts `child ROLE` on a processor.
    pub fn start(role: &[&str], cpu: usize) -> std::io::Result<Self> {
        Self::listening(spawn(Command::new(std::env::current_exe()?), role, cpu)?, role)
    }

    /// The same under `strace`, which writes a table of system calls to `file` in the end.
    pub fn start_traced(role: &[&str], cpu: usize, file: &Path) -> std::io::Result<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-c", "-o"]).arg(file).arg(std::env::current_exe()?);
        Self::listening(spawn(strace, role, cpu)?, role)
    }

    fn listening(mut child: Child, role: &[&str]) -> std::io::Result<Self> {
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| {
            std::io::Error::other(format!("{role:?} said {line:?} instead of its address"))
        })?;
        Ok(Self { child, stdin, address })
    }

    /// Lets it end by itself.
    pub fn end(mut self) {
        drop(self.stdin.take());
        // Whatever became of it, it is gone then.
        let _ = self.child.wait();
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
        let mut child = spawn(Command::new(std::env::current_exe()?), role, cpu)?;
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

fn spawn(mut program: Command, role: &[&str], cpu: usize) -> std::io::Result<Child> {
    program
        .args(["child", "--cpu", &cpu.to_string()])
        .args(role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// A file for a moment.
pub fn scratch(what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("netport-peers-{}-{what}", std::process::id()))
}

/// This machine and this commit, in a line.
pub fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let memory = memory_field("/proc/meminfo", "MemTotal:") / f64::from(1 << 30);
    let git = |args: &[&str]| {
        let folder = env!("CARGO_MANIFEST_DIR");
        let output = Command::new("git").args(["-C", folder]).args(args).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let is_clean = git(&["status", "--porcelain", "-uno"]).is_ok_and(|lines| lines.is_empty());
    format!(
        "{} x {}, {memory:.0} GiB, Linux {}; commit {commit}{}",
        processors(),
        model.trim_start_matches([' ', '\t', ':']),
        read("/proc/sys/kernel/osrelease").trim(),
        if is_clean { "" } else { " and changes" },
    )
}

/// What the machine could still give, in bytes, once that no longer changes: what an ended process
/// had comes back a while later.
pub fn machine_memory() -> f64 {
    const STEADY: f64 = (1 << 20) as f64;
    let read = || memory_field("/proc/meminfo", "MemAvailable:");
    let mut last = read();
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(200));
        let now = read();
        if (now - last).abs() < STEADY {
            return now;
        }
        last = now;
    }
    last
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
