//! The form of a type's bytes, whatever they mean.

use std::cell::Cell;

use crate::schema::{Body, LenWidth, Schema, Ty, TypeKind};

/// A type's bytes: two types of one shape read each other's bytes without noticing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// This many bytes.
    Fixed(u64),
    /// A count of this width, then elements.
    Counted(LenWidth, Box<Shape>),
    /// Elements without a count.
    Repeated(u32, Box<Shape>),
    /// A byte, then what it announces.
    Opt(Box<Shape>),
    /// A family byte, then an address.
    Ip,
    /// A length of this width, then a body.
    Extensible(LenWidth, Box<Shape>),
    /// A record.
    Union,
    /// One after the other; never fewer than two.
    Sequence(Vec<Shape>),
    /// Anything: the shape is too large to tell.
    Cut,
}

/// The shape of a type.
pub(super) fn of(schema: &Schema, ty: &Ty) -> Shape {
    Shaper { schema, left: Cell::new(NODES_MAX) }.of(ty)
}

/// Most nodes of a shape: types that hold a type twice, many times nested, have more than fit.
const NODES_MAX: u32 = 4_096;

struct Shaper<'a> {
    schema: &'a Schema,
    /// Nodes that may still be made.
    left: Cell<u32>,
}

impl Shaper<'_> {
    fn of(&self, ty: &Ty) -> Shape {
        let Some(left) = self.left.get().checked_sub(1) else { return Shape::Cut };
        self.left.set(left);
        let schema = self.schema;
        if !holds_variable(schema, ty)
            && let Some(bytes) = schema.size_of(ty).fixed()
        {
            return Shape::Fixed(bytes);
        }
        let counted = |max: u32, elem| Shape::Counted(LenWidth::for_bound(max), Box::new(elem));
        match ty {
            Ty::Str { max } | Ty::Bytes { max } => counted(*max, Shape::Fixed(1)),
            Ty::List { elem, max } => counted(*max, self.of(elem)),
            Ty::Map { key, value, max } => counted(*max, sequence([self.of(key), self.of(value)])),
            Ty::Array { elem, len } => Shape::Repeated(*len, Box::new(self.of(elem))),
            Ty::Opt(inner) => Shape::Opt(Box::new(self.of(inner))),
            Ty::Ip => Shape::Ip,
            Ty::SocketAddr => Shape::Sequence(vec![Shape::Ip, Shape::Fixed(2)]),
            Ty::Named(id) => match &schema.type_def(*id).kind {
                TypeKind::Union(_) => Shape::Union,
                TypeKind::Struct(def) => {
                    let head = sequence(def.body.head.iter().map(|field| self.of(&field.ty)));
                    match def.extensible {
                        Some(width) => Shape::Extensible(width, Box::new(head)),
                        None => head,
                    }
                }
                // Of fixed size.
                TypeKind::Enum(_) | TypeKind::Flags(_) => Shape::Fixed(schema.size_of(ty).min),
            },
            // Of fixed size.
            Ty::Bool | Ty::Int(_) | Ty::Float(_) | Ty::Uuid | Ty::Duration | Ty::Timestamp => {
                Shape::Fixed(schema.size_of(ty).min)
            }
        }
    }
}

/// Whether two types have the same form and are of one kind: a rename would explain the change.
pub(super) fn similar(old: &Schema, old_ty: &Ty, new: &Schema, new_ty: &Ty) -> bool {
    std::mem::discriminant(old_ty) == std::mem::discriminant(new_ty)
        && of(old, old_ty) == of(new, new_ty)
}

/// Whether a rename would explain that one body stands where the other stood.
pub(super) fn similar_bodies(old: &Schema, old_body: &Body, new: &Schema, new_body: &Body) -> bool {
    old_body.head.len() == new_body.head.len()
        && old_body.head.iter().zip(&new_body.head).all(|(o, n)| similar(old, &o.ty, new, &n.ty))
}

/// Whether a type contains a record or a length, whose bytes mean more than their number.
fn holds_variable(schema: &Schema, ty: &Ty) -> bool {
    match ty {
        Ty::Array { elem, .. } => holds_variable(schema, elem),
        Ty::Named(id) => match &schema.type_def(*id).kind {
            TypeKind::Union(_) => true,
            TypeKind::Struct(def) => {
                def.extensible.is_some()
                    || def.body.head.iter().any(|field| holds_variable(schema, &field.ty))
            }
            TypeKind::Enum(_) | TypeKind::Flags(_) => false,
        },
        Ty::Str { .. } | Ty::Bytes { .. } | Ty::List { .. } | Ty::Map { .. } | Ty::Opt(_) => true,
        Ty::Bool
        | Ty::Int(_)
        | Ty::Float(_)
        | Ty::Ip
        | Ty::SocketAddr
        | Ty::Uuid
        | Ty::Duration
        | Ty::Timestamp => false,
    }
}

/// One after the other; neighbours of fixed size become one.
fn sequence(shapes: impl IntoIterator<Item = Shape>) -> Shape {
    let mut out: Vec<Shape> = Vec::new();
    for shape in shapes {
        let parts = match shape {
            Shape::Sequence(parts) => parts,
            shape => vec![shape],
        };
        for part in parts {
            match (out.last_mut(), part) {
                (Some(Shape::Fixed(bytes)), Shape::Fixed(more)) => *bytes += more,
                (_, Shape::Fixed(0)) => {}
                (_, part) => out.push(part),
            }
        }
    }
    match out.len() {
        0 => Shape::Fixed(0),
        1 => out.remove(0),
        _ => Shape::Sequence(out),
    }
}
