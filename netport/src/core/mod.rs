//! The decisions, without the means: no socket, no thread and no clock is used below this module.
//!
//! Everything here is given bytes, events and the time, and returns bytes, events and the next
//! deadline. `std::time::Instant` is used as a value; nothing reads it from the system. So one
//! thread with a made-up clock and network can run exactly the code that runs over sockets.

pub mod backoff;
pub mod client;
pub mod directory;
pub mod end;
pub mod frame;
pub mod link;
pub mod mesh;
pub(crate) mod mutant;
pub mod server;
pub(crate) mod timers;

/// Tells the links of one state machine apart.
pub type LinkId = u64;
