//! The runtime over real sockets. One program with a module for each subject: linking costs more than
//! running. What counts or changes its whole process stands beside this folder, each in a program
//! of its own.

mod around;
mod bad_input;
mod calls;
mod deadlines;
mod ends;
mod extension_points;
mod limits;
mod links;
mod logs;
mod names;
mod recovery;
mod rendezvous;
mod sending;
#[path = "../support/mod.rs"]
mod support;

/// Another spec than netport's own, with a request that may be skipped.
#[allow(dead_code, reason = "of its two sets, two messages are sent")]
mod other {
    include!("../../../proto-gen/tests/goldens/rust/calls.rs");
}
