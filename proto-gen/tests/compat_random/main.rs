//! The comparison against the interpreter, over random specs and random edits of them: where the
//! tool says compatible, whatever one side writes the other reads; where it says proved, it fails.
//!
//! `COMPAT_SEEDS=100000 cargo test -p proto-gen --test compat_random` tries more pairs of specs,
//! `COMPAT_VALUES=100000` more values of each.

mod edit;
mod judge;
mod model;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proto_gen::compat::Spec;
use proto_gen::dynamic::Prng;

use judge::{Counts, judge, load};
use model::Model;

/// Pairs of specs that are tried, or rather seeds for them: some are none.
fn seeds() -> u64 {
    set("COMPAT_SEEDS").unwrap_or(500)
}

/// Random values of each message in each direction.
fn values() -> usize {
    set("COMPAT_VALUES").unwrap_or(1_000)
}

fn set<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// A spec and what random edits made of it; `None` where that is not a spec: edits make mistakes too.
fn specs(seed: u64) -> Option<(Spec, Spec)> {
    let mut prng = Prng::new(seed);
    let mut model = Model::random(&mut prng);
    let old = load(&model.text(), "old.ron")?;
    for _ in 0..1 + prng.below(3) {
        edit::edit(&mut model, &mut prng);
    }
    Some((old, load(&model.text(), "new.ron")?))
}

#[test]
fn compatible_means_readable_and_proved_means_not() {
    let (next, workers) =
        (AtomicU64::new(0), thread::available_parallelism().map_or(1, usize::from));
    let total = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| judge_seeds(&next))).collect();
        let counts =
            workers.into_iter().map(|worker| worker.join().expect("a reason stands above"));
        counts.sum::<Counts>()
    });
    println!("{total:?}");
    // Neither half of the property may become empty without anyone noticing.
    let Counts { pairs, compatible, frames, witnesses } = total;
    assert!(compatible * 4 > pairs && witnesses * 2 > pairs, "{compatible} {witnesses} of {pairs}");
    assert!(frames > values() * compatible, "{frames} in {compatible} directions");
}

/// Judges pairs of specs until there are no more seeds.
fn judge_seeds(next: &AtomicU64) -> Counts {
    let ours = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
    let judged = ours.take_while(|seed| *seed < seeds()).filter_map(|seed| {
        let (old, new) = specs(seed)?;
        Some(judge(&old, &new, values(), &mut Prng::new(seed)))
    });
    judged.sum()
}
