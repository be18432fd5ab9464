//! Bodies: the owned struct, the borrowed one, and what both can do.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    Cx, docs, generate,
    names::ident,
    read::{self, Mode},
    write,
};
use crate::schema::{Body, Field, Meta, Ty, UnknownPolicy};

/// A struct to be written: a message's body, an extensible or frozen struct's, a variant's.
pub(super) struct Item<'b> {
    pub(super) meta: &'b Meta,
    pub(super) name: Ident,
    pub(super) borrowed: Ident,
    /// The name of the struct that peeks, where there is one.
    pub(super) peek: Ident,
    pub(super) body: &'b Body,
    pub(super) frame: Frame,
    /// Whether the first field is the generated `call`.
    pub(super) call: bool,
    /// Smallest size in bytes, length prefix included.
    pub(super) min: u64,
}

/// Where a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// Behind its last field: it has no tail.
    Frozen,
    /// Where its region ends, which others found.
    Open,
    /// Where a length of so many bytes, which stands before it, says.
    Prefixed(u64),
}

impl Item<'_> {
    fn retains(&self) -> bool {
        self.body.unknown == UnknownPolicy::Retain
    }

    /// Name of the borrowed struct's private field; a field of the spec may be called `tail`.
    fn tail_field(&self) -> Ident {
        let taken = self.body.fields().any(|field| field.meta.name == "tail");
        format_ident!("{}", if taken { "tail_" } else { "tail" })
    }

    fn layout(&self, cx: &Cx<'_>) -> Vec<String> {
        let prefix = match self.frame {
            Frame::Prefixed(width) => Some(width),
            Frame::Frozen | Frame::Open => None,
        };
        docs::layout(cx, prefix, self.body)
    }
}

