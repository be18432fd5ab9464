//! Prints what was measured, for people and for programs.

use std::io::{self, Write};

use crate::Column;
use crate::formats::Evolution;

/// One data set and column: ours first, then every peer.
pub struct Row {
    pub data: String,
    pub column: Column,
    pub cells: Vec<Cell>,
}

/// One format's figure.
pub struct Cell {
    pub name: &'static str,
    pub evolution: Evolution,
    pub borrows: bool,
    /// Microseconds, or bytes.
    pub value: f64,
    /// Ours divided by theirs.
    pub ratio: f64,
    /// Half the distance between the quartiles of the ratio.
    pub spread: f64,
}

impl Row {
    /// The peer with the smallest figure among those that `evolution` admits.
    fn best(&self, evolution: Option<Evolution>) -> Option<&Cell> {
        let peers = self.cells.iter().skip(1);
        peers
            .filter(|cell| evolution.is_none_or(|evolution| cell.evolution == evolution))
            .min_by(|a, b| a.value.total_cmp(&b.value))
    }
}

/// A Markdown table per data set, one line per format, one column per action.
pub fn text(rows: &[Row], mut out: impl Write) -> io::Result<()> {
    for rows in rows.chunk_by(|a, b| a.data == b.data) {
        writeln!(out, "\n### {}\n", rows[0].data)?;
        write!(out, "| ours / theirs |")?;
        for row in rows {
            write!(out, " {} |", format!("{:?}", row.column).to_lowercase())?;
        }
        writeln!(out, "\n|---|{}", "---:|".repeat(rows.len()))?;
        for (index, cell) in rows[0].cells.iter().enumerate() {
            let evolves = if cell.evolution == Evolution::Yes { " (evolves)" } else { "" };
            write!(out, "| {}{evolves} |", cell.name)?;
            for row in rows {
                let cell = &row.cells[index];
                let owned = match row.column {
                    Column::Borrow | Column::Access if !cell.borrows => "*",
                    _ => "",
                };
                let unit = match row.column {
                    Column::Size | Column::Zstd => "B",
                    _ => "us",
                };
                match (index, cell.spread) {
                    (0, _) => write!(out, " {:.0} {unit} |", cell.value)?,
                    (_, 0.0) => write!(out, " {:.2}{owned} |", cell.ratio)?,
                    (_, spread) => write!(out, " {:.2}{owned} ±{spread:.2} |", cell.ratio)?,
                }
            }
            writeln!(out)?;
        }
        for (label, evolution) in
            [("best that can evolve", Some(Evolution::Yes)), ("best of all", None)]
        {
            write!(out, "| {label} |")?;
            for row in rows {
                match row.best(evolution) {
                    Some(cell) => write!(out, " {}: {:.2} |", cell.name, cell.ratio)?,
                    None => write!(out, " |")?,
                }
            }
            writeln!(out)?;
        }
    }
    writeln!(out, "\n`*`: the format cannot borrow this; it decodes to owned and reads that.")
}

/// The same as one JSON object.
pub fn json(rows: &[Row], mut out: impl Write) -> io::Result<()> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .cells
                .iter()
                .map(|cell| {
                    serde_json::json!({
                        "format": cell.name,
                        "evolves": cell.evolution == Evolution::Yes,
                        "borrows": cell.borrows,
                        "value": cell.value,
                        "ours_over_theirs": cell.ratio,
                        "spread": cell.spread,
                    })
                })
                .collect();
            let unit = match row.column {
                Column::Size | Column::Zstd => "bytes",
                _ => "microseconds",
            };
            serde_json::json!({
                "data": row.data,
                "column": format!("{:?}", row.column).to_lowercase(),
                "unit": unit,
                "formats": cells,
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "rows": rows }))?;
    writeln!(out)
}
