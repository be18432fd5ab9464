//! Recipes for values, which feed proptest, quickcheck and arbitrary.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    literals::{float, hex, number, signed},
    names::ident,
};
use crate::schema::{Body, Constraint, Field, FloatWidth, Ty, UnknownPolicy};

/// A struct expression for a body, made of `choices`.
pub(super) fn body(cx: &Cx<'_>, name: &TokenStream, body: &Body) -> TokenStream {
    let head = body.head.iter().map(|field| {
        let (name, value) = (ident(&field.meta.name), value(cx, field));
        quote!(#name: #value,)
    });
    let tail = body.tail.iter().map(|tail| {
        let (name, value) = (ident(&tail.field.meta.name), value(cx, &tail.field));
        let least = number(u128::from(cx.size_of(&tail.field.ty).min));
        quote!(#name: choices.optional(#least, |choices| #value),)
    });
    let retained = (body.unknown == UnknownPolicy::Retain).then(|| {
        let known = body.tail.iter().map(|tail| hex(tail.id));
        quote!(retained: ::tlv_core::Retained::generate(choices, &[#(#known),*]),)
    });
    quote! { #name { #(#head)* #(#tail)* #retained } }
}

/// An expression for a field's value, made of `choices`.
fn value(cx: &Cx<'_>, field: &Field) -> TokenStream {
    let wire = cx.wire(&field.ty);
    match (&field.constraint, &field.ty) {
        (Some(Constraint::IntRange { min, max }), _) => {
            let (min, max) = (signed(*min), signed(*max));
            quote!(choices.number(#min, #max))
        }
        (Some(Constraint::FloatRange { min, max }), Ty::Float(width)) => {
            let (min, max) = (float(*min, *width), float(*max, *width));
            match width {
                FloatWidth::F32 => quote!(choices.float32_between(#min, #max)),
                FloatWidth::F64 => quote!(choices.float_between(#min, #max)),
            }
        }
        (Some(Constraint::NonEmpty), _) => {
            quote!(<#wire as ::tlv_core::wire::Counted>::generate_some(choices))
        }
        (Some(Constraint::Lengths(lengths)), _) => {
            let lengths = lengths.iter().map(|length| number(u128::from(*length)));
            quote!(<#wire as ::tlv_core::wire::Counted>::generate_one_of(choices, &[#(#lengths),*]))
        }
        _ => quote!(<#wire as ::tlv_core::wire::Wire>::generate(choices)),
    }
}
