//! Where chance enters the state machines, which have none of their own.

use std::hash::{BuildHasher, RandomState};

/// A number that nobody could guess, another one on each call.
pub(crate) fn fresh_seed() -> u64 {
    // A thread's first `RandomState` is keyed by the system's randomness, and each further one by a
    // key that is one more; what a keyed hash makes of that shows nothing of the key.
    RandomState::new().hash_one(0_u8)
}
