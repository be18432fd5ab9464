//! The command as its users run it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(name)
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proto-gen"));
    // The fixtures' directory, so that the texts name no other path.
    command.args(args).current_dir(fixture(""));
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_mistake_is_shown_as_in_a_build_script_and_exits_with_1() {
    let output = run(&["check", "E0060_unknown_type.ron"]);
    assert_eq!(output.status.code(), Some(1));
    let golden = std::fs::read_to_string(fixture("E0060_unknown_type.txt")).expect("there");
    // The same text, and no colour where there is no terminal.
    assert_eq!(text(&output.stderr), golden);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_spec_without_mistakes_exits_with_0_and_says_what_it_has() {
    let output = run(&["check", "../../../spec/messages.ron"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).starts_with("netport version "), "{output:?}");
}

#[test]
fn lints_are_shown_and_count_only_where_they_are_denied() {
    let output = run(&["check", "L0001_missing_doc.ron"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("warning[L0001]"));
    assert_eq!(text(&output.stdout), "demo version 2: 1 set, 2 messages, 0 types\n");
    let output = run(&["check", "--deny-lints", "L0001_missing_doc.ron"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn json_is_one_object_with_places() {
    let output = run(&["check", "--json", "E0086_const_value.ron"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["errors"], 3);
    assert_eq!(json["warnings"], 0);
    let first = &json["diagnostics"][0];
    assert_eq!(first["code"], "E0086");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["file"], "E0086_const_value.ron");
    let source = std::fs::read_to_string(fixture("E0086_const_value.ron")).expect("there");
    let at = source.find("256").expect("the value that does not fit");
    let start = serde_json::json!({ "line": 6, "column": 45, "byte": at });
    let end = serde_json::json!({ "line": 6, "column": 48, "byte": at + 3 });
    assert_eq!(first["range"], serde_json::json!({ "start": start, "end": end }));
    assert_eq!(first["related"][0]["label"], "the type");
    assert!(first["help"][0].is_string());
}

#[test]
fn json_of_a_clean_spec_has_no_findings() {
    let output = run(&["check", "--json", "../../../spec/messages.ron"]);
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json, serde_json::json!({ "errors": 0, "warnings": 0, "diagnostics": [] }));
}

#[test]
fn wrong_arguments_exit_with_2_and_say_what_is_right() {
    let output = run(&["chekc"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("check"), "{output:?}");
    let output = run(&["check", "--jsno"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--json"), "{output:?}");
}

#[test]
fn a_spec_that_is_not_there_is_a_mistake_like_others() {
    let output = run(&["check", "nowhere.ron"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error[E0001]: cannot read `nowhere.ron`"), "{output:?}");
}

#[test]
fn help_fits_a_screen() {
    for command in ["", "build", "check", "decode", "encode"] {
        let args = [command, "--help"];
        let output = run(&args[usize::from(command.is_empty())..]);
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        assert!(help.lines().count() <= 24, "{help}");
    }
}

#[test]
fn a_reader_that_went_away_is_not_an_error() {
    let spec = std::fs::read(fixture("E0060_unknown_type.ron")).expect("there");
    for json in [true, false] {
        let args: &[&str] =
            if json { &["check", "--json", "/dev/stdin"] } else { &["check", "/dev/stdin"] };
        let mut child = command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        // The command has nothing to write before it has read the spec; until then its reader goes.
        if json {
            drop(child.stdout.take());
        } else {
            drop(child.stderr.take());
        }
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(&spec).expect("the command reads its spec");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(text(&output.stderr), "", "no word about it");
    }
}

const SPEC: &[&str] = &["--spec", "../../../spec/messages.ron"];

#[test]
fn decode_exits_with_1_where_anything_does_not_decode_and_says_what() {
    let decode = |input: &[&str]| run(&[&["decode"], input, SPEC].concat());
    let output = decode(&["--hex", "0900 00000000"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).ends_with("Control.Ping, id 0x0009, 0 bytes\n"), "{output:?}");
    let output = decode(&["--hex", "0a00 01000000 00 0900 00000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("!! truncated: Probe.nonce at byte 0"), "{output:?}");
    assert!(text(&output.stdout).contains("Control.Ping"), "it goes on: {output:?}");
    for wrong in [&["--hex", "090"][..], &["nowhere.bin"], &["--message", "Nope", "--hex", "00"]] {
        let output = decode(wrong);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stderr).lines().count(), 1, "{output:?}");
    }
    assert_eq!(decode(&["--hex", "00", "file"]).status.code(), Some(2));
}

#[test]
fn decode_shows_a_frame_before_the_next_one_comes_and_stops_when_nobody_reads() {
    let mut child = command(&[&["decode"], SPEC].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("piped");
    let stdout = child.stdout.take().expect("piped");
    let (first, firsts) = channel();
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // The other end waits for it, or has given up.
        let _ = first.send(read.map(|_| line));
    });
    let ping = [9, 0, 0, 0, 0, 0];
    stdin.write_all(&ping).expect("the command reads");
    let shown = firsts.recv_timeout(Duration::from_secs(60));
    // The reader is gone with its end of the pipe; the next frames are for nobody.
    while shown.is_ok() && stdin.write_all(&ping.repeat(10_000)).is_ok() {}
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let shown = shown.expect("in time").expect("text");
    assert!(shown.contains("Control.Ping"), "{shown}");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    reader.join().expect("no panic");
}

/// The output of `encode` for this JSON.
fn encode(json: &[u8], spec: &[&str]) -> Output {
    let mut child = command(&[&["encode", "--hex"], spec].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    child.stdin.take().expect("piped").write_all(json).expect("the command reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn encode_makes_bytes_of_what_decode_prints() {
    let input = "0201 0400 0000 0200 6869";
    let json = run(&[&["decode", "--json", "--hex", input], SPEC].concat()).stdout;
    assert_eq!(text(&encode(&json, SPEC).stdout).trim_end(), input.replace(' ', ""));
}

/// A spec that is not netport's own.
const OWN: &[&str] = &["--spec", "../../../examples/chat/spec/chat.ron"];

#[test]
fn the_frames_of_netport_are_read_and_written_by_a_spec_of_ones_own() {
    let input = "0600 0200 0000 0200 0900 0000 0000 0201 0400 0000 0200 6869";
    let output = run(&[&["decode", "--hex", input], OWN].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown: Vec<&str> =
        text(&output.stdout).lines().filter(|line| line.contains(", id ")).collect();
    for (line, name) in shown.iter().zip(["Control.Goodbye", "Control.Ping", "Chat.Say"]) {
        assert!(line.contains(name), "{output:?}");
    }
    assert!(text(&output.stdout).contains("reason: Restart (2)"), "{output:?}");
    let json = run(&[&["decode", "--json", "--hex", input], OWN].concat()).stdout;
    assert_eq!(text(&encode(&json, OWN).stdout).trim_end(), input.replace(' ', ""));
}

#[test]
fn generated_text_names_the_spec_and_links_to_nothing_else() {
    let folder = std::env::temp_dir().join(format!("proto-gen own {}", std::process::id()));
    let out = folder.to_str().expect("a path of letters");
    assert!(run(&["build", OWN[1], "--out", out]).status.success());
    for file in ["REFERENCE.md", "vectors/README.md"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("it was made");
        assert!(text.contains("Generated from `chat.ron`"), "{text}");
        assert!(!text.contains("messages.ron"), "{text}");
        let links = text.split("](").skip(1);
        assert!(links.into_iter().all(|link| link.starts_with('#')), "{text}");
    }
    std::fs::remove_dir_all(folder).expect("made above");
}

#[test]
fn encode_says_what_may_have_been_meant() {
    for (json, told) in [
        (r#"{"message": "say"}"#, "object 1: there is no message `say`: did you mean `Say`?"),
        (
            r#"{"message": "Goodbye", "value": {"reason": "Bye"}}"#,
            "object 1: Goodbye.reason: there is no value `Bye`: one of Done, Restart, Idle, \
             Replaced is wanted",
        ),
        ("{}", r#"for example {"message": "Ping", "value": {}}"#),
    ] {
        let output = encode(json.as_bytes(), OWN);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(told), "{output:?}");
    }
}

#[test]
fn the_example_of_encode_is_right() {
    let help = run(&["encode", "--help"]).stdout;
    let (_, example) = text(&help).split_once("For example: ").expect("an example");
    let example = example.lines().next().expect("a line");
    let output = encode(example.as_bytes(), SPEC);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn build_verify_names_each_file_that_differs_and_the_command_that_mends_it() {
    let folder = std::env::temp_dir().join(format!("proto-gen build's {}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let spec = folder.join("spec.ron");
    std::fs::copy(fixture("../../../spec/messages.ron"), &spec).expect("the spec is copied");
    let spec = spec.to_str().expect("a path of letters");
    assert_eq!(run(&["build", spec]).status.code(), Some(0));
    assert_eq!(run(&["build", "--verify", spec]).status.code(), Some(0));

    std::fs::write(folder.join("REFERENCE.md"), "by hand").expect("writable");
    std::fs::remove_file(folder.join("netport.lua")).expect("it was made");
    std::fs::write(folder.join("vectors/App/Gone.json"), "{}").expect("writable");
    let output = run(&["build", "--verify", spec]);
    assert_eq!(output.status.code(), Some(1));
    for (file, what) in [
        ("REFERENCE.md", "differs"),
        ("netport.lua", "is missing"),
        ("vectors/App/Gone.json", "is generated no longer"),
    ] {
        let line = format!("{}: {what}\n", folder.join(file).display());
        assert!(text(&output.stdout).contains(&line), "{output:?}");
    }
    // What it says is what a shell runs.
    let (_, mend) = text(&output.stderr).split_once("proto-gen -- ").expect("the command");
    let mended = Command::new("sh")
        .args(["-c", &format!("\"$0\" {}", mend.trim_end()), env!("CARGO_BIN_EXE_proto-gen")])
        .output()
        .expect("a shell");
    assert!(mended.status.success(), "{mended:?}");
    assert_eq!(run(&["build", "--verify", spec]).status.code(), Some(0));
    std::fs::remove_dir_all(folder).expect("made above");
}
