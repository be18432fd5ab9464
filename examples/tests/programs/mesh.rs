//! The main job, as a user runs it.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Line, Program, out};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

const MESH: &str = env!("CARGO_BIN_EXE_mesh");

fn mesh(args: &str) -> Program {
    Program::start(MESH, args.split_whitespace())
}

/// The one JSON object on standard output.
fn object(lines: &[Line]) -> Value {
    let out = out(lines);
    assert_eq!(out.len(), 1, "{lines:#?}");
    serde_json::from_str(out[0]).expect("JSON")
}

#[test]
fn two_clients_greet_each_other() {
    let (status, lines) = mesh("--clients 2").end();
    assert!(status.success(), "{lines:#?}");
    let out = out(&lines);
    assert_eq!(out[..3], ["   c1 c2", "c1  ·  x", "c2  x  ·"]);
    assert!(out.contains(&"every pair greeted, every process ended cleanly"), "{out:#?}");
}

#[test]
fn json_describes_the_run_and_nothing_else_is_on_standard_output() {
    let (status, lines) = mesh("--clients 6 --json").end();
    assert!(status.success(), "{lines:#?}");
    let object = object(&lines);
    assert_eq!(object["ok"], true);
    assert_eq!(object["clients"], 6);
    assert_eq!(object["links"], 15);
    assert_eq!(object["greetings"], 30);
    assert_eq!(object["processes"].as_array().map(Vec::len), Some(7));
    assert_eq!(object["missing"], Value::Array(vec![]));
    for (from, row) in object["greeted"].as_array().expect("rows").iter().enumerate() {
        for (to, cell) in row.as_array().expect("cells").iter().enumerate() {
            assert_eq!(*cell, u8::from(from != to), "{from} to {to}");
        }
    }
}

#[test]
fn forty_clients_find_each_other() {
    let (status, lines) = mesh("--clients 40 --json").end();
    assert!(status.success(), "{lines:#?}");
    assert_eq!(object(&lines)["greetings"], 40 * 39);
}

#[test]
fn the_steps_are_told_while_it_runs() {
    let (_, lines) = mesh("--clients 3").end();
    let at = |text: &str| {
        let line = |line: &Line| matches!(line, Line::Err(told) if told.starts_with(text));
        lines.iter().position(line).unwrap_or_else(|| panic!("no {text:?} in {lines:#?}"))
    };
    let steps = ["server listening on ", "registered: 3 of 3", "greeted: 6 of 6", "left: 3 of 3"];
    assert!(steps.map(at).is_sorted(), "{lines:#?}");
}

#[test]
fn a_process_that_dies_is_named_and_fails_the_run() {
    let mut mesh = mesh("--clients 2 --idle 50 --json");
    mesh.expect_err("left: 2 of 2");
    // The server waits for its idle time.
    let is_server = |pid: &Pid| {
        let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        fs::read_to_string(path).is_ok_and(|args| args.contains("child-server"))
    };
    let server = children(mesh.pid()).into_iter().find(is_server).expect("a server");
    kill_process(server, Signal::KILL).expect("the server runs");
    let (status, lines) = mesh.end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let object = object(&lines);
    assert_eq!(object["ok"], false);
    assert_eq!(object["missing"][0], "server was ended by signal 9");
}

#[test]
fn an_interrupt_ends_the_children_too() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut mesh = mesh("--clients 3 --idle 50");
        mesh.expect_err("server listening on ");
        let children = children(mesh.pid());
        mesh.signal(signal);
        let (status, lines) = mesh.end();
        assert_eq!(status.code(), Some(code), "{lines:#?}");
        assert!(!children.is_empty());
        for child in children {
            assert!(test_kill_process(child).is_err(), "{child:?} still runs");
        }
    }
}

#[test]
fn the_children_do_not_outlive_a_parent_that_is_killed() {
    let mut mesh = mesh("--clients 2 --idle 50");
    mesh.expect_err("left: 2 of 2");
    mesh.signal(Signal::KILL);
    // The server holds the other end of both pipes; they end when it does.
    let (status, _) = mesh.end();
    assert!(!status.success());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut mesh = Command::new(MESH)
        .args(["--clients", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop((mesh.stdout.take(), mesh.stderr.take()));
    assert!(mesh.wait().expect("a child can be waited for").success());
}

#[test]
fn the_help_fits_a_screen() {
    for program in [MESH, env!("CARGO_BIN_EXE_server"), env!("CARGO_BIN_EXE_client")] {
        let (status, lines) = Program::start(program, ["-h"]).end();
        assert!(status.success());
        let help = out(&lines);
        assert!(
            help.len() <= 24 && help.iter().all(|line| line.chars().count() <= 80),
            "{help:#?}"
        );
        assert!(!help.iter().any(|line| line.contains("child-")), "{help:#?}");
    }
}

#[test]
fn wrong_arguments_are_explained() {
    for (args, say) in [("--clients 1", "1 is not in 2..=1000"), ("--idle soon", "seconds")] {
        let (status, lines) = mesh(args).end();
        assert_eq!(status.code(), Some(2));
        let said = |line: &Line| matches!(line, Line::Err(text) if text.contains(say));
        assert!(lines.iter().any(said), "{lines:#?}");
    }
}

/// The processes that this one has started and not yet collected.
fn children(of: Pid) -> Vec<Pid> {
    let parent = of.as_raw_nonzero().get().to_string();
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name, in parentheses: the state, and the parent.
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' '));
        fields.is_some_and(|mut fields| fields.nth(1) == Some(&parent))
    };
    let processes = fs::read_dir("/proc").expect("/proc is there").flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_child)
        .filter_map(Pid::from_raw)
        .collect()
}
