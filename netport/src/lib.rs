//! The runtime.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
