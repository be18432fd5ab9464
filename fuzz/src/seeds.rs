//! Seeds: made from the spec, or read from the repository, so that none can be stale.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use proto_gen::dynamic::Prng;
use proto_gen::schema::Schema;
use tlv_core::generate::Choices;
use tlv_core::{Message, MessageSet, Visitor, messages};

use crate::Seed;

/// Seeds of each message type.
const OF_EACH: u64 = 8;

/// Scripts for each state machine.
const SCRIPTS: u64 = 200;

/// Bytes beyond the smallest value that a seed may have: what fits the fuzzer's inputs.
const BYTES_MAX: usize = 2048;

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// netport's own spec, as it was when this was built: so is the code that is generated from it.
pub fn schema() -> Schema {
    compiled(include_bytes!("../../spec/messages.ron"))
}

/// The schema of a spec that includes no other.
///
/// # Panics
///
/// Where the spec has mistakes.
pub fn compiled(spec: &'static [u8]) -> Schema {
    let read = |path: &Path| match path == Path::new("spec.ron") {
        true => Ok(spec.to_vec()),
        false => Err(ErrorKind::NotFound.into()),
    };
    let checked = proto_gen::check_with("spec.ron", read);
    checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics))
}

/// Some frames of every message of netport's own sets.
pub fn frames() -> Vec<Seed> {
    let mut frames = Frames::default();
    messages::visit_messages(&mut frames);
    frames.0
}

/// Some frames of every message that it is shown.
#[derive(Default)]
pub struct Frames(pub Vec<Seed>);

impl Visitor for Frames {
    fn message<S: MessageSet, M: Message>(&mut self) {
        for seed in 0..OF_EACH {
            let bytes = random(u64::from(M::ID) << 8 | seed, BYTES_MAX * 2);
            let mut choices = Choices::new(&bytes);
            choices.allow(BYTES_MAX);
            let frame = M::generate(&mut choices).to_frame().expect("a seed keeps to the spec");
            self.0.push((format!("{}-{seed}", M::NAME), frame.to_vec()));
        }
    }
}

/// The files of these folders of the repository that end in `.ron`.
pub fn specs(folders: &[&str]) -> Vec<Seed> {
    let mut specs = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(repository(folder)).expect("part of the repository") {
            let path = entry.expect("readable").path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str())
                && name.ends_with(".ron")
                && path.is_file()
            {
                specs.push((name.to_owned(), fs::read(&path).expect("readable")));
            }
        }
    }
    specs
}

/// Scripts for a state machine, from steps of its own.
pub fn scripts(words: &[&[u8]]) -> Vec<Seed> {
    netport::machines::seeds(words, SCRIPTS)
}

/// So many bytes, the same for the same seed.
pub fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut prng = Prng::new(seed);
    (0..len).map(|_| prng.bits() as u8).collect()
}
