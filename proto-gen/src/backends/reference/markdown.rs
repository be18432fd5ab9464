//! Pieces of Markdown, as GitHub reads it.

use crate::backends::layout::snake;

/// Text in a table's cell or a line: no line breaks, no ends of cells.
pub(super) fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A link to an item. Headings alone would collide with those of the document itself.
pub(super) fn link(name: &str) -> String {
    format!("[{name}](#item-{})", snake(name))
}

/// Where links to an item lead.
pub(super) fn anchor(name: &str) -> String {
    format!("<a id=\"item-{}\"></a>\n", snake(name))
}

/// A link to a heading of the document, by the anchor that GitHub makes of it.
pub(super) fn heading_link(heading: &str) -> String {
    format!("[{heading}](#{})", heading.to_lowercase().replace(' ', "-"))
}
