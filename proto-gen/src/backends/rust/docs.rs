//! Docs: the spec's text, and the byte layout as a diagram.

use proc_macro2::TokenStream;
use quote::quote;

use super::Cx;
use crate::schema::{Body, FloatWidth, Int, Meta, Ty};

/// The doc comment of an item that the spec describes.
pub(super) fn of(meta: &Meta) -> TokenStream {
    let text = if meta.doc.trim().is_empty() {
        format!("`{}`; the spec says no more.", meta.name)
    } else {
        meta.doc.clone()
    };
    let mut lines = plain(&text);
    if meta.since > 1 {
        lines.push(String::new());
        lines.push(format!("Since version {} of the spec.", meta.since));
    }
    let deprecated = meta.deprecated.as_ref().map(|why| quote!(#[deprecated = #why]));
    let doc = attributes(&lines);
    quote!(#doc #deprecated)
}

/// The doc comment of something that the spec does not describe itself.
pub(super) fn text(text: &str) -> TokenStream {
    attributes(&plain(text))
}

/// The doc comment of a body: the spec's text, then its layout.
pub(super) fn with_layout(meta: &Meta, layout: &[String]) -> TokenStream {
    let doc = of(meta);
    let mut lines = vec![String::new(), "```text".to_owned()];
    lines.extend_from_slice(layout);
    lines.push("```".to_owned());
    let layout = attributes(&lines);
    quote!(#doc #layout)
}

/// The diagram of a body: where each field begins, how long it is, what it is.
pub(super) fn layout(cx: &Cx<'_>, prefix: Option<u64>, body: &Body) -> Vec<String> {
    let mut rows = Vec::new();
    // Known until the first field whose size varies.
    let mut offset = Some(0);
    if let Some(width) = prefix {
        rows.push(("0".to_owned(), width.to_string(), "length of what follows".to_owned()));
        offset = Some(width);
    }
    for field in &body.head {
        let size = cx.size_of(&field.ty);
        let at = offset.map_or_else(|| "..".to_owned(), |at: u64| at.to_string());
        rows.push((at, size_text(size.min, size.max), field_text(cx, &field.meta.name, &field.ty)));
        offset = match (offset, size.fixed()) {
            (Some(at), Some(size)) => at.checked_add(size),
            _ => None,
        };
    }
    for tail in &body.tail {
        let size = cx.size_of(&tail.field.ty);
        let text = field_text(cx, &tail.field.meta.name, &tail.field.ty);
        let size = format!("6 + {}", size_text(size.min, size.max));
        rows.push(("tail".to_owned(), size, format!("record {}: {text}", tail.id)));
    }
    if rows.is_empty() {
        return vec!["(nothing)".to_owned()];
    }
    let heading = ("offset".to_owned(), "size".to_owned(), "field".to_owned());
    rows.insert(0, heading);
    let widths = [
        rows.iter().map(|row| row.0.len()).max().unwrap_or_default(),
        rows.iter().map(|row| row.1.len()).max().unwrap_or_default(),
    ];
    rows.iter()
        .map(|(at, size, field)| format!("{at:>0$}  {size:<1$}  {field}", widths[0], widths[1]))
        .collect()
}

fn size_text(min: u64, max: u64) -> String {
    if min == max { min.to_string() } else { format!("{min}..={max}") }
}

fn field_text(cx: &Cx<'_>, name: &str, ty: &Ty) -> String {
    format!("{name}: {}", spelled(cx, ty))
}

/// A type as the spec writes it.
fn spelled(cx: &Cx<'_>, ty: &Ty) -> String {
    match ty {
        Ty::Bool => "Bool".into(),
        Ty::Int(int) => int_text(*int).into(),
        Ty::Float(FloatWidth::F32) => "F32".into(),
        Ty::Float(FloatWidth::F64) => "F64".into(),
        Ty::Str { max } => format!("Str({max})"),
        Ty::Bytes { max } => format!("Bytes({max})"),
        Ty::List { elem, max } => format!("List({}, {max})", spelled(cx, elem)),
        Ty::Array { elem, len } => format!("Array({}, {len})", spelled(cx, elem)),
        Ty::Map { key, value, max } => {
            format!("Map({}, {}, {max})", spelled(cx, key), spelled(cx, value))
        }
        Ty::Opt(inner) => format!("Opt({})", spelled(cx, inner)),
        Ty::Ip => "Ip".into(),
        Ty::SocketAddr => "SocketAddr".into(),
        Ty::Uuid => "Uuid".into(),
        Ty::Duration => "Duration".into(),
        Ty::Timestamp => "Timestamp".into(),
        Ty::Named(id) => cx.schema.type_def(*id).meta.name.clone(),
    }
}

fn int_text(int: Int) -> &'static str {
    match int {
        Int::U8 => "U8",
        Int::U16 => "U16",
        Int::U32 => "U32",
        Int::U64 => "U64",
        Int::U128 => "U128",
        Int::I8 => "I8",
        Int::I16 => "I16",
        Int::I32 => "I32",
        Int::I64 => "I64",
        Int::I128 => "I128",
    }
}

/// The text's lines, made harmless: nothing in them is taken for a doctest, so no fence without a
/// language and no indented code; and no character that Rust refuses in a comment.
fn plain(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_end().lines() {
        let line = line.replace('\t', "    ").replace(unprintable, " ");
        let trimmed = line.trim();
        let fence = ["```", "~~~"].into_iter().find(|fence| trimmed.starts_with(fence));
        lines.push(match fence {
            Some(fence) if fenced => {
                fenced = false;
                fence.to_owned()
            }
            Some(fence) => {
                fenced = true;
                format!("{fence}text")
            }
            None if fenced => line.trim_end().to_owned(),
            // Four spaces would make code of it; lists keep theirs by being nested no deeper.
            None => line.trim().to_owned(),
        });
    }
    if fenced {
        lines.push("```".to_owned());
    }
    lines
}

/// Control characters, a carriage return among them, and those that turn the direction of text.
fn unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn attributes(lines: &[String]) -> TokenStream {
    lines
        .iter()
        .map(|line| {
            let line = if line.is_empty() { String::new() } else { format!(" {line}") };
            quote!(#[doc = #line])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_doc_string_becomes_a_doctest() {
        let check = |text: &str, lines: &[&str]| assert_eq!(plain(text), lines, "{text}");
        check("One.\n\n    let x = 1;", &["One.", "", "let x = 1;"]);
        check("A\n```\nx\n```\nB", &["A", "```text", "x", "```", "B"]);
        check("A\n```rust\nx", &["A", "```text", "x", "```"]);
        check("~~~\nx\n~~~", &["~~~text", "x", "~~~"]);
    }

    #[test]
    fn nothing_in_a_doc_string_is_refused_in_a_comment() {
        let lines = plain("a\rb\0c\r\nd\u{202e}e\u{2069}\tf");
        assert_eq!(lines, ["a b c", "d e     f"]);
    }
}
