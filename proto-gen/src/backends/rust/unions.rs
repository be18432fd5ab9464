//! Unions: one of several bodies, each a record.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{
    Cx,
    body::{self, Frame, Item},
    docs,
    literals::{hex, number},
    names::{Derived, ident},
    read::literal,
};
use crate::schema::{Body, TypeDef, Union};

/// What each part of a union's code needs.
struct Parts<'u> {
    name: Ident,
    borrowed: Ident,
    variants: Vec<Ident>,
    bodies: Vec<Ident>,
    body_refs: Vec<Ident>,
    ids: Vec<Literal>,
    texts: Vec<&'u str>,
    /// Smallest sizes of the bodies.
    mins: Vec<u64>,
    max_len: Literal,
}

pub(super) fn items(cx: &Cx<'_>, index: usize, def: &TypeDef, item: &Union) -> TokenStream {
    let name = &def.meta.name;
    let derived = |derived| cx.names.derived(name, derived);
    let parts = Parts {
        name: ident(name),
        borrowed: cx.names.borrowed(name),
        variants: item.variants.iter().map(|v| ident(&v.meta.name)).collect(),
        bodies: item
            .variants
            .iter()
            .map(|v| derived(Derived::Variant(v.meta.name.clone())))
            .collect(),
        body_refs: item
            .variants
            .iter()
            .map(|v| derived(Derived::VariantRef(v.meta.name.clone())))
            .collect(),
        ids: item.variants.iter().map(|v| hex(v.id)).collect(),
        texts: item.variants.iter().map(|v| v.meta.name.as_str()).collect(),
        mins: item.variants.iter().map(|v| smallest(cx, &v.body)).collect(),
        max_len: number(u128::from(item.max_len)),
    };
    let mut out = TokenStream::new();
    for (at, variant) in item.variants.iter().enumerate() {
        let item = Item {
            meta: &variant.meta,
            name: parts.bodies[at].clone(),
            borrowed: parts.body_refs[at].clone(),
            peek: parts.body_refs[at].clone(),
            body: &variant.body,
            frame: Frame::Open,
            call: false,
            min: parts.mins[at],
        };
        out.extend(body::owned(cx, &item, false));
        out.extend(body::borrowed(cx, &item));
        out.extend(body::wire(cx, &item, false));
    }
    out.extend(definition(cx, def, item, &parts, cx.types.named(index).eq));
    out.extend(wire(item, &parts));
    let name = &parts.name;
    out.extend(quote! { ::tlv_core::generators!(part #name); });
    out
}

/// Smallest size of a body in bytes: its head's.
fn smallest(cx: &Cx<'_>, body: &Body) -> u64 {
    body.head.iter().fold(0, |sum, field| sum.saturating_add(cx.size_of(&field.ty).min))
}

fn definition(
    cx: &Cx<'_>,
    def: &TypeDef,
    item: &Union,
    parts: &Parts<'_>,
    eq: bool,
) -> TokenStream {
    let Parts { name, borrowed, variants, bodies, body_refs, .. } = parts;
    let mut layout = vec![
        "offset  size  field".to_owned(),
        "     0     2  id of the variant".to_owned(),
        "     2     4  length of what follows".to_owned(),
    ];
    layout.extend(item.variants.iter().map(|v| format!("     6    ..  {}: {}", v.id, v.meta.name)));
    let docs = docs::with_layout(&def.meta, &layout);
    let note = docs::text(&format!("\n[`{name}`] in the received bytes."));
    let unknown = docs::text("A variant of an odd id that this version of the spec does not know.");
    let variant_docs: Vec<_> = item.variants.iter().map(|v| docs::of(&v.meta)).collect();
    let exhaustiveness = cx.exhaustiveness();
    let eq = eq.then(|| quote!(, Eq, Hash));
    let own_docs = docs::text(
        "Owns the value.\n\n# Errors\n\nWhere an element of a list, array or map, which are checked \
         when walked, is not an encoding of its type.",
    );
    quote! {
        #docs
        #exhaustiveness
        #[derive(Clone, Debug, PartialEq #eq)]
        pub enum #name {
            #(#variant_docs #variants(#bodies),)*
            #unknown
            Unknown(::tlv_core::UnknownRecord),
        }

        #(
            impl ::core::convert::From<#bodies> for #name {
                #[inline]
                fn from(value: #bodies) -> Self {
                    Self::#variants(value)
                }
            }
        )*

        #docs
        #note
        #exhaustiveness
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum #borrowed<'a> {
            #(#variant_docs #variants(#body_refs<'a>),)*
            #unknown
            Unknown(::tlv_core::Record<'a>),
        }

        impl #borrowed<'_> {
            #own_docs
            #[inline]
            pub fn to_owned(&self) -> ::core::result::Result<#name, ::tlv_core::DecodeError> {
                <#name as ::tlv_core::wire::Wire>::own(*self)
            }
        }
    }
}

