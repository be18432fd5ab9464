//! What fuzz targets are made of. A target is one file in `src/bin`: a body that takes any bytes,
//! seeds to begin with, and words that mean something to what it fuzzes.
//!
//! ```text
//! #![cfg_attr(not(test), no_main)]
//!
//! netport_fuzz::target!(fuzz, seeds(), words());
//! ```
//!
//! `cargo fuzz run NAME` fuzzes the body. `cargo test --manifest-path fuzz/Cargo.toml` runs each body
//! over its seeds, and over the inputs in `regressions/NAME`: what once crashed it.

pub mod seeds;
pub mod words;

use std::path::{Path, PathBuf};
use std::{env, fs};

pub use libfuzzer_sys;

/// An input to begin with, and its name.
pub type Seed = (String, Vec<u8>);

/// Makes a fuzzer of a body, or, in a test, a test that runs it over its seeds.
#[macro_export]
macro_rules! target {
    ($fuzz:path, $seeds:expr, $words:expr $(,)?) => {
        #[cfg(not(test))]
        $crate::libfuzzer_sys::fuzz_target!(
            init: $crate::start(&$seeds, &$words),
            |data: &[u8]| $fuzz(data)
        );

        #[test]
        fn every_seed_and_everything_that_once_crashed_it_passes() {
            $crate::replay(module_path!(), &$seeds, &$words, $fuzz);
        }
    };
}

/// Writes the seeds into the corpus with which the fuzzer was started, which is the first directory
/// among the arguments, and the words into the dictionary that `-dict=` names: libFuzzer reads both
/// later. There is no corpus when it was given single inputs, and none is wanted for a merge.
pub fn start(seeds: &[Seed], words: &[Vec<u8>]) {
    if let Some(path) = env::args().find_map(|arg| Some(arg.strip_prefix("-dict=")?.to_owned())) {
        write(Path::new(&path), words::dictionary(words).as_bytes());
    }
    let merge = env::args().any(|arg| arg.starts_with("-merge"));
    let corpus = env::args_os().skip(1).map(PathBuf::from).find(|path| path.is_dir());
    for (name, seed) in seeds {
        if let Some(corpus) = corpus.as_ref().filter(|_| !merge) {
            write(&corpus.join(format!("seed-{name}")), seed);
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Runs the body of the target `name` over its seeds and over what once crashed it.
///
/// # Panics
///
/// Where the body does; where there is no seed, or no word.
pub fn replay(name: &str, seeds: &[Seed], words: &[Vec<u8>], fuzz: impl Fn(&[u8])) {
    assert!(!seeds.is_empty() && !words.is_empty(), "nothing to begin with");
    fuzz(&[]);
    seeds.iter().for_each(|(_, seed)| fuzz(seed));
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(name);
    for entry in fs::read_dir(regressions).into_iter().flatten() {
        fuzz(&fs::read(entry.expect("readable").path()).expect("readable"));
    }
}
