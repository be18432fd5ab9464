//! Fields: how they fall into runs, and the constraints on them.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    Cx,
    literals::{float, number, signed},
};
use crate::backends::layout::float_text;
use crate::schema::{Body, Constraint, Field, Ty};

/// A part of a head that is read with one call.
pub(super) enum Piece<'b> {
    /// Neighbours of fixed size, read with one bounds check.
    Run(Run<'b>),
    /// A field by itself.
    One(usize, &'b Field),
}

/// Neighbours of fixed size.
pub(super) struct Run<'b> {
    pub(super) fields: Vec<RunField<'b>>,
    /// Their sizes' sum.
    pub(super) size: u64,
}

/// A field in a run.
pub(super) struct RunField<'b> {
    /// Among the body's fields.
    pub(super) index: usize,
    pub(super) field: &'b Field,
    /// From the start of the run.
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A head, cut into pieces.
pub(super) fn pieces<'b>(cx: &Cx<'_>, body: &'b Body) -> Vec<Piece<'b>> {
    let mut pieces: Vec<Piece<'b>> = Vec::new();
    for (index, field) in body.head.iter().enumerate() {
        if !cx.traits_of(&field.ty).fixed {
            pieces.push(Piece::One(index, field));
            continue;
        }
        let size = cx.size_of(&field.ty).min;
        if !matches!(pieces.last(), Some(Piece::Run(_))) {
            pieces.push(Piece::Run(Run { fields: Vec::new(), size: 0 }));
        }
        if let Some(Piece::Run(run)) = pieces.last_mut() {
            run.fields.push(RunField { index, field, offset: run.size, size });
            run.size += size;
        }
    }
    pieces
}

/// Where a field's value is.
pub(super) enum Place {
    /// In this expression.
    Value(TokenStream),
    /// Behind this reference.
    Reference(TokenStream),
}

/// Whether the value keeps to the field's constraint; and the rule in words.
pub(super) fn constraint(field: &Field, place: &Place) -> Option<(TokenStream, String)> {
    let constraint = field.constraint.as_ref()?;
    let (Place::Value(value) | Place::Reference(value)) = place;
    let reference = match place {
        Place::Value(value) => quote!(&#value),
        Place::Reference(value) => value.clone(),
    };
    Some(match (constraint, &field.ty) {
        (Constraint::IntRange { min, max }, _) => {
            let rule = format!("a number from {min} to {max}");
            let (min, max) = (signed(*min), signed(*max));
            (quote!((#min..=#max).contains(#reference)), rule)
        }
        (Constraint::FloatRange { min, max }, Ty::Float(width)) => {
            let rule = format!("a number from {} to {}", float_text(*min), float_text(*max));
            let (min, max) = (float(*min, *width), float(*max, *width));
            (quote!((#min..=#max).contains(#reference)), rule)
        }
        (Constraint::FloatRange { .. }, _) => return None,
        (Constraint::NonEmpty, _) => (quote!(!#value.is_empty()), "at least one".to_owned()),
        (Constraint::Lengths(lengths), _) => {
            let words: Vec<String> = lengths.iter().map(u32::to_string).collect();
            let rule = format!("a length of {}", words.join(" or "));
            let lengths = lengths.iter().map(|length| number(u128::from(*length)));
            (quote!(matches!(#value.len(), #(#lengths)|*)), rule)
        }
    })
}
