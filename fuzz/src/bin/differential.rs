//! The generated code against the interpreter of the schema: on any bytes they accept or refuse the
//! same, for the same class of reason at the same place, and write the same bytes again.
//!
//! The input is the id of a message type, and a value of it: of netport's own spec, and of the one
//! with one of everything.

#![cfg_attr(not(test), no_main)]

#[path = "../../../tlv-core/tests/generated/differential/check.rs"]
mod check;

use std::sync::LazyLock;

use netport_fuzz::{Seed, seeds, words};
use proto_gen::schema::Schema;
use tlv_core::messages::{App, Control};
use tlv_core::record::HEADER_LEN;

mod everything {
    include!("../../../proto-gen/tests/goldens/rust/everything.rs");
}

netport_fuzz::target!(fuzz, all_frames(), words::of_frames(&SCHEMA));

static SCHEMA: LazyLock<Schema> = LazyLock::new(seeds::schema);

static EVERYTHING: LazyLock<Schema> = LazyLock::new(|| {
    seeds::compiled(include_bytes!("../../../proto-gen/tests/goldens/rust/everything.ron"))
});

/// Some frames of every message of both specs.
fn all_frames() -> Vec<Seed> {
    let mut frames = seeds::Frames(seeds::frames());
    everything::visit_messages(&mut frames);
    frames.0
}

fn fuzz(data: &[u8]) {
    // The seeds are frames, so what stands behind the header is the value; its length is not read.
    let Some((id, rest)) = data.split_first_chunk() else { return };
    let value = rest.get(HEADER_LEN - id.len()..).unwrap_or_default();
    let id = u16::from_le_bytes(*id);
    check::check::<Control>(&SCHEMA, id, value);
    check::check::<App>(&SCHEMA, id, value);
    check::check::<everything::App>(&EVERYTHING, id, value);
}
