//! What is typed: lines, and what they ask for.

use std::io::{self, BufRead as _};
use std::thread;

use crossbeam_channel::{Receiver, bounded};

/// Most lines that are read ahead.
const LINES_MAX: usize = 64;

/// What `/help` says.
pub(crate) const HELP: [&str; 5] = [
    "TEXT             say something to everybody",
    "/to NAME TEXT    say something to NAME alone",
    "/me TEXT         do something",
    "/who             who is there",
    "/quit            leave; so do Ctrl-C and the end of input",
];

/// A line, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Act(&'a str),
    Help,
    Nothing,
    Quit,
    Say(&'a str),
    Whisper {
        to: &'a str,
        text: &'a str,
    },
    Who,
    /// Something that begins with `/`, and is none of these.
    Wrong(&'a str),
}

/// Understands a line.
pub(crate) fn parse(line: &str) -> Command<'_> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else {
        return if line.is_empty() { Command::Nothing } else { Command::Say(line) };
    };
    let (word, rest) = split(command);
    match (word, rest) {
        ("help", "") => Command::Help,
        ("quit", "") => Command::Quit,
        ("who", "") => Command::Who,
        ("me", what) if !what.is_empty() => Command::Act(what),
        ("to", rest) => match split(rest) {
            ("", _) | (_, "") => Command::Wrong(line),
            (to, text) => Command::Whisper { to, text },
        },
        _ => Command::Wrong(line),
    }
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Standard input's lines; disconnects at its end.
pub(crate) fn lines() -> io::Result<Receiver<String>> {
    let (sender, receiver) = bounded(LINES_MAX);
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        // Bytes that are no text become what says so; only the end of input ends it.
        while input.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    })?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let check = |line: &str, expect: Command<'_>| assert_eq!(parse(line), expect, "{line:?}");
        check("hello there\n", Command::Say("hello there"));
        check("  \n", Command::Nothing);
        check("/who\n", Command::Who);
        check("/to bob  psst, you\n", Command::Whisper { to: "bob", text: "psst, you" });
        check("/to bob", Command::Wrong("/to bob"));
        check("/to", Command::Wrong("/to"));
        check("/me waves", Command::Act("waves"));
        check("/me", Command::Wrong("/me"));
        check("/quit", Command::Quit);
        check("/quit now", Command::Wrong("/quit now"));
        check("/whoami", Command::Wrong("/whoami"));
        check("1/2", Command::Say("1/2"));
    }
}
