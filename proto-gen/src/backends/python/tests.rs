use std::fs;
use std::path::Path;
use std::process::Command;

use super::Python;
use crate::backends::Backend;
use crate::backends::vectors::Vectors;
use crate::dynamic::fixture::everything;

#[test]
fn a_module_with_every_type_passes_its_vectors() {
    let schema = everything();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/everything");
    // Those of netport's own messages, too, which the module of every spec has.
    let vectors = Vectors.files(&schema.with_control());
    assert!(vectors.iter().any(|file| file.path == "vectors/Control/Hello.json"));
    for file in Python.files(&schema).into_iter().chain(vectors) {
        let path = folder.join(file.path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("target/ is writable");
        fs::write(path, file.text).expect("target/ is writable");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/vectors.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(folder.join("python/everything.py"))
        .arg(folder.join("vectors"))
        .output()
        .expect("this test needs python3, 3.11 or newer");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
