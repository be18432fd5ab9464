//! The comparison against the interpreter, over random specs and random edits of them: where the
//! tool says compatible, whatever one side writes the other reads; where it says proved, it fails.
//!
//! `COMPAT_SEEDS=100000 cargo test -p proto-gen --test compat_random` goes on for longer.

mod edit;
mod judge;
mod model;
mod text;

use proto_gen::compat::Spec;
use proto_gen::dynamic::Prng;

use judge::{Counts, judge, load};
use model::Model;

/// Random values of each message in each direction.
const VALUES: usize = 12;

fn seeds() -> u64 {
    std::env::var("COMPAT_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
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
    let (mut pairs, mut total) = (0, Counts::default());
    for seed in 0..seeds() {
        let Some((old, new)) = specs(seed) else { continue };
        let counts = judge(&old, &new, VALUES, &mut Prng::new(seed));
        pairs += 1;
        total.compatible += counts.compatible;
        total.frames += counts.frames;
        total.witnesses += counts.witnesses;
    }
    println!("{pairs} pairs, {total:?}");
    // Neither half of the property may become empty without anyone noticing.
    let Counts { compatible, frames, witnesses } = total;
    assert!(compatible * 4 > pairs && witnesses * 2 > pairs, "{compatible} {witnesses} of {pairs}");
    assert!(frames > 2_000, "{frames}");
}
