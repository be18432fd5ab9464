//! Lines on the terminal, whatever they are made of.

use std::io::{self, Stdout, Write as _};

/// Standard output, a line at a time.
#[derive(Debug)]
pub(crate) struct Screen {
    out: Stdout,
    /// Nobody reads any more.
    gone: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self { out: io::stdout(), gone: false }
    }

    /// Writes a line. What others typed could steer the terminal, so control characters are shown
    /// as what they are.
    pub(crate) fn line(&mut self, text: &str) {
        let written = writeln!(self.out, "{}", printable(text)).and_then(|()| self.out.flush());
        self.gone |= written.is_err();
    }

    /// Whether a line could not be written: there is nobody left to talk to.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }
}

/// The text with control characters, and those that turn the direction of writing, replaced.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_that_others_typed_steers_the_terminal() {
        assert_eq!(printable("hi, \u{e9}\u{1f642}"), "hi, \u{e9}\u{1f642}");
        assert_eq!(printable("\u{1b}[2Jbob: hi\r\n"), "\u{fffd}[2Jbob: hi\u{fffd}\u{fffd}");
        assert_eq!(printable("a\u{202e}b"), "a\u{fffd}b");
    }
}
