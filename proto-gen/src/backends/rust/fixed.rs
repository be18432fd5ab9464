//! Frozen structs of fixed size: read with one bounds check, among their neighbours too.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    body::Item,
    fields::{self, Piece, Run},
    generate,
    read::{self, Shape},
    types::Traits,
    write,
};

/// `impl Fixed`, and `impl Plain` where every pattern of bytes is a value.
pub(super) fn items(cx: &Cx<'_>, item: &Item<'_>, traits: Traits) -> TokenStream {
    // Every field is of fixed size, so there is one run.
    let run = fields::pieces(cx, item.body).into_iter().find_map(|piece| match piece {
        Piece::Run(run) => Some(run),
        Piece::One(..) => None,
    });
    let run = run.unwrap_or(Run { fields: Vec::new(), size: 0 });
    let name = &item.name;
    let size = read::literal(run.size);
    let (parts, table) = (read::parts(cx, &run, Shape::Part), read::table(cx, &run.fields));
    let fields = read::initializers(item.body);
    let puts = run.fields.iter().map(|part| write::put(cx, part, &size));
    let check = traits.refusable.then(|| {
        let checks = write::size(cx, item.body);
        quote! {
            #[inline]
            fn check(value: &Self) -> ::core::result::Result<(), ::tlv_core::EncodeError> {
                #checks
                let _: usize = size;
                ::core::result::Result::Ok(())
            }
        }
    });
    let get = if traits.plain {
        quote! { ::core::result::Result::Ok(<Self as ::tlv_core::wire::Plain>::plain(bytes)) }
    } else {
        quote! {
            let ::core::option::Option::Some(run) = bytes.first_chunk::<#size>() else {
                return ::core::result::Result::Err(
                    ::tlv_core::parse::too_few(#size, bytes.len()),
                );
            };
            #parts
            ::core::result::Result::Ok(Self { #fields })
        }
    };
    let get_many = traits.plain.then(|| {
        quote! {
            #[inline]
            fn get_many(
                bytes: &[u8],
            ) -> ::core::result::Result<
                ::tlv_core::alloc::vec::Vec<Self>,
                ::tlv_core::DecodeError,
            > {
                ::core::result::Result::Ok(::tlv_core::wire::plain_many::<Self>(bytes))
            }
        }
    });
    let plain = traits.plain.then(|| {
        quote! {
            impl ::tlv_core::wire::Plain for #name {
                #[inline]
                fn plain(bytes: &[u8]) -> Self {
                    let run = bytes.first_chunk::<#size>().unwrap_or(&[0; #size]);
                    #parts
                    Self { #fields }
                }
            }
        }
    });
    let generate = generate::body(cx, &quote!(Self), item.body);
    quote! {
        impl ::tlv_core::wire::Fixed for #name {
            type Value = Self;

            const SIZE: usize = #size;

            #[inline]
            fn get(bytes: &[u8]) -> ::core::result::Result<Self, ::tlv_core::DecodeError> { #get }

            fn cut(bytes: &[u8]) -> ::tlv_core::DecodeError {
                ::tlv_core::run::cut(bytes, #table)
            }

            #[inline]
            fn put(value: &Self, out: &mut [u8]) {
                let ::core::option::Option::Some(run) = out.first_chunk_mut::<#size>() else {
                    return;
                };
                #(#puts)*
            }

            #check

            #get_many

            fn choose(choices: &mut ::tlv_core::generate::Choices<'_>) -> Self { #generate }
        }

        #plain
    }
}
