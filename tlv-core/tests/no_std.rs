//! Generated code needs no std: a program with a panic handler of its own links it, and stops
//! building the moment anything pulls in std, which has one too.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

#[test]
fn generated_code_links_without_std() {
    let proof = Proof::new();
    let output = proof.cargo(&["run"]);
    // The program's exit status is how many messages came back as they were.
    let status = output.status.code();
    assert!(status.is_some_and(|back| back > 25), "{status:?}: {}", text(&output));

    // The counter-check: the same with std is refused, and for that reason.
    let output = proof.cargo(&["build", "--features", "std"]);
    assert!(!output.status.success(), "it builds with std, so it proves nothing");
    let text = text(&output);
    assert!(text.contains("duplicate lang item") && text.contains("panic_impl"), "{text}");
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The program, copied to where it can have the workspace's lock file, so that it builds offline.
struct Proof {
    folder: PathBuf,
    goldens: PathBuf,
}

impl Proof {
    fn new() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().expect("the workspace's folder");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_std");
        let source = here.join("tests/no_std");
        fs::create_dir_all(folder.join("src")).expect("writable");
        fs::copy(source.join("src/main.rs"), folder.join("src/main.rs")).expect("writable");
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("writable");
        let manifest = fs::read_to_string(source.join("Cargo.toml")).expect("readable");
        let path = format!("path = {:?}", here.display().to_string());
        let manifest = manifest.replace("path = \"../..\"", &path);
        fs::write(folder.join("Cargo.toml"), manifest).expect("writable");
        Self { folder, goldens: root.join("proto-gen/tests/goldens/rust") }
    }

    fn cargo(&self, args: &[&str]) -> Output {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo)
            .args(args)
            .args(["--quiet", "--offline", "--target-dir", "target"])
            .current_dir(&self.folder)
            .env("GOLDENS", &self.goldens)
            // Flags of whoever runs the tests are not part of the proof.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .expect("cargo runs")
    }
}
