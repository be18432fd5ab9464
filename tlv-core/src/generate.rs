//! Values for tests and fuzzers, made of choices.
//!
//! There is one recipe per type ([`Wire::generate`]), and it is fed with bytes: random ones by
//! proptest and quickcheck, a fuzzer's by arbitrary. Where the bytes run out, every choice is the
//! smallest, so fewer bytes make a smaller value: that is how proptest shrinks. Sizes favour the
//! edges (nothing, one, exactly the bound), and a budget keeps every value within its message's
//! `MAX_LEN`.

pub use crate::choices::Choices;
use crate::{set::Message, wire::Wire};

/// How many bytes proptest and quickcheck feed a recipe with, at most.
pub const BYTES_MAX: usize = 1_024;

/// A message that fits in its `MAX_LEN`.
pub fn message<M: Message>(choices: &mut Choices<'_>) -> M {
    choices.allow(M::MAX_LEN.saturating_sub(M::MIN_LEN) as usize);
    M::generate(choices)
}

/// A value of some 64 KiB at most.
pub fn part<T: Wire>(choices: &mut Choices<'_>) -> T::Owned {
    choices.allow(0xffff);
    T::generate(choices)
}
