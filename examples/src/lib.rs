//! What the programs `mesh`, `server` and `client` share.
//!
//! [`server`] and [`client`] are the two roles, each a function that runs until it is told to stop.
//! The programs of these names run one of them by hand; [`mesh`] runs one server and many clients as
//! processes, and judges what they [`report`]. What can be set of them stands in [`settings`]; what an
//! operator sees of a server, in [`exporter`] and [`status`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod client;
pub mod exporter;
pub mod http;
pub mod mesh;
pub mod options;
pub mod report;
pub mod server;
pub mod settings;
pub mod status;
pub mod stop;

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
