//! Sets: one enum over the messages of each, owned and borrowed.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{
    Cx, docs,
    literals::{hex, number},
    names::ident,
    read::literal,
};
use crate::schema::{Message, Pair, Set};

/// What each part of a set's code needs.
struct Parts<'s> {
    name: Ident,
    borrowed: Ident,
    messages: Vec<Ident>,
    message_refs: Vec<Ident>,
    ids: Vec<Literal>,
    set: &'s Set,
}

pub(super) fn items(cx: &Cx<'_>) -> TokenStream {
    let mut out = TokenStream::new();
    for set in &cx.schema.sets {
        let parts = Parts {
            name: ident(&set.meta.name),
            borrowed: cx.names.borrowed(&set.meta.name),
            messages: set.messages.iter().map(|m| ident(&m.meta.name)).collect(),
            message_refs: set.messages.iter().map(|m| cx.names.borrowed(&m.meta.name)).collect(),
            ids: set.messages.iter().map(|m| hex(m.id)).collect(),
            set,
        };
        out.extend(definition(cx, &parts));
        out.extend(message_set(cx, &parts));
    }
    let names = cx.schema.sets.iter().map(|set| ident(&set.meta.name));
    let docs = docs::text("Shows every message type of every set to `visitor`.");
    out.extend(quote! {
        #docs
        pub fn visit_messages<V: ::tlv_core::Visitor>(visitor: &mut V) {
            let _ = &visitor;
            #(<#names as ::tlv_core::MessageSet>::visit(visitor);)*
        }
    });
    out
}

fn definition(cx: &Cx<'_>, parts: &Parts<'_>) -> TokenStream {
    let Parts { name, borrowed, messages, message_refs, set, .. } = parts;
    let docs = docs::of(&set.meta);
    let note = docs::text(&format!("\n[`{name}`] in the received bytes."));
    let unknown = docs::text("A message of an id that is not in the set.");
    let message_docs: Vec<_> = set.messages.iter().map(|m| docs::of(&m.meta)).collect();
    let exhaustiveness = cx.exhaustiveness();
    let eq = set
        .messages
        .iter()
        .flat_map(|message| message.body.fields())
        .all(|field| cx.traits_of(&field.ty).eq)
        .then(|| quote!(, Eq, Hash));
    let own_docs = docs::text(
        "Owns the message.\n\n# Errors\n\nWhere an element of a list, array or map, which are \
         checked when walked, is not an encoding of its type.",
    );
    quote! {
        #docs
        #exhaustiveness
        #[derive(Clone, Debug, PartialEq #eq)]
        pub enum #name {
            #(#message_docs #messages(#messages),)*
            #unknown
            Unknown(::tlv_core::UnknownRecord),
        }

        #(
            impl ::core::convert::From<#messages> for #name {
                #[inline]
                fn from(message: #messages) -> Self {
                    Self::#messages(message)
                }
            }
        )*

        #docs
        #note
        #exhaustiveness
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum #borrowed<'a> {
            #(#message_docs #messages(#message_refs<'a>),)*
            #unknown
            Unknown(::tlv_core::Record<'a>),
        }

        impl #borrowed<'_> {
            #own_docs
            #[inline]
            pub fn to_owned(&self) -> ::core::result::Result<#name, ::tlv_core::DecodeError> {
                <#name as ::tlv_core::MessageSet>::own(*self)
            }
        }
    }
}

