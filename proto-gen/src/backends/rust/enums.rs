//! Enums: numbers with names.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{
    Cx, docs,
    literals::number,
    names::{Derived, ident},
    types::int_type,
};
use crate::schema::{Enum, TypeDef};

/// What each part of an enum's code needs.
struct Parts<'e> {
    name: Ident,
    unknown: Ident,
    repr: TokenStream,
    size: Literal,
    variants: Vec<Ident>,
    numbers: Vec<Literal>,
    item: &'e Enum,
}

pub(super) fn items(cx: &Cx<'_>, def: &TypeDef, item: &Enum) -> TokenStream {
    let parts = Parts {
        name: ident(&def.meta.name),
        unknown: cx.names.derived(&def.meta.name, Derived::Unknown),
        repr: int_type(item.repr),
        size: number(u128::from(item.repr.bytes())),
        variants: item.values.iter().map(|value| ident(&value.meta.name)).collect(),
        numbers: item.values.iter().map(|value| number(u128::from(value.value))).collect(),
        item,
    };
    let mut out = definition(cx, def, &parts);
    out.extend(conversions(&parts));
    out.extend(wire(&parts));
    let name = &parts.name;
    out.extend(quote! { ::tlv_core::generators!(part #name); });
    out
}

fn definition(cx: &Cx<'_>, def: &TypeDef, parts: &Parts<'_>) -> TokenStream {
    let Parts { name, unknown, repr, variants, .. } = parts;
    let docs = docs::of(&def.meta);
    let value_docs = parts.item.values.iter().map(|value| docs::of(&value.meta));
    let exhaustiveness = cx.exhaustiveness();
    let open = (!parts.item.closed).then(|| {
        let docs = docs::text("A value that this version of the spec does not name.");
        quote! { #docs Unknown(#unknown), }
    });
    let unknown_type = (!parts.item.closed).then(|| {
        let docs = docs::text(&format!(
            "A value of [`{name}`] that this version of the spec does not name. It comes from \
             [`{name}`]'s `From` only, so that each number has one value."
        ));
        let get = docs::text("The number.");
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct #unknown(#repr);

            impl #unknown {
                #get
                #[inline]
                #[must_use]
                pub fn get(self) -> #repr {
                    self.0
                }
            }
        }
    });
    quote! {
        #docs
        #exhaustiveness
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum #name {
            #(#value_docs #variants,)*
            #open
        }

        #unknown_type
    }
}

fn conversions(parts: &Parts<'_>) -> TokenStream {
    let Parts { name, unknown, repr, variants, numbers, .. } = parts;
    let from = if parts.item.closed {
        quote! {
            impl ::core::convert::TryFrom<#repr> for #name {
                /// The number, which has no name.
                type Error = #repr;

                #[inline]
                fn try_from(number: #repr) -> ::core::result::Result<Self, #repr> {
                    match number {
                        #(#numbers => ::core::result::Result::Ok(Self::#variants),)*
                        _ => ::core::result::Result::Err(number),
                    }
                }
            }
        }
    } else {
        quote! {
            impl ::core::convert::From<#repr> for #name {
                #[inline]
                fn from(number: #repr) -> Self {
                    match number {
                        #(#numbers => Self::#variants,)*
                        _ => Self::Unknown(#unknown(number)),
                    }
                }
            }
        }
    };
    let open = (!parts.item.closed).then(|| quote! { #name::Unknown(unknown) => unknown.0, });
    quote! {
        #from

        impl ::core::convert::From<#name> for #repr {
            #[inline]
            fn from(value: #name) -> Self {
                match value {
                    #(#name::#variants => #numbers,)*
                    #open
                }
            }
        }

        impl ::core::cmp::PartialOrd for #name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> ::core::option::Option<::core::cmp::Ordering> {
                ::core::option::Option::Some(::core::cmp::Ord::cmp(self, other))
            }
        }

        /// By number, as keys of a map are ordered.
        impl ::core::cmp::Ord for #name {
            #[inline]
            fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
                ::core::cmp::Ord::cmp(&#repr::from(*self), &#repr::from(*other))
            }
        }
    }
}

fn wire(parts: &Parts<'_>) -> TokenStream {
    let Parts { name, repr, size, variants, .. } = parts;
    let (get, more, choose) = if parts.item.closed {
        (
            quote! {
                let number = <#repr as ::tlv_core::wire::Plain>::plain(bytes);
                match Self::try_from(number) {
                    ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
                    ::core::result::Result::Err(number) => ::core::result::Result::Err(
                        ::tlv_core::wire::unknown_value(number.into(), bytes.len()),
                    ),
                }
            },
            TokenStream::new(),
            quote! {
                choices.pick(&[#(Self::#variants),*])
            },
        )
    } else {
        (
            quote! { ::core::result::Result::Ok(<Self as ::tlv_core::wire::Plain>::plain(bytes)) },
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
            },
            quote! {
                if choices.flip() {
                    Self::from(<#repr as ::tlv_core::wire::Fixed>::choose(choices))
                } else {
                    choices.pick(&[#(Self::#variants),*])
                }
            },
        )
    };
    let plain = (!parts.item.closed).then(|| {
        quote! {
            impl ::tlv_core::wire::Plain for #name {
                #[inline]
                fn plain(bytes: &[u8]) -> Self {
                    Self::from(<#repr as ::tlv_core::wire::Plain>::plain(bytes))
                }
            }
        }
    });
    quote! {
        impl ::tlv_core::wire::Fixed for #name {
            type Value = Self;

            const SIZE: usize = #size;

            #[inline]
            fn get(bytes: &[u8]) -> ::core::result::Result<Self, ::tlv_core::DecodeError> { #get }

            #[inline]
            fn put(value: &Self, out: &mut [u8]) {
                <#repr as ::tlv_core::wire::Fixed>::put(&#repr::from(*value), out);
            }

            #more

            fn choose(choices: &mut ::tlv_core::generate::Choices<'_>) -> Self { #choose }
        }

        #plain

        impl ::tlv_core::wire::Key for #name {
            #[inline]
            fn ascend(first: &Self, second: &Self) -> bool {
                first < second
            }
        }
    }
}
