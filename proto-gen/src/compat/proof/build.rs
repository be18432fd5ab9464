//! Builds the smallest message that has a given value at a given place.

use crate::compat::pairing::{Slot, field};
use crate::compat::side::Side;
use crate::compat::walk::Step;
use crate::dynamic::{Body, Choice, ChoiceValue, Smallest, Tail, TailValue, Value};
use crate::schema::{self, Constraint, Schema, Ty, TypeKind};

/// What stands at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Site<'a> {
    /// A value of a type, under a constraint.
    Type(&'a Ty, Option<&'a Constraint>),
    /// A body: of the message, or of a variant.
    Body(&'a schema::Body),
}

/// What is to stand there.
#[derive(Clone, Debug)]
pub(super) enum Leaf {
    Value(Value),
    Body(Body),
}

/// Follows `steps` into a message on one side.
pub(super) fn site<'a>(
    schema: &'a Schema,
    side: Side,
    body: &'a schema::Body,
    steps: &[Step],
) -> Option<Site<'a>> {
    let mut site = Site::Body(body);
    for step in steps {
        site = match (site, step) {
            (Site::Type(Ty::List { elem, .. } | Ty::Array { elem, .. }, _), Step::Elem) => {
                Site::Type(elem, None)
            }
            (Site::Type(Ty::Map { key, .. }, _), Step::Key) => Site::Type(key, None),
            (Site::Type(Ty::Map { value, .. }, _), Step::MapValue) => Site::Type(value, None),
            (Site::Type(Ty::Opt(inner), constraint), Step::Some) => Site::Type(inner, constraint),
            (Site::Type(Ty::Named(id), _), Step::Variant { old, new }) => {
                let TypeKind::Union(def) = &schema.type_def(*id).kind else { return None };
                let id = if side == Side::Old { *old } else { *new };
                Site::Body(&def.variants.iter().find(|variant| variant.id == id)?.body)
            }
            (site, Step::Field { old, new }) => {
                let field = field(body_of(schema, site)?, Step::slot(*old, *new, side))?;
                Site::Type(&field.ty, field.constraint.as_ref())
            }
            _ => return None,
        };
    }
    Some(site)
}

/// The body at a site, where there is one.
pub(super) fn body_of<'a>(schema: &'a Schema, site: Site<'a>) -> Option<&'a schema::Body> {
    match site {
        Site::Body(body) => Some(body),
        Site::Type(Ty::Named(id), _) => match &schema.type_def(*id).kind {
            TypeKind::Struct(def) => Some(&def.body),
            _ => None,
        },
        Site::Type(..) => None,
    }
}

/// Builds values on one side.
#[derive(Clone, Copy)]
pub(super) struct Build<'a> {
    pub(super) schema: &'a Schema,
    pub(super) side: Side,
}

impl Build<'_> {
    fn smallest(&self) -> Smallest<'_> {
        Smallest { schema: self.schema }
    }

    /// The smallest value of `body` with `leaf` after `steps`.
    pub(super) fn body(&self, body: &schema::Body, steps: &[Step], leaf: Leaf) -> Option<Body> {
        let Some((step, rest)) = steps.split_first() else {
            return match leaf {
                Leaf::Body(body) => Some(body),
                Leaf::Value(_) => None,
            };
        };
        let Step::Field { old, new } = step else { return None };
        let slot = Step::slot(*old, *new, self.side);
        let field = field(body, slot)?;
        let value = self.value(&field.ty, field.constraint.as_ref(), rest, leaf)?;
        Some(with(self.smallest().body(body), body, slot, value))
    }

    fn value(
        &self,
        ty: &Ty,
        constraint: Option<&Constraint>,
        steps: &[Step],
        leaf: Leaf,
    ) -> Option<Value> {
        let Some((step, rest)) = steps.split_first() else {
            return match leaf {
                Leaf::Value(value) => Some(value),
                // A struct's body.
                Leaf::Body(body) => Some(Value::Struct(body)),
            };
        };
        match (ty, step) {
            (Ty::List { elem, .. } | Ty::Array { elem, .. }, Step::Elem) => {
                let mut values = match self.smallest().value(ty, constraint) {
                    Value::List(values) => values,
                    _ => return None,
                };
                if values.is_empty() {
                    let allowed = allowed_len(constraint)?;
                    values = vec![self.smallest().value(elem, None); allowed];
                }
                values[0] = self.value(elem, None, rest, leaf)?;
                Some(Value::List(values))
            }
            (Ty::Map { key, value, .. }, Step::Key | Step::MapValue) => {
                let mut pairs = match self.smallest().value(ty, constraint) {
                    Value::Map(pairs) => pairs,
                    _ => return None,
                };
                if pairs.is_empty() {
                    pairs = match self.smallest().map(key, value, allowed_len(constraint)?) {
                        Value::Map(pairs) => pairs,
                        _ => return None,
                    };
                }
                let pair = pairs.first_mut()?;
                match step {
                    Step::Key => pair.0 = self.value(key, None, rest, leaf)?,
                    _ => pair.1 = self.value(value, None, rest, leaf)?,
                }
                Some(Value::Map(pairs))
            }
            (Ty::Opt(inner), Step::Some) => {
                let value = self.value(inner, constraint, rest, leaf)?;
                Some(Value::Opt(Some(Box::new(value))))
            }
            (Ty::Named(id), Step::Variant { old, new }) => {
                let TypeKind::Union(def) = &self.schema.type_def(*id).kind else { return None };
                let id = if self.side == Side::Old { *old } else { *new };
                let variant = def.variants.iter().find(|variant| variant.id == id)?;
                let value = ChoiceValue::Known(self.body(&variant.body, rest, leaf)?);
                Some(Value::Union(Choice { id, value }))
            }
            (Ty::Named(id), Step::Field { .. }) => {
                let TypeKind::Struct(def) = &self.schema.type_def(*id).kind else { return None };
                Some(Value::Struct(self.body(&def.body, steps, leaf)?))
            }
            _ => None,
        }
    }
}

/// The smallest length above 0 that a constraint allows.
fn allowed_len(constraint: Option<&Constraint>) -> Option<usize> {
    match constraint {
        Some(Constraint::Lengths(lengths)) => {
            lengths.iter().find(|length| **length > 0).map(|length| *length as usize)
        }
        _ => Some(1),
    }
}

/// `value` in a slot of a body.
pub(super) fn with(mut out: Body, def: &schema::Body, slot: Slot, value: Value) -> Body {
    match slot {
        Slot::Head(index) => {
            if let Some(place) = out.head.get_mut(index) {
                *place = value;
            }
        }
        Slot::Tail(index) => {
            if let Some(known) = def.tail.get(index) {
                out.tail.retain(|tail| tail.id != known.id);
                out.tail.push(Tail { id: known.id, value: TailValue::Known(value) });
                out.tail.sort_by_key(|tail| tail.id);
            }
        }
    }
    out
}

/// A body with every tail field that it lacks: what follows a change may be what trips over it.
pub(super) fn with_all_tails(schema: &Schema, def: &schema::Body, body: &Body) -> Option<Body> {
    let mut out = body.clone();
    for known in &def.tail {
        if out.tail.iter().all(|tail| tail.id != known.id) {
            let field = &known.field;
            let value = Smallest { schema }.value(&field.ty, field.constraint.as_ref());
            out.tail.push(Tail { id: known.id, value: TailValue::Known(value) });
        }
    }
    out.tail.sort_by_key(|tail| tail.id);
    (out.tail.len() > body.tail.len()).then_some(out)
}
