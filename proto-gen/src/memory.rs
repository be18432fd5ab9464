//! How large values are in memory, as the generated Rust holds them: upper bounds.
//!
//! A struct's fields stand by decreasing alignment and are rounded up (what `rustc` does), an
//! `Option` has a tag unless its type has a niche that is documented. What is on the heap is not
//! counted: the check counts it by what a received byte can cost, and what goes there by its size
//! is decided here.

use crate::schema::{Body, FloatWidth, Schema, Ty, TypeKind, UnknownPolicy};

/// `String`, `Vec`, `BTreeMap`.
const VEC: Layout = Layout { size: 24, align: 8 };
/// `bytes::Bytes`.
const BYTES: Layout = Layout { size: 32, align: 8 };
/// An unknown record that is kept: id and value.
pub(crate) const RECORD: Layout = Layout { size: 40, align: 8 };
/// Arrays above this many bytes are boxed.
const BOXED_ABOVE: i128 = 4_096;

/// Size and alignment of a Rust type, at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) size: i128,
    pub(crate) align: i128,
}

/// The layouts of a schema's types.
pub(crate) struct Layouts {
    /// By index into `Schema::types`.
    named: Vec<Layout>,
}

impl Layouts {
    pub(crate) fn new(schema: &Schema) -> Self {
        let mut layouts = Self { named: Vec::with_capacity(schema.types.len()) };
        for def in &schema.types {
            // Each type stands after those that it contains.
            let layout = layouts.of_kind(&def.kind);
            layouts.named.push(layout);
        }
        layouts
    }

    pub(crate) fn of(&self, ty: &Ty) -> Layout {
        let scalar = |size| Layout { size, align: size };
        match ty {
            Ty::Bool => scalar(1),
            Ty::Int(int) => scalar(i128::from(int.bytes())),
            Ty::Float(FloatWidth::F32) => scalar(4),
            Ty::Float(FloatWidth::F64) => scalar(8),
            Ty::Str { .. } | Ty::List { .. } | Ty::Map { .. } => VEC,
            Ty::Bytes { .. } => BYTES,
            Ty::Array { .. } if self.is_boxed(ty) => scalar(8),
            Ty::Array { elem, len } => {
                let elem = self.of(elem);
                Layout { size: elem.size.saturating_mul(i128::from(*len)), ..elem }
            }
            Ty::Opt(inner) => self.optional(inner),
            Ty::Ip => Layout { size: 17, align: 1 },
            Ty::SocketAddr => Layout { size: 32, align: 4 },
            Ty::Uuid => Layout { size: 16, align: 1 },
            Ty::Duration | Ty::Timestamp => Layout { size: 16, align: 8 },
            Ty::Named(id) => self.named[id.0],
        }
    }

    /// Whether it is an array that is too large for the stack.
    pub(crate) fn is_boxed(&self, ty: &Ty) -> bool {
        let Ty::Array { elem, len } = ty else { return false };
        self.of(elem).size.saturating_mul(i128::from(*len)) > BOXED_ABOVE
    }

    pub(crate) fn of_body(&self, body: &Body) -> Layout {
        let head = body.head.iter().map(|field| self.of(&field.ty));
        let tail = body.tail.iter().map(|tail| self.optional(&tail.field.ty));
        let retained = (body.unknown == UnknownPolicy::Retain).then_some(VEC);
        sum(head.chain(tail).chain(retained))
    }

    /// `Option<T>`: a tag, unless a niche holds it.
    fn optional(&self, ty: &Ty) -> Layout {
        let inner = self.of(ty);
        match ty {
            Ty::Bool
            | Ty::Str { .. }
            | Ty::Bytes { .. }
            | Ty::List { .. }
            | Ty::Ip
            | Ty::SocketAddr
            | Ty::Duration => inner,
            _ => Layout { size: inner.size.saturating_add(inner.align), ..inner },
        }
    }

    fn of_kind(&self, kind: &TypeKind) -> Layout {
        let wide = |size, align: u64| Layout { size, align: i128::from(align) };
        match kind {
            TypeKind::Enum(item) => wide(2 * i128::from(item.repr.bytes()), item.repr.bytes()),
            TypeKind::Flags(item) => wide(i128::from(item.repr.bytes()), item.repr.bytes()),
            TypeKind::Struct(item) => self.of_body(&item.body),
            TypeKind::Union(item) => {
                let mut largest = RECORD;
                for variant in &item.variants {
                    let layout = self.of_body(&variant.body);
                    largest.size = largest.size.max(layout.size);
                    largest.align = largest.align.max(layout.align);
                }
                sum([largest, Layout { size: largest.align, align: 1 }])
            }
        }
    }
}

/// Fields by decreasing alignment leave no gaps but at the end.
fn sum(fields: impl IntoIterator<Item = Layout>) -> Layout {
    let mut total = Layout { size: 0, align: 1 };
    for field in fields {
        total.size = total.size.saturating_add(field.size);
        total.align = total.align.max(field.align);
    }
    let over = total.size % total.align;
    if over > 0 {
        total.size = total.size.saturating_add(total.align - over);
    }
    total
}
