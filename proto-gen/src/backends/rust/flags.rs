//! Flags: named bits of which any set is a value.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx, docs,
    literals::number,
    names::{ident, screaming, snake},
    types::int_type,
};
use crate::schema::{Flags, TypeDef};

pub(super) fn items(_: &Cx<'_>, def: &TypeDef, item: &Flags) -> TokenStream {
    let name = ident(&def.meta.name);
    let repr = int_type(item.repr);
    let size = number(u128::from(item.repr.bytes()));
    let docs = docs::of(&def.meta);
    let note = docs::text("\nA set of bits; those that this version does not name are kept.");
    let constants = item.bits.iter().map(|bit| {
        let (docs, bit_name) = (docs::of(&bit.meta), ident(&screaming(&bit.meta.name)));
        let shift = number(u128::from(bit.bit));
        quote! { #docs pub const #bit_name: Self = Self(1 << #shift); }
    });
    let known = item.bits.iter().map(|bit| {
        let (text, shift) = (snake(&bit.meta.name), number(u128::from(bit.bit)));
        quote!((#text, 1 << #shift))
    });
    let [from_bits, bits, contains, empty, with] = [
        "The set of these bits.",
        "The bits.",
        "Whether all of `other` are set.",
        "No bit.",
        "These and `other`.",
    ]
    .map(docs::text);
    quote! {
        #docs
        #note
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct #name(#repr);

        impl #name {
            #(#constants)*

            #from_bits
            #[inline]
            #[must_use]
            pub const fn from_bits(bits: #repr) -> Self {
                Self(bits)
            }

            #bits
            #[inline]
            #[must_use]
            pub const fn bits(self) -> #repr {
                self.0
            }

            #empty
            #[inline]
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            #contains
            #[inline]
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            #with
            #[inline]
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl ::core::ops::BitOr for #name {
            type Output = Self;

            #[inline]
            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }

        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::tlv_core::wire::debug_flags(f, self.0.into(), &[#(#known),*])
            }
        }

        impl ::tlv_core::wire::Fixed for #name {
            type Value = Self;

            const SIZE: usize = #size;

            #[inline]
            fn get(bytes: &[u8]) -> ::core::result::Result<Self, ::tlv_core::DecodeError> {
                ::core::result::Result::Ok(<Self as ::tlv_core::wire::Plain>::plain(bytes))
            }

            #[inline]
            fn put(value: &Self, out: &mut [u8]) {
                <#repr as ::tlv_core::wire::Fixed>::put(&value.0, out);
            }

            #[inline]
            fn get_many(
                bytes: &[u8],
            ) -> ::core::result::Result<
                ::tlv_core::alloc::vec::Vec<Self>,
                ::tlv_core::DecodeError,
            > {
                ::core::result::Result::Ok(::tlv_core::wire::plain_many::<Self>(bytes))
            }

            fn choose(choices: &mut ::tlv_core::generate::Choices<'_>) -> Self {
                Self(<#repr as ::tlv_core::wire::Fixed>::choose(choices))
            }
        }

        impl ::tlv_core::wire::Plain for #name {
            #[inline]
            fn plain(bytes: &[u8]) -> Self {
                Self(<#repr as ::tlv_core::wire::Plain>::plain(bytes))
            }
        }

        ::tlv_core::generators!(part #name);
    }
}
