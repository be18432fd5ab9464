//! The proof: for every change a frame that one side writes, and the other refuses or reads
//! differently. A frame is believed only after both schemas have read it with the interpreter.

mod build;
mod fill;
mod probe;
mod read;
mod relay;
mod same;

use std::collections::{HashMap, HashSet};

use self::build::{Build, Leaf, Site, body_of, site, with_all_tails};
use self::fill::Fill;
use self::probe::Probe;
pub(crate) use self::read::{Link, Reading, read};
pub(crate) use self::same::Same;
use super::finding::{Place, Witness};
use super::rule::{Class, Rule};
use super::show;
use super::side::Side;
use super::walk::{Change, Focus, Spot};
use crate::dynamic::{self, Body, ChoiceValue, FRAME_HEADER_LEN, Value};
use crate::schema::{self, Message, Schema, TypeKind};

/// The two specs.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) old: &'a Schema,
    pub(crate) new: &'a Schema,
}

impl<'a> Pair<'a> {
    pub(crate) fn schema(&self, side: Side) -> &'a Schema {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }
}

/// Names of the messages that show more than one change of the wire.
pub(super) type Crowded = HashSet<String>;

/// Finds the messages that show more than one change of the wire.
pub(super) fn crowded(changes: &[Change<'_>]) -> Crowded {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for change in changes.iter().filter(|change| change.rule.class() == Class::Wire) {
        let names: HashSet<String> = change.spots.iter().filter_map(Spot::name).collect();
        for name in names {
            *seen.entry(name).or_default() += 1;
        }
    }
    seen.into_iter().filter(|(_, changes)| *changes > 1).map(|(name, _)| name).collect()
}

/// A frame before it is tried.
struct Candidate {
    frame: Vec<u8>,
    value: Body,
}

impl<'a> Spot<'a> {
    /// The message's name, by the new spec where it is there.
    fn name(&self) -> Option<String> {
        self.new.or(self.old).map(|message| message.meta.name.clone())
    }

    fn message(&self, side: Side) -> Option<&'a Message> {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }
}

/// Every message that shows a change, with the shortest frame for each side that breaks.
///
/// `crowded` are the messages that show several changes: there, a frame that fails at the place of
/// this change is preferred to a shorter one that may fail because of another.
pub(super) fn prove(pair: Pair<'_>, change: &Change<'_>, crowded: &Crowded) -> Vec<Place> {
    let mut places: Vec<(&str, Place)> = Vec::new();
    for spot in &change.spots {
        let message = spot.new.or(spot.old).map_or("", |message| message.meta.name.as_str());
        let place = match places.iter_mut().find(|(name, _)| *name == message) {
            Some((_, place)) => place,
            None => {
                let place = Place { path: spot.path.clone(), witnesses: Vec::new(), waived: None };
                places.push((message, place));
                let last = places.len() - 1;
                &mut places[last].1
            }
        };
        for reader in [Side::New, Side::Old] {
            let can_fail =
                change.rule.class() == Class::Wire && change.rule.direction().includes(reader);
            let at_place = crowded.contains(message);
            let witness = can_fail.then(|| witness(pair, change.rule, spot, reader, at_place));
            if let Some(witness) = witness.flatten() {
                keep_shortest(place, witness, &spot.path);
            }
        }
    }
    places.into_iter().map(|(_, place)| place).collect()
}

fn keep_shortest(place: &mut Place, witness: Witness, path: &str) {
    match place.witnesses.iter_mut().find(|known| known.reader == witness.reader) {
        Some(known) if known.frame.len() <= witness.frame.len() => {}
        Some(known) => {
            *known = witness;
            path.clone_into(&mut place.path);
        }
        None => {
            if place.witnesses.is_empty() {
                path.clone_into(&mut place.path);
            }
            place.witnesses.push(witness);
        }
    }
}

fn witness(
    pair: Pair<'_>,
    rule: Rule,
    spot: &Spot<'_>,
    reader: Side,
    at_place: bool,
) -> Option<Witness> {
    match spot.focus {
        Focus::UnknownTail => relay::unknown_tail(pair, spot, reader),
        Focus::UnknownNumber => relay::unknown_number(pair, spot, reader),
        _ => direct(pair, rule, spot, reader, at_place),
    }
}

