//! What an operator sees of a running server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use netport_examples::status::Status;
use rustix::process::Signal;

use crate::by_hand::client;
use crate::support::{DEADLINE, Line, Program, out};

/// A server, where clients connect, and where operators do.
fn server() -> (Program, String, String) {
    let args = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--idle", "never"];
    let mut server = Program::start(env!("CARGO_BIN_EXE_server"), args);
    let address = server.expect_out("listening on ");
    let metrics = server.expect_out("metrics at http://");
    let metrics = metrics.strip_suffix("/metrics").expect("the page").to_owned();
    (server, address, metrics)
}

fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("not zero");
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer and the end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A page, once it has this in it: who is counted learns of that before it is counted.
fn page(metrics: &str, request: &str, wanted: &str) -> String {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let page = exchange(metrics, request);
        if page.contains(wanted) {
            return page;
        }
        assert!(Instant::now() < deadline, "no {wanted} in {page}");
    }
}

/// What `server --status` says, when all is well.
fn status(metrics: &str, more: &[&str]) -> Vec<String> {
    let args = ["--status", metrics];
    let (status, lines) =
        Program::start(env!("CARGO_BIN_EXE_server"), args.iter().chain(more)).end();
    assert!(status.success(), "{lines:#?}");
    out(&lines).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_server_shows_its_meters_to_prometheus() {
    let (server, address, metrics) = server();
    let mut ann = client(&address, "ann");
    ann.expect_out("listed: 1");
    exchange(&address, "GET / HTTP/1.1\r\n\r\n");
    let page = page(&metrics, "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n", "NotHello");
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines[0], "HTTP/1.1 200 OK");
    for line in [
        "# TYPE netport_links_total counter",
        "netport_links_total{side=\"accepted\"} 2",
        "netport_refusals_total{by=\"us\",reason=\"NotHello\"} 1",
        "# TYPE netport_registered gauge",
        "netport_registered 1",
        "# TYPE netport_push_seconds histogram",
        "netport_push_seconds_bucket{le=\"+Inf\"} 1",
        "netport_push_seconds_count 1",
    ] {
        assert!(lines.contains(&line), "no {line} in {page}");
    }
    let described = lines.iter().filter(|line| line.starts_with("# HELP ")).count();
    let named = lines.iter().filter(|line| line.starts_with("# TYPE ")).count();
    assert_eq!(described, named, "every meter says what it is: {page}");

    // Somebody who says nothing holds up nobody, and Ctrl-C ends all of it.
    let _silent = TcpStream::connect(&metrics).expect("it listens");
    server.signal(Signal::INT);
    let (status, lines) = server.end();
    assert!(status.success(), "{lines:#?}");
    TcpStream::connect(&metrics).expect_err("nobody is there any more");
}

#[test]
fn a_server_that_is_asked_says_who_is_registered() {
    let (_server, address, metrics) = server();
    let lines = status(&metrics, &[]);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let mut ann = client(&address, "ann");
    let mut bob = client(&address, "bob the second");
    bob.expect_out("linked with ann");
    ann.expect_out("linked with bob");
    exchange(&address, "GET / HTTP/1.1\r\n\r\n");
    page(&metrics, "GET /status HTTP/1.1\r\n\r\n", "NotHello");

    let lines = status(&metrics, &[]);
    assert!(lines[0].starts_with(&format!("server {address}, up ")), "{lines:#?}");
    assert!(lines[1].starts_with("registered 2, links "), "{lines:#?}");
    assert_eq!(lines[2], "refused: NotHello 1");
    let columns: Vec<_> = lines[4].split_whitespace().collect();
    assert_eq!(columns, ["NAME", "FOR", "INCARNATION", "NODE", "ADDRESSES"]);
    assert!(lines[5].starts_with("ann             "), "{lines:#?}");
    assert!(lines[6].starts_with("bob the second  "), "{lines:#?}");

    let lines = status(&metrics, &["--json"]);
    let shown: Status = serde_json::from_str(&lines[0]).expect("one JSON object");
    assert_eq!((shown.address.to_string(), shown.epoch), (address, 2));
    let clients: Vec<_> = shown.clients.iter().map(|c| (&*c.name, c.incarnation)).collect();
    assert_eq!(clients, [("ann", 1), ("bob the second", 1)]);
    assert!(shown.clients.iter().all(|client| client.addresses.len() == 1), "{shown:?}");
}

/// How the server fails with these arguments.
fn failure(args: &[&str]) -> String {
    let (status, lines) = Program::start(env!("CARGO_BIN_EXE_server"), args).end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = lines.iter().find_map(|line| match line {
        Line::Err(text) => text.strip_prefix("error: "),
        Line::Out(_) => None,
    });
    said.expect("an error").to_owned()
}

#[test]
fn an_operator_is_told_what_is_wrong_with_an_address() {
    let (_server, address, metrics) = server();
    let taken = failure(&["--listen", "127.0.0.1:0", "--metrics", &metrics]);
    assert!(taken.starts_with(&format!("cannot show metrics at {metrics}: Address")), "{taken}");
    let wrong = failure(&["--status", &address]);
    assert!(wrong.starts_with(&format!("{address} is where clients connect; ask at ")), "{wrong}");
}
