//! The generated Python module, run by Python.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_python_module_passes_every_vector() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg(here.join("tests/python/vectors.py"))
        .arg(here.join("../spec/python/netport.py"))
        .arg(here.join("../spec/vectors"))
        // What Python would cache beside the module is no part of the repository.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("this test needs python3, 3.11 or newer");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
