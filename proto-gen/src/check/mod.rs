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
mod number;
mod order;
mod protocol;
mod sets;
mod size;
pub(crate) mod suggest;
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

#[cfg(test)]
mod tests {
    use super::{body, constant, items, protocol, sets};

    #[test]
    fn the_language_is_documented_with_every_key_of_every_item() {
        /// Keys that many items have, which the text under the table explains.
        const COMMON: [&str; 8] = [
            "name",
            "doc",
            "since",
            "deprecated",
            "was",
            "allow",
            "reserved_ids",
            "reserved_names",
        ];
        let text = include_str!("../../LANGUAGE.md");
        let shapes = [
            protocol::PROTOCOL,
            protocol::TYPES,
            protocol::WAIVER,
            constant::CONST,
            items::ENUM,
            items::VALUE,
            items::FLAGS,
            items::BIT,
            items::STRUCT,
            items::UNION,
            items::VARIANT,
            sets::SET,
            sets::CALL,
            sets::MESSAGE,
            body::FIELD,
            body::TAIL_FIELD,
        ];
        for shape in shapes {
            let row = text.lines().find(|line| line.starts_with(&format!("| `{}` |", shape.name)));
            let row = row.unwrap_or_else(|| panic!("`{}` is missing", shape.name));
            for key in shape.keys {
                let place = if COMMON.contains(key) { text } else { row };
                assert!(place.contains(&format!("`{key}`")), "`{}` lacks `{key}`", shape.name);
            }
        }
    }
}
