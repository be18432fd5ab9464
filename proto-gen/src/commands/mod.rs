//! What the command does, each in a function of its own; [`args`] has the files and streams.

pub mod args;
pub mod build;
pub mod compat;
pub mod decode;
pub mod encode;
pub mod input;
mod pcap;
pub mod terminal;

#[cfg(test)]
mod tests;
