//! Generated code: the laws of every message, and by hand what each construct of a spec becomes.

mod constructs;
mod errors;
mod goldens;
mod laws;
