//! What generated code costs the compiler: a crate of nothing else, checked and built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use proto_gen::backends::rust::{Options, generate};

use super::{checked, spec};

/// What is asked of cargo, and how a user would see it.
const COMMANDS: [(&str, &[&str]); 3] =
    [("check", &["check"]), ("build", &["build"]), ("build --release", &["build", "--release"])];

/// Prints how long cargo takes for crates of so many messages, and for 100 of them.
pub(crate) fn measure(sizes: &[usize]) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scale");
    prepare(&dir);
    // All that it depends on.
    for (_, arguments) in COMMANDS {
        cargo(&dir, arguments, "");
    }
    println!("| messages | lines | check | build | build --release |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for messages in sizes {
        let rust = generate(&checked(&spec::spec(*messages)), &Options::default());
        let times = COMMANDS.map(|(_, arguments)| {
            let time = cargo(&dir, arguments, &rust);
            let hundred = time.mul_f64(100.0 / *messages as f64);
            format!("{:.1} s, {:.2} s per 100", time.as_secs_f64(), hundred.as_secs_f64())
        });
        println!("| {messages} | {} | {} |", rust.lines().count(), times.join(" | "));
    }
}

/// Makes the crate, with the versions of this workspace.
fn prepare(dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::create_dir_all(dir.join("src")).expect("a directory can be made");
    let manifest = format!(
        "[package]\nname = \"scale\"\nedition = \"2024\"\n\n[dependencies]\n\
         tlv-core = {{ path = {:?} }}\n\n[workspace]\n",
        root.join("tlv-core")
    );
    fs::write(dir.join("Cargo.toml"), manifest).expect("writable");
    fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock")).expect("the lock is copied");
}

/// How long cargo takes for the crate of this text.
fn cargo(dir: &Path, arguments: &[&str], text: &str) -> Duration {
    let source: PathBuf = dir.join("src/lib.rs");
    fs::write(&source, text).expect("writable");
    let begin = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(arguments).arg("--quiet").current_dir(dir).status();
    assert!(status.expect("cargo runs").success(), "what was generated compiles");
    begin.elapsed()
}
