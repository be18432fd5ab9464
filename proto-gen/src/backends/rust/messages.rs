//! Messages: bodies with an id, and the calls among them.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    body::{self, Frame, Item},
    literals::{hex, number},
    names::ident,
};
use crate::schema::{Message, Pair};

pub(super) fn items(cx: &Cx<'_>, message: &Message) -> TokenStream {
    let (name, text) = (ident(&message.meta.name), &message.meta.name);
    let item = Item {
        meta: &message.meta,
        name: name.clone(),
        borrowed: cx.names.borrowed(text),
        peek: cx.names.borrowed(text),
        body: &message.body,
        frame: Frame::Open,
        call: message.pair.is_some(),
        min: message.size.min,
    };
    let mut out = body::owned(cx, &item, false);
    out.extend(body::borrowed(cx, &item));
    out.extend(body::wire(cx, &item, false));
    let id = hex(message.id);
    let numbers = [
        u128::from(message.meta.since),
        // Of a type whose smallest size does not fit, no value can be written.
        u128::from(message.size.min.min(u64::from(u32::MAX))),
        u128::from(message.max_len),
        u128::from(message.amplification),
    ];
    let [since, min, max, amplification] = numbers.map(number);
    out.extend(quote! {
        impl ::tlv_core::Message for #name {
            const ID: u16 = #id;
            const NAME: &'static str = #text;
            const SINCE: u32 = #since;
            const MIN_LEN: u32 = #min;
            const MAX_LEN: u32 = #max;
            const AMPLIFICATION: u32 = #amplification;
        }

        ::tlv_core::generators!(message #name);
    });
    out.extend(call(cx, message));
    out
}

fn call(cx: &Cx<'_>, message: &Message) -> TokenStream {
    let name = ident(&message.meta.name);
    let methods = quote! {
        #[inline]
        fn call(&self) -> u32 {
            self.call
        }

        #[inline]
        fn set_call(&mut self, call: u32) {
            self.call = call;
        }
    };
    match message.pair {
        Some(Pair::RequestOf(id)) => {
            let response = cx.schema.messages().find(|other| other.id == id);
            let response = response.map(|response| ident(&response.meta.name));
            quote! {
                impl ::tlv_core::Request for #name {
                    type Response = #response;

                    #methods
                }
            }
        }
        Some(Pair::ResponseTo(_)) => quote! {
            impl ::tlv_core::Response for #name {
                #methods
            }
        },
        None => TokenStream::new(),
    }
}
