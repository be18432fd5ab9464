//! What `decode` is given, as streams of bytes.

use std::io::{self, Cursor, Error, ErrorKind, Read};

use super::pcap::{self, Stream};

/// How the input is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum InputForm {
    /// A capture or hex where it begins like one, else binary.
    #[default]
    Auto,
    /// Frames, byte after byte.
    Binary,
    /// Hex digits; white space, `:`, `,` and `0x` do not count.
    Hex,
    /// A capture file, `pcap` or `pcapng`; each direction of each TCP connection is a stream.
    Pcap,
}

/// The input, as what it is.
pub enum Input<'a> {
    /// One stream, as it comes.
    Stream(Box<dyn Read + 'a>),
    /// Each direction of each connection of a capture, which was read whole.
    Capture(Vec<Stream>),
}

/// Bytes that tell what an input is.
///
/// The last byte of a frame's header is 0 for every length below 16 MiB, and neither a hex digit nor
/// what stands between them: so the first six bytes tell frames from hex.
const TELLING: usize = 6;

/// Takes `input` for what `form` says.
///
/// # Errors
///
/// Those of reading; or of kind `InvalidData`, in words, where the input is not of that form.
pub fn open<'a>(form: InputForm, mut input: impl Read + 'a) -> io::Result<Input<'a>> {
    let mut start = Vec::new();
    (&mut input).take(TELLING as u64).read_to_end(&mut start)?;
    let capture = match form {
        InputForm::Auto => pcap::is_capture(&start),
        InputForm::Binary | InputForm::Hex => false,
        InputForm::Pcap => true,
    };
    let hex = match form {
        InputForm::Auto => {
            !start.is_empty() && start.iter().all(|byte| Letter::of(*byte).is_some())
        }
        InputForm::Binary | InputForm::Pcap => false,
        InputForm::Hex => true,
    };
    let mut input = Cursor::new(start).chain(input);
    if capture {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let streams =
            pcap::streams(&bytes).map_err(|text| Error::new(ErrorKind::InvalidData, text))?;
        return Ok(Input::Capture(streams));
    }
    Ok(Input::Stream(if hex { Box::new(Hex::new(input)) } else { Box::new(input) }))
}

/// A letter of an input in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Digit(u8),
    /// White space, `:` and `,`, which do not count.
    Between,
    /// The second letter of `0x`, which does not count either.
    X,
}

impl Letter {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'x' => Some(Self::X),
            b':' | b',' => Some(Self::Between),
            byte if byte.is_ascii_whitespace() => Some(Self::Between),
            byte => char::from(byte).to_digit(16).map(|digit| Self::Digit(digit as u8)),
        }
    }
}

/// Bytes out of hex digits.
#[derive(Debug)]
struct Hex<R> {
    input: R,
    /// The first digit of a byte of which the second is still to come.
    half: Option<u8>,
    /// What is wrong, while there are bytes before it to hand out.
    wrong: Option<String>,
}

impl<R: Read> Hex<R> {
    fn new(input: R) -> Self {
        Self { input, half: None, wrong: None }
    }

    /// What the next letter completes, if it completes a byte.
    fn letter(&mut self, byte: u8) -> Result<Option<u8>, String> {
        match (Letter::of(byte), self.half.take()) {
            (Some(Letter::Digit(low)), Some(high)) => return Ok(Some(high << 4 | low)),
            (Some(Letter::Digit(high)), None) => self.half = Some(high),
            (Some(Letter::Between), half) => self.half = half,
            // The 0 before it was no digit then.
            (Some(Letter::X), Some(0)) => {}
            _ => return Err(format!("there is `{}` among the hex digits", byte.escape_ascii())),
        }
        Ok(None)
    }

    /// The bytes of some letters, up to what is wrong.
    fn letters(&mut self, letters: &[u8], out: &mut [u8]) -> usize {
        // A byte takes two letters, or one and that from before: there is room for all.
        let mut places = out.iter_mut();
        let len = places.len();
        for letter in letters {
            match self.letter(*letter) {
                Ok(Some(byte)) => {
                    if let Some(place) = places.next() {
                        *place = byte;
                    }
                }
                Ok(None) => {}
                Err(text) => {
                    self.wrong = Some(text);
                    break;
                }
            }
        }
        len - places.len()
    }
}

impl<R: Read> Read for Hex<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut letters = vec![0; out.len()];
        loop {
            if let Some(text) = self.wrong.take() {
                return Err(Error::new(ErrorKind::InvalidData, text));
            }
            let len = self.input.read(&mut letters)?;
            if len == 0 {
                if self.half.take().is_some() {
                    let text = "the number of hex digits is odd";
                    return Err(Error::new(ErrorKind::InvalidData, text));
                }
                return Ok(0);
            }
            let filled = self.letters(&letters[..len], out);
            if filled > 0 {
                return Ok(filled);
            }
        }
    }
}
