//! Any text as a spec: nothing panics, every place lies inside its file, and there is either a
//! schema or a mistake.
//!
//! The input is the spec's text. The corpus is seeded with the specs and the fixtures of the tests.

#![no_main]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs};

use libfuzzer_sys::fuzz_target;
use proto_gen::Checked;

fuzz_target!(init: seed(), |data: &[u8]| {
    let Checked { schema, diagnostics } = proto_gen::check_with("spec.ron", |path| {
        if path == Path::new("spec.ron") { Ok(data.to_vec()) } else { Err(ErrorKind::NotFound.into()) }
    });
    assert_eq!(schema.is_some(), diagnostics.errors() == 0, "a schema or a mistake");
    for diagnostic in diagnostics.iter() {
        for label in [&diagnostic.primary].into_iter().chain(&diagnostic.others) {
            let text = &diagnostics.sources()[label.span.file as usize].text;
            let range = label.span.start as usize..label.span.end as usize;
            assert!(text.get(range).is_some(), "outside the file: {diagnostic:?}");
        }
    }
    let _ = diagnostics.render(true);
});

/// Copies the specs of the repository to the corpus with which the fuzzer was started: the first
/// directory among the arguments.
fn seed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let merge = env::args().any(|arg| arg.starts_with("-merge"));
    let Some(corpus) = args.find(|path| path.is_dir()).filter(|_| !merge) else { return };
    for directory in ["../spec", "../proto-gen/tests/specs", "../proto-gen/tests/diagnostics"] {
        let Ok(entries) = fs::read_dir(here.join(directory)) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let ron = path.extension().is_some_and(|extension| extension == "ron");
            if let (true, Some(name)) = (ron, path.file_name()) {
                // A seed that cannot be written is one seed less.
                let _ = fs::copy(&path, corpus.join(name));
            }
        }
    }
}
