//! One connection: a request, an answer, the end. Nothing here waits.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use super::Page;
use super::answer::answer;

/// A connection, for one request.
pub(super) struct Exchange {
    socket: TcpStream,
    until: Instant,
    stage: Stage,
}

enum Stage {
    /// So much of the request has come.
    Asking(Vec<u8>),
    /// So much of the answer is left.
    Answering(VecDeque<u8>),
    /// The answer is on its way. What still comes is read: closing before would reset the
    /// connection, and lose it.
    Leaving,
    Over,
}

impl Exchange {
    /// An exchange that has to be over by `until`. The socket does not block.
    pub(super) fn new(socket: TcpStream, until: Instant) -> Self {
        Self { socket, until, stage: Stage::Asking(Vec::new()) }
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// What has to happen before it can go on.
    pub(super) fn waits_for(&self) -> PollFd<'_> {
        let writes = matches!(self.stage, Stage::Answering(_));
        PollFd::new(&self.socket, if writes { PollFlags::OUT } else { PollFlags::IN })
    }

    /// Does what can be done at once.
    pub(super) fn go_on(&mut self, page: &impl Fn(&str) -> Option<Page>) {
        let went = match &mut self.stage {
            Stage::Asking(request) => {
                let went = read(&mut self.socket, request);
                if let Some(answer) = answer(request, page) {
                    self.stage = Stage::Answering(answer.into());
                }
                went
            }
            Stage::Answering(left) => {
                let went = write(&mut self.socket, left);
                if left.is_empty() {
                    // Fails if the connection is gone, as the next read does.
                    let _ = self.socket.shutdown(Shutdown::Write);
                    self.stage = Stage::Leaving;
                }
                went
            }
            Stage::Leaving => read(&mut self.socket, &mut Vec::new()),
            Stage::Over => Went::Over,
        };
        if let Went::Over = went {
            self.stage = Stage::Over;
        }
    }
}

/// How it stands with a connection.
enum Went {
    On,
    Over,
}

/// Takes some of what is there. The end of the stream is the end of the exchange: nobody would read
/// the answer.
fn read(socket: &mut TcpStream, into: &mut Vec<u8>) -> Went {
    let mut bytes = [0; 2048];
    match socket.read(&mut bytes) {
        Ok(0) => Went::Over,
        Ok(read) => {
            into.extend_from_slice(&bytes[..read]);
            Went::On
        }
        Err(error) => after(&error),
    }
}

/// Gives what is taken.
fn write(socket: &mut TcpStream, left: &mut VecDeque<u8>) -> Went {
    match socket.write(left.as_slices().0) {
        Ok(written) => {
            left.drain(..written);
            Went::On
        }
        Err(error) => after(&error),
    }
}

fn after(error: &io::Error) -> Went {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Went::On,
        _ => Went::Over,
    }
}
