//! Bytes that are nearly a message: what every implementation must refuse, or skip, in the same way.

use std::ops::Range;

use super::cases::cases;
use super::decode::{Decoded, decode, decode_traced};
use super::encode::{encode, frame};
use super::fault::{Fault, FaultClass};
use super::trace::{Step, What};
use super::value::{Body, Value};
use crate::schema::{Message, Schema, Ty};

/// Damaged bytes, and what the interpreter makes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// What was done to which part: `text: a byte that is not UTF-8`.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// A fault; or a value, where a reader skips what it does not know.
    pub outcome: Result<Decoded, Fault>,
}

/// Most faults of one class that are kept for a message.
const PER_CLASS_MAX: usize = 24;

/// Longest input that is made: vectors are committed.
const BYTES_MAX: usize = 4_096;

/// Damages the typical value and each of the message's cases that shows something else, in every
/// way that has a class of fault, and with tail records that the schema does not know.
pub fn damaged(schema: &Schema, message: &Message) -> Vec<Damaged> {
    let mut out = Found { schema, message, seen: Vec::new(), out: Vec::new() };
    let mut cases = cases(schema, message);
    // The typical value has the most in it; what it shows need not be shown again.
    cases.sort_by_key(|case| case.name != "typical");
    for (index, case) in cases.iter().enumerate() {
        let Ok(bytes) = encode(schema, message, &case.value) else { continue };
        if bytes.len() <= BYTES_MAX {
            out.damage(&case.value, &bytes, index == 0);
        }
    }
    if (message.max_len as usize) < BYTES_MAX {
        out.add("value: longer than max_len".to_owned(), vec![0; message.max_len as usize + 1]);
    }
    out.out
}

struct Found<'a> {
    schema: &'a Schema,
    message: &'a Message,
    /// Class and path without indexes of what is there already.
    seen: Vec<(Option<FaultClass>, String)>,
    out: Vec<Damaged>,
}

impl Found<'_> {
    /// Keeps `bytes` if they are a fault, or something skipped, that is not there yet.
    fn add(&mut self, name: String, bytes: Vec<u8>) {
        let outcome = decode(self.schema, self.message, &bytes);
        if matches!(&outcome, Ok(decoded) if !decoded.skipped) {
            return;
        }
        let class = outcome.as_ref().err().map(|fault| fault.class);
        let key = (class, name.chars().filter(|c| !c.is_ascii_digit()).collect());
        let of_class = self.seen.iter().filter(|(seen, _)| *seen == class).count();
        if of_class < PER_CLASS_MAX && !self.seen.contains(&key) {
            self.seen.push(key);
            self.out.push(Damaged { name, bytes, outcome });
        }
    }

    fn damage(&mut self, value: &Body, bytes: &[u8], truncate: bool) {
        let (steps, _) = decode_traced(self.schema, self.message, bytes);
        for step in &steps {
            self.damage_item(step, &steps, bytes);
        }
        for region in regions(&steps, bytes.len()) {
            self.damage_tail(&region, &steps, bytes);
        }
        if truncate {
            for step in steps.iter().filter(|step| !step.range.is_empty()) {
                let middle = step.range.start + step.range.len() / 2;
                for len in [step.range.start, middle] {
                    self.add(format!("{}: cut at {len}", relative(step)), bytes[..len].to_vec());
                }
            }
        }
        self.break_constraints(value);
    }

    fn damage_item(&mut self, step: &Step, steps: &[Step], bytes: &[u8]) {
        let mut patch = |what: &str, patch: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = step.range.start..step.range.start + patch.len();
            bytes.splice(at, patch.iter().copied());
            self.add(format!("{}: {what}", relative(step)), bytes);
        };
        match &step.what {
            What::Present(_) => patch("a presence byte of 2", &[2]),
            What::Length(_) | What::Count(_) => {
                let ones = vec![0xff; step.range.len()];
                patch("the largest length of its width", &ones);
                let bound = bound_of(step, steps).to_le_bytes();
                patch("a length at the bound, without the content", &bound[..step.range.len()]);
            }
            What::VariantHeader { id, .. } => {
                let [i0, i1] = id.to_le_bytes();
                patch("the largest length", &[i0, i1, 0xff, 0xff, 0xff, 0xff]);
                patch("an unknown critical variant", &0xfffe_u16.to_le_bytes());
            }
            What::TailHeader { id, .. } => {
                let [i0, i1] = id.to_le_bytes();
                patch("the largest length", &[i0, i1, 0xff, 0xff, 0xff, 0xff]);
            }
            What::Leaf(ty, value) => match (ty, value) {
                (Ty::Bool, _) => patch("a bool of 2", &[2]),
                (Ty::Str { .. }, Value::Str(text)) if !text.is_empty() => {
                    patch("a byte that is not UTF-8", &[0xff]);
                }
                (Ty::Ip | Ty::SocketAddr, _) => patch("an address family of 5", &[5]),
                (Ty::Int(_) | Ty::Duration | Ty::Timestamp | Ty::Float(_) | Ty::Named(_), _) => {
                    let len = step.range.len();
                    patch("all ones", &vec![0xff; len]);
                    patch("all zeros", &vec![0; len]);
                    let mut largest = vec![0xff; len];
                    largest[len - 1] = 0x7f;
                    patch("all ones but the highest bit", &largest);
                }
                _ => {}
            },
            What::Group(Ty::Map { .. }) => self.repeat_key(step, steps, bytes),
            What::Group(_) | What::UnknownTail { .. } | What::UnknownVariant(_) => {}
        }
    }

    /// Puts the first key of a map over the second.
    fn repeat_key(&mut self, map: &Step, steps: &[Step], bytes: &[u8]) {
        let key = |index: usize| {
            let path = format!("{}[{index}].key", map.path);
            let mut parts = steps.iter().filter(|step| step.path == path);
            let first = parts.next()?;
            Some(first.range.start..parts.next_back().unwrap_or(first).range.end)
        };
        if let (Some(first), Some(second)) = (key(0), key(1)) {
            let repeated = bytes[first].to_vec();
            let bytes = splice(steps, bytes, &second.clone(), second, &repeated);
            self.add(format!("{}: the same key twice", relative(map)), bytes);
        }
    }

    /// Adds records, good and bad, at the end of a region that ends in a tail.
    fn damage_tail(&mut self, region: &Region, steps: &[Step], bytes: &[u8]) {
        let end = region.content.end;
        let mut append = |what: &str, record: &[u8]| {
            let bytes = splice(steps, bytes, &region.content, end..end, record);
            self.add(format!("{}: {what}", region.name), bytes);
        };
        append("an unknown odd record", &frame(0xfffd, b"new"));
        append("an unknown odd record, empty", &frame(0xffff, b""));
        append("an unknown critical record", &frame(0xfffe, b"new"));
        append("a record of id 0", &frame(0, b""));
        append("half a record's header", &[0xff, 0xff, 0]);
        let twice = [frame(0xffff, b""), frame(0xffff, b"")].concat();
        append("an unknown record twice", &twice);
        append("unknown records out of order", &[frame(0xffff, b""), frame(0xfffd, b"")].concat());
        // A longer value for each of the region's records.
        for step in steps {
            let What::TailHeader { len, .. } = step.what else { continue };
            let end = step.range.end + len as usize;
            if region.content.contains(&step.range.start) {
                let content = step.range.end..end;
                let bytes = splice(steps, bytes, &content, end..end, &[0]);
                self.add(format!("{}: a byte too many", relative(step)), bytes);
            }
        }
    }

    /// Shortens what has a length, where a constraint may mind; the encoder would refuse that, so
    /// it is done to the bytes.
    fn break_constraints(&mut self, value: &Body) {
        let Ok(bytes) = encode(self.schema, self.message, value) else { return };
        let (steps, _) = decode_traced(self.schema, self.message, &bytes);
        for (index, step) in steps.iter().enumerate() {
            let content = match (&step.what, steps.get(index + 1)) {
                (What::Length(_), Some(Step { what: What::Leaf(..), range, .. })) => range.clone(),
                (What::Count(_), _) => {
                    let group = steps[..index].iter().rev().find(|s| s.depth + 1 == step.depth);
                    let end = group.map_or(step.range.end, |group| group.range.end);
                    step.range.end..end
                }
                _ => continue,
            };
            let mut bytes = splice(&steps, &bytes, &content.clone(), content, &[]);
            bytes[step.range.clone()].fill(0);
            self.add(format!("{}: emptied", relative(step)), bytes);
        }
    }
}

