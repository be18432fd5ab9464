//! Settings from a file, and from flags, which come first.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::support::{Line, Program, out};

/// A file of this process's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", process::id()));
    fs::write(&path, text).expect("a file can be written");
    path
}

fn server(file: &Path, more: &[&str]) -> Program {
    let args = ["--config".as_ref(), file.as_os_str()];
    Program::start(
        env!("CARGO_BIN_EXE_server"),
        args.into_iter().chain(more.iter().map(AsRef::as_ref)),
    )
}

/// How a server with this file and these flags fails, after the file's name.
#[track_caller]
fn failure(name: &str, text: &str, more: &[&str]) -> String {
    let path = file(name, text);
    let (status, lines) = server(&path, more).end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = lines.iter().find_map(|line| match line {
        Line::Err(text) => text.strip_prefix("error: "),
        Line::Out(_) => None,
    });
    said.expect("an error").replace(&path.display().to_string(), "FILE")
}

#[test]
fn a_server_takes_its_settings_from_a_file() {
    let path = file("idle.ron", r#"(listen: "127.0.0.1:0", port: (idle: "50ms"))"#);
    let mut server = server(&path, &[]);
    let address = server.expect_out("listening on 127.0.0.1:");
    assert_ne!(address, "0");
    let (status, lines) = server.end();
    assert!(status.success(), "{lines:#?}");
}

#[test]
fn what_is_printed_can_be_given_back_and_flags_come_first() {
    let path = file(
        "printed.ron",
        r#"(
            listen: "127.0.0.1:4321",
            push_spacing: 0.25,
            port: (idle: "never", accept_rate_max: 500),
            link: (heartbeat: "1m 30s", link_idle: "5m"),
            directory: (trust_advertised: true),
        )"#,
    );
    let (status, lines) = server(&path, &["--print-config", "--accept-rate-max", "none"]).end();
    assert!(status.success(), "{lines:#?}");
    let printed = out(&lines).join("\n");
    for setting in [
        r#"listen: "127.0.0.1:4321""#,
        r#"push_spacing: "250ms""#,
        r#"idle: "none""#,
        r#"accept_rate_max: "none""#,
        r#"heartbeat: "1m 30s""#,
        "trust_advertised: true",
        "handshakes_max: 1024",
    ] {
        assert!(printed.contains(&format!("{setting},\n")), "no {setting} in {printed}");
    }
    let path = file("again.ron", &printed);
    let (_, lines) = server(&path, &["--print-config"]).end();
    assert_eq!(out(&lines).join("\n"), printed);
}

#[test]
fn a_client_takes_its_settings_from_a_file() {
    let path =
        file("client.ron", r#"(server: "127.0.0.1:1", name: "007", mesh: (dial: "on-demand"))"#);
    let args = ["--config".as_ref(), path.as_os_str(), "--print-config".as_ref()];
    let (status, lines) = Program::start(env!("CARGO_BIN_EXE_client"), args).end();
    assert!(status.success(), "{lines:#?}");
    for setting in [r#"dial: "on-demand","#, r#"name: "007","#] {
        assert!(out(&lines).iter().any(|line| line.trim() == setting), "{setting} {lines:#?}");
    }

    let nothing: [&str; 0] = [];
    let (status, lines) = Program::start(env!("CARGO_BIN_EXE_client"), nothing).end();
    assert_eq!(status.code(), Some(2), "{lines:#?}");
    let needed = "error: a client needs `--server` and `--name`, here or in the file";
    for line in [needed, "Usage: client [OPTIONS]"] {
        assert!(lines.contains(&Line::Err(line.into())), "{lines:#?}");
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let unknown = failure("unknown.ron", "(\n    port: (idel: \"1m\"),\n)", &[]);
    assert!(unknown.starts_with("FILE:2:12: ") && unknown.contains("`idel`"), "{unknown}");
    let wrong = failure("wrong.ron", "(link: (\n  linger: \"soon\",\n))", &[]);
    assert!(wrong.starts_with("FILE:2:"), "{wrong}");
    assert!(wrong.contains("\"soon\": expected a time: 1m 30s, 250ms, or seconds"), "{wrong}");
    let broken = failure("broken.ron", "(listen: ", &[]);
    assert!(broken.starts_with("FILE:1:9: "), "{broken}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (status, lines) = server(Path::new("/nonexistent/server.ron"), &[]).end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = |line: &Line| matches!(line, Line::Err(text) if text.contains("/nonexistent/server.ron: No such file"));
    assert!(lines.iter().any(said), "{lines:#?}");
}

#[test]
fn settings_that_cannot_work_together_are_told_wherever_they_come_from() {
    let file = "(listen: \"127.0.0.1:0\", link: (heartbeat: \"30s\"))";
    assert_eq!(
        failure("heartbeat.ron", file, &[]),
        "`port.link.heartbeat` is 30s: it must be at most a third of `idle_timeout`, which is 60s"
    );
    assert_eq!(
        failure("zero.ron", file, &["--heartbeat", "1s", "--handshakes-max", "0"]),
        "`port.handshakes_max` is 0: it must be at least 1"
    );
}
