//! The command as its users run it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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
    for args in [&["--help"][..], &["check", "--help"]] {
        let output = run(args);
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
