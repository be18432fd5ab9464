//! Items to text: each by itself, on as many threads as the machine has.
//!
//! The syntax tree of a whole protocol of a thousand messages is larger than any cache, and takes
//! six times as long to walk as the trees of its items one after the other.

use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::quote;

use super::{Cx, Options, constants, enums, flags, messages, sets, structs, unions};
use crate::schema::{Message, Schema, TypeDef, TypeKind};

/// What can be printed without its neighbours.
enum Item<'s> {
    Constants,
    /// With its index into `Schema::types`.
    Type(usize, &'s TypeDef),
    Message(&'s Message),
    Sets,
}

/// Below this many items threads cost more than they save.
const THREADS_FROM: usize = 64;

/// From this many items on the output is not laid out: laying it out takes longer than all the rest,
/// and nobody reads ten megabytes of generated code.
const PLAIN_FROM: usize = 400;

/// Every item of the schema, in order, as the inside of `mod generated`.
pub(super) fn items(schema: &Schema, options: &Options) -> String {
    let mut items = vec![Item::Constants];
    items.extend(schema.types.iter().enumerate().map(|(index, def)| Item::Type(index, def)));
    items.extend(schema.messages().map(Item::Message));
    items.push(Item::Sets);

    // From the last, since the sets are the largest: no thread is to begin with them when the
    // others are done.
    let left = AtomicUsize::new(items.len());
    let work = || {
        // Tokens cannot leave their thread, so each thread has a context of its own.
        let cx = Cx::new(schema, options);
        let mut printed = Vec::new();
        loop {
            let taken = left.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            let Ok(last) = taken else { return printed };
            let tokens = items[last - 1].tokens(&cx);
            let print = if items.len() < PLAIN_FROM { inside } else { plain };
            printed.push((last - 1, print(tokens)));
        }
    };
    let mut printed: Vec<(usize, String)> = thread::scope(|scope| {
        let threads = match items.len() {
            0..THREADS_FROM => 1,
            _ => thread::available_parallelism().map_or(1, usize::from),
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut printed = work();
        for other in others {
            printed.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        printed
    });
    printed.sort_unstable_by_key(|(index, _)| *index);
    printed.into_iter().map(|(_, text)| text).collect()
}

/// The text of a file.
pub(super) fn file(tokens: TokenStream) -> String {
    let file = syn::parse2(tokens)
        .expect("what `quote` was given here is Rust: goldens hold every construct");
    prettyplease::unparse(&file)
}

/// The text of items as it is inside a module: the lines between those of its braces.
fn inside(tokens: TokenStream) -> String {
    if tokens.is_empty() {
        return String::new();
    }
    let text = file(quote!(mod generated { #tokens }));
    let begin = text.find('\n').map_or(0, |at| at + 1);
    let end = text.trim_end().rfind('\n').map_or(begin, |at| at + 1);
    text[begin..end].to_owned()
}

/// The same tokens, with line breaks at braces and semicolons and no other layout.
fn plain(tokens: TokenStream) -> String {
    let mut text = String::new();
    lines(tokens, &mut text);
    text
}

fn lines(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        // Writing to a `String` cannot fail.
        let _ = match token {
            TokenTree::Group(group) => {
                let (delimiter, inside) = (group.delimiter(), group.stream());
                // Tokens that are shared with the group would be copied to be walked.
                drop(group);
                let (opening, closing) = match delimiter {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{\n", "}\n"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => (" ", " "),
                };
                text.push_str(opening);
                lines(inside, text);
                text.push_str(closing);
                Ok(())
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                match (punct.as_char(), punct.spacing()) {
                    (_, Spacing::Joint) => {}
                    (';', Spacing::Alone) => text.push('\n'),
                    (_, Spacing::Alone) => text.push(' '),
                }
                Ok(())
            }
            TokenTree::Ident(ident) => write!(text, "{ident} "),
            TokenTree::Literal(literal) => write!(text, "{literal} "),
        };
    }
}

impl Item<'_> {
    fn tokens(&self, cx: &Cx<'_>) -> TokenStream {
        match *self {
            Self::Constants => constants::items(cx),
            Self::Type(index, def) => match &def.kind {
                TypeKind::Struct(item) => structs::items(cx, index, def, item),
                TypeKind::Enum(item) => enums::items(cx, def, item),
                TypeKind::Flags(item) => flags::items(cx, def, item),
                TypeKind::Union(item) => unions::items(cx, index, def, item),
            },
            Self::Message(message) => messages::items(cx, message),
            Self::Sets => sets::items(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_layout_is_the_same_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/specs/hostile.ron");
        let schema = crate::load(path).expect("no mistake");
        let (options, mut count) = (Options::default(), 0);
        let cx = Cx::new(&schema, &options);
        let types = schema.types.iter().enumerate().map(|(index, def)| Item::Type(index, def));
        let messages = schema.messages().map(Item::Message);
        for item in [Item::Constants, Item::Sets].into_iter().chain(types).chain(messages) {
            let text = plain(item.tokens(&cx));
            let again: TokenStream = text.parse().expect("tokens");
            assert_eq!(file(again), file(item.tokens(&cx)));
            count += 1;
        }
        assert_eq!(count, 2 + schema.types.len() + schema.messages().count());
    }
}
