//! `server` and `client`, started by hand.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::support::{Line, Program, out};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};

pub(crate) fn server(args: &str) -> (Program, String) {
    let args = format!("--listen 127.0.0.1:0 {args}");
    let mut server = Program::start(env!("CARGO_BIN_EXE_server"), args.split_whitespace());
    let address = server.expect_out("listening on ");
    (server, address)
}

pub(crate) fn client(server: &str, name: &str) -> Program {
    client_with(server, name, &[])
}

fn client_with(server: &str, name: &str, more: &[&str]) -> Program {
    let args = ["--server", server, "--name", name];
    Program::start(env!("CARGO_BIN_EXE_client"), args.iter().chain(more))
}

/// An address that nobody listens on but who is told to: it is nobody else's, who asks for any free
/// port, while the socket is there.
fn place() -> (Socket, String) {
    let place = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    place.set_reuse_address(true).expect("an option");
    place.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
    let address = place.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    (place, address.to_string())
}

#[test]
fn two_clients_find_each_other_and_greet() {
    let (server, address) = server("--idle never");
    let mut ann = client(&address, "ann");
    ann.expect_out("registered as ann");
    let mut bob = client(&address, "bob");
    bob.expect_out("registered as bob");
    bob.expect_out("ann says: ");
    ann.expect_out("bob says: ");

    // Ctrl-C at one: it leaves in order, and the other notices.
    bob.signal(Signal::INT);
    let (status, lines) = bob.end();
    assert!(status.success(), "{lines:#?}");
    ann.expect_out("listed: 1");

    ann.signal(Signal::TERM);
    let (status, lines) = ann.end();
    assert!(status.success(), "{lines:#?}");
    server.signal(Signal::TERM);
    let (status, lines) = server.end();
    assert!(status.success(), "{lines:#?}");
}

#[test]
fn a_quiet_server_prints_one_line_and_says_why_it_ends() {
    let (server, address) = server("--idle 0.05");
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    let (status, lines) = server.end();
    assert!(status.success(), "{lines:#?}");
    assert_eq!(out(&lines).len(), 1, "{lines:#?}");
    let last = Line::Err("ended: nobody was connected for 50ms (see `--idle`)".into());
    assert_eq!(lines.last(), Some(&last), "{lines:#?}");
}

#[test]
fn a_client_that_is_killed_leaves_the_list() {
    let (_server, address) = server("--idle never");
    let mut ann = client(&address, "ann");
    let mut bob = client(&address, "bob");
    bob.expect_out("linked with ann");
    ann.expect_out("linked with bob");
    bob.signal(Signal::KILL);
    ann.expect_out("listed: 1");
}

#[test]
fn a_taken_name_is_said_and_ends_the_client() {
    let (_server, address) = server("--idle never");
    let mut ann = client(&address, "ann");
    ann.expect_out("registered as ann");
    let (status, lines) = client(&address, "ann").end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = |line: &Line| matches!(line, Line::Out(text) | Line::Err(text) if text.contains("choose another `--name`"));
    assert!(lines.iter().any(said), "{lines:#?}");
}

#[test]
fn a_used_port_is_explained() {
    let (_server, address) = server("--idle never");
    let second = Program::start(env!("CARGO_BIN_EXE_server"), ["--listen", &address]);
    let (status, lines) = second.end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = |line: &Line| matches!(line, Line::Err(text) if text.contains(&address));
    assert!(lines.iter().any(said), "{lines:#?}");
}

#[test]
fn a_client_that_waits_for_its_name_gets_it_when_it_is_free() {
    let (_server, address) = server("--idle never");
    let mut first = client(&address, "ann");
    first.expect_out("registered as ann");
    let mut second = client_with(&address, "ann", &["--wait-for-name", "--backoff", "100ms"]);
    second.expect_out("not registered: another client has the name (again in ");
    first.signal(Signal::INT);
    second.expect_out("registered as ann");
}

#[test]
fn a_client_without_a_server_says_so_until_there_is_one() {
    let (_place, address) = place();
    let mut ann = client_with(&address, "ann", &["--backoff", "100ms"]);
    let said = ann.expect_out("no server: ");
    assert!(said.contains("connection refused (attempt 1, again in "), "{said}");
    ann.expect_out("no server: ");
    let log: Vec<_> = ann.seen().iter().filter(|line| matches!(line, Line::Err(_))).collect();
    assert!(log.is_empty(), "said once, not in the log too: {log:#?}");
    let args = ["--listen", &address];
    let _second = Program::start(env!("CARGO_BIN_EXE_server"), args);
    ann.expect_out("registered as ann");
}

