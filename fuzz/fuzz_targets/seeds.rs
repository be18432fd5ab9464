//! Seeds from the spec: some of every message, written into the corpus when a target starts.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tlv_core::generate::Choices;
use tlv_core::{Message, MessageSet, Visitor};

/// Seeds of each message type.
const SEEDS: u64 = 8;

/// Bytes beyond the smallest value that a seed may have: what fits the fuzzer's inputs.
const SEED_BYTES_MAX: usize = 2048;

/// Sets of messages, as a tuple.
pub trait Sets {
    /// Shows each message type of each set.
    fn visit<V: Visitor>(visitor: &mut V);
}

impl<A: MessageSet, B: MessageSet> Sets for (A, B) {
    fn visit<V: Visitor>(visitor: &mut V) {
        A::visit(visitor);
        B::visit(visitor);
    }
}

/// Writes the seeds into the corpus with which the fuzzer was started: the first directory among the
/// arguments. There is none when it was given single inputs, and none is wanted for a merge.
pub fn write<S: Sets>() {
    if env::args().any(|arg| arg.starts_with("-merge")) {
        return;
    }
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    if let Some(corpus) = args.find(|path| path.is_dir()) {
        S::visit(&mut Seeds { corpus: &corpus });
    }
}

struct Seeds<'a> {
    corpus: &'a Path,
}

impl Visitor for Seeds<'_> {
    fn message<S: MessageSet, M: Message>(&mut self) {
        for seed in 0..SEEDS {
            let bytes = random_bytes(u64::from(M::ID) << 8 | seed);
            let mut choices = Choices::new(&bytes);
            choices.allow(SEED_BYTES_MAX);
            let frame = M::generate(&mut choices).to_frame().expect("a seed keeps to the spec");
            let file = self.corpus.join(format!("spec-{}-{seed}", M::NAME));
            fs::write(&file, frame).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

/// The same for the same seed (SplitMix64).
fn random_bytes(mut state: u64) -> Vec<u8> {
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31).to_le_bytes()
    };
    std::iter::repeat_with(next).take(SEED_BYTES_MAX / 4).flatten().collect()
}
