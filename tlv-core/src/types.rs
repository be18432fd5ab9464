//! Types that the format has and `core` does not: [`Uuid`], [`Timestamp`].

use core::error::Error;
use core::fmt::{self, Display};
use core::str::FromStr;

/// 16 bytes that name something.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

/// A text is not a [`Uuid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUuidError(());

/// An instant as microseconds since the Unix epoch, negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Uuid {
    /// The name that consists of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// `00112233-4455-6677-8899-aabbccddeeff`.
impl Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if is_group(index) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What [`Display`] writes, and nothing else; letters may be capitals.
impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Self, ParseUuidError> {
        parse(text.as_bytes()).map(Self).ok_or(ParseUuidError(()))
    }
}

fn parse(mut text: &[u8]) -> Option<[u8; 16]> {
    let digit = |letter: u8| Some(char::from(letter).to_digit(16)? as u8);
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        if is_group(index) {
            text = text.strip_prefix(b"-")?;
        }
        let ([high, low], rest) = text.split_first_chunk()?;
        *byte = digit(*high)? << 4 | digit(*low)?;
        text = rest;
    }
    text.is_empty().then_some(bytes)
}

/// Whether another group begins with this byte of a [`Uuid`]'s.
fn is_group(index: usize) -> bool {
    matches!(index, 4 | 6 | 8 | 10)
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Display for ParseUuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the form 00112233-4455-6677-8899-aabbccddeeff")
    }
}

impl Error for ParseUuidError {}

impl Timestamp {
    /// The Unix epoch, 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The instant so many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use super::*;

    const UUID: Uuid = Uuid([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff]);

    #[test]
    fn a_uuid_is_shown_in_five_groups() {
        let text = "00010203-0405-0607-0809-0a0b0c0d0eff";
        assert_eq!(UUID.to_string(), text);
        assert_eq!(text.parse(), Ok(UUID));
        assert_eq!(text.to_uppercase().parse(), Ok(UUID));
    }

    #[test]
    fn what_is_not_exactly_five_groups_is_no_uuid() {
        let good = UUID.to_string();
        // Cut short anywhere, or with any letter doubled or replaced by what cannot stand there.
        let bad = (0..good.len()).flat_map(|at| {
            let (before, after) = good.split_at(at);
            let other = if after.starts_with('-') { "0" } else { "-" };
            [
                before.to_string(),
                format!("{before}{}{after}", &after[..1]),
                format!("{before}{other}{}", &after[1..]),
                format!("{before}+{}", &after[1..]),
                format!("{before}\u{e9}{}", &after[1..]),
            ]
        });
        for text in bad.chain([format!("{good} "), good.replace('-', ""), format!("{{{good}}}")]) {
            assert_eq!(text.parse::<Uuid>(), Err(ParseUuidError(())), "{text:?}");
        }
    }
}
