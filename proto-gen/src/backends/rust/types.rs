//! A spec's types in Rust: their names for encodings, owned and borrowed, and what they cost.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Cx, literals::number, names::ident};
use crate::memory::Layouts;
use crate::schema::{FloatWidth, Int, Schema, Size, Ty, TypeDef, TypeKind};

/// Largest struct, in bytes on the wire, that is read as one and copied.
const STACK_MAX: u64 = 4_096;

/// What is known about the values of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// One size, no heap, not large: read in runs with its neighbours.
    pub(super) fixed: bool,
    /// Fixed, and every pattern of bytes is a value.
    pub(super) plain: bool,
    /// No heap: the borrowed form is the value itself.
    pub(crate) copy: bool,
    /// No floats.
    pub(crate) eq: bool,
    /// Values exist that have no encoding.
    pub(super) refusable: bool,
}

impl Traits {
    const PLAIN: Self = Self { fixed: true, plain: true, copy: true, eq: true, refusable: false };
    /// `String`, `Vec` and the like.
    const HEAP: Self = Self { fixed: false, plain: false, copy: false, eq: true, refusable: true };
}

/// What is known about the types of a schema.
pub(crate) struct Types {
    /// By index into `Schema::types`.
    named: Vec<Traits>,
    layouts: Layouts,
}

impl Types {
    pub(crate) fn new(schema: &Schema) -> Self {
        let named = Vec::with_capacity(schema.types.len());
        let mut known = Self { named, layouts: Layouts::new(schema) };
        for def in &schema.types {
            // Each type stands after those that it contains.
            let of = known.of_def(def);
            known.named.push(of);
        }
        known
    }

    /// What is known about the type at `index` of `Schema::types`.
    pub(crate) fn named(&self, index: usize) -> Traits {
        self.named[index]
    }

    pub(crate) fn of(&self, ty: &Ty) -> Traits {
        match ty {
            Ty::Bool => Traits { plain: false, ..Traits::PLAIN },
            Ty::Float(_) => Traits { eq: false, ..Traits::PLAIN },
            Ty::Int(_) | Ty::Uuid | Ty::Timestamp => Traits::PLAIN,
            Ty::Duration => Traits { refusable: true, ..Traits::PLAIN },
            Ty::Ip | Ty::SocketAddr => {
                Traits { copy: true, refusable: matches!(ty, Ty::SocketAddr), ..Traits::HEAP }
            }
            Ty::Str { .. } | Ty::Bytes { .. } => Traits::HEAP,
            Ty::List { elem, .. } => Traits { eq: self.of(elem).eq, ..Traits::HEAP },
            Ty::Map { key, value, .. } => {
                Traits { eq: self.of(key).eq && self.of(value).eq, ..Traits::HEAP }
            }
            Ty::Array { elem, .. } => {
                let elem = self.of(elem);
                if self.layouts.is_boxed(ty) {
                    Traits { eq: elem.eq, refusable: elem.refusable, ..Traits::HEAP }
                } else if elem.fixed {
                    elem
                } else {
                    Traits { fixed: false, plain: false, copy: false, ..elem }
                }
            }
            Ty::Opt(inner) => Traits { fixed: false, plain: false, ..self.of(inner) },
            Ty::Named(id) => self.named[id.0],
        }
    }

    fn of_def(&self, def: &TypeDef) -> Traits {
        match &def.kind {
            TypeKind::Enum(item) => Traits { plain: !item.closed, ..Traits::PLAIN },
            TypeKind::Flags(_) => Traits::PLAIN,
            TypeKind::Struct(item) => {
                let mut all = Traits::PLAIN;
                for field in item.body.fields() {
                    let one = self.of(&field.ty);
                    let constrained = field.constraint.is_some();
                    all.fixed &= one.fixed;
                    all.plain &= one.plain && !constrained;
                    all.copy &= one.copy;
                    all.eq &= one.eq;
                    all.refusable |= one.refusable || constrained;
                }
                if item.extensible.is_some() {
                    all =
                        Traits { fixed: false, plain: false, copy: false, refusable: true, ..all };
                }
                all.fixed &= def.size.max <= STACK_MAX && def.size.max > 0;
                all.plain &= all.fixed;
                all.copy &= def.size.max <= STACK_MAX;
                all
            }
            TypeKind::Union(item) => {
                let fields = item.variants.iter().flat_map(|variant| variant.body.fields());
                let eq = fields.map(|field| self.of(&field.ty)).all(|of| of.eq);
                Traits { eq, ..Traits::HEAP }
            }
        }
    }
}