fn wire(item: &Union, parts: &Parts<'_>) -> TokenStream {
    let Parts { name, borrowed, variants, bodies, ids, texts, max_len, .. } = parts;
    let count = literal(item.variants.len() as u64);
    let choices = (0..item.variants.len()).map(|index| literal(index as u64));
    let mins = parts.mins.iter().map(|min| literal(*min));
    let rooms = parts.mins.iter().map(|min| literal(u64::from(item.max_len).saturating_sub(*min)));
    quote! {
        impl ::tlv_core::wire::Wire for #name {
            type Owned = Self;
            type Ref<'a> = #borrowed<'a>;

            const MIN: usize = ::tlv_core::record::HEADER_LEN;

            #[inline]
            fn read_ref(input: &[u8]) -> ::tlv_core::IResult<'_, #borrowed<'_>> {
                let (rest, record) = ::tlv_core::variant::read(input, #max_len)?;
                let value = match record.id {
                    #(#ids => #borrowed::#variants(::tlv_core::variant::inner(
                        <#bodies as ::tlv_core::wire::Wire>::read_ref(record.value),
                        #texts,
                        rest,
                    )?),)*
                    _ => #borrowed::Unknown(::tlv_core::variant::unknown(record, rest)?),
                };
                ::core::result::Result::Ok((rest, value))
            }

            #[inline]
            fn read<'a>(
                input: &'a [u8],
                source: ::tlv_core::wire::Source<'_>,
            ) -> ::tlv_core::IResult<'a, Self> {
                let (rest, record) = ::tlv_core::variant::read(input, #max_len)?;
                let value = match record.id {
                    #(#ids => Self::#variants(::tlv_core::variant::inner(
                        <#bodies as ::tlv_core::wire::Wire>::read(record.value, source),
                        #texts,
                        rest,
                    )?),)*
                    _ => {
                        let record = ::tlv_core::variant::unknown(record, rest)?;
                        Self::Unknown(::tlv_core::UnknownRecord::new(
                            record.id,
                            source.bytes(record.value),
                        ))
                    }
                };
                ::core::result::Result::Ok((rest, value))
            }

            #[inline]
            fn skip(input: &[u8]) -> ::tlv_core::IResult<'_, ()> {
                let (rest, _) = ::tlv_core::variant::read(input, #max_len)?;
                ::core::result::Result::Ok((rest, ()))
            }

            #[inline]
            fn own(
                value: #borrowed<'_>,
            ) -> ::core::result::Result<Self, ::tlv_core::DecodeError> {
                ::core::result::Result::Ok(match value {
                    #(#borrowed::#variants(value) => Self::#variants(
                        ::tlv_core::parse::own_field(value.to_owned(), #texts)?,
                    ),)*
                    #borrowed::Unknown(record) => Self::Unknown(
                        ::tlv_core::UnknownRecord::new(
                            record.id,
                            ::tlv_core::bytes::Bytes::copy_from_slice(record.value),
                        ),
                    ),
                })
            }

            #[inline]
            fn size(
                value: &Self,
            ) -> ::core::result::Result<usize, ::tlv_core::EncodeError> {
                match value {
                    #(Self::#variants(value) => ::tlv_core::write::variant(
                        <#bodies as ::tlv_core::wire::Wire>::size(value),
                        #texts,
                        #max_len,
                    ),)*
                    Self::Unknown(record) => record.size(&[#(#ids),*], #max_len),
                }
            }

            #[inline]
            fn write<'o>(value: &Self, out: &'o mut [u8]) -> &'o mut [u8] {
                match value {
                    #(Self::#variants(value) => ::tlv_core::write::record(out, #ids, |out| {
                        <#bodies as ::tlv_core::wire::Wire>::write(value, out)
                    }),)*
                    Self::Unknown(record) => record.write(out),
                }
            }

            fn generate(choices: &mut ::tlv_core::generate::Choices<'_>) -> Self {
                match choices.below(#count + 1) {
                    #(#choices if choices.afford(#mins) => {
                        Self::#variants(choices.within(
                            #rooms,
                            <#bodies as ::tlv_core::wire::Wire>::generate,
                        ))
                    })*
                    _ => Self::Unknown(::tlv_core::UnknownRecord::generate(
                        choices,
                        &[#(#ids),*],
                        #max_len,
                    )),
                }
            }
        }
    }
}
