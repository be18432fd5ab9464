//! Generated code: the laws of every message, against the interpreter and the vectors, and by hand
//! what each construct of a spec becomes.

mod arbitrary;
mod constructs;
mod differential;
mod errors;
mod goldens;
mod laws;
mod specs;
mod vectors;
