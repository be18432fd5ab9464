//! The schema with every type, every kind of body and every constraint, for tests.

use std::path::Path;

use crate::schema::{Message, Schema};

/// The spec that the generated Rust is tested with, too.
pub(crate) fn everything() -> Schema {
    let spec = "tests/goldens/rust/everything.ron";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(spec);
    crate::load(path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The message called `name`.
pub(crate) fn find<'a>(schema: &'a Schema, name: &str) -> &'a Message {
    schema.messages().find(|message| message.meta.name == name).expect("a message of the fixture")
}
