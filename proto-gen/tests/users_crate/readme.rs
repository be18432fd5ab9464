//! The crate that the README shows, as it stands there.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Crate, check};

const README: &str = include_str!("../../../README.md");

/// The README's first block after it first names `file`, in its section on this.
fn block(file: &str) -> &'static str {
    let section = README.split("## Your own protocol\n").nth(1).expect("a section");
    let part = section.split_once(file).expect("it names the file").1;
    let block = part.split("```").nth(1).and_then(|block| block.split_once('\n'));
    block.expect("a block").1
}

/// A running program, ended when dropped.
struct Running(Child);

impl Running {
    /// Starts `notes` with these arguments.
    fn start(program: &Path, args: &[&str]) -> Self {
        let child = Command::new(program).args(args).stdout(Stdio::piped()).spawn();
        Self(child.expect("it starts"))
    }

    /// The first line that it prints.
    fn line(&mut self) -> String {
        let output = self.0.stdout.take().expect("piped, and not yet taken");
        BufReader::new(output).lines().next().expect("a line").expect("text")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended, and then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_crate_that_the_readme_shows_builds_and_talks() {
    let made = Crate::new("readme", &[]);
    for file in ["spec/notes.ron", "build.rs", "src/main.rs"] {
        made.write(file, block(&format!("`{file}`")));
    }
    // What `cargo new` writes; a checkout that is elsewhere; and a workspace that is not this one.
    let package = "[package]\nname = \"notes\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("in a workspace");
    let crates = block("`Cargo.toml`").replace("../netport", &root.display().to_string());
    made.write("Cargo.toml", &format!("{package}{crates}\n[workspace]\n"));
    let built = made.cargo("build");
    check(&built, "");
    assert_eq!(String::from_utf8_lossy(&built.stderr), "", "no warnings");

    // As typed, but for the command's place.
    let commands = block("does a command");
    for command in commands.lines().filter_map(|line| line.strip_prefix("proto-gen ")) {
        let mut run = Command::new(env!("CARGO_BIN_EXE_proto-gen"));
        let run = run.args(command.split(' ')).current_dir(&made.dir).output().expect("it runs");
        assert!(run.status.success(), "{command}: {run:?}");
    }
    assert!(made.dir.join("spec/REFERENCE.md").exists());

    let program = made.target.join("debug/notes");
    let mut server = Running::start(&program, &["127.0.0.1:0"]);
    let line = server.line();
    let address = line.strip_prefix("serving on ").expect("its address");
    let mut ann = Running::start(&program, &[address, "ann"]);
    let mut bob = Running::start(&program, &[address, "bob"]);
    let said = format!(
        "$ cargo run -- 127.0.0.1:4100\nserving on 127.0.0.1:4100\n\
         $ cargo run -- 127.0.0.1:4100 ann\n{}\n$ cargo run -- 127.0.0.1:4100 bob\n{}\n",
        ann.line(),
        bob.line()
    );
    assert_eq!(said, block("three terminals"));
}
