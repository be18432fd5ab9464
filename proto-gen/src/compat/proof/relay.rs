//! What only a relay shows: an old peer that passes on, or loses, what a newer one wrote.

use super::build::{Build, Leaf, Site, body_of, site};
use super::{Link, Pair, Reading, read, value_of};
use crate::compat::finding::Witness;
use crate::compat::show;
use crate::compat::side::Side;
use crate::compat::walk::Spot;
use crate::dynamic::{self, Body, Smallest, Tail, TailValue, Value};
use crate::schema::{self, Message, Schema, Ty, TypeKind, UnknownPolicy};

/// A record that neither side knows, in a body that one side keeps whole and the other does not:
/// it survives a relay of the one side, and is lost in one of the other. `reader` is who loses it.
pub(super) fn unknown_tail(pair: Pair<'_>, spot: &Spot<'_>, reader: Side) -> Option<Witness> {
    let keeper = reader.other();
    let (schema, message) = (pair.schema(keeper), spot.message(keeper)?);
    let other = spot.message(reader)?;
    let body = body_of(schema, site(schema, keeper, &message.body, &spot.steps)?)?;
    let lost =
        body_of(pair.schema(reader), site(pair.schema(reader), reader, &other.body, &spot.steps)?)?;
    if body.unknown != UnknownPolicy::Retain || lost.unknown != UnknownPolicy::Skip {
        return None;
    }
    let id = free_odd(&[body, lost])?;
    let mut value = Smallest { schema }.body(body);
    value.tail.push(Tail { id, value: TailValue::Retained(Vec::new()) });
    let value =
        Build { schema, side: keeper }.body(&message.body, &spot.steps, Leaf::Body(value))?;
    let frame = frame(schema, message, &value)?;
    let kept = relayed(schema, &frame)?;
    let passed = relayed(pair.schema(reader), &frame)?;
    (kept == frame && passed != frame).then(|| Witness {
        writer: keeper,
        relay: Some(reader),
        reader,
        written: show::message(schema, message, &value),
        outcome: format!("drops record {id}, and passes on {}", show::frame(&passed)),
        frame,
    })
}

/// A number that neither side names, in an enum that is open to one side: it passes a relay of
/// that side, and the other side refuses it.
pub(super) fn unknown_number(pair: Pair<'_>, spot: &Spot<'_>, reader: Side) -> Option<Witness> {
    let relay = reader.other();
    let (schema, message) = (pair.schema(relay), spot.message(relay)?);
    let other = spot.message(reader)?;
    let here = enum_of(schema, site(schema, relay, &message.body, &spot.steps)?)?;
    let there =
        enum_of(pair.schema(reader), site(pair.schema(reader), reader, &other.body, &spot.steps)?)?;
    if here.closed || !there.closed {
        return None;
    }
    let named = |number: &u32| {
        [here, there].iter().any(|def| def.values.iter().any(|value| value.value == *number))
    };
    let number = (0..=255).find(|number| !named(number))?;
    let leaf = Leaf::Value(Value::Enum(number));
    let value = Build { schema, side: relay }.body(&message.body, &spot.steps, leaf)?;
    let frame = frame(schema, message, &value)?;
    let passed = relayed(schema, &frame)?;
    match read(pair.schema(reader), &passed, &Link::default()) {
        Reading::Refused(why) => Some(Witness {
            writer: relay,
            relay: Some(relay),
            reader,
            written: show::message(schema, message, &value),
            outcome: format!("refuses: {why}"),
            frame: passed,
        }),
        _ => None,
    }
}

fn frame(schema: &Schema, message: &Message, value: &Body) -> Option<Vec<u8>> {
    let bytes = dynamic::encode(schema, message, value).ok()?;
    Some(dynamic::frame(message.id, &bytes))
}

/// What a relay of this schema makes of a frame: read, then written again.
pub(crate) fn relayed(schema: &Schema, frame: &[u8]) -> Option<Vec<u8>> {
    let id = u16::from_le_bytes([*frame.first()?, *frame.get(1)?]);
    let message = schema.messages().find(|message| message.id == id)?;
    let decoded = dynamic::decode(schema, message, value_of(frame)).ok()?;
    self::frame(schema, message, &decoded.value)
}

fn enum_of<'a>(schema: &'a Schema, site: Site<'a>) -> Option<&'a schema::Enum> {
    match site {
        Site::Type(Ty::Named(id), _) => match &schema.type_def(*id).kind {
            TypeKind::Enum(def) => Some(def),
            _ => None,
        },
        _ => None,
    }
}

/// The smallest odd tail id that none of the bodies knows.
fn free_odd(bodies: &[&schema::Body]) -> Option<u16> {
    let known = |id: &u16| bodies.iter().any(|body| body.tail.iter().any(|tail| tail.id == *id));
    (1..=u16::MAX).step_by(2).find(|id| !known(id))
}
