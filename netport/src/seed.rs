//! Where chance enters the state machines, which have none of their own.

use std::hash::{BuildHasher, RandomState};

/// A number that nobody could guess, another one on each call.
pub(crate) fn fresh_seed() -> u64 {
    // Each `RandomState` is keyed by the system's randomness.
    RandomState::new().hash_one(0_u8)
}
