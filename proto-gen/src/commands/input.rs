//! What `decode` is given, as streams of bytes.

use super::pcap;
pub use super::pcap::Stream;
use crate::dynamic::json::unhex;

/// How the input is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum InputForm {
    /// A capture by its first bytes; hex if there is nothing but hex digits; else binary.
    #[default]
    Auto,
    /// Frames, byte after byte.
    Binary,
    /// Hex digits; white space, `:`, `,` and `0x` do not count.
    Hex,
    /// A capture file, `pcap` or `pcapng`; each direction of each TCP connection is a stream.
    Pcap,
}

/// Reads `input` as `form` says.
///
/// # Errors
///
/// In words, where the input is not of that form.
pub fn streams(form: InputForm, input: &[u8]) -> Result<Vec<Stream>, String> {
    let single = |bytes| vec![Stream { name: String::new(), bytes }];
    match form {
        InputForm::Auto if pcap::is_capture(input) => pcap::streams(input),
        InputForm::Auto => {
            let digits = hex_digits(input).filter(|digits| !digits.is_empty());
            Ok(single(digits.and_then(|text| unhex(&text)).unwrap_or_else(|| input.to_vec())))
        }
        InputForm::Binary => Ok(single(input.to_vec())),
        InputForm::Hex => {
            let digits = hex_digits(input).ok_or("the input has more than hex digits in it")?;
            let bytes = unhex(&digits).ok_or("the number of hex digits is odd")?;
            Ok(single(bytes))
        }
        InputForm::Pcap => pcap::streams(input),
    }
}

/// The hex digits, if there is nothing else but what people put between them.
fn hex_digits(input: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(input).ok()?.replace("0x", "");
    let between = |letter: char| letter.is_whitespace() || matches!(letter, ':' | ',');
    let digits: String = text.chars().filter(|letter| !between(*letter)).collect();
    digits.chars().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}
