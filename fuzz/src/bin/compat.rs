//! The comparison of two specs: it never panics, every break that it proves is one, what it says is
//! compatible can be read, and no spec breaks itself.
//!
//! The input is an old spec and a new one, with a zero byte between them. Where it begins with a
//! zero byte, it is the choices of a model instead: of a spec and of what is done to it.

#![cfg_attr(not(test), no_main)]

#[path = "../../../proto-gen/tests/compat_random/edit.rs"]
mod edit;
#[path = "../../../proto-gen/tests/compat_random/judge.rs"]
mod judge;
#[path = "../../../proto-gen/tests/compat_random/model.rs"]
mod model;
#[path = "../../../proto-gen/tests/compat_random/text.rs"]
mod text;

use std::fs;

use netport_fuzz::{Seed, seeds, words};
use proto_gen::dynamic::Prng;

netport_fuzz::target!(fuzz, seeds(), words::of_texts(&fixtures()));

/// Random values of each message in each direction.
const VALUES: usize = 2;

fn fuzz(data: &[u8]) {
    let Some((old, new)) = texts(data) else { return };
    if let (Some(old), Some(new)) = (judge::load(&old, "old.ron"), judge::load(&new, "new.ron")) {
        judge::judge(&old, &new, VALUES, &mut Prng::new(data.len() as u64));
    }
}

fn texts(data: &[u8]) -> Option<(String, String)> {
    if let Some((0, choices)) = data.split_first() {
        let mut prng = Prng::chosen(choices.to_vec());
        let mut model = model::Model::random(&mut prng);
        let old = model.text();
        for _ in 0..1 + prng.below(3) {
            edit::edit(&mut model, &mut prng);
        }
        return Some((old, model.text()));
    }
    let (old, new) = str::from_utf8(data).ok()?.split_once('\0')?;
    Some((old.to_owned(), new.to_owned()))
}

/// The pairs of specs that break one rule each.
fn fixtures() -> Vec<Seed> {
    let folder = seeds::repository("proto-gen/tests/compat");
    let entries = fs::read_dir(&folder).expect("part of the repository");
    let pair = |name: String| {
        let text = |file| fs::read(folder.join(&name).join(file)).expect("readable");
        let pair = [text("old.ron"), vec![0], text("new.ron")].concat();
        (name, pair)
    };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).map(pair).collect()
}

fn seeds() -> Vec<Seed> {
    let choices = |n: u64| (format!("model-{n}"), [&[0], &seeds::random(n, 400)[..]].concat());
    fixtures().into_iter().chain((0..40).map(choices)).collect()
}
