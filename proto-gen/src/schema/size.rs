//! How many bytes values have on the wire.

use super::{FloatWidth, LenWidth, Schema, Ty};

/// Smallest and largest size in bytes, saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Smallest.
    pub min: u64,
    /// Largest.
    pub max: u64,
}

impl Size {
    /// The size, where there is only one.
    pub fn fixed(self) -> Option<u64> {
        (self.min == self.max).then_some(self.min)
    }

    /// This, then that.
    pub fn and(self, next: Size) -> Size {
        Size { min: self.min.saturating_add(next.min), max: self.max.saturating_add(next.max) }
    }

    /// This, `count` times.
    pub fn times(self, count: u64) -> Size {
        Size { min: self.min.saturating_mul(count), max: self.max.saturating_mul(count) }
    }
}

impl Schema {
    /// Sizes of a type on the wire.
    pub fn size_of(&self, ty: &Ty) -> Size {
        let fixed = |n| Size { min: n, max: n };
        match ty {
            Ty::Bool => fixed(1),
            Ty::Int(int) => fixed(int.bytes()),
            Ty::Float(FloatWidth::F32) => fixed(4),
            Ty::Float(FloatWidth::F64) | Ty::Duration | Ty::Timestamp => fixed(8),
            Ty::Uuid => fixed(16),
            Ty::Ip => Size { min: 5, max: 17 },
            Ty::SocketAddr => Size { min: 7, max: 19 },
            Ty::Str { max } | Ty::Bytes { max } => counted(*max, fixed(1)),
            Ty::List { elem, max } => counted(*max, self.size_of(elem)),
            Ty::Map { key, value, max } => {
                counted(*max, self.size_of(key).and(self.size_of(value)))
            }
            Ty::Array { elem, len } => self.size_of(elem).times(u64::from(*len)),
            Ty::Opt(inner) => Size { min: 1, max: self.size_of(inner).max.saturating_add(1) },
            Ty::Named(id) => self.type_def(*id).size,
        }
    }
}

/// A length prefix, then up to `max` elements.
fn counted(max: u32, elem: Size) -> Size {
    let prefix = LenWidth::for_bound(max).bytes();
    Size { min: prefix, max: elem.max.saturating_mul(u64::from(max)).saturating_add(prefix) }
}
