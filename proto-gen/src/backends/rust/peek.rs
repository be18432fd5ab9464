//! Peeking: single fields of a struct in the received bytes, without reading the others.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    body::{Frame, Item},
    docs,
    fields::Run,
    names::{ident, local},
    read::{self, Mode, Shape, Step, literal},
};
use crate::schema::Field;

/// The struct that peeks, and how a list hands it out.
pub(super) fn items(cx: &Cx<'_>, item: &Item<'_>) -> TokenStream {
    let (name, peek) = (&item.name, &item.peek);
    let docs = docs::text(&format!(
        "[`{name}`] in the received bytes, of which no more is checked than where it ends. Each \
         method finds one field, steps over those before it, and checks that one.\n\n# Errors\n\n\
         Each: where the field, or the end of one before it, is not as the spec says. Offsets count \
         from the start of the struct's fields."
    ));
    let methods = item.body.head.iter().enumerate().map(|(index, field)| {
        let (docs, method) = (docs::of(&field.meta), ident(&field.meta.name));
        let ty = cx.borrowed(&field.ty);
        let block = block(cx, item, index, field);
        let local = local(index);
        quote! {
            #docs
            #[inline]
            pub fn #method(self) -> ::core::result::Result<#ty, ::tlv_core::DecodeError> {
                ::tlv_core::parse::peek(self.0, |input| {
                    #block
                    ::core::result::Result::Ok(#local)
                })
            }
        }
    });
    let lends = item.body.head.iter().any(|field| !cx.traits_of(&field.ty).copy);
    let lifetimes = if lends { quote!(<'a> #peek<'a>) } else { quote!(#peek<'_>) };
    let open = match item.frame {
        Frame::Prefixed(width) => {
            let width = literal(width);
            quote! { ::tlv_core::parse::region::<#width>(input) }
        }
        Frame::Frozen | Frame::Open => quote! { ::tlv_core::wire::extent::<Self>(input) },
    };
    quote! {
        #docs
        #[derive(Clone, Copy, Debug)]
        pub struct #peek<'a>(&'a [u8]);

        #[allow(clippy::missing_errors_doc)]
        impl #lifetimes {
            #(#methods)*
        }

        impl ::tlv_core::wire::Peek for #name {
            type Peek<'a> = #peek<'a>;

            #[inline]
            fn peek(input: &[u8]) -> ::tlv_core::IResult<'_, #peek<'_>> {
                let (rest, fields) = #open?;
                ::core::result::Result::Ok((rest, #peek(fields)))
            }
        }
    }
}

/// Statements that read the field at `index` into its local.
fn block(cx: &Cx<'_>, item: &Item<'_>, index: usize, field: &Field) -> TokenStream {
    let mut out = TokenStream::new();
    for step in read::steps(cx, item.body) {
        match step {
            Step::Run(run) if let Some(at) = run.fields.iter().position(|p| p.index == index) => {
                // As far as the field, and no further.
                let size = run.fields[at].offset + run.fields[at].size;
                let mut parts = run.fields;
                parts.truncate(at + 1);
                let (total, table) = (literal(size), read::table(cx, &parts));
                let head = quote! {
                    let (input, run) = ::tlv_core::run::read::<#total>(input, #table)?;
                };
                let one = Run { fields: parts.split_off(at), size };
                let read = read::parts(cx, &one, Shape::Nom);
                out.extend(quote! { #head let _ = input; #read });
                return out;
            }
            Step::Texts(texts) if let Some(at) = texts.iter().position(|t| t.index == index) => {
                if at > 0 {
                    out.extend(read::skip_texts(&texts[..at]));
                }
                out.extend(read::one(cx, index, field, Mode::Borrow));
                out.extend(quote! { let _ = input; });
                return out;
            }
            Step::One(at, _) if at == index => {
                out.extend(read::one(cx, index, field, Mode::Borrow));
                out.extend(quote! { let _ = input; });
                return out;
            }
            before => out.extend(read::skip_step(cx, &before)),
        }
    }
    out
}