/// The shortest frame that the other side writes and `reader` refuses or reads differently.
fn direct(
    pair: Pair<'_>,
    rule: Rule,
    spot: &Spot<'_>,
    reader: Side,
    at_place: bool,
) -> Option<Witness> {
    let writer = reader.other();
    let message = spot.message(writer)?;
    let mut link = Link::default();
    let mut by = String::new();
    if rule == Rule::SetMembership {
        let mut sets = pair.schema(writer).sets.iter();
        let set = sets.find(|set| set.messages.iter().any(|known| known.id == message.id))?;
        link.set = Some(set.meta.name.clone());
        by = format!(" (reader of `{}` alone)", set.meta.name);
    }
    if spot.focus == Focus::Sender {
        let (role, name) = sender(pair, spot, writer)?;
        link.role = Some(role);
        by = format!(" (sent by `{name}`)");
    }
    let mut candidates = candidates(pair, spot, writer, message);
    // Among the shortest, one that is not all zeros shows more.
    let zeros = |frame: &[u8]| value_of(frame).iter().all(|byte| *byte == 0);
    candidates.sort_by_key(|candidate| (candidate.frame.len(), zeros(&candidate.frame)));
    let mut failures = candidates.into_iter().filter_map(|candidate| {
        let outcome = misread(pair, writer, &candidate.frame, &link)?;
        let written = show::message(pair.schema(writer), message, &candidate.value) + &by;
        Some(Witness { writer, relay: None, reader, frame: candidate.frame, written, outcome })
    });
    let shortest = failures.next()?;
    // Both tell places by the same names, but for the number of an element.
    let place = spot.path.replace("[]", "[0]");
    let is_at_place = |witness: &Witness| {
        let ends = [format!("{place}:"), format!("{place} ")];
        ends.iter().any(|place| witness.outcome.contains(place))
    };
    if !at_place || is_at_place(&shortest) {
        return Some(shortest);
    }
    Some(failures.find(is_at_place).unwrap_or(shortest))
}

/// What goes wrong with a frame; `None` where all is well.
pub(crate) fn misread(pair: Pair<'_>, writer: Side, frame: &[u8], link: &Link) -> Option<String> {
    let same =
        Same { side: writer, writer: pair.schema(writer), reader: pair.schema(writer.other()) };
    let Reading::Read(message, wrote) = read(same.writer, frame, &Link::default()) else {
        // Not a frame of this writer.
        return None;
    };
    match read(same.reader, frame, link) {
        Reading::Refused(why) => Some(format!("refuses: {why}")),
        // A reader that does not know an odd message loses nothing that it knows of.
        Reading::Skipped if link.set.is_none() => None,
        Reading::Skipped => Some("skips it".to_owned()),
        Reading::Read(known, value) => {
            let difference = same.messages((message, &wrote), (known, &value)).err()?;
            Some(difference.to_string())
        }
    }
}

/// A role that may send a message on one side, and not on the other.
fn sender(pair: Pair<'_>, spot: &Spot<'_>, writer: Side) -> Option<(u32, String)> {
    let schema = pair.schema(writer);
    let TypeKind::Enum(roles) = &schema.type_def(schema.roles?).kind else { return None };
    let allows = |message: &Message, role| message.from.is_empty() || message.from.contains(&role);
    let (from, to) = (spot.message(writer)?, spot.message(writer.other())?);
    let role =
        roles.values.iter().find(|role| allows(from, role.value) && !allows(to, role.value))?;
    Some((role.value, role.meta.name.clone()))
}

/// Frames that may show a change, as `writer` writes them.
fn candidates(pair: Pair<'_>, spot: &Spot<'_>, writer: Side, message: &Message) -> Vec<Candidate> {
    let schema = pair.schema(writer);
    let build = Build { schema, side: writer };
    let leaves = leaves(pair, spot, writer, message).unwrap_or_default();
    let mut values: Vec<Body> = leaves
        .into_iter()
        .filter_map(|leaf| build.body(&message.body, &spot.steps, leaf))
        .collect();
    let full = values.iter().filter_map(|value| with_all_tails(schema, &message.body, value));
    let full: Vec<Body> = full.collect();
    values.extend(full);
    let frames = values.into_iter().filter_map(|value| {
        let bytes = dynamic::encode(schema, message, &value).ok()?;
        Some(Candidate { frame: dynamic::frame(message.id, &bytes), value })
    });
    frames.collect()
}