impl Cx<'_> {
    pub(super) fn traits_of(&self, ty: &Ty) -> Traits {
        self.types.of(ty)
    }

    pub(super) fn size_of(&self, ty: &Ty) -> Size {
        self.schema.size_of(ty)
    }

    /// Which of the encodings of `tlv_core::wire` it is.
    pub(super) fn wire(&self, ty: &Ty) -> TokenStream {
        match ty {
            Ty::Str { max } => {
                let max = number(u128::from(*max));
                quote!(::tlv_core::wire::Str<#max>)
            }
            Ty::Bytes { max } => {
                let max = number(u128::from(*max));
                quote!(::tlv_core::wire::Blob<#max>)
            }
            Ty::List { elem, max } => {
                let (elem, max) = (self.wire(elem), number(u128::from(*max)));
                quote!(::tlv_core::wire::List<#elem, #max>)
            }
            Ty::Map { key, value, max } => {
                let (key, value) = (self.wire(key), self.wire(value));
                let max = number(u128::from(*max));
                quote!(::tlv_core::wire::Map<#key, #value, #max>)
            }
            Ty::Array { elem, len } => {
                let of = self.traits_of(elem);
                let (elem, len) = (self.wire(elem), number(u128::from(*len)));
                if self.types.layouts.is_boxed(ty) {
                    quote!(::tlv_core::wire::BigArray<#elem, #len>)
                } else if of.fixed {
                    quote!(::tlv_core::wire::Array<#elem, #len>)
                } else {
                    quote!(::tlv_core::wire::VarArray<#elem, #len>)
                }
            }
            Ty::Opt(inner) => {
                let inner = self.wire(inner);
                quote!(::core::option::Option<#inner>)
            }
            _ => self.owned(ty),
        }
    }

    /// The value by itself.
    pub(super) fn owned(&self, ty: &Ty) -> TokenStream {
        match ty {
            Ty::Bool => quote!(bool),
            Ty::Int(int) => int_type(*int),
            Ty::Float(FloatWidth::F32) => quote!(f32),
            Ty::Float(FloatWidth::F64) => quote!(f64),
            Ty::Str { .. } => quote!(::tlv_core::alloc::string::String),
            Ty::Bytes { .. } => quote!(::tlv_core::bytes::Bytes),
            Ty::List { elem, .. } => {
                let elem = self.owned(elem);
                quote!(::tlv_core::alloc::vec::Vec<#elem>)
            }
            Ty::Map { key, value, .. } => {
                let (key, value) = (self.owned(key), self.owned(value));
                quote!(::tlv_core::alloc::collections::BTreeMap<#key, #value>)
            }
            Ty::Array { elem, len } => {
                let (elem, len) = (self.owned(elem), number(u128::from(*len)));
                if self.types.layouts.is_boxed(ty) {
                    quote!(::tlv_core::alloc::boxed::Box<[#elem; #len]>)
                } else {
                    quote!([#elem; #len])
                }
            }
            Ty::Opt(inner) => {
                let inner = self.owned(inner);
                quote!(::core::option::Option<#inner>)
            }
            Ty::Ip => quote!(::core::net::IpAddr),
            Ty::SocketAddr => quote!(::core::net::SocketAddr),
            Ty::Uuid => quote!(::tlv_core::Uuid),
            Ty::Duration => quote!(::core::time::Duration),
            Ty::Timestamp => quote!(::tlv_core::Timestamp),
            Ty::Named(id) => {
                let name = ident(&self.schema.type_def(*id).meta.name);
                quote!(#name)
            }
        }
    }

    /// The value in the received bytes, of lifetime `'a`.
    pub(super) fn borrowed(&self, ty: &Ty) -> TokenStream {
        if self.traits_of(ty).copy {
            return self.owned(ty);
        }
        match ty {
            Ty::Str { .. } => quote!(&'a str),
            Ty::Bytes { .. } => quote!(&'a [u8]),
            Ty::List { elem, .. } | Ty::Array { elem, .. } => {
                let elem = self.wire(elem);
                quote!(::tlv_core::ListRef<'a, #elem>)
            }
            Ty::Map { key, value, .. } => {
                let (key, value) = (self.wire(key), self.wire(value));
                quote!(::tlv_core::MapRef<'a, #key, #value>)
            }
            Ty::Opt(inner) => {
                let inner = self.borrowed(inner);
                quote!(::core::option::Option<#inner>)
            }
            Ty::Named(id) => {
                let name = self.names.borrowed(&self.schema.type_def(*id).meta.name);
                quote!(#name<'a>)
            }
            _ => self.owned(ty),
        }
    }
}

/// An integer's type.
pub(super) fn int_type(int: Int) -> TokenStream {
    match int {
        Int::U8 => quote!(u8),
        Int::U16 => quote!(u16),
        Int::U32 => quote!(u32),
        Int::U64 => quote!(u64),
        Int::U128 => quote!(u128),
        Int::I8 => quote!(i8),
        Int::I16 => quote!(i16),
        Int::I32 => quote!(i32),
        Int::I64 => quote!(i64),
        Int::I128 => quote!(i128),
    }
}
