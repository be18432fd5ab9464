//! Constants.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx, docs,
    literals::{float, number, signed},
    names::ident,
    types::int_type,
};
use crate::schema::{ConstValue, FloatWidth};

pub(super) fn items(cx: &Cx<'_>) -> TokenStream {
    cx.schema
        .constants
        .iter()
        .map(|constant| {
            let (docs, name) = (docs::of(&constant.meta), ident(&constant.meta.name));
            let (ty, value) = match &constant.value {
                ConstValue::Bool(value) => (quote!(bool), quote!(#value)),
                ConstValue::Unsigned(int, value) => {
                    let value = number(*value);
                    (int_type(*int), quote!(#value))
                }
                ConstValue::Signed(int, value) => (int_type(*int), signed(*value)),
                ConstValue::Float(FloatWidth::F32, value) => {
                    (quote!(f32), float(*value, FloatWidth::F32))
                }
                ConstValue::Float(FloatWidth::F64, value) => {
                    (quote!(f64), float(*value, FloatWidth::F64))
                }
                ConstValue::Str(value) => (quote!(&str), quote!(#value)),
            };
            quote! {
                #docs
                pub const #name: #ty = #value;
            }
        })
        .collect()
}