/// What to put at the place of a change.
fn leaves(pair: Pair<'_>, spot: &Spot<'_>, writer: Side, message: &Message) -> Option<Vec<Leaf>> {
    let schema = pair.schema(writer);
    let here = site(schema, writer, &message.body, &spot.steps)?;
    let there = spot.message(writer.other()).and_then(|other| {
        site(pair.schema(writer.other()), writer.other(), &other.body, &spot.steps)
    });
    let probe = Probe { schema, room: u64::from(message.max_len) };
    let values = || match here {
        Site::Type(ty, constraint) => {
            let hint = match there {
                Some(Site::Type(ty, constraint)) => Some((ty, constraint)),
                _ => None,
            };
            probe.values(ty, constraint, hint, 0).into_iter().map(Leaf::Value).collect()
        }
        Site::Body(body) => probe.bodies(body, 0).into_iter().map(Leaf::Body).collect(),
    };
    let union = || match here {
        Site::Type(crate::schema::Ty::Named(id), _) => match &schema.type_def(*id).kind {
            TypeKind::Union(def) => Some(def),
            _ => None,
        },
        _ => None,
    };
    Some(match spot.focus {
        Focus::Type | Focus::Body | Focus::Sender => values(),
        Focus::Field { old, new } => {
            let slot = if writer == Side::Old { old } else { new };
            let body = body_of(schema, here)?;
            match slot {
                Some(slot) => probe.field(body, slot, 0).into_iter().map(Leaf::Body).collect(),
                None => probe.bodies(body, 0).into_iter().map(Leaf::Body).collect(),
            }
        }
        Focus::Number(number) => match names_number(schema, here, number) {
            true => vec![Leaf::Value(Value::Enum(number))],
            false => Vec::new(),
        },
        Focus::Bit(bit) => vec![Leaf::Value(Value::Flags(1_u64.checked_shl(bit.into())?))],
        Focus::Variant { old, new } => {
            let id = if writer == Side::Old { old? } else { new? };
            probe.variant(union()?, id, 0).into_iter().map(Leaf::Value).collect()
        }
        Focus::Length => match there? {
            Site::Body(_) => {
                let limit = spot.message(writer.other())?.max_len;
                longer(schema, message, &message.body, limit).map(Leaf::Body).into_iter().collect()
            }
            Site::Type(crate::schema::Ty::Named(id), _) => {
                let other = pair.schema(writer.other());
                let TypeKind::Union(limited) = &other.type_def(*id).kind else { return None };
                let variants = union()?.variants.iter();
                variants
                    .filter_map(|variant| {
                        let body = longer(schema, message, &variant.body, limited.max_len)?;
                        let value = ChoiceValue::Known(body);
                        Some(Leaf::Value(Value::Union(dynamic::Choice { id: variant.id, value })))
                    })
                    .collect()
            }
            Site::Type(..) => return None,
        },
        Focus::UnknownNumber | Focus::UnknownTail => Vec::new(),
    })
}

/// Whether the enum at a site names a number: an honest writer writes no other.
fn names_number(schema: &Schema, site: Site<'_>, number: u32) -> bool {
    match site {
        Site::Type(crate::schema::Ty::Named(id), _) => match &schema.type_def(*id).kind {
            TypeKind::Enum(def) => def.values.iter().any(|value| value.value == number),
            _ => false,
        },
        _ => false,
    }
}

/// The shortest body beyond `limit` bytes, if its bounds allow one. It is a message's or, within
/// that, a variant's.
fn longer(schema: &Schema, message: &Message, body: &schema::Body, limit: u32) -> Option<Body> {
    let head = body.head.iter().map(|field| schema.size_of(&field.ty).min);
    let smallest = head.fold(0_u64, u64::saturating_add);
    let extra = (u64::from(limit) + 1).saturating_sub(smallest);
    let (value, _) = Fill { schema }.body(body, extra);
    let alone = Message { body: body.clone(), max_len: u32::MAX, ..message.clone() };
    let bytes = dynamic::encode(schema, &alone, &value).ok()?;
    (bytes.len() > limit as usize).then_some(value)
}

/// A frame's value, after its header.
fn value_of(frame: &[u8]) -> &[u8] {
    frame.get(FRAME_HEADER_LEN..).unwrap_or_default()
}
