//! A small HTTP/1.1 server for operators: it shows a few pages, to whoever asks `GET`.
//!
//! One thread serves everybody, and waits for nobody: who dribbles, asks for too much or does not
//! read loses its connection in time, and meanwhile nobody else notices.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// Longest request, with its headers, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Most connections, each with a page in memory; one more takes the place of the oldest.
const EXCHANGES_MAX: usize = 16;
/// From the connection to its end.
const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(10);
/// No accepting for so long after the system said that it has no room.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// What is shown.
#[derive(Clone, Debug)]
pub struct Page {
    /// What kind of text it is.
    pub content_type: &'static str,
    /// The text.
    pub text: String,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Pages {
    address: SocketAddr,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Pages {
    /// Listens, and shows what `page` finds for a path.
    ///
    /// # Errors
    /// The address cannot be listened on, or the system has no room for a thread.
    pub fn serve(
        listen: SocketAddr,
        page: impl Fn(&str) -> Option<Page> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let server = Server {
            listener,
            stop: Arc::clone(&stop),
            page,
            exchanges: VecDeque::new(),
            paused_until: None,
        };
        let thread = thread::Builder::new().name("pages".into()).spawn(move || server.run())?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // It can be read from then on, whatever it held before.
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the pages panicked");
        }
    }
}

struct Server<P> {
    listener: TcpListener,
    stop: Arc<OwnedFd>,
    page: P,
    /// The oldest first, and so the first whose time is over.
    exchanges: VecDeque<Exchange>,
    paused_until: Option<Instant>,
}

/// One connection: a request, an answer, the end.
struct Exchange {
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

impl<P: Fn(&str) -> Option<Page>> Server<P> {
    fn run(mut self) {
        loop {
            match self.wait() {
                Ok(Woken { stopped: true, .. }) => return,
                Ok(Woken { connected, ready, .. }) => {
                    for (exchange, ready) in self.exchanges.iter_mut().zip(ready) {
                        if ready {
                            exchange.go_on(&self.page);
                        }
                    }
                    if connected {
                        self.accept();
                    }
                }
                Err(error) => return tracing::error!(%error, "the pages are shown no more"),
            }
            let now = Instant::now();
            self.exchanges
                .retain(|exchange| exchange.until > now && !matches!(exchange.stage, Stage::Over));
        }
    }

    /// Sleeps until something happens.
    fn wait(&self) -> io::Result<Woken> {
        let now = Instant::now();
        let paused = self.paused_until.filter(|until| *until > now);
        let first = self.exchanges.front().map(|exchange| exchange.until);
        let timeout = paused.into_iter().chain(first).min().map(|at| {
            // A moment later, so that the time is over by then.
            let left = at.saturating_duration_since(now) + Duration::from_millis(1);
            Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() }
        });
        let accepting = if paused.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut fds =
            vec![PollFd::new(&*self.stop, PollFlags::IN), PollFd::new(&self.listener, accepting)];
        fds.extend(self.exchanges.iter().map(|exchange| {
            let writes = matches!(exchange.stage, Stage::Answering(_));
            PollFd::new(&exchange.socket, if writes { PollFlags::OUT } else { PollFlags::IN })
        }));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let stopped = ready.next() == Some(true);
        let connected = ready.next() == Some(true);
        Ok(Woken { stopped, connected, ready: ready.collect() })
    }

    fn accept(&mut self) {
        // The socket says so if more are waiting.
        for _ in 0..EXCHANGES_MAX {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    if socket.set_nonblocking(true).is_ok() {
                        let until = Instant::now() + EXCHANGE_TIME_MAX;
                        let stage = Stage::Asking(Vec::new());
                        self.exchanges.push_back(Exchange { socket, until, stage });
                    }
                    if self.exchanges.len() > EXCHANGES_MAX {
                        self.exchanges.pop_front();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept for the pages");
                    self.paused_until = Some(Instant::now() + EXHAUSTED_PAUSE);
                    return;
                }
            }
        }
    }
}

/// What a sleep ended with.
struct Woken {
    stopped: bool,
    connected: bool,
    /// Of each exchange.
    ready: Vec<bool>,
}

