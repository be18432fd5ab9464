//! The programs as a user runs them: real processes, real signals.

mod by_hand;
mod dissector;
mod mesh;
mod operator;
mod python;
mod settings;
mod support;
mod wire;
