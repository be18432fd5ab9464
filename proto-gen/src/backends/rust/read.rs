//! Parsers of bodies: head, then tail, in place or owned.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    Cx,
    fields::{self, Piece, Place, Run, RunField},
    literals::{hex, number},
    names::{ident, local},
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
    let step = |step| match step {
        Step::Run(run) => {
            let (size, table) = (literal(run.size), table(cx, &run.fields));
            let parts = parts(cx, &run, Shape::Nom);
            quote! {
                let (input, run) = ::tlv_core::run::read::<#size>(input, #table)?;
                #parts
            }
        }
        Step::Texts(texts) => read_texts(&texts, mode),
        Step::One(index, field) => one(cx, index, field, mode),
    };
    steps(cx, body).into_iter().map(step).collect()
}

/// Whether the head, owned, looks at the buffer that it may share: texts read together do not.
pub(super) fn uses_source(cx: &Cx<'_>, body: &Body) -> bool {
    steps(cx, body).iter().any(|step| matches!(step, Step::One(..)))
}

/// A part of a head that is read, or skipped, with one call.
pub(super) enum Step<'b> {
    /// Neighbours of fixed size, read with one bounds check.
    Run(Run<'b>),
    /// Neighbouring texts, checked for UTF-8 together.
    Texts(Vec<Text<'b>>),
    /// A field by itself.
    One(usize, &'b Field),
}

/// A text that may be short and which needs no check but for UTF-8.
#[derive(Clone, Copy)]
pub(super) struct Text<'b> {
    /// Among the body's fields.
    pub(super) index: usize,
    pub(super) field: &'b Field,
    bound: u32,
}

impl<'b> Text<'b> {
    fn of(piece: &Piece<'b>) -> Option<Self> {
        let Piece::One(index, field) = *piece else { return None };
        match field.ty {
            Ty::Str { max } if max <= 0xffff && field.constraint.is_none() => {
                Some(Self { index, field, bound: max })
            }
            _ => None,
        }
    }
}

/// A head, cut into steps.
pub(super) fn steps<'b>(cx: &Cx<'_>, body: &'b Body) -> Vec<Step<'b>> {
    let mut steps = Vec::new();
    let mut pieces = fields::pieces(cx, body).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let mut texts: Vec<Text<'b>> = Text::of(&piece).into_iter().collect();
        while !texts.is_empty()
            && let Some(next) = pieces.peek().and_then(Text::of)
        {
            texts.push(next);
            pieces.next();
        }
        steps.push(match piece {
            _ if texts.len() > 1 => Step::Texts(texts),
            Piece::Run(run) => Step::Run(run),
            Piece::One(index, field) => Step::One(index, field),
        });
    }
    steps
}

/// Statements that read neighbouring texts.
fn read_texts(texts: &[Text<'_>], mode: Mode) -> TokenStream {
    let locals: Vec<_> = texts.iter().map(|text| local(text.index)).collect();
    let table = text_table(texts);
    let own = (mode == Mode::Own).then(|| {
        quote! { #(let #locals = ::tlv_core::alloc::string::String::from(#locals);)* }
    });
    quote! {
        let (input, [#(#locals),*]) = ::tlv_core::text::texts(input, #table)?;
        #own
    }
}

/// A statement that finds the end of neighbouring texts.
pub(super) fn skip_texts(texts: &[Text<'_>]) -> TokenStream {
    let table = text_table(texts);
    quote! { let (input, ()) = ::tlv_core::text::skip(input, #table)?; }
}

/// The texts by name and bound.
fn text_table(texts: &[Text<'_>]) -> TokenStream {
    let names = texts.iter().map(|text| text.field.meta.name.as_str());
    let bounds = texts.iter().map(|text| number(u128::from(text.bound)));
    quote!(&[#((#names, #bounds)),*])
}

/// How each of these fields is judged by itself, for a run that is cut short.
pub(super) fn table(cx: &Cx<'_>, fields: &[RunField<'_>]) -> TokenStream {
    let parts = fields.iter().map(|part| {
        let (wire, name) = (cx.wire(&part.field.ty), &part.field.meta.name);
        let judge = match fields::constraint(part.field, &Place::Value(quote!(value))) {
            None => quote!(::tlv_core::run::judge::<#wire>),
            Some((holds, rule)) => quote! {
                |input| ::tlv_core::run::judge_held::<#wire>(input, |value| #holds, #rule)
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
        let bytes = quote!(::tlv_core::run::at::<#offset, #size, #total>(run));
        let follows = run.size - part.offset - part.size;
        if cx.traits_of(&part.field.ty).plain {
            out.extend(quote! { let #local = <#wire as ::tlv_core::wire::Plain>::plain(#bytes); });
        } else {
            let after = after(shape, follows);
            let read = match shape {
                Shape::Nom => quote!(::tlv_core::run::field),
                Shape::Part => quote!(::tlv_core::run::part),
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
    body.fields()
        .enumerate()
        .map(|(index, field)| {
            let (name, local) = (ident(&field.meta.name), local(index));
            // A field may be called as its local is, which clippy wants said once.
            if name == local { quote!(#name,) } else { quote!(#name: #local,) }
        })
        .collect()
}

/// Statements that find the end of a frozen head.
pub(super) fn skip(cx: &Cx<'_>, body: &Body) -> TokenStream {
    steps(cx, body).iter().map(|step| skip_step(cx, step)).collect()
}

/// A statement that finds the end of a step.
pub(super) fn skip_step(cx: &Cx<'_>, step: &Step<'_>) -> TokenStream {
    match step {
        Step::Run(run) => {
            let (size, table) = (literal(run.size), table(cx, &run.fields));
            quote! { let (input, _) = ::tlv_core::run::read::<#size>(input, #table)?; }
        }
        Step::Texts(texts) => skip_texts(texts),
        Step::One(_, field) => {
            let (wire, name) = (cx.wire(&field.ty), &field.meta.name);
            quote! {
                let (input, ()) = ::tlv_core::parse::field(
                    <#wire as ::tlv_core::wire::Wire>::skip(input),
                    #name,
                )?;
            }
        }
    }
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
