//! Encoders of bodies, in two passes: size and check, then write.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    fields::{self, Piece, Place},
    literals::{hex, number},
    names::ident,
    read::literal,
};
use crate::schema::{Body, UnknownPolicy};

/// Statements that check `value` and leave its size in `size`.
pub(super) fn size(cx: &Cx<'_>, body: &Body) -> TokenStream {
    let mut constant = 0u64;
    let mut out = TokenStream::new();
    let mut varies = false;
    for field in &body.head {
        let (name, text, wire) = (ident(&field.meta.name), &field.meta.name, cx.wire(&field.ty));
        if let Some((holds, rule)) = fields::constraint(field, &Place::Value(quote!(value.#name))) {
            out.extend(quote! { ::tlv_core::write::hold(#holds, #rule, #text)?; });
        }
        let traits = cx.traits_of(&field.ty);
        if traits.fixed {
            constant = constant.saturating_add(cx.size_of(&field.ty).min);
            if traits.refusable {
                out.extend(quote! {
                    ::tlv_core::write::field(
                        <#wire as ::tlv_core::wire::Fixed>::check(&value.#name),
                        #text,
                    )?;
                });
            }
        } else {
            varies = true;
            out.extend(quote! {
                size += ::tlv_core::write::field(
                    <#wire as ::tlv_core::wire::Wire>::size(&value.#name),
                    #text,
                )?;
            });
        }
    }
    for tail in &body.tail {
        varies = true;
        let field = &tail.field;
        let (name, text, wire) = (ident(&field.meta.name), &field.meta.name, cx.wire(&field.ty));
        let hold =
            fields::constraint(field, &Place::Reference(quote!(value))).map(|(holds, rule)| {
                quote! { ::tlv_core::write::hold(#holds, #rule, #text)?; }
            });
        out.extend(quote! {
            if let ::core::option::Option::Some(value) = &value.#name {
                #hold
                size += ::tlv_core::record::HEADER_LEN
                    + ::tlv_core::write::field(
                        <#wire as ::tlv_core::wire::Wire>::size(value),
                        #text,
                    )?;
            }
        });
    }
    if body.unknown == UnknownPolicy::Retain {
        varies = true;
        let known = body.tail.iter().map(|tail| hex(tail.id));
        out.extend(quote! { size += value.retained.size(&[#(#known),*])?; });
    }
    let constant = literal(constant);
    let mutability = varies.then(|| quote!(mut));
    quote! {
        let #mutability size = #constant;
        #out
    }
}

/// A step of writing.
enum Step {
    /// Statements that leave in `out` what is left.
    Statements(TokenStream),
    /// An expression for what is left.
    Expression(TokenStream),
}

/// A block's content that writes `value` to `out` and ends with what is left.
pub(super) fn write(cx: &Cx<'_>, body: &Body) -> TokenStream {
    let mut steps: Vec<Step> = fields::pieces(cx, body)
        .iter()
        .map(|piece| match piece {
            Piece::Run(run) => {
                let total = literal(run.size);
                let puts = run.fields.iter().map(|part| put(cx, part, &total));
                Step::Statements(quote! {
                    let ::core::option::Option::Some((run, out)) =
                        out.split_first_chunk_mut::<#total>()
                    else {
                        return ::tlv_core::write::short();
                    };
                    #(#puts)*
                })
            }
            Piece::One(_, field) => {
                let (name, wire) = (ident(&field.meta.name), cx.wire(&field.ty));
                Step::Expression(quote! {
                    <#wire as ::tlv_core::wire::Wire>::write(&value.#name, out)
                })
            }
        })
        .collect();
    steps.extend(tail(cx, body));
    let last = steps.pop();
    let steps = steps.into_iter().map(|step| match step {
        Step::Statements(statements) => statements,
        Step::Expression(expression) => quote! { let out = #expression; },
    });
    let last = match last {
        Some(Step::Statements(statements)) => quote! { #statements out },
        Some(Step::Expression(expression)) => expression,
        None => quote! { out },
    };
    quote! { #(#steps)* #last }
}

/// The steps of the tail: what is retained goes between the known records.
fn tail(cx: &Cx<'_>, body: &Body) -> Vec<Step> {
    let retain = body.unknown == UnknownPolicy::Retain;
    let mut steps = Vec::new();
    let mut above = 0;
    for tail in &body.tail {
        let name = ident(&tail.field.meta.name);
        let (wire, id) = (cx.wire(&tail.field.ty), hex(tail.id));
        if retain {
            let above = hex(above);
            let below = number(u128::from(tail.id));
            steps.push(Step::Expression(quote! { value.retained.write(#above, #below, out) }));
        }
        above = tail.id;
        steps.push(Step::Expression(quote! {
            match &value.#name {
                ::core::option::Option::Some(value) => ::tlv_core::write::record(out, #id, |out| {
                    <#wire as ::tlv_core::wire::Wire>::write(value, out)
                }),
                ::core::option::Option::None => out,
            }
        }));
    }
    if retain {
        let above = hex(above);
        steps.push(Step::Expression(quote! { value.retained.write(#above, 0x1_0000, out) }));
    }
    steps
}

/// Writes a field to its part of `run`.
pub(super) fn put(
    cx: &Cx<'_>,
    part: &fields::RunField<'_>,
    total: &proc_macro2::Literal,
) -> TokenStream {
    let (name, wire) = (ident(&part.field.meta.name), cx.wire(&part.field.ty));
    let (offset, size) = (literal(part.offset), literal(part.size));
    quote! {
        <#wire as ::tlv_core::wire::Fixed>::put(
            &value.#name,
            ::tlv_core::run::at_mut::<#offset, #size, #total>(run),
        );
    }
}
