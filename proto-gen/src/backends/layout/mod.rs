//! The walk over a layout that every backend shares: where fields stand, how long they are, what
//! their types are called, and pictures of it.

mod diagram;
mod text;

pub use diagram::diagram;
pub use text::{
    bound_text, constraint_text, count, escaped, filter_name, float_text, item_filter, size_text,
    snake, type_text, wrapped,
};

use crate::schema::{Body, Field, Schema, Size};

/// Length of a record's header: `id: u16`, `len: u32`.
pub const HEADER_LEN: u64 = 6;

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

/// The head fields of a body that begins at `start`.
pub fn rows<'a>(schema: &Schema, body: &'a Body, start: u64) -> Vec<Row<'a>> {
    let mut offset = Some(start);
    let mut rows = Vec::new();
    for field in &body.head {
        let size = schema.size_of(&field.ty);
        rows.push(Row { field, offset, size });
        offset = offset.zip(size.fixed()).map(|(offset, size)| offset.saturating_add(size));
    }
    rows
}
