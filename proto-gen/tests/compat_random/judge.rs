//! The comparison of two specs, held against the interpreter.
//!
//! Used by the test beside it, and by the fuzz target `compat`.

use std::iter::Sum;

use proto_gen::compat::{Class, Report, Rule, Side, Spec, misread};
use proto_gen::dynamic::{self, Body, Choice, ChoiceValue, Prng, Tail, TailValue, Value};
use proto_gen::schema::{Message, Schema};

/// Rules about what is above a frame, and about relays: their witnesses are read like any other.
const ABOVE: [Rule; 4] =
    [Rule::SendersNarrowed, Rule::SendersWidened, Rule::SetMembership, Rule::UnknownPolicy];

/// What was judged, so that no half of the property becomes empty without anyone noticing.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Pairs of specs.
    pub(crate) pairs: usize,
    /// Directions in which nothing is said to break.
    pub(crate) compatible: usize,
    /// Random frames that crossed in such a direction.
    pub(crate) frames: usize,
    /// Frames that are said to be refused or misread.
    pub(crate) witnesses: usize,
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            pairs: a.pairs + b.pairs,
            compatible: a.compatible + b.compatible,
            frames: a.frames + b.frames,
            witnesses: a.witnesses + b.witnesses,
        })
    }
}

/// The spec of a text, where it is one.
pub(crate) fn load(text: &str, name: &str) -> Option<Spec> {
    let checked = proto_gen::check_with(name, |_| Ok(text.as_bytes().to_vec()));
    let sources = checked.diagnostics.sources().to_vec();
    Some(Spec { schema: checked.schema?, sources })
}

/// Compares the two. Where nothing is said to break, the reader reads `values` random values of each
/// message that the other side writes; each witness is refused or misread; neither spec breaks
/// itself.
///
/// # Panics
///
/// Where that is not so.
pub(crate) fn judge(old: &Spec, new: &Spec, values: usize, prng: &mut Prng) -> Counts {
    let report = Report::new(old, new);
    let mut counts = Counts { pairs: 1, ..Counts::default() };
    let context = || {
        let (old, new) = (&old.sources[0].text, &new.sources[0].text);
        format!("old: {old}\nnew: {new}\n{}", report.render(false))
    };
    for (reader, writes, reads) in [(Side::New, old, new), (Side::Old, new, old)] {
        let (writer, writes, reads) = (reader.other(), &writes.schema, &reads.schema);
        let mut witnesses = report.findings().iter().flat_map(|finding| finding.witnesses());
        if witnesses.any(|witness| witness.reader == reader) {
            continue;
        }
        counts.compatible += 1;
        for message in writes.messages().filter(|message| is_sent(message, reads)) {
            for _ in 0..values {
                let Some(frame) = frame(writes, message, prng) else { continue };
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
            let above = ABOVE.contains(&finding.rule);
            assert!(fails || above, "{}\n{witness:?}", context());
        }
    }
    for spec in [old, new] {
        let itself = Report::new(spec, spec);
        // A waiver has nothing to waive there.
        let changed = itself.findings().iter().find(|found| found.rule != Rule::UnusedWaiver);
        assert!(changed.is_none(), "differs from itself: {changed:?}\n{}", context());
    }
    counts
}

/// Whether a link would carry the message to the other side: not, where it is critical and newer.
fn is_sent(message: &Message, reader: &Schema) -> bool {
    message.id % 2 == 1 || message.meta.since <= reader.version
}

/// A frame of a random value, as an honest writer of this version may write it.
fn frame(schema: &Schema, message: &Message, prng: &mut Prng) -> Option<Vec<u8>> {
    let mut value = dynamic::random(schema, message, prng);
    without_unknown(&mut value);
    if has_unknown_in(&value) {
        return None;
    }
    let bytes = dynamic::encode(schema, message, &value).ok()?;
    Some(dynamic::frame(message.id, &bytes))
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
fn has_unknown_in(body: &Body) -> bool {
    let in_tail = |tail: &Tail| match &tail.value {
        TailValue::Known(value) => has_unknown(value),
        TailValue::Retained(_) => false,
    };
    body.head.iter().any(has_unknown) || body.tail.iter().any(in_tail)
}

fn has_unknown(value: &Value) -> bool {
    match value {
        Value::List(values) => values.iter().any(has_unknown),
        Value::Map(pairs) => pairs.iter().any(|(_, value)| has_unknown(value)),
        Value::Opt(Some(value)) => has_unknown(value),
        Value::Struct(body) | Value::Union(Choice { value: ChoiceValue::Known(body), .. }) => {
            has_unknown_in(body)
        }
        Value::Union(Choice { value: ChoiceValue::Unknown(_), .. }) => true,
        _ => false,
    }
}
