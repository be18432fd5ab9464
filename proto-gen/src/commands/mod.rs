//! What the command does, each in a function of its own; [`args`] has the files and streams.

pub mod args;
pub mod build;
pub mod compat;
pub mod decode;
pub mod encode;
mod frames;
pub mod input;
mod pcap;
pub mod terminal;
mod tree;

#[cfg(test)]
mod tests;

pub use frames::{Frame, Rest, frames};
