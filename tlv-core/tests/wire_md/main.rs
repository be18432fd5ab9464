//! Keeps `spec/WIRE.md` true: its examples against the generated code, its values against the
//! interpreter, its tables against the spec.

mod blocks;
mod frames;
mod tables;
mod values;

/// The document.
const WIRE: &str = include_str!("../../../spec/WIRE.md");
