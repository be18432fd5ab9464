//! The main job: one server and many clients, as real processes.
//!
//! The parent starts itself again for each child and reads the [reports](crate::report) that the
//! children write to their standard output. A child leaves when its standard input ends, so none
//! outlives the parent, however the parent ends.

mod children;
mod outcome;
mod progress;
mod run;
mod view;

pub use outcome::Outcome;
pub use run::{Error, Options, run};