#[test]
fn a_client_that_was_idle_for_too_long_says_so_and_leaves() {
    let (_place, address) = place();
    // It would try again later than that.
    let more = ["--idle", "100ms", "--backoff", "1h", "--backoff-max", "1h"];
    let mut ann = client_with(&address, "ann", &more);
    assert_eq!(ann.expect_out("ended: "), "idle for too long");
    let (status, lines) = ann.end();
    assert!(status.success(), "{lines:#?}");
}

#[test]
fn an_identity_file_makes_each_start_a_newer_one_of_the_same_node() {
    let (_server, address) = server("--idle never");
    let file = format!("{}/identity-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let mut first = client_with(&address, "ann", &["--identity", &file]);
    first.expect_out("registered as ann");
    let set = |incarnation| {
        let text = std::fs::read_to_string(&file).expect("the file is there");
        let (node, _) = text.split_once('\n').expect("two lines");
        std::fs::write(&file, format!("{node}\nincarnation = {incarnation}\n")).expect("a file");
    };
    set(9);
    let mut second = client_with(&address, "ann", &["--identity", &file]);
    second.expect_out("registered as ann");
    let (status, lines) = first.end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = |line: &Line| matches!(line, Line::Err(text) if text.contains("replaced by a newer incarnation"));
    assert!(lines.iter().any(said), "{lines:#?}");

    // A file from a backup: the server knows a newer incarnation, which the file then learns.
    set(1);
    let mut third = client_with(&address, "ann", &["--identity", &file]);
    third
        .expect_err("error: the server is gone: refused by the peer: a newer incarnation is known");
    let mut fourth = client_with(&address, "ann", &["--identity", &file]);
    fourth.expect_out("registered as ann");
}

#[test]
fn the_programs_call_themselves_by_their_own_names() {
    let (status, lines) = Program::start(env!("CARGO_BIN_EXE_client"), ["--name", "ann"]).end();
    assert_eq!(status.code(), Some(2), "{lines:#?}");
    let usage = |line: &Line| matches!(line, Line::Err(text) if text.starts_with("Usage: client "));
    assert!(lines.iter().any(usage), "{lines:#?}");
    for (path, name) in [
        (env!("CARGO_BIN_EXE_client"), "client"),
        (env!("CARGO_BIN_EXE_mesh"), "mesh"),
        (env!("CARGO_BIN_EXE_server"), "server"),
    ] {
        let (_, lines) = Program::start(path, ["--version"]).end();
        let version = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(lines, [Line::Out(version)]);
    }
}

#[test]
fn a_log_that_is_no_terminal_has_no_escape_codes() {
    let (server, _address) = server("--idle 0.05 --log debug");
    let (_, lines) = server.end();
    let log: Vec<_> = lines.iter().filter(|line| matches!(line, Line::Err(_))).collect();
    assert!(log.len() > 1, "{lines:#?}");
    assert!(!format!("{log:?}").contains("u{1b}"), "{log:#?}");
}

#[test]
fn a_signal_that_comes_many_times_at_once_is_one_request() {
    let (_server, address) = server("--idle never");
    let mut ann = client(&address, "ann");
    ann.expect_out("registered as ann");
    // `timeout` sends two; the kernel hands over fewer than are sent.
    for _ in 0..100 {
        ann.signal(Signal::INT);
    }
    let (status, lines) = ann.end();
    assert!(status.success(), "{status} {lines:#?}");
    assert_eq!(out(&lines).last(), Some(&"ended: interrupted"));
}

#[test]
fn a_warning_says_whom_it_is_about() {
    let (server, address) = server("--idle never");
    let mut stranger = TcpStream::connect(&address).expect("it listens");
    let own = stranger.local_addr().expect("it is connected");
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it is connected");
    // Refused, and told so, before the end.
    let _ = stranger.read_to_end(&mut Vec::new());
    server.signal(Signal::TERM);
    let (_, lines) = server.end();
    let whose = format!("link{{port=server id=1 peer={own} reason=\"refused\"}}");
    let said = |line: &Line| matches!(line, Line::Err(text) if text.contains(&whose));
    assert!(lines.iter().any(said), "{whose} {lines:#?}");
}
