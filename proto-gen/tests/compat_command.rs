//! The commands `compat` and `release`, as they are typed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A spec that includes another file, in a directory of its own.
struct Project(PathBuf);

impl Project {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("proto-gen-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("spec")).expect("a temporary directory can be made");
        let project = Self(dir);
        project.write("spec/types.ron", TYPES);
        project.write("spec/demo.ron", SPEC);
        project
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).expect("writable");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("readable")
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program).args(args).current_dir(&self.0).output().expect("runs")
    }

    fn proto_gen(&self, args: &[&str]) -> Output {
        self.run(env!("CARGO_BIN_EXE_proto-gen"), args)
    }

    fn git(&self, args: &[&str]) {
        let identity =
            ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let output = self.run("git", &[&identity[..], args].concat());
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What cannot be removed stays for the system to clean up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TYPES: &str = r#"Types(doc: "t", structs: [
    Struct(name: "Point", doc: "d", fields: [Field(name: "x", ty: U16, doc: "d")]),
])"#;

const SPEC: &str = r#"Protocol(name: "demo", version: 1, doc: "d", include: ["types.ron"], sets: [
    Set(name: "App", doc: "d", messages: [
        Message(id: 0x0102, name: "Move", doc: "d", fields: [Field(name: "to", ty: Point, doc: "d")]),
    ]),
])"#;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(text(&output.stdout).contains(stdout), "{output:?}");
    assert!(text(&output.stderr).contains(stderr), "{output:?}");
}

#[test]
fn a_file_is_compared_with_a_revision_whose_includes_are_its_own() {
    let project = Project::new("revision");
    project.git(&["init", "--quiet"]);
    project.git(&["add", "."]);
    project.git(&["commit", "--quiet", "--message", "one"]);
    // Only the included file changes.
    project.write("spec/types.ron", &TYPES.replace("U16", "U32"));
    let output = project.proto_gen(&["compat", "git:HEAD:spec/demo.ron", "spec/demo.ron"]);
    check(&output, 1, "error[C034]: `Point.x` was U16, and is U32", "");
    check(&output, 1, "git:HEAD:spec/types.ron:2:", "");
    project.git(&["commit", "--quiet", "--all", "--message", "two"]);
    let output = project.proto_gen(&["compat", "git:HEAD:spec/demo.ron", "spec/demo.ron"]);
    check(&output, 0, "compatible", "");
    let output =
        project.proto_gen(&["compat", "git:HEAD~1:spec/demo.ron", "git:HEAD:spec/demo.ron"]);
    check(&output, 1, "1 break (1 proved)", "");
}

#[test]
fn json_says_the_same_as_the_report() {
    let project = Project::new("json");
    project.write("old.ron", &SPEC.replace("[\"types.ron\"]", "[\"spec/types.ron\"]"));
    project.write("spec/demo.ron", &SPEC.replace("0x0102", "0x0104"));
    let output = project.proto_gen(&["compat", "old.ron", "spec/demo.ron", "--json"]);
    check(&output, 1, "", "");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(json["compatible"], false);
    let finding = &json["findings"][0];
    assert_eq!((&finding["rule"], &finding["standing"]), (&"C010".into(), &"proved".into()));
    assert_eq!(finding["new"]["file"], "spec/demo.ron");
    assert_eq!(finding["new"]["line"], 3);
    assert_eq!(finding["places"][0]["witnesses"][0]["frame"], "0201020000000100");
}

#[test]
fn what_cannot_be_read_is_no_break() {
    let project = Project::new("usage");
    let compat = |old: &str| project.proto_gen(&["compat", old, "spec/demo.ron"]);
    check(&compat("none.ron"), 2, "", "cannot read `none.ron`");
    let output = project.proto_gen(&["compat", "spec/demo.ron"]);
    check(
        &output,
        2,
        "",
        "no `spec/demo.lock.ron` to compare with: `proto-gen release spec/demo.ron`",
    );
    check(&compat("git:HEAD"), 2, "", "is not of the form `git:REVISION:path`");
    check(&compat("git:HEAD:spec/demo.ron"), 2, "", "cannot read `git:HEAD:spec/demo.ron`");
    project.write("broken.ron", "Protocol(");
    check(&compat("broken.ron"), 2, "", "error[E0016]");
}

#[test]
fn what_breaks_only_sources_counts_if_asked() {
    let project = Project::new("source");
    let renamed = SPEC.replace("name: \"to\"", "name: \"at\", was: \"to\"");
    project.write("spec/new.ron", &renamed);
    let compat = |more: &[&str]| {
        project.proto_gen(&[&["compat", "spec/demo.ron", "spec/new.ron"], more].concat())
    };
    check(&compat(&[]), 0, "warning[C100]", "");
    check(&compat(&["--deny-source"]), 1, "warning[C100]", "");
}

#[test]
fn a_release_moves_the_lock_unless_it_breaks_someone() {
    let project = Project::new("release");
    let release = || project.proto_gen(&["release", "spec/demo.ron"]);
    check(&release(), 0, "wrote spec/demo.lock.ron", "");
    check(&release(), 0, "nothing to release", "");
    // The lock stands by itself: it includes a copy.
    assert!(project.read("spec/demo.lock.ron").contains("include: [\"types.lock.ron\"]"));
    assert_eq!(project.read("spec/types.lock.ron"), TYPES);

    project.write("spec/types.ron", &TYPES.replace("U16", "U32"));
    check(&release(), 1, "", "error[C034]");
    assert_eq!(project.read("spec/types.lock.ron"), TYPES);

    project.write("spec/types.ron", TYPES);
    let grown = SPEC.replace(
        "]),\n    ]),",
        "], tail: [Field(id: 1, name: \"by\", ty: U8, doc: \"d\")]),\n    ]),",
    );
    assert_ne!(grown, SPEC);
    project.write("spec/demo.ron", &grown);
    check(&release(), 1, "", "raise its `version`");
    project.write("spec/demo.ron", &grown.replace("version: 1", "version: 2"));
    check(&release(), 0, "wrote spec/demo.lock.ron", "");
    for specs in [&["spec/demo.lock.ron", "spec/demo.ron"][..], &["spec/demo.ron"]] {
        check(&project.proto_gen(&[&["compat"], specs].concat()), 0, "compatible\n", "");
    }
    project.write("spec/demo.ron", &SPEC.replace("0x0102", "0x0104"));
    check(&project.proto_gen(&["compat", "spec/demo.ron"]), 1, "error[C010]", "");
    assert!(Path::new(&project.0).join("spec/demo.lock.ron").exists());
}