impl Exchange {
    fn go_on(&mut self, page: &impl Fn(&str) -> Option<Page>) {
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

/// The answer to a request, once enough of it is there.
fn answer(request: &[u8], page: &impl Fn(&str) -> Option<Page>) -> Option<Vec<u8>> {
    let Some(head) = head(request) else {
        let text = "the request is too long";
        return (request.len() > REQUEST_BYTES_MAX).then(|| error("431 Too Large", text));
    };
    let mut words = head.split(|byte| *byte == b' ');
    let line = (words.next(), words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = line else {
        return Some(error("400 Bad Request", "this is not HTTP/1"));
    };
    let Some(target) = str::from_utf8(target).ok().filter(|_| version.starts_with(b"HTTP/1."))
    else {
        return Some(error("400 Bad Request", "this is not HTTP/1"));
    };
    if method != b"GET" {
        return Some(response("405 Method Not Allowed", "Allow: GET\r\n", &plain("only GET")));
    }
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    Some(match page(path) {
        Some(page) => response("200 OK", "", &page),
        None => error("404 Not Found", "no such page"),
    })
}

/// The first line, once all of the headers are there.
fn head(request: &[u8]) -> Option<&[u8]> {
    let is_whole = request.windows(4).any(|end| end == b"\r\n\r\n")
        || request.windows(2).any(|end| end == b"\n\n");
    let line = request.split(|byte| *byte == b'\n').next().filter(|_| is_whole)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn error(status: &str, text: &str) -> Vec<u8> {
    response(status, "", &plain(text))
}

fn plain(text: &str) -> Page {
    Page { content_type: "text/plain; charset=utf-8", text: format!("{text}\n") }
}

fn response(status: &str, headers: &str, page: &Page) -> Vec<u8> {
    let Page { content_type, text } = page;
    let mut response = format!("HTTP/1.1 {status}\r\n{headers}");
    // Writing to a string does not fail.
    let _ = write!(
        response,
        "Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    response.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn pages() -> Pages {
        Pages::serve(([127, 0, 0, 1], 0).into(), |path| {
            (path == "/long")
                .then(|| plain(&"x".repeat(10_000_000)))
                .or_else(|| (path == "/short").then(|| plain("hello")))
        })
        .expect("a free port")
    }

    fn connect(pages: &Pages) -> TcpStream {
        let stream = TcpStream::connect(pages.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
        stream
    }

    /// What comes back, until the end of the stream.
    fn ask(pages: &Pages, request: &[u8]) -> String {
        let mut stream = connect(pages);
        // It may have answered and closed before all is written.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).expect("text")
    }

    #[track_caller]
    fn check(request: &str, status: &str, text: &str) {
        let pages = pages();
        let answer = ask(&pages, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{text}\n")), "{answer}");
    }

    #[test]
    fn a_page_is_shown_and_what_is_no_page_is_told_why() {
        check("GET /short HTTP/1.1\r\nHost: here\r\n\r\n", "200 OK", "hello");
        check("GET /short?a=b HTTP/1.0\n\n", "200 OK", "hello");
        check("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "no such page");
        check("HEAD /short HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only GET");
        check("GET /short\r\n\r\n", "400 Bad Request", "this is not HTTP/1");
        check("\u{1}\u{2} what is this\n\n", "400 Bad Request", "this is not HTTP/1");
        check("GET /short SPDY/3\r\n\r\n", "400 Bad Request", "this is not HTTP/1");
        let endless = format!("GET /short HTTP/1.1\r\n{}", "Header: value\r\n".repeat(1_000));
        check(&endless, "431 Too Large", "the request is too long");
    }

    #[test]
    fn a_page_that_the_kernel_does_not_take_at_once_arrives_whole() {
        let answer = ask(&pages(), b"GET /long HTTP/1.1\r\n\r\n");
        assert_eq!(answer.matches('x').count(), 10_000_000 + "text".matches('x').count());
    }

    #[test]
    fn those_who_say_nothing_or_read_nothing_hold_up_nobody() {
        let pages = pages();
        let _silent: Vec<_> = (0..EXCHANGES_MAX / 2).map(|_| connect(&pages)).collect();
        let _deaf: Vec<_> = (0..EXCHANGES_MAX / 4)
            .map(|_| {
                let mut stream = connect(&pages);
                stream.write_all(b"GET /long HTTP/1.1\r\n\r\n").expect("it is read");
                stream
            })
            .collect();
        assert!(ask(&pages, b"GET /short HTTP/1.1\r\n\r\n").ends_with("hello\n"));
    }

    #[test]
    fn one_connection_too_many_takes_the_place_of_the_oldest() {
        let pages = pages();
        let (mut oldest, begun) = (connect(&pages), Instant::now());
        let _others: Vec<_> = (0..EXCHANGES_MAX).map(|_| connect(&pages)).collect();
        // Ended by the other side, before its time is over.
        let ended = oldest.read(&mut [0]);
        assert!(begun.elapsed() < EXCHANGE_TIME_MAX, "{:?}", begun.elapsed());
        assert!(
            !matches!(&ended, Err(error) if error.kind() == ErrorKind::WouldBlock),
            "{ended:?}"
        );
        assert!(ask(&pages, b"GET /short HTTP/1.1\r\n\r\n").ends_with("hello\n"));
    }

    #[test]
    fn ending_it_takes_no_longer_than_a_moment_and_frees_the_address() {
        let pages = pages();
        let _silent = connect(&pages);
        let (address, begun) = (pages.address(), Instant::now());
        drop(pages);
        assert!(begun.elapsed() < EXCHANGE_TIME_MAX / 2, "{:?}", begun.elapsed());
        TcpListener::bind(address).expect("it is free");
    }
}