/// What stands between a length and its end, and grows by a tail record.
struct Region {
    name: String,
    content: Range<usize>,
}

/// The regions that end in a tail: the message, extensible structs, variants.
fn regions(steps: &[Step], len: usize) -> Vec<Region> {
    let mut out = vec![Region { name: "value".to_owned(), content: 0..len }];
    for (index, step) in steps.iter().enumerate() {
        let content = match step.what {
            What::Length(len) if is_struct(steps, index) => len,
            What::VariantHeader { len, known: true, .. } => len,
            _ => continue,
        };
        let content = step.range.end..step.range.end + content as usize;
        out.push(Region { name: relative(step), content });
    }
    out
}

/// Whether the length at `index` is an extensible struct's: the group stands just before it.
fn is_struct(steps: &[Step], index: usize) -> bool {
    index > 0 && matches!(steps[index - 1].what, What::Group(Ty::Named(_)))
}

/// Replaces bytes, and corrects the lengths of all structs, variants and tail records around them.
///
/// Around `within`, that is: what is put at the end of a region ends what ends there, too.
fn splice(
    steps: &[Step],
    bytes: &[u8],
    within: &Range<usize>,
    at: Range<usize>,
    with: &[u8],
) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for (index, step) in steps.iter().enumerate() {
        let (len, field) = match step.what {
            What::Length(len) if is_struct(steps, index) => (len, step.range.clone()),
            What::VariantHeader { len, .. } | What::TailHeader { len, .. } => {
                (len, step.range.start + 2..step.range.end)
            }
            _ => continue,
        };
        let content = step.range.end..step.range.end + len as usize;
        if content.start <= within.start && within.end <= content.end {
            let len = (len as usize + with.len()).saturating_sub(at.len()) as u64;
            let width = field.len();
            out[field].copy_from_slice(&len.to_le_bytes()[..width]);
        }
    }
    out.splice(at, with.iter().copied());
    out
}

/// The bound of the length or count that `step` is, or the largest number of its width.
fn bound_of(step: &Step, steps: &[Step]) -> u32 {
    let same = |other: &&Step| other.path == step.path;
    let bound = steps.iter().filter(same).find_map(|other| match &other.what {
        What::Leaf(Ty::Str { max } | Ty::Bytes { max }, _) => Some(*max),
        What::Group(Ty::List { max, .. } | Ty::Map { max, .. }) => Some(*max),
        _ => None,
    });
    bound.unwrap_or(u32::MAX)
}

/// The path without the message's name.
fn relative(step: &Step) -> String {
    step.path.split_once('.').map_or("value", |(_, rest)| rest).to_owned()
}
