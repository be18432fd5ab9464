//! The checks over scripts that follow from seeds, with the state machines as they are, and broken.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{directory_ops, link_events, mesh_ops, seeds};
use crate::core::mutant::{Mutant, with_mutant};

/// Scripts of each kind that an ordinary test runs.
const SCRIPTS: u64 = 10_000;
/// Scripts within which a mutant must be caught.
const SCRIPTS_PER_MUTANT: u64 = 2_000;

/// Runs the check over scripts that follow from seeds.
fn run(check: fn(&[u8]), words: &[&[u8]]) {
    /// Says which script it was.
    struct Say<'a>(&'a str);
    impl Drop for Say<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{} fails", self.0);
            }
        }
    }
    for (name, script) in seeds(words, SCRIPTS) {
        let _say = Say(&name);
        check(&script);
    }
}

#[test]
fn a_link_delivers_what_it_admitted_and_keeps_its_deadlines_whatever_happens() {
    run(link_events::check, link_events::WORDS);
}

#[test]
fn a_directory_and_its_views_agree_whatever_happens() {
    run(directory_ops::check, directory_ops::WORDS);
}

#[test]
fn meshes_choose_one_link_of_each_pair_whatever_happens() {
    run(mesh_ops::check, mesh_ops::WORDS);
}

#[test]
fn every_mutant_of_a_machine_is_caught_by_its_script() {
    let mut survivors: Vec<Mutant> = Vec::new();
    let mut hunt = |name, check: fn(&[u8]), words, mutants: &[Mutant]| {
        let scripts = seeds(words, SCRIPTS_PER_MUTANT);
        for mutant in mutants {
            let fails = |script: &[u8]| {
                let is_caught = || catch_unwind(AssertUnwindSafe(|| check(script))).is_err();
                with_mutant(Some(*mutant), is_caught)
            };
            let caught = scripts.iter().position(|(_, script)| fails(script));
            println!("{mutant:?}: caught by {name}, script {caught:?}");
            survivors.extend(caught.is_none().then_some(*mutant));
        }
    };
    hunt("link_events", link_events::check, link_events::WORDS, link_events::MUTANTS);
    hunt("directory_ops", directory_ops::check, directory_ops::WORDS, directory_ops::MUTANTS);
    hunt("mesh_ops", mesh_ops::check, mesh_ops::WORDS, mesh_ops::MUTANTS);
    assert!(survivors.is_empty(), "{survivors:?}");
}
