//! Compiles a netport spec.
//!
//! A spec is a RON file that describes every message of a protocol; `spec/messages.ron` is
//! netport's own. This crate reads one, checks it, and turns it into Rust and into everything else
//! that describes the protocol. A corridor: parse the text to a tree with places, check the tree to
//! a [`Schema`], generate from the schema. After the check nothing can fail.
//!
//! In the `main` of a crate's `build.rs`:
//!
//! ```no_run
//! proto_gen::compile("spec/notes.ron");
//! ```
//!
//! and where the messages are used, which needs `tlv-core`:
//!
//! ```text
//! /// Made of `spec/notes.ron`.
//! mod notes {
//!     include!(concat!(env!("OUT_DIR"), "/notes.rs"));
//! }
//! ```
//!
//! The same by hand:
//!
//! ```
//! # #[cfg(feature = "rust")] {
//! let spec = r#"Protocol(name: "notes", version: 1, doc: "Notes.", sets: [
//!     Set(name: "Notes", doc: "What is left.", messages: [
//!         Message(id: 0x0102, name: "Note", doc: "A note.", fields: [
//!             Field(name: "text", ty: Str(200), doc: "Its words."),
//!         ]),
//!     ]),
//! ])"#;
//! let checked = proto_gen::check_with("notes.ron", |_| Ok(spec.into()));
//! assert_eq!(checked.diagnostics.to_string(), "");
//! let schema = checked.schema.expect("no mistake, so there is a schema");
//! let rust = proto_gen::backends::rust::generate(&schema, &Default::default());
//! assert!(rust.contains("pub struct Note "));
//!
//! let wrong = spec.replace("Str(200)", "String");
//! let checked = proto_gen::check_with("notes.ron", |_| Ok(wrong.clone().into()));
//! assert!(checked.diagnostics.to_string().contains("notes.ron:4:"));
//! # }
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod backends;
#[cfg(feature = "rust")]
mod build;
mod check;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "tools")]
pub mod compat;
pub mod diagnostics;
pub mod dynamic;
mod memory;
#[cfg(feature = "tools")]
mod netport;
mod parse;
pub mod schema;

// Tests that another crate's tests include call this one by its name.
#[cfg(test)]
extern crate self as proto_gen;

use std::io;
use std::path::Path;

#[cfg(feature = "rust")]
pub use build::{Build, BuildError, BuildErrorCause, Built};
pub use check::Checked;
use diagnostics::Diagnostics;
use schema::Schema;

/// Reads and checks the spec at `path` and all that it includes. Lints do not count.
///
/// # Errors
///
/// Every mistake in the spec, at once; a file that cannot be read is one too.
pub fn load(path: impl AsRef<Path>) -> Result<Schema, Diagnostics> {
    let Checked { schema, diagnostics } = check(path);
    schema.ok_or(diagnostics)
}

/// Reads and checks the spec at `path` and all that it includes, and tells lints too.
pub fn check(path: impl AsRef<Path>) -> Checked {
    check_with(path, |path| std::fs::read(path))
}

/// Compiles the spec at `path` to Rust, in a build script: writes `$OUT_DIR/STEM.rs`, to be included
/// in a module of its own, and tells cargo what it needs to know.
///
/// `include!(concat!(env!("OUT_DIR"), "/STEM.rs"))` is all that stands in that module.
///
/// Ends the process with 1 where the spec has mistakes, after showing them all. [`Build`] has more
/// to choose from.
#[cfg(feature = "rust")]
pub fn compile(path: impl AsRef<Path>) {
    Build::new(path.as_ref()).run();
}

/// As [`check()`], with another way to read: files of a git revision, or a test's table. `read` is
/// given `path` itself, and for includes the path beside the file that includes.
pub fn check_with(
    path: impl AsRef<Path>,
    mut read: impl FnMut(&Path) -> io::Result<Vec<u8>>,
) -> Checked {
    check::check(path.as_ref(), &mut read)
}
