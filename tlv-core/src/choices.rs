//! The choices that a value is made of: bytes, and a budget.

use alloc::{string::String, vec::Vec};

use bytes::Bytes;

use crate::record::HEADER_LEN;

/// What a recipe asks.
#[derive(Debug)]
pub struct Choices<'c> {
    bytes: &'c [u8],
    /// Bytes on the wire that the value may still grow by.
    budget: usize,
}

impl<'c> Choices<'c> {
    /// Choices that `bytes` decide.
    pub fn new(bytes: &'c [u8]) -> Self {
        Self { bytes, budget: 0 }
    }

    /// Sets how many bytes a value may have beyond the smallest.
    pub fn allow(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Makes a part that may have at most `limit` bytes beyond the smallest.
    pub fn within<T>(&mut self, limit: usize, make: impl FnOnce(&mut Self) -> T) -> T {
        let inner = self.budget.min(limit);
        let outer = self.budget - inner;
        self.budget = inner;
        let made = make(self);
        self.budget += outer;
        made
    }

    /// Makes a part that `bytes` decide, within what these choices may spend.
    pub(crate) fn decided_by<T>(
        &mut self,
        bytes: &[u8],
        make: impl FnOnce(&mut Choices<'_>) -> T,
    ) -> T {
        let mut inner = Choices { bytes, budget: self.budget };
        let made = make(&mut inner);
        self.budget = inner.budget;
        made
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((byte, rest)) => {
                self.bytes = rest;
                *byte
            }
            None => 0,
        }
    }

    /// Yes or no.
    pub fn flip(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        let [a, b, c, d] = if end > 256 { self.array() } else { [self.byte(), 0, 0, 0] };
        u32::from_le_bytes([a, b, c, d]) as usize % end.max(1)
    }

    /// `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte())
    }

    /// `N` bytes, often all zeros or all ones, or with only the lowest byte set.
    pub fn edged<const N: usize>(&mut self) -> [u8; N] {
        match self.byte() % 8 {
            0 => [0; N],
            1 => [0xff; N],
            2 => {
                let mut bytes = [0; N];
                if let Some(low) = bytes.first_mut() {
                    *low = self.byte();
                }
                bytes
            }
            _ => self.array(),
        }
    }

    /// How many elements of at least `min` bytes, at most `max`; they are taken off the budget.
    pub fn count(&mut self, max: u32, min: usize) -> usize {
        let most = (self.budget / min.max(1)).min(max as usize);
        let count = match self.byte() % 16 {
            0..2 => 0,
            // The bound is an edge, but a costly one where it is high.
            2 if most <= 1_024 || self.byte() % 8 == 1 => most,
            3..6 => most.min(1),
            6..8 => self.below(most.min(300) + 1),
            _ => self.below(most.min(8) + 1),
        };
        self.budget -= count * min;
        count
    }

    /// A number from `min` to `max`, both included, often one of them.
    pub fn between(&mut self, min: i128, max: i128) -> i128 {
        let span = max.wrapping_sub(min) as u128;
        match self.byte() % 4 {
            0 => min,
            1 => max,
            _ => {
                let offset = u128::from_le_bytes(self.array());
                let offset = if span == u128::MAX { offset } else { offset % (span + 1) };
                min.wrapping_add(offset as i128)
            }
        }
    }

    /// A float from `min` to `max`, both included, often one of them.
    pub fn float_between(&mut self, min: f64, max: f64) -> f64 {
        match self.byte() % 4 {
            0 => min,
            1 => max,
            _ => {
                let part = f64::from(u32::from_le_bytes(self.array())) / f64::from(u32::MAX);
                // Finite ends give finite products, and no sum of opposite infinities.
                let (low, high) = (min.max(f64::MIN), max.min(f64::MAX));
                (low * (1.0 - part) + high * part).max(min).min(max)
            }
        }
    }

    /// One of these, which are not none.
    pub fn pick<T: Copy, const N: usize>(&mut self, of: &[T; N]) -> T {
        const { assert!(N > 0, "one of none") };
        of.get(self.below(N)).copied().unwrap_or(of[0])
    }

    /// Takes `len` bytes off the budget, where it has them.
    pub fn afford(&mut self, len: usize) -> bool {
        match self.budget.checked_sub(len) {
            Some(budget) => {
                self.budget = budget;
                true
            }
            None => false,
        }
    }

    /// A tail field whose value is at least `min` bytes, or none.
    pub fn optional<T>(&mut self, min: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.flip() && self.afford(HEADER_LEN + min)).then(|| make(self))
    }

    /// An integer from `min` to `max`, both included, which lie within its type.
    pub fn number<T: TryFrom<i128> + Default>(&mut self, min: i128, max: i128) -> T {
        T::try_from(self.between(min, max)).unwrap_or_default()
    }

    /// A float from `min` to `max`, both included, often one of them.
    pub fn float32_between(&mut self, min: f32, max: f32) -> f32 {
        // To the nearest, so that it may have to be brought back.
        (self.float_between(f64::from(min), f64::from(max)) as f32).clamp(min, max)
    }

    /// `len` bytes, which are already taken off the budget.
    pub fn blob(&mut self, len: usize) -> Bytes {
        (0..len).map(|_| self.byte()).collect::<Vec<u8>>().into()
    }

    /// Text of at most `max` bytes.
    pub fn text(&mut self, max: u32) -> String {
        let len = self.count(max, 1);
        self.text_of(len)
    }

    /// Text of exactly `len` bytes, which are already taken off the budget.
    pub fn text_of(&mut self, len: usize) -> String {
        let mut text = String::with_capacity(len);
        while text.len() < len {
            let next = match self.byte() {
                byte @ 0x20..0x7f => char::from(byte),
                0x00..0x20 => 'a',
                0x7f..0xa0 => 'é',
                0xa0..0xc0 => '文',
                0xc0..0xd0 => '🦀',
                0xd0..0xd8 => '\u{10ffff}',
                0xd8..0xe0 => '\0',
                0xe0.. => 'z',
            };
            text.push(if text.len() + next.len_utf8() <= len { next } else { '~' });
        }
        text
    }
}
