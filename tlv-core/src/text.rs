//! Text in bulk: neighbours of type `Str` are checked for UTF-8 together.

use crate::{
    DecodeErrorKind,
    parse::{self, IResult},
    wire::{Str, Wire as _},
};

/// Reads `K` neighbours of type `Str`, each with a bound of at most 255, by name and bound.
///
/// Checking one long text costs far less than checking its parts, since the check goes by words
/// where it can. The lengths that stand between the texts are taken along: where all of it is UTF-8
/// and each part begins and ends between characters, each part is UTF-8. A length of 128 or more is
/// no text by itself, so then, as for every refusal, the parts are read one by one.
#[inline]
pub fn texts<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> IResult<'a, [&'a str; K]> {
    if let Some((texts, rest)) = together(input, fields) {
        return Ok((rest, texts));
    }
    one_by_one(input, fields)
}

#[inline]
fn together<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> Option<([&'a str; K], &'a [u8])> {
    let mut ends = [0; K];
    let mut end = 0;
    for (found, (_, bound)) in ends.iter_mut().zip(fields) {
        let len = *input.get(end)?;
        if u32::from(len) > *bound {
            return None;
        }
        end += 1 + usize::from(len);
        *found = end;
    }
    let (bytes, rest) = input.split_at_checked(end)?;
    let all = core::str::from_utf8(bytes).ok()?;
    let mut texts = [""; K];
    let mut start = 0;
    for (text, end) in texts.iter_mut().zip(ends) {
        *text = all.get(start + 1..end)?;
        start = end;
    }
    Some((texts, rest))
}

/// Finds the text that is refused, and says which, and where; or that none is.
#[cold]
#[inline(never)]
fn one_by_one<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> IResult<'a, [&'a str; K]> {
    let mut texts = [""; K];
    let mut input = input;
    for (text, (name, bound)) in texts.iter_mut().zip(fields) {
        if let Some(found) = input.first().map(|len| u32::from(*len)).filter(|len| len > bound) {
            let kind = DecodeErrorKind::OverBound { bound: *bound, found };
            return parse::field(parse::fail(kind, input.len()), name);
        }
        let (rest, read) = parse::field(Str::<255>::read_ref(input), name)?;
        *text = read;
        input = rest;
    }
    Ok((input, texts))
}
