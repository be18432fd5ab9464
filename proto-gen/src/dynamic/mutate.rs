//! Random damage to bytes, for tests that hold two decoders against each other.

use super::random::Prng;

/// Changes `bytes` in one to three small ways: most results are nearly valid.
pub fn mutate(prng: &mut Prng, bytes: &mut Vec<u8>) {
    for _ in 0..=prng.below(3) {
        let at = prng.below(bytes.len() + 1);
        match prng.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, prng.bits() as u8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 if at < bytes.len() => bytes[at] ^= 1 << prng.below(8),
            4 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            5 if at < bytes.len() => bytes[at] = *prng.pick(&[0, 1, 2, 4, 6, 0x7f, 0x80, 0xff]),
            // A record: what a newer version, or an attacker, would add.
            _ => {
                let id = prng.below(9) as u8;
                let len = prng.below(3);
                let mut record = vec![id, 0, len as u8, 0, 0, 0];
                record.resize(record.len() + len, prng.bits() as u8);
                let at = if prng.once_in(3) { at } else { bytes.len() };
                bytes.splice(at..at, record);
            }
        }
    }
}
