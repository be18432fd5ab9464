//! Parsers of bodies: head, then tail, in place or owned.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    Cx,
    fields::{self, Piece, Place, Run, RunField},
    names::{ident, local},
    types::{hex, number},
};
use crate::schema::{Body, Field, Ty, UnknownPolicy};

/// Whether values are read in place or owned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Borrow,
    Own,
}

/// How an error of a field leaves the function that it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In nom's wrapping; what follows the run is `input`.
    Nom,
    /// By itself; nothing follows the run.
    Part,
}

/// Statements that read the head from `input` into the locals `f0`, `f1`, ..., and leave in `input`
/// what follows it.
pub(super) fn head(cx: &Cx<'_>, body: &Body, mode: Mode) -> TokenStream {
    let mut out = TokenStream::new();
    let mut pieces = fields::pieces(cx, body).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let mut together: Vec<(usize, &Field, u32)> = short_text(&piece).into_iter().collect();
        while !together.is_empty()
            && let Some(next) = pieces.peek().and_then(short_text)
        {
            together.push(next);
            pieces.next();
        }
        if together.len() > 1 {
            out.extend(texts(&together, mode));
            continue;
        }
        out.extend(match piece {
            Piece::Run(run) => {
                let (size, table) = (literal(run.size), table(cx, &run.fields));
                let parts = parts(cx, &run, Shape::Nom);
                quote! {
                    let (input, run) = ::tlv_core::parse::run::<#size>(input, #table)?;
                    #parts
                }
            }
            Piece::One(index, field) => one(cx, index, field, mode),
        });
    }
    out
}

/// Whether the head, owned, looks at the buffer that it may share: texts read together do not.
pub(super) fn uses_source(cx: &Cx<'_>, body: &Body) -> bool {
    let pieces = fields::pieces(cx, body);
    let text = |at: Option<usize>| at.and_then(|at| pieces.get(at)).and_then(short_text).is_some();
    pieces.iter().enumerate().any(|(at, piece)| {
        let together = text(Some(at)) && (text(at.checked_sub(1)) || text(Some(at + 1)));
        matches!(piece, Piece::One(..)) && !together
    })
}

/// A text that may be short and which needs no check but for UTF-8: with its bound.
fn short_text<'b>(piece: &Piece<'b>) -> Option<(usize, &'b Field, u32)> {
    let Piece::One(index, field) = piece else { return None };
    match field.ty {
        Ty::Str { max } if max <= 0xffff && field.constraint.is_none() => {
            Some((*index, field, max))
        }
        _ => None,
    }
}

