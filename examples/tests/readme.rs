//! Does what the README says, in a copy of the workspace: adds its message, and runs its program.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

const README: &str = include_str!("../../README.md");

/// Where the README's words "in the set `App`, beside its neighbours" lead.
const NEIGHBOUR: &str = r#"            Message(id: 0x0102, name: "Greet""#;

#[test]
fn adding_a_message_takes_one_edit_of_the_spec() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned();
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    copy_workspace(&workspace, &copy).expect("the workspace can be copied");

    let spec = copy.join("spec/messages.ron");
    let text = fs::read_to_string(&spec).expect("the spec is there");
    assert_eq!(text.matches(NEIGHBOUR).count(), 1, "the README's neighbour");
    let edited = text.replace(NEIGHBOUR, &format!("{}{NEIGHBOUR}", block("`spec/messages.ron`")));
    write(&spec, &edited);
    let program = "examples/src/bin/wave.rs";
    write(&copy.join(program), block(&format!("`{program}`:")));

    // The crates that the workspace depends on are built already: for this test, beside it.
    let target = Path::new(env!("CARGO_BIN_EXE_mesh")).ancestors().nth(2).expect("target/debug");
    let run = Command::new(env!("CARGO"))
        .args(["run", "--offline", "--quiet", "--bin", "wave", "--target-dir"])
        .arg(target)
        .current_dir(&copy)
        // What cargo told this test about its own package is not true for the copy.
        .envs(env::vars().filter(|(name, _)| !name.starts_with("CARGO_PKG_")))
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    assert_eq!(errors, "", "no warnings");

    let mut lines: Vec<_> = str::from_utf8(&run.stdout).expect("text").lines().collect();
    let shown = README.split("$ cargo run --bin wave\n").nth(1).expect("the README shows it");
    let mut shown: Vec<_> = shown.lines().take_while(|line| *line != "```").collect();
    // Who is first is not determined.
    lines.sort_unstable();
    shown.sort_unstable();
    assert_eq!(lines, shown);
}

/// The README's first block after it names the file that the block is of, or is for. (`rust` blocks
/// are tested where they stand; a crate of one's own, beside `proto-gen`.)
fn block(file: &str) -> &'static str {
    let mut parts = README.split(file).skip(1);
    let (Some(part), None) = (parts.next(), parts.next()) else { panic!("not one {file}") };
    let block = part.split("```").nth(1).and_then(|block| block.split_once('\n'));
    block.expect("a block").1
}

/// Copies what belongs to the workspace, not what was built or downloaded beside it.
fn copy_workspace(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in ["Cargo.toml", "Cargo.lock"] {
        copy_file(&from.join(name), &to.join(name))?;
    }
    for name in ["spec", "proto-gen", "tlv-core", "netport", "examples"] {
        copy_dir(&from.join(name), &to.join(name))?;
    }
    Ok(())
}

/// Makes `to` like `from`. What is equal already is left alone: cargo does not build it again.
fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut wanted = BTreeSet::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() == "target" {
            continue;
        }
        let copy = to.join(entry.file_name());
        wanted.insert(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_dir(&entry.path(), &copy)?,
            false => copy_file(&entry.path(), &copy)?,
        }
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !wanted.contains(&entry.file_name()) {
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|copied| copied == bytes) {
        return Ok(());
    }
    fs::write(to, bytes)
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