fn message_set(cx: &Cx<'_>, parts: &Parts<'_>) -> TokenStream {
    let Parts { name, borrowed, messages, ids, set, .. } = parts;
    let (protocol, version) = (&cx.schema.name, number(u128::from(cx.schema.version)));
    let count = literal(set.messages.len() as u64);
    // And those that are unknown.
    let kinds = literal(set.messages.len() as u64 + 1);
    let infos = set.messages.iter().map(info);
    let indexes: Vec<Literal> = (0..set.messages.len()).map(|at| literal(at as u64)).collect();
    quote! {
        impl ::tlv_core::MessageSet for #name {
            type Ref<'a> = #borrowed<'a>;

            const PROTOCOL: ::tlv_core::Protocol =
                ::tlv_core::Protocol { name: #protocol, version: #version };

            fn info(id: u16) -> ::core::option::Option<&'static ::tlv_core::MessageInfo> {
                let index: ::core::option::Option<usize> = match id {
                    #(#ids => ::core::option::Option::Some(#indexes),)*
                    _ => ::core::option::Option::None,
                };
                Self::infos().get(index?)
            }

            fn infos() -> &'static [::tlv_core::MessageInfo] {
                static INFOS: [::tlv_core::MessageInfo; #count] = [#(#infos),*];
                &INFOS
            }

            #[inline]
            fn borrow(
                id: u16,
                value: &[u8],
            ) -> ::core::result::Result<#borrowed<'_>, ::tlv_core::DecodeError> {
                ::core::result::Result::Ok(match id {
                    #(#ids => #borrowed::#messages(
                        <#messages as ::tlv_core::Message>::borrow(value)?,
                    ),)*
                    _ => #borrowed::Unknown(::tlv_core::unknown::message(id, value)?),
                })
            }

            #[inline]
            fn decode_from(
                id: u16,
                value: &[u8],
                source: ::tlv_core::wire::Source<'_>,
            ) -> ::core::result::Result<Self, ::tlv_core::DecodeError> {
                ::core::result::Result::Ok(match id {
                    #(#ids => Self::#messages(
                        <#messages as ::tlv_core::Message>::decode_from(value, source)?,
                    ),)*
                    _ => Self::Unknown(
                        ::tlv_core::unknown::own_message(id, value, source)?,
                    ),
                })
            }

            fn own(
                message: #borrowed<'_>,
            ) -> ::core::result::Result<Self, ::tlv_core::DecodeError> {
                ::core::result::Result::Ok(match message {
                    #(#borrowed::#messages(message) => Self::#messages(message.to_owned()?),)*
                    #borrowed::Unknown(record) => {
                        Self::Unknown(::tlv_core::UnknownRecord::new(
                            record.id,
                            ::tlv_core::bytes::Bytes::copy_from_slice(record.value),
                        ))
                    }
                })
            }

            fn id(&self) -> u16 {
                match self {
                    #(Self::#messages(_) => #ids,)*
                    Self::Unknown(record) => record.id(),
                }
            }

            fn value_len(&self) -> ::core::result::Result<usize, ::tlv_core::EncodeError> {
                match self {
                    #(Self::#messages(message) => ::tlv_core::Message::value_len(message),)*
                    Self::Unknown(record) => record.message_len(&[#(#ids),*]),
                }
            }

            #[inline]
            fn encode_frame<B: ::tlv_core::write::Output>(
                &self,
                out: &mut B,
            ) -> ::core::result::Result<(), ::tlv_core::EncodeError> {
                match self {
                    #(Self::#messages(message) => {
                        ::tlv_core::Message::encode_frame(message, out)
                    })*
                    Self::Unknown(record) => record.encode_frame(&[#(#ids),*], out),
                }
            }

            fn visit<V: ::tlv_core::Visitor>(visitor: &mut V) {
                let _ = &visitor;
                #(visitor.message::<Self, #messages>();)*
            }

            fn generate(choices: &mut ::tlv_core::generate::Choices<'_>) -> Self {
                match choices.below(#kinds) {
                    #(#indexes => Self::#messages(::tlv_core::generate::message(choices)),)*
                    _ => Self::Unknown(
                        ::tlv_core::UnknownRecord::generate_message(choices, &[#(#ids),*]),
                    ),
                }
            }
        }

        ::tlv_core::generators!(set #name);
    }
}

fn info(message: &Message) -> TokenStream {
    let (id, name) = (hex(message.id), &message.meta.name);
    let since = number(u128::from(message.meta.since));
    let max_len = number(u128::from(message.max_len));
    let from = message.from.iter().map(|role| number(u128::from(*role)));
    let pair = match message.pair {
        None => quote!(::core::option::Option::None),
        Some(Pair::RequestOf(id)) => {
            let id = hex(id);
            quote!(::core::option::Option::Some(::tlv_core::Pair::RequestOf(#id)))
        }
        Some(Pair::ResponseTo(id)) => {
            let id = hex(id);
            quote!(::core::option::Option::Some(::tlv_core::Pair::ResponseTo(#id)))
        }
    };
    quote! {
        ::tlv_core::MessageInfo {
            id: #id,
            name: #name,
            since: #since,
            max_len: #max_len,
            from: &[#(#from),*],
            pair: #pair,
        }
    }
}
