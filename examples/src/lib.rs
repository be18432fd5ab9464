//! What the programs `mesh`, `server` and `client` share.
//!
//! [`server`] and [`client`] are the two roles, each a function that runs until it is told to stop.
//! The programs of these names run one of them by hand; [`mesh`] runs one server and many clients as
//! processes, and judges what they [`report`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod client;
pub mod mesh;
pub mod options;
pub mod report;
pub mod server;
pub mod stop;

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
