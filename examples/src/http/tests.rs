//! Over real sockets: who is answered, and who holds up nobody.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use socket2::{Domain, Socket, Type};

use super::answer::plain;
use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

fn pages() -> Pages {
    pages_at(([127, 0, 0, 1], 0).into())
}

fn pages_at(address: SocketAddr) -> Pages {
    Pages::serve(address, |path| {
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
    assert!(!matches!(&ended, Err(error) if error.kind() == ErrorKind::WouldBlock), "{ended:?}");
    assert!(ask(&pages, b"GET /short HTTP/1.1\r\n\r\n").ends_with("hello\n"));
}

#[test]
fn ending_it_takes_no_longer_than_a_moment_and_frees_the_address() {
    // Held, so that nobody else is given the port who asks for any free one.
    let place = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    place.set_reuse_address(true).expect("an option");
    place.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let address = place.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    let pages = pages_at(address);
    let _silent = connect(&pages);
    let begun = Instant::now();
    drop(pages);
    assert!(begun.elapsed() < EXCHANGE_TIME_MAX / 2, "{:?}", begun.elapsed());
    TcpListener::bind(address).expect("it is free");
}
