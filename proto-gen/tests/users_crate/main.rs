//! A crate as a user would write it, outside the workspace: its spec includes a file, its build
//! script compiles it, and its program talks to a netport server with its own messages.

#[path = "../mutated/damage.rs"]
mod damage;
#[path = "../compat_random/model.rs"]
mod model;
mod readme;
mod sampled;
#[path = "../compat_random/text.rs"]
mod text;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/users_crate/template")
}

/// The crate, in a directory of its own. Built dependencies stay for the next run.
struct Crate {
    dir: PathBuf,
    target: PathBuf,
}

impl Crate {
    /// A crate with the template's manifest and these of its files.
    fn new(name: &str, files: &[&str]) -> Self {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("users_crate");
        let made = Self { dir: base.join(name), target: base.join("target") };
        // Whatever an earlier run left is no part of a crate from scratch.
        let _ = fs::remove_dir_all(&made.dir);
        for dir in ["spec", "src"] {
            fs::create_dir_all(made.dir.join(dir)).expect("a directory can be made");
        }
        for file in files {
            made.write(file, &fs::read_to_string(here().join(file)).expect("a template"));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("in a workspace");
        let manifest = fs::read_to_string(here().join("Cargo.toml.in")).expect("a template");
        let manifest = manifest.replace("@ROOT@", &root.display().to_string());
        // In a shared target directory, cargo takes crates of one name for the same crate.
        made.write("Cargo.toml", &manifest.replace("@NAME@", name));
        // The same versions as the workspace has, which are on this machine already.
        fs::copy(root.join("Cargo.lock"), made.dir.join("Cargo.lock")).expect("the lock is copied");
        made
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.dir.join(path), text).expect("writable");
    }

    fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.dir.join(path)).expect("readable");
        assert!(text.contains(from), "{path} has {from}");
        self.write(path, &text.replace(from, to));
    }

    /// `cargo run` or another command, without the network if that is possible.
    fn cargo(&self, subcommand: &str) -> Output {
        let cargo = |more: &[&str]| {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args([subcommand, "--quiet", "--target-dir"]).arg(&self.target).args(more);
            command.current_dir(&self.dir).output().expect("cargo runs")
        };
        let output = cargo(&["--offline"]);
        match String::from_utf8_lossy(&output.stderr).contains("--offline") {
            true => cargo(&[]),
            false => output,
        }
    }
}

#[track_caller]
fn check(output: &Output, stdout: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout, "{errors}");
}

#[test]
fn a_users_crate_builds_from_scratch_talks_and_follows_its_spec() {
    let made =
        Crate::new("notes", &["build.rs", "spec/notes.ron", "spec/kinds.ron", "src/main.rs"]);
    check(&made.cargo("run"), "Lunch: at noon\n");

    // Only the included file changes: cargo must know that it belongs to the build.
    made.replace("spec/kinds.ron", "\"Lunch\"", "\"Dinner\", was: \"Lunch\"");
    made.replace("src/main.rs", "Kind::Lunch, \"at noon\"", "Kind::Dinner, \"at eight\"");
    check(&made.cargo("run"), "Dinner: at eight\n");

    // A mistake is told as the checker tells it, by the build script too.
    made.replace("spec/kinds.ron", "repr: U8", "repr: U9");
    let output = made.cargo("run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.contains("error[E0070]: `U9` cannot represent an enum"), "{errors}");
    assert!(errors.contains("spec/kinds.ron:2:30"), "{errors}");
}
