//! What a process costs: its own memory, and what the kernel holds for its sockets.

use std::alloc::System;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use rustix::process::Pid;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated and not freed yet.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that this process has allocated and not freed, whatever its allocator makes of that.
pub(crate) fn live_bytes() -> u64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated) as u64
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Anonymous memory that is resident, in bytes: heap and stacks.
    pub(crate) anonymous: u64,
    /// Page tables, in bytes.
    pub(crate) page_tables: u64,
    /// What the kernel's buffers of the sockets on the process's port take, in bytes, overhead
    /// included.
    pub(crate) sockets: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
}

/// Stack and description of a thread in the kernel, in bytes.
pub(crate) const KERNEL_THREAD: u64 = 32 * 1024;

impl Cost {
    /// Everything that is memory, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.anonymous + self.page_tables + self.sockets + self.threads * KERNEL_THREAD
    }

    /// Whether there are as many threads and descriptors.
    pub(crate) fn is_as_many(&self, other: &Self) -> bool {
        (self.threads, self.descriptors) == (other.threads, other.descriptors)
    }

    /// The greater of the two.
    pub(crate) fn max(self, other: Self) -> Self {
        if other.bytes() > self.bytes() { other } else { self }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} KiB: {} anonymous, {} page tables, {} socket buffers, {} threads, {} descriptors",
            self.bytes() / 1024,
            self.anonymous / 1024,
            self.page_tables / 1024,
            self.sockets / 1024,
            self.threads,
            self.descriptors,
        )
    }
}

/// What the process holds that listens there.
pub(crate) fn cost(pid: Pid, port: Option<SocketAddr>) -> Cost {
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().next());
        value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0)
    };
    Cost {
        anonymous: field("RssAnon:") * 1024,
        page_tables: field("VmPTE:") * 1024,
        sockets: port.map_or(0, |address| socket_bytes(address.port())),
        threads: field("Threads:"),
        descriptors: fs::read_dir(format!("{process}/fd")).map_or(0, Iterator::count) as u64,
    }
}

/// Length of a netlink header, of a socket's description, and the types that matter here: see
/// sock_diag(7).
const NLMSG_LEN: usize = 16;
const DIAG_MSG_LEN: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const DIAG_SKMEMINFO: u16 = 7;

/// The bytes that the kernel holds for all TCP sockets with this local port.
fn socket_bytes(port: u16) -> u64 {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )
    .expect("a netlink socket");
    let mut request = Vec::with_capacity(72);
    request.extend(72_u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    // A request for all that match.
    request.extend(0x301_u16.to_ne_bytes());
    request.extend([0; 8]);
    // IPv4, TCP, with memory, in any state.
    request.extend([2, 6, 1 << (DIAG_SKMEMINFO - 1), 0]);
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(port.to_be_bytes());
    request.resize(72, 0);
    send(&socket, &request, SendFlags::empty()).expect("the kernel listens");
    let mut bytes = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (received, _) = recv(&socket, &mut buffer[..], RecvFlags::empty()).expect("an answer");
        let mut rest = &buffer[..received];
        while rest.len() >= NLMSG_LEN {
            let len = u32_at(rest, 0) as usize;
            let message = &rest[..len.min(rest.len())];
            if u16_at(message, 4) != SOCK_DIAG_BY_FAMILY {
                // The end, or an error.
                return bytes;
            }
            bytes += memory(&message[NLMSG_LEN + DIAG_MSG_LEN..]);
            rest = &rest[len.next_multiple_of(4).min(rest.len())..];
        }
    }
}

/// Reads the memory of a socket from its attributes.
fn memory(mut attributes: &[u8]) -> u64 {
    while attributes.len() >= 4 {
        let len = usize::from(u16_at(attributes, 0)).max(4);
        if u16_at(attributes, 2) == DIAG_SKMEMINFO {
            // What is kept ahead may be less than nothing for a moment.
            let value = |index: usize| {
                let value = u32_at(attributes, 4 + 4 * index).cast_signed();
                u64::try_from(value).unwrap_or(0)
            };
            // Received, kept ahead, queued to be sent, options, and waiting for its owner's lock.
            return [0, 4, 5, 6, 7].into_iter().map(value).sum();
        }
        attributes = &attributes[len.next_multiple_of(4).min(attributes.len())..];
    }
    0
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// What a process has used so far.
pub(crate) fn processor_time(pid: Pid) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).expect("it runs");
    let nanos = tasks.filter_map(|task| {
        let schedstat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        schedstat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// What the threads of a process are about, a line each, for who asks why it does not end: the name,
/// where it waits in the kernel (0: it runs, or that is a secret); for how long it has run and waited
/// for a processor, in nanoseconds; and how often it ran.
pub(crate) fn threads(pid: Pid) -> String {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()));
    let lines = tasks.into_iter().flatten().filter_map(|task| {
        let task = task.ok()?.path();
        // It may end meanwhile.
        let read = |what| fs::read_to_string(task.join(what)).unwrap_or_default();
        let words = ["comm", "wchan", "schedstat"].map(read);
        Some(words.each_ref().map(|word| word.trim()).join(" ") + "\n")
    });
    lines.collect()
}
