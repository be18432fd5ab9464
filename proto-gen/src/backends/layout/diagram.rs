//! Pictures of a body: boxes with names and sizes, constant offsets below them.

use super::{Region, Row, count, rows, size_text};
use crate::schema::{Body, LenWidth, Schema, Ty};

/// Columns that a picture may take.
const WIDTH: usize = 92;

/// One box of a picture.
struct Cell {
    name: String,
    size: String,
    /// First byte, where it is always the same.
    offset: Option<u64>,
}

/// The boxes of a body: its head fields, lengths apart from what they count, then the tail.
///
/// ```text
/// +--------+---------+------------------+
/// | reason | text: n | text             |
/// |   2    |    1    |        n         |
/// +--------+---------+------------------+
/// 0        2         3
/// ```
pub fn diagram(schema: &Schema, body: &Body, region: &Region) -> String {
    let mut cells = Vec::new();
    for row in rows(schema, body, region) {
        cells.extend(cells_of(&row));
    }
    if region.has_tail {
        let offset = body_end(schema, body, region.start);
        cells.push(Cell { name: "tail records".to_owned(), size: "...".to_owned(), offset });
    }
    let mut out = String::new();
    let mut line: Vec<Cell> = Vec::new();
    for cell in cells {
        let taken: usize = line.iter().map(|cell| cell.width() + 3).sum();
        if !line.is_empty() && taken + cell.width() + 4 > WIDTH {
            draw(&line, &mut out);
            line.clear();
        }
        line.push(cell);
    }
    draw(&line, &mut out);
    out
}

/// Where the head ends, if that is constant.
fn body_end(schema: &Schema, body: &Body, start: u64) -> Option<u64> {
    body.head.iter().try_fold(start, |offset, field| {
        schema.size_of(&field.ty).fixed().map(|size| offset.saturating_add(size))
    })
}

fn cells_of(row: &Row<'_>) -> Vec<Cell> {
    let name = &row.field.meta.name;
    let cell = |name: String, size: String, offset| Cell { name, size, offset };
    let (max, each) = match &row.field.ty {
        Ty::Str { max } | Ty::Bytes { max } => (max, "n".to_owned()),
        Ty::List { max, .. } => (max, "n elements".to_owned()),
        Ty::Map { max, .. } => (max, "n pairs".to_owned()),
        _ => return vec![cell(name.clone(), size_text(row.size), row.offset)],
    };
    let prefix = LenWidth::for_bound(*max).bytes();
    vec![
        cell(format!("{name}: n"), count(prefix), row.offset),
        cell(name.clone(), each, row.offset.map(|offset| offset.saturating_add(prefix))),
    ]
}

impl Cell {
    fn width(&self) -> usize {
        let offset = self.offset.map_or(0, |offset| offset.to_string().len());
        self.name.len().max(self.size.len()).max(offset)
    }
}

fn draw(cells: &[Cell], out: &mut String) {
    if cells.is_empty() {
        return;
    }
    let (mut border, mut names, mut sizes, mut offsets) =
        ("+".to_owned(), "|".to_owned(), "|".to_owned(), String::new());
    for cell in cells {
        let width = cell.width();
        border.push_str(&format!("{}+", "-".repeat(width + 2)));
        names.push_str(&format!(" {:<width$} |", cell.name));
        sizes.push_str(&format!(" {:^width$} |", cell.size));
        let offset = cell.offset.map_or(String::new(), |offset| offset.to_string());
        offsets.push_str(&format!("{offset:<column$}", column = width + 3));
    }
    for line in [&border, &names, &sizes, &border, &offsets] {
        let line = line.trim_end();
        if !line.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
    }
}
