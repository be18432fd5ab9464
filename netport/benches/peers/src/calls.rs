//! System calls for each message, counted by `strace` where that is installed.

use std::net::SocketAddr;

use crate::machine::{Peer, scratch};

/// Messages that are counted.
const MESSAGES: usize = 2_000;

/// What `child ROLE` calls for each message, after `talk` has sent it that many, as `name 1.00` and
/// so on; what is called less than once in ten messages is left out. `None` where it cannot be
/// counted.
pub fn per_message(
    role: &[&str],
    cpu: usize,
    talk: impl FnOnce(SocketAddr, usize),
) -> Option<String> {
    let file = scratch("calls");
    let peer = Peer::start_traced(role, cpu, &file).ok()?;
    talk(peer.address, MESSAGES);
    peer.end();
    let table = std::fs::read_to_string(&file).ok()?;
    let _ = std::fs::remove_file(&file);
    let mut calls: Vec<(f64, &str)> = table.lines().filter_map(counted).collect();
    calls.retain(|(each, _)| *each >= 0.1);
    calls.sort_by(|a, b| b.0.total_cmp(&a.0));
    let each: Vec<String> = calls.iter().map(|(each, name)| format!("{name} {each:.2}")).collect();
    let sum: f64 = calls.iter().map(|(each, _)| each).sum();
    (!each.is_empty()).then(|| format!("{sum:.2} ({})", each.join(", ")))
}

/// A line of the table: share, seconds, microseconds each, calls, perhaps errors, name.
fn counted(line: &str) -> Option<(f64, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let _share: f64 = words.first()?.parse().ok()?;
    let calls: f64 = words.get(3)?.parse().ok()?;
    let name = words.last().filter(|name| **name != "total")?;
    Some((calls / MESSAGES as f64, name))
}
