//! The walk over a layout that every backend shares: where fields stand, how long they are, what
//! their types are called, and pictures of it.

mod diagram;
mod text;

pub use diagram::diagram;
pub use text::{
    bound_text, bytes_text, constraint_text, count, escaped, filter_name, float_text, item_filter,
    size_text, snake, spec_name, type_text, unit_text, wrapped,
};

use crate::schema::{Body, Field, Schema, Size};

/// Length of a record's header: `id: u16`, `len: u32`.
pub const HEADER_LEN: u64 = 6;

/// Where a body stands in what is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first byte.
    pub start: u64,
    /// Most bytes that it may have, whatever its fields' own bounds add up to.
    pub room: u64,
    /// Whether tail records may follow the head.
    pub has_tail: bool,
}

impl Region {
    /// The size that is left of a field's in here.
    pub fn limit(&self, size: Size) -> Size {
        Size { min: size.min, max: size.max.min(self.room).max(size.min) }
    }
}

/// A head field, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The field.
    pub field: &'a Field,
    /// First byte, where it is the same in every value.
    pub offset: Option<u64>,
    /// Bytes on the wire, length prefix included.
    pub size: Size,
}

/// The head fields of a body.
pub fn rows<'a>(schema: &Schema, body: &'a Body, region: &Region) -> Vec<Row<'a>> {
    let mut offset = Some(region.start);
    let mut rows = Vec::new();
    for field in &body.head {
        let size = region.limit(schema.size_of(&field.ty));
        rows.push(Row { field, offset, size });
        offset = offset.zip(size.fixed()).map(|(offset, size)| offset.saturating_add(size));
    }
    rows
}
