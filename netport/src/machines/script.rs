//! Bytes as a script: each step takes what it needs, and when they are used up it is over.

use std::time::Duration;

use crate::core::backoff::Chance;

/// Longest script that follows from a seed, in bytes.
const BYTES_MAX: u64 = 600;
/// How rare words are in it.
const WORD_EVERY: u64 = 4;

/// What is left of a script.
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl Script<'_> {
    /// The next byte, while there is one.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `bound`; 0 at the end.
    pub(crate) fn below(&mut self, bound: u8) -> u8 {
        self.next().unwrap_or_default() % bound
    }

    /// One of these; the first at the end.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.next().unwrap_or_default()) % choices.len()]
    }

    /// A time that is as likely to be short as long.
    pub(crate) fn time(&mut self) -> Duration {
        Duration::from_millis(self.one_of(&[0, 1, 30, 100, 400, 1_000, 2_500, 6_000, 20_000]))
    }
}

/// So many scripts, each with its name: random steps, and words among them.
pub fn seeds(words: &[&[u8]], count: u64) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|seed| (format!("script-{seed}"), from_seed(words, seed))).collect()
}

/// A script that follows from a seed.
fn from_seed(words: &[&[u8]], seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    let len = chance.below(BYTES_MAX) as usize;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let number = chance.number().to_le_bytes();
        // One step in so many is the beginning of a word.
        if chance.below(WORD_EVERY) == 0 {
            bytes.extend_from_slice(words[usize::from(number[0]) % words.len()]);
        } else {
            bytes.extend_from_slice(&number[..2]);
        }
    }
    bytes.truncate(len);
    bytes
}
