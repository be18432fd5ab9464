//! What the machine allows.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not connections: the port's own, standard streams, files of the program.
const DESCRIPTORS_KEPT: u64 = 64;
/// Mappings that are not stacks of connections.
const MAPPINGS_KEPT: u64 = 2_000;
/// A thread's stack, its guard page, and what the allocator adds for it.
const MAPPINGS_PER_THREAD: u64 = 4;
/// The kernel's default for `vm.max_map_count`, where it cannot be read.
const MAPPINGS_DEFAULT: u64 = 65_530;

/// Raises the soft limit of descriptors to the hard one.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Never refused: any process may go up to its hard limit. If it were, the soft one would hold.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Whether the system refused something for want of descriptors, or of memory for them.
pub(crate) fn is_out_of_room(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| {
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno)
    })
}

/// Most connections at a time that the machine has descriptors and mappings for.
pub(crate) fn connections_max() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let mappings = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(MAPPINGS_DEFAULT);
    let by_descriptors = descriptors.saturating_sub(DESCRIPTORS_KEPT);
    let by_mappings = u64::saturating_sub(mappings, MAPPINGS_KEPT) / MAPPINGS_PER_THREAD;
    usize::try_from(by_descriptors.min(by_mappings)).unwrap_or(usize::MAX).max(1)
}
