//! Meaning: from trees to a [`Schema`], or to everything that is wrong with them.
//!
//! The corridor: `files` reads the spec and its includes; `declare` collects every name, so that
//! order does not matter; `items` and `sets` read what the names stand for; `order` sorts the types
//! and finds recursion; `size` and `memory` compute what depends on all of them. A mistake is
//! reported where it is found, and what depends on the broken item stays silent.

mod body;
mod constant;
mod constraint;
mod cx;
mod declare;
mod files;
mod ids;
mod items;
mod keys;
mod memory;
mod meta;
mod names;
mod order;
mod protocol;
mod sets;
mod size;
mod suggest;
mod types;

use std::path::Path;

use self::cx::Cx;
pub(crate) use self::files::Read;
use crate::diagnostics::{Diagnostics, Severity};
use crate::schema::Schema;

/// What a spec turned out to be: a schema, unless there is a mistake, and all mistakes and lints.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The schema, where no mistake was found.
    pub schema: Option<Schema>,
    /// Mistakes and lints.
    pub diagnostics: Diagnostics,
}

/// Checks the spec at `path`; `read` reads it and what it includes.
pub(crate) fn check(path: &Path, read: &mut Read<'_>) -> Checked {
    let mut cx = Cx::default();
    let files = files::load(&mut cx, path, read);
    let schema = protocol::check(&mut cx, &files);
    let broken = cx.found.iter().any(|found| found.code.severity() == Severity::Error);
    Checked {
        schema: schema.filter(|_| !broken),
        diagnostics: Diagnostics::new(files.sources, cx.found),
    }
}
