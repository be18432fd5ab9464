//! The comparison's state: where it stands in both specs, and what it found so far.

use std::collections::HashMap;

use super::finding::Mark;
use super::pairing::{Pairing, Slot, pair};
use super::rule::Rule;
use super::side::Side;
use crate::schema::{Message, Meta, Schema, TypeId};

/// How often one pair of types is entered within one message. A struct that holds another twice,
/// many times nested, has more places than anyone wants to read about.
const VISITS_MAX: usize = 4;

/// A change, and every place where frames may show it.
pub(super) struct Change<'a> {
    pub(super) rule: Rule,
    pub(super) item: String,
    pub(super) message: String,
    pub(super) old: Option<Mark>,
    pub(super) new: Option<Mark>,
    pub(super) spots: Vec<Spot<'a>>,
}

/// A place in a message where a frame may show a change.
#[derive(Clone)]
pub(super) struct Spot<'a> {
    /// The message in the old spec; `None` if it is new.
    pub(super) old: Option<&'a Message>,
    /// The message in the new spec; `None` if it is gone.
    pub(super) new: Option<&'a Message>,
    /// From the message to the place.
    pub(super) steps: Vec<Step>,
    /// The same for people, by the new names.
    pub(super) path: String,
    /// What to vary there.
    pub(super) focus: Focus,
}

/// One step into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a field of a message, struct or variant.
    Field { old: Slot, new: Slot },
    /// Into a list's or array's first element.
    Elem,
    /// Into a map's first key.
    Key,
    /// Into a map's first value.
    MapValue,
    /// Into an optional value.
    Some,
    /// Into a union's variant, by id.
    Variant { old: u16, new: u16 },
}

/// What shows a change, at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// Any value of the type there.
    Type,
    /// Any value of the message, struct or variant there.
    Body,
    /// A field of the message, struct or variant there, by its slot in each spec that has it.
    Field { old: Option<Slot>, new: Option<Slot> },
    /// The message's mere presence, written by a role that one side does not allow.
    Sender,
    /// A value longer than the other side's `max_len`, of the message or union there.
    Length,
    /// An enum's number.
    Number(u32),
    /// A number that neither side names.
    UnknownNumber,
    /// A bit.
    Bit(u8),
    /// A union's variant, by its id in each spec that has it.
    Variant { old: Option<u16>, new: Option<u16> },
    /// A tail record that neither side knows.
    UnknownTail,
}

/// Two items that are one, or the one that contains what is compared.
#[derive(Clone)]
pub(super) struct Owner<'a> {
    /// Its path, by the new names.
    pub(super) item: String,
    pub(super) old: &'a Meta,
    pub(super) new: &'a Meta,
}

pub(super) struct Walk<'a> {
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    /// Which of the new types each old one became.
    pub(super) types: HashMap<TypeId, TypeId>,
    pub(super) changes: Vec<Change<'a>>,
    index: HashMap<(Rule, String), usize>,
    visits: HashMap<(TypeId, TypeId), usize>,
    spot: Option<Spot<'a>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(old: &'a Schema, new: &'a Schema) -> Self {
        let metas = |schema: &'a Schema| schema.types.iter().map(|def| &def.meta);
        let Pairing { both, .. } = pair(metas(old), metas(new));
        let types = both.into_iter().map(|(old, new)| (TypeId(old), TypeId(new))).collect();
        Self {
            old,
            new,
            types,
            changes: Vec::new(),
            index: HashMap::new(),
            visits: HashMap::new(),
            spot: None,
        }
    }

    /// Goes into a message; what is reported from now on is shown by it.
    pub(super) fn enter_message(&mut self, old: Option<&'a Message>, new: Option<&'a Message>) {
        self.visits.clear();
        let path = new.or(old).map_or_else(String::new, |message| message.meta.name.clone());
        self.spot = Some(Spot { old, new, steps: Vec::new(), path, focus: Focus::Body });
    }

    /// Leaves the last message; what is reported from now on is shown by no frame.
    pub(super) fn leave_messages(&mut self) {
        self.spot = None;
    }

    /// Runs `inside` one step further into the message; `segment` is the step for people.
    pub(super) fn step(&mut self, step: Step, segment: &str, inside: impl FnOnce(&mut Self)) {
        let Some(spot) = &mut self.spot else { return };
        let mark = spot.path.len();
        spot.path.push_str(segment);
        spot.steps.push(step);
        inside(self);
        if let Some(spot) = &mut self.spot {
            spot.steps.pop();
            spot.path.truncate(mark);
        }
    }

    /// Whether a pair of types is worth entering once more within this message.
    pub(super) fn enter_types(&mut self, old: TypeId, new: TypeId) -> bool {
        let visits = self.visits.entry((old, new)).or_default();
        *visits += 1;
        *visits <= VISITS_MAX
    }

    /// Notes a change. One that was found elsewhere already gets a further place.
    pub(super) fn report(
        &mut self,
        rule: Rule,
        item: &str,
        message: impl FnOnce() -> String,
        marks: [Option<Mark>; 2],
        focus: Focus,
    ) {
        let index = *self.index.entry((rule, item.to_owned())).or_insert_with(|| {
            let [old, new] = marks;
            self.changes.push(Change {
                rule,
                item: item.to_owned(),
                message: message(),
                old,
                new,
                spots: Vec::new(),
            });
            self.changes.len() - 1
        });
        if let Some(spot) = &self.spot {
            self.changes[index].spots.push(Spot { focus, ..spot.clone() });
        }
    }

    /// Notes a change that no frame can show.
    pub(super) fn note(
        &mut self,
        rule: Rule,
        item: &str,
        message: impl FnOnce() -> String,
        marks: [Option<Mark>; 2],
    ) {
        let spot = self.spot.take();
        self.report(rule, item, message, marks, Focus::Body);
        self.spot = spot;
    }
}

/// An item's name, underlined.
pub(super) fn mark(meta: &Meta, text: impl Into<String>) -> Option<Mark> {
    Some(Mark { span: meta.span, text: text.into() })
}

/// Both names of an item, underlined.
pub(super) fn marks(
    old: &Meta,
    old_text: impl Into<String>,
    new: &Meta,
    new_text: impl Into<String>,
) -> [Option<Mark>; 2] {
    [mark(old, old_text), mark(new, new_text)]
}

impl Step {
    /// The slot on one side.
    pub(super) fn slot(old: Slot, new: Slot, side: Side) -> Slot {
        match side {
            Side::Old => old,
            Side::New => new,
        }
    }
}
