//! Writing to people and to programs.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Colour is for terminals, and for those who have not declined it (`NO_COLOR`).
pub fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes text to someone who may have stopped listening: a broken pipe is not an error.
pub fn write(stream: &mut impl Write, text: &str) {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            // Standard error is all that is left, and it may be what failed.
            let _ = writeln!(io::stderr(), "proto-gen: cannot write: {error}");
        }
        _ => {}
    }
}
