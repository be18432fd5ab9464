//! Structs: frozen ones in place, extensible ones behind a length.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    body::{self, Frame, Item},
    fixed,
    names::{Derived, ident},
    peek,
};
use crate::schema::{Struct, TypeDef};

pub(super) fn items(cx: &Cx<'_>, index: usize, def: &TypeDef, item: &Struct) -> TokenStream {
    let traits = cx.types.named(index);
    let frame = item.extensible.map_or(Frame::Frozen, |width| Frame::Prefixed(width.bytes()));
    let name = ident(&def.meta.name);
    let item = Item {
        meta: &def.meta,
        name: name.clone(),
        borrowed: cx.names.borrowed(&def.meta.name),
        peek: cx.names.derived(&def.meta.name, Derived::Peek),
        body: &item.body,
        frame,
        call: false,
        min: def.size.min,
    };
    let mut out = body::owned(cx, &item, traits.copy);
    if traits.fixed {
        out.extend(fixed::items(cx, &item, traits));
    } else {
        if !traits.copy {
            out.extend(body::borrowed(cx, &item));
            out.extend(peek::items(cx, &item));
        }
        out.extend(body::wire(cx, &item, traits.copy));
    }
    out.extend(quote! { ::tlv_core::generators!(part #name); });
    out
}
