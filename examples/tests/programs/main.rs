//! The programs as a user runs them: real processes, real signals.

mod by_hand;
mod dissector;
mod mesh;
mod python;
mod support;
mod wire;