/// Statements that read neighbouring texts, checked for UTF-8 together.
fn texts(texts: &[(usize, &Field, u32)], mode: Mode) -> TokenStream {
    let locals: Vec<_> = texts.iter().map(|(index, ..)| local(*index)).collect();
    let names = texts.iter().map(|(_, field, _)| field.meta.name.as_str());
    let bounds = texts.iter().map(|(.., max)| number(u128::from(*max)));
    let own = (mode == Mode::Own).then(|| {
        quote! { #(let #locals = ::tlv_core::alloc::string::String::from(#locals);)* }
    });
    quote! {
        let (input, [#(#locals),*]) =
            ::tlv_core::text::texts(input, &[#((#names, #bounds)),*])?;
        #own
    }
}

/// How each of these fields is judged by itself, for a run that is cut short.
pub(super) fn table(cx: &Cx<'_>, fields: &[RunField<'_>]) -> TokenStream {
    let parts = fields.iter().map(|part| {
        let (wire, name) = (cx.wire(&part.field.ty), &part.field.meta.name);
        let judge = match fields::constraint(part.field, &Place::Value(quote!(value))) {
            None => quote!(::tlv_core::parse::judge::<#wire>),
            Some((holds, rule)) => quote! {
                |input| ::tlv_core::parse::judge_held::<#wire>(input, |value| #holds, #rule)
            },
        };
        quote!((#name, #judge))
    });
    quote!(&[#(#parts),*])
}

/// Statements that read the fields of a `run` into the locals.
pub(super) fn parts(cx: &Cx<'_>, run: &Run<'_>, shape: Shape) -> TokenStream {
    let total = literal(run.size);
    let mut out = TokenStream::new();
    for part in &run.fields {
        let (local, name) = (local(part.index), &part.field.meta.name);
        let wire = cx.wire(&part.field.ty);
        let (offset, size) = (literal(part.offset), literal(part.size));
        let bytes = quote!(::tlv_core::parse::at::<#offset, #size, #total>(run));
        let follows = run.size - part.offset - part.size;
        if cx.traits_of(&part.field.ty).plain {
            out.extend(quote! { let #local = <#wire as ::tlv_core::wire::Plain>::plain(#bytes); });
        } else {
            let after = after(shape, follows);
            let read = match shape {
                Shape::Nom => quote!(::tlv_core::parse::run_field),
                Shape::Part => quote!(::tlv_core::parse::part),
            };
            out.extend(quote! {
                let #local = #read(<#wire as ::tlv_core::wire::Fixed>::get(#bytes), #name, #after)?;
            });
        }
        if let Some((holds, rule)) = fields::constraint(part.field, &Place::Value(quote!(#local))) {
            let left = after(shape, follows + part.size);
            let hold = match shape {
                Shape::Nom => quote!(::tlv_core::parse::hold),
                Shape::Part => quote!(::tlv_core::parse::hold_part),
            };
            out.extend(quote! { #hold(#holds, #rule, #name, #left)?; });
        }
    }
    out
}

/// An expression for how many bytes follow, `more` of them in the run.
fn after(shape: Shape, more: u64) -> TokenStream {
    let count = literal(more);
    match (shape, more) {
        (Shape::Nom, 0) => quote!(input.len()),
        (Shape::Nom, _) => quote!(input.len() + #count),
        (Shape::Part, _) => quote!(#count),
    }
}

/// Statements that read a field by itself from `input`.
pub(super) fn one(cx: &Cx<'_>, index: usize, field: &Field, mode: Mode) -> TokenStream {
    let (local, name) = (local(index), &field.meta.name);
    let read = read_call(cx, field, mode, &quote!(input));
    let constraint = fields::constraint(field, &Place::Value(quote!(#local)));
    let before = constraint.is_some().then(|| quote! { let left = input.len(); });
    let hold = constraint.map(|(holds, rule)| {
        quote! { ::tlv_core::parse::hold(#holds, #rule, #name, left)?; }
    });
    quote! {
        #before
        let (input, #local) = ::tlv_core::parse::field(#read, #name)?;
        #hold
    }
}

fn read_call(cx: &Cx<'_>, field: &Field, mode: Mode, input: &TokenStream) -> TokenStream {
    let wire = cx.wire(&field.ty);
    match mode {
        Mode::Borrow => quote!(<#wire as ::tlv_core::wire::Wire>::read_ref(#input)),
        Mode::Own => quote!(<#wire as ::tlv_core::wire::Wire>::read(#input, source)),
    }
}

/// Statements that read the tail, which is all of `input`, into the locals that follow the head's
/// (and into `retained`, where the body keeps what it does not know).
pub(super) fn tail(cx: &Cx<'_>, body: &Body, mode: Mode) -> TokenStream {
    let retain = body.unknown == UnknownPolicy::Retain && mode == Mode::Own;
    if body.tail.is_empty() && !retain {
        return quote! { ::tlv_core::TailReader::skip(input)?; };
    }
    let first = body.head.len();
    let mut locals = TokenStream::new();
    let mut arms = TokenStream::new();
    for (at, tail) in body.tail.iter().enumerate() {
        let (local, name, id) = (local(first + at), &tail.field.meta.name, hex(tail.id));
        locals.extend(quote! { let mut #local = ::core::option::Option::None; });
        let read = match fields::constraint(&tail.field, &Place::Value(quote!(value))) {
            None if mode == Mode::Borrow => {
                let wire = cx.wire(&tail.field.ty);
                quote!(<#wire as ::tlv_core::wire::Wire>::read_ref)
            }
            None => {
                let read = read_call(cx, &tail.field, mode, &quote!(input));
                quote!(|input| #read)
            }
            Some((holds, rule)) => {
                let read = read_call(cx, &tail.field, mode, &quote!(input));
                quote! {
                    |input| {
                        let left = input.len();
                        let (input, value) = #read?;
                        ::tlv_core::parse::hold_here(#holds, #rule, left)?;
                        ::core::result::Result::Ok((input, value))
                    }
                }
            }
        };
        arms.extend(quote! {
            #id => #local = ::core::option::Option::Some(tail.field(record, #name, #read)?),
        });
    }
    let (keep, unknown) = if retain {
        (
            quote! { let mut retained = ::tlv_core::Retained::default(); },
            quote! {
                tail.unknown(record)?;
                retained.keep(record, source);
            },
        )
    } else {
        (TokenStream::new(), quote! { tail.unknown(record)?; })
    };
    let judged = if body.tail.is_empty() {
        unknown
    } else {
        quote! { match record.id { #arms _ => { #unknown } } }
    };
    quote! {
        #locals
        #keep
        let mut tail = ::tlv_core::TailReader::new(input);
        while let ::core::option::Option::Some(record) = tail.next_record()? {
            #judged
        }
    }
}

/// `field: f0, ...` for every field of the body.
pub(super) fn initializers(body: &Body) -> TokenStream {
    fields::all(body)
        .enumerate()
        .map(|(index, field)| {
            let (name, local) = (ident(&field.meta.name), local(index));
            quote!(#name: #local,)
        })
        .collect()
}

/// Statements that find the end of a frozen head.
pub(super) fn skip(cx: &Cx<'_>, body: &Body) -> TokenStream {
    let mut out = TokenStream::new();
    for piece in fields::pieces(cx, body) {
        out.extend(match piece {
            Piece::Run(run) => {
                let (size, table) = (literal(run.size), table(cx, &run.fields));
                quote! { let (input, _) = ::tlv_core::parse::run::<#size>(input, #table)?; }
            }
            Piece::One(_, field) => {
                let (wire, name) = (cx.wire(&field.ty), &field.meta.name);
                quote! {
                    let (input, ()) = ::tlv_core::parse::field(
                        <#wire as ::tlv_core::wire::Wire>::skip(input),
                        #name,
                    )?;
                }
            }
        });
    }
    out
}

/// `field: own(value.field)?, ...` for every field of the body.
pub(super) fn own(cx: &Cx<'_>, body: &Body) -> TokenStream {
    let head = body.head.iter().map(|field| {
        let (name, text) = (ident(&field.meta.name), &field.meta.name);
        if cx.traits_of(&field.ty).copy {
            return quote!(#name: value.#name,);
        }
        let wire = cx.wire(&field.ty);
        quote! {
            #name: ::tlv_core::parse::own_field(
                <#wire as ::tlv_core::wire::Wire>::own(value.#name),
                #text,
            )?,
        }
    });
    let tail = body.tail.iter().map(|tail| {
        let (name, text) = (ident(&tail.field.meta.name), &tail.field.meta.name);
        if cx.traits_of(&tail.field.ty).copy {
            return quote!(#name: value.#name,);
        }
        let wire = cx.wire(&tail.field.ty);
        quote! {
            #name: ::tlv_core::parse::own_field(
                <::core::option::Option<#wire> as ::tlv_core::wire::Wire>::own(value.#name),
                #text,
            )?,
        }
    });
    head.chain(tail).collect()
}

/// A size or offset.
pub(super) fn literal(value: u64) -> Literal {
    number(u128::from(value))
}