/// The owned struct and its methods.
pub(super) fn owned(cx: &Cx<'_>, item: &Item<'_>, copy: bool) -> TokenStream {
    let docs = docs::with_layout(item.meta, &item.layout(cx));
    let (name, body) = (&item.name, item.body);
    let mut derives = vec![quote!(Clone), quote!(Debug), quote!(PartialEq)];
    if copy {
        derives.push(quote!(Copy));
    }
    if body.head.len() == usize::from(item.call) {
        // `new` has no parameters.
        derives.push(quote!(Default));
    }
    if body.fields().all(|field| cx.traits_of(&field.ty).eq) {
        derives.extend([quote!(Eq), quote!(Hash)]);
    }
    let head = body.head.iter().map(|field| {
        let (docs, name, ty) =
            (docs::of(&field.meta), ident(&field.meta.name), cx.owned(&field.ty));
        quote! { #docs pub #name: #ty, }
    });
    let tail = body.tail.iter().map(|tail| {
        let field = &tail.field;
        let (docs, name, ty) =
            (docs::of(&field.meta), ident(&field.meta.name), cx.owned(&field.ty));
        quote! { #docs pub #name: ::core::option::Option<#ty>, }
    });
    let retained = item.retains().then(|| {
        let docs = docs::text("What newer versions of the spec have added; it is written back.");
        quote! { #docs pub retained: ::tlv_core::Retained, }
    });
    let methods = methods(cx, item);
    quote! {
        #docs
        #[derive(#(#derives),*)]
        pub struct #name { #(#head)* #(#tail)* #retained }

        #methods
    }
}

/// `new`, and a `with_...` for every field of the tail.
fn methods(cx: &Cx<'_>, item: &Item<'_>) -> TokenStream {
    let body = item.body;
    let given: Vec<&Field> = body.head.iter().skip(usize::from(item.call)).collect();
    let params = given.iter().map(|field| {
        let name = ident(&field.meta.name);
        match &field.ty {
            Ty::Str { .. } => {
                quote!(#name: impl ::core::convert::Into<::tlv_core::alloc::string::String>)
            }
            ty => {
                let ty = cx.owned(ty);
                quote!(#name: #ty)
            }
        }
    });
    let values = given.iter().map(|field| {
        let name = ident(&field.meta.name);
        match &field.ty {
            Ty::Str { .. } => quote!(#name: ::core::convert::Into::into(#name),),
            _ => quote!(#name,),
        }
    });
    let call = item.call.then(|| quote!(call: 0,));
    let tail = body.tail.iter().map(|tail| {
        let name = ident(&tail.field.meta.name);
        quote!(#name: ::core::option::Option::None,)
    });
    let retained = item.retains().then(|| quote!(retained: ::tlv_core::Retained::default(),));
    let docs = docs::text(match body.tail.is_empty() {
        true => "The value that consists of these fields.",
        false => "The value that consists of these fields, and none of the optional ones.",
    });
    let withs = body.tail.iter().map(|tail| {
        let field = &tail.field;
        let (name, ty) = (ident(&field.meta.name), cx.owned(&field.ty));
        let method = format_ident!("with_{}", field.meta.name);
        let docs = docs::text(&format!("Sets the optional field `{}`.", field.meta.name));
        quote! {
            #docs
            #[inline]
            #[must_use]
            pub fn #method(mut self, #name: #ty) -> Self {
                self.#name = ::core::option::Option::Some(#name);
                self
            }
        }
    });
    let name = &item.name;
    quote! {
        impl #name {
            #docs
            #[inline]
            #[must_use]
            pub fn new(#(#params),*) -> Self {
                Self { #call #(#values)* #(#tail)* #retained }
            }
            #(#withs)*
        }
    }
}

/// The borrowed struct and its methods.
pub(super) fn borrowed(cx: &Cx<'_>, item: &Item<'_>) -> TokenStream {
    let (name, owned, body) = (&item.borrowed, &item.name, item.body);
    let docs = docs::with_layout(item.meta, &item.layout(cx));
    let note = docs::text(&format!("\n[`{}`] in the received bytes.", item.name));
    let head = body.head.iter().map(|field| {
        let (docs, name) = (docs::of(&field.meta), ident(&field.meta.name));
        let ty = cx.borrowed(&field.ty);
        quote! { #docs pub #name: #ty, }
    });
    let tail = body.tail.iter().map(|tail| {
        let (docs, name) = (docs::of(&tail.field.meta), ident(&tail.field.meta.name));
        let ty = cx.borrowed(&tail.field.ty);
        quote! { #docs pub #name: ::core::option::Option<#ty>, }
    });
    let open = item.frame != Frame::Frozen;
    let tail_field = item.tail_field();
    let private = open.then(|| quote!(#tail_field: ::tlv_core::TailRef<'a>,));
    let records = open.then(|| {
        let docs = docs::text("The tail as it was received: known records and unknown.");
        quote! {
            #docs
            #[inline]
            #[must_use]
            pub fn tail(&self) -> ::tlv_core::TailRef<'a> {
                self.#tail_field
            }
        }
    });
    let lifetimes = if open { quote!(<'a> #name<'a>) } else { quote!(#name<'_>) };
    let own_docs = docs::text(
        "Owns the value.\n\n# Errors\n\nWhere an element of a list, array or map, which are checked \
         when walked, is not an encoding of its type.",
    );
    quote! {
        #docs
        #note
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct #name<'a> { #(#head)* #(#tail)* #private }

        impl #lifetimes {
            #records
            #own_docs
            #[inline]
            pub fn to_owned(&self) -> ::core::result::Result<#owned, ::tlv_core::DecodeError> {
                <#owned as ::tlv_core::wire::Wire>::own(*self)
            }
        }
    }
}

/// `impl Wire` of a body that is not of fixed size. `copy`: its borrowed form is itself.
pub(super) fn wire(cx: &Cx<'_>, item: &Item<'_>, copy: bool) -> TokenStream {
    let (name, body) = (&item.name, item.body);
    let min = read::literal(item.min);
    let reference = if copy {
        quote!(Self)
    } else {
        let borrowed = &item.borrowed;
        quote!(#borrowed<'a>)
    };
    let any_reference = if copy {
        quote!(Self)
    } else {
        let borrowed = &item.borrowed;
        quote!(#borrowed<'_>)
    };
    let constructor = if copy {
        quote!(Self)
    } else {
        let borrowed = &item.borrowed;
        quote!(#borrowed)
    };
    let read_ref = reader(cx, item, Mode::Borrow, &constructor);
    let read = reader(cx, item, Mode::Own, &quote!(Self));
    let skip = match item.frame {
        Frame::Frozen => {
            let skip = read::skip(cx, body);
            quote! { #skip ::core::result::Result::Ok((input, ())) }
        }
        Frame::Open => quote! { ::core::result::Result::Ok((::tlv_core::parse::end(input), ())) },
        Frame::Prefixed(width) => {
            let width = read::literal(width);
            quote! {
                let (input, _) = ::tlv_core::parse::region::<#width>(input)?;
                ::core::result::Result::Ok((input, ()))
            }
        }
    };
    let own = if copy {
        quote! { ::core::result::Result::Ok(value) }
    } else {
        let fields = read::own(cx, body);
        let known = body.tail.iter().map(|tail| super::literals::hex(tail.id));
        let tail_field = item.tail_field();
        let retained = item.retains().then(
            || quote!(retained: ::tlv_core::Retained::of(value.#tail_field, &[#(#known),*]),),
        );
        quote! { ::core::result::Result::Ok(Self { #fields #retained }) }
    };
    let (size, write) = (sizer(cx, item), writer(cx, item));
    // There is one value.
    let constant = body.head.is_empty() && body.tail.is_empty() && !item.retains();
    let generate = generate::body(cx, &quote!(Self), body);
    let generate = match item.frame {
        Frame::Prefixed(2) if !constant => {
            let room = read::literal(0xffff_u64.saturating_sub(item.min - 2));
            quote! { choices.within(#room, |choices| #generate) }
        }
        _ => generate,
    };
    let Used { value_ref, value, source, sized } = names_used(cx, item, copy);
    let choices = if constant { quote!(_) } else { quote!(choices) };
    quote! {
        impl ::tlv_core::wire::Wire for #name {
            type Owned = Self;
            type Ref<'a> = #reference;

            const MIN: usize = #min;

            #[inline]
            fn read_ref(input: &[u8]) -> ::tlv_core::IResult<'_, #any_reference> { #read_ref }

            #[inline]
            fn read<'a>(
                input: &'a [u8],
                #source: ::tlv_core::wire::Source<'_>,
            ) -> ::tlv_core::IResult<'a, Self> { #read }

            #[inline]
            fn skip(input: &[u8]) -> ::tlv_core::IResult<'_, ()> { #skip }

            #[inline]
            fn own(
                #value_ref: #any_reference,
            ) -> ::core::result::Result<Self, ::tlv_core::DecodeError> { #own }

            #[inline]
            fn size(
                #sized: &Self,
            ) -> ::core::result::Result<usize, ::tlv_core::EncodeError> { #size }

            #[inline]
            fn write<'o>(#value: &Self, out: &'o mut [u8]) -> &'o mut [u8] { #write }

            fn generate(#choices: &mut ::tlv_core::generate::Choices<'_>) -> Self { #generate }
        }
    }
}

/// Parameters, or `_` where a body does not look at them.
struct Used {
    /// Of `own`.
    value_ref: TokenStream,
    /// Of `write`.
    value: TokenStream,
    /// Of `read`.
    source: TokenStream,
    /// Of `size`.
    sized: TokenStream,
}

fn names_used(cx: &Cx<'_>, item: &Item<'_>, copy: bool) -> Used {
    let or = |used: bool, name: TokenStream| if used { name } else { quote!(_) };
    let any = item.body.fields().next().is_some() || item.retains();
    let varies = !item.body.tail.is_empty() || item.retains();
    let head = &item.body.head;
    let sized = varies
        || head.iter().any(|field| {
            let traits = cx.traits_of(&field.ty);
            !traits.fixed || traits.refusable || field.constraint.is_some()
        });
    Used {
        value_ref: or(any || copy, quote!(value)),
        value: or(any, quote!(value)),
        source: or(varies || read::uses_source(cx, item.body), quote!(source)),
        sized: or(sized, quote!(value)),
    }
}

fn reader(cx: &Cx<'_>, item: &Item<'_>, mode: Mode, constructor: &TokenStream) -> TokenStream {
    let head = read::head(cx, item.body, mode);
    let fields = read::initializers(item.body);
    if item.frame == Frame::Frozen {
        return quote! { #head ::core::result::Result::Ok((input, #constructor { #fields })) };
    }
    let tail = read::tail(cx, item.body, mode);
    let tail_field = item.tail_field();
    let more = match mode {
        Mode::Borrow => quote!(#tail_field: ::tlv_core::TailRef::new(input),),
        Mode::Own if item.retains() => quote!(retained,),
        Mode::Own => TokenStream::new(),
    };
    let body = quote! {
        #head
        #tail
        ::core::result::Result::Ok((
            ::tlv_core::parse::end(input),
            #constructor { #fields #more },
        ))
    };
    match item.frame {
        Frame::Prefixed(width) => {
            let width = read::literal(width);
            quote! { ::tlv_core::parse::bounded::<#width, _>(input, |input| { #body }) }
        }
        Frame::Frozen | Frame::Open => body,
    }
}

fn sizer(cx: &Cx<'_>, item: &Item<'_>) -> TokenStream {
    let size = write::size(cx, item.body);
    match item.frame {
        Frame::Prefixed(width) => {
            let width = read::literal(width);
            quote! { #size ::tlv_core::write::prefixed::<#width>(size) }
        }
        Frame::Frozen | Frame::Open => quote! { #size ::core::result::Result::Ok(size) },
    }
}

fn writer(cx: &Cx<'_>, item: &Item<'_>) -> TokenStream {
    let write = write::write(cx, item.body);
    match item.frame {
        Frame::Prefixed(width) => {
            let width = read::literal(width);
            quote! { ::tlv_core::write::region::<#width>(out, |out| { #write }) }
        }
        Frame::Frozen | Frame::Open => write,
    }
}
