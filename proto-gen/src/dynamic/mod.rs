//! Encodes and decodes any message of any schema by walking the schema.
//!
//! Written from `spec/WIRE.md`, not from the generated code: small, slow, obviously right. The
//! generated code, the test vectors, the dissector and the other languages are all held against
//! it. Nothing here panics, whatever the bytes or the value, on a schema that `check` accepted.

mod cases;
mod damage;
mod decode;
mod encode;
mod fault;
mod frames;
#[cfg(feature = "tools")]
pub mod json;
mod keys;
mod leaves;
mod mutate;
mod random;
mod reader;
mod rules;
mod smallest;
mod trace;
#[cfg(feature = "tools")]
pub mod tree;
mod typical;
mod value;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use cases::{Case, cases};
pub use damage::{Damaged, damaged};
pub use decode::{Decoded, decode, decode_traced};
pub use encode::{FRAME_HEADER_LEN, encode, frame};
pub use fault::{Fault, FaultClass, Refusal, RefusalClass};
pub use frames::{Frame, Frames, Header, Piece, UNKNOWN_MAX_LEN};
pub use mutate::mutate;
pub use random::{Prng, random};
#[cfg(feature = "tools")]
pub(crate) use smallest::Smallest;
pub use smallest::smallest;
pub use trace::{Step, What};
pub use typical::typical;
pub use value::{Body, Choice, ChoiceValue, Tail, TailValue, Value};
