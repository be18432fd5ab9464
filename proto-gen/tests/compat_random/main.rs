//! The comparison against the interpreter, over random specs and random edits of them: where the
//! tool says compatible, whatever one side writes the other reads; where it says proved, it fails.
//!
//! `COMPAT_SEEDS=100000 cargo test -p proto-gen --test compat_random` goes on for longer.

mod edit;
mod model;

use proto_gen::compat::{Class, Report, Rule, Side, Spec, misread};
use proto_gen::dynamic::{self, Body, Choice, ChoiceValue, Prng, TailValue, Value};
use proto_gen::schema::{Message, Schema};

use model::Model;

/// Random values of each message in each direction.
const VALUES: usize = 12;

fn seeds() -> u64 {
    std::env::var("COMPAT_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

/// The spec, where the model is one: random edits make mistakes too.
fn load(model: &Model, name: &str) -> Option<Spec> {
    let text = model.text();
    let checked = proto_gen::check_with(name, |_| Ok(text.clone().into_bytes()));
    let sources = checked.diagnostics.sources().to_vec();
    Some(Spec { schema: checked.schema?, sources })
}

/// A spec and what random edits made of it; `None` where that is not a spec.
fn specs(seed: u64) -> Option<(Spec, Spec)> {
    let mut prng = Prng::new(seed);
    let mut model = Model::random(&mut prng);
    let old = load(&model, "old.ron")?;
    for _ in 0..1 + prng.below(3) {
        edit::edit(&mut model, &mut prng);
    }
    Some((old, load(&model, "new.ron")?))
}

/// What is known only to a newer version: an honest writer does not write it.
fn without_unknown(body: &mut Body) {
    body.tail.retain(|tail| matches!(tail.value, TailValue::Known(_)));
    let tail = body.tail.iter_mut().filter_map(|tail| match &mut tail.value {
        TailValue::Known(value) => Some(value),
        TailValue::Retained(_) => None,
    });
    body.head.iter_mut().chain(tail).for_each(known);
}

fn known(value: &mut Value) {
    match value {
        Value::List(values) => values.iter_mut().for_each(known),
        Value::Map(pairs) => pairs.iter_mut().for_each(|(_, value)| known(value)),
        Value::Opt(Some(value)) => known(value),
        Value::Struct(body) => without_unknown(body),
        Value::Union(Choice { value: ChoiceValue::Known(body), .. }) => without_unknown(body),
        _ => {}
    }
}

/// Whether a value holds an unknown variant, which cannot be taken out without another in its place.
fn has_unknown(value: &Value) -> bool {
    let in_body = |body: &Body| {
        let known = |tail: &TailValue| match tail {
            TailValue::Known(value) => has_unknown(value),
            TailValue::Retained(_) => false,
        };
        body.head.iter().any(has_unknown) || body.tail.iter().any(|tail| known(&tail.value))
    };
    match value {
        Value::List(values) => values.iter().any(has_unknown),
        Value::Map(pairs) => pairs.iter().any(|(_, value)| has_unknown(value)),
        Value::Opt(Some(value)) => has_unknown(value),
        Value::Struct(body) | Value::Union(Choice { value: ChoiceValue::Known(body), .. }) => {
            in_body(body)
        }
        Value::Union(Choice { value: ChoiceValue::Unknown(_), .. }) => true,
        _ => false,
    }
}

/// A frame of a random value, as an honest writer of this version may write it.
fn frame(schema: &Schema, message: &Message, prng: &mut Prng) -> Option<Vec<u8>> {
    let mut value = dynamic::random(schema, message, prng);
    without_unknown(&mut value);
    if has_unknown(&Value::Struct(value.clone())) {
        return None;
    }
    let bytes = dynamic::encode(schema, message, &value).ok()?;
    Some(dynamic::frame(message.id, &bytes))
}

/// Whether a link would carry the message to the other side: not, where it is critical and newer.
fn is_sent(message: &Message, reader: &Schema) -> bool {
    message.id % 2 == 1 || message.meta.since <= reader.version
}

struct Counts {
    pairs: usize,
    compatible: usize,
    frames: usize,
    witnesses: usize,
}

fn try_one(seed: u64, counts: &mut Counts) {
    let Some((old, new)) = specs(seed) else { return };
    let report = Report::new(&old, &new);
    counts.pairs += 1;
    let context = || {
        let (old, new) = (&old.sources[0].text, &new.sources[0].text);
        format!("seed {seed}\nold: {old}\nnew: {new}\n{}", report.render(false))
    };
    for reader in [Side::New, Side::Old] {
        let breaks = report
            .findings()
            .iter()
            .any(|finding| finding.witnesses().any(|witness| witness.reader == reader));
        if breaks {
            continue;
        }
        counts.compatible += 1;
        let (writer, reader) = match reader {
            Side::New => (Side::Old, (&old.schema, &new.schema)),
            Side::Old => (Side::New, (&new.schema, &old.schema)),
        };
        let (writes, reads) = reader;
        let mut prng = Prng::new(seed);
        for message in writes.messages().filter(|message| is_sent(message, reads)) {
            for _ in 0..VALUES {
                let Some(frame) = frame(writes, message, &mut prng) else { continue };
                counts.frames += 1;
                let misread = misread(&old.schema, &new.schema, writer, &frame);
                let start = &frame[..frame.len().min(200)];
                assert!(
                    misread.is_none(),
                    "{}\n{writer:?} wrote {start:02x?}...: {misread:?}",
                    context()
                );
            }
        }
    }
    for finding in report.findings() {
        for witness in finding.witnesses() {
            counts.witnesses += 1;
            assert_eq!(finding.class(), Class::Wire, "{}", context());
            let fails = misread(&old.schema, &new.schema, witness.writer, &witness.frame).is_some();
            let above = matches!(finding.rule, Rule::UnknownPolicy | Rule::SetMembership);
            assert!(fails || above, "{}\n{witness:?}", context());
        }
    }
}

#[test]
fn compatible_means_readable_and_proved_means_not() {
    let mut counts = Counts { pairs: 0, compatible: 0, frames: 0, witnesses: 0 };
    for seed in 0..seeds() {
        try_one(seed, &mut counts);
    }
    let Counts { pairs, compatible, frames, witnesses } = counts;
    println!(
        "{pairs} pairs, {compatible} compatible directions, {frames} frames, {witnesses} witnesses"
    );
    // Neither half of the property may become empty without anyone noticing.
    assert!(compatible * 4 > pairs && witnesses * 2 > pairs, "{compatible} {witnesses} of {pairs}");
    assert!(frames > 2_000, "{frames}");
}
