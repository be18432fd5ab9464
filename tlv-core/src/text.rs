//! Text in bulk: neighbours of type `Str` are checked for UTF-8 together.

use crate::{
    parse::{self, IResult},
    wire::utf8,
};

/// A length below this is, as a prefix of any width, a character and zeros: UTF-8.
const CHARACTERS: usize = 0x80;

/// Reads `K` neighbours of type `Str`, by name and bound.
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

// Always: what the bounds are decides how the lengths are read, so it has to be known here.
#[inline(always)]
fn together<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> Option<([&'a str; K], &'a [u8])> {
    let mut ends = [0; K];
    let mut end = 0;
    for (found, (_, bound)) in ends.iter_mut().zip(fields) {
        let len = length_at(input, end, *bound)?;
        if len >= CHARACTERS {
            return None;
        }
        end += parse::prefix_len(*bound) + len;
        *found = end;
    }
    let (bytes, rest) = input.split_at_checked(end)?;
    let all = core::str::from_utf8(bytes).ok()?;
    let mut texts = [""; K];
    let mut start = 0;
    for ((text, end), (_, bound)) in texts.iter_mut().zip(ends).zip(fields) {
        *text = all.get(start + parse::prefix_len(*bound)..end)?;
        start = end;
    }
    Some((texts, rest))
}

/// Finds the end of `K` neighbours of type `Str`, by name and bound, and looks at no text.
#[inline]
pub fn skip<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> IResult<'a, ()> {
    match after(input, fields) {
        Some(rest) => Ok((rest, ())),
        None => skip_one_by_one(input, fields),
    }
}

// Always: as for `together`. What is left is looked at once per text, and not before and behind it.
#[inline(always)]
fn after<'a>(input: &'a [u8], fields: &'static [(&'static str, u32)]) -> Option<&'a [u8]> {
    let mut end = 0;
    for (_, bound) in fields {
        end += parse::prefix_len(*bound) + length_at(input, end, *bound)?;
    }
    input.get(end..)
}

/// The length that stands at `at`, as wide as `bound` makes it, where it is there and no greater.
#[inline(always)]
fn length_at(input: &[u8], at: usize, bound: u32) -> Option<usize> {
    let len = match parse::prefix_len(bound) {
        1 => u32::from(*input.get(at)?),
        2 => u32::from(u16::from_le_bytes(*input.get(at..at + 2)?.first_chunk()?)),
        _ => u32::from_le_bytes(*input.get(at..at + 4)?.first_chunk()?),
    };
    (len <= bound).then_some(len as usize)
}

/// Finds the text whose end cannot be found, and says which, and where.
#[cold]
#[inline(never)]
fn skip_one_by_one<'a>(input: &'a [u8], fields: &'static [(&'static str, u32)]) -> IResult<'a, ()> {
    let mut input = input;
    for (name, bound) in fields {
        let one = parse::length_up_to(input, *bound).and_then(|(rest, len)| parse::take(rest, len));
        (input, _) = parse::field(one, name)?;
    }
    Ok((input, ()))
}

/// Finds the text that is refused, and says which, and where; or that none is.
#[inline(never)]
fn one_by_one<'a, const K: usize>(
    input: &'a [u8],
    fields: &'static [(&'static str, u32); K],
) -> IResult<'a, [&'a str; K]> {
    let mut texts = [""; K];
    let mut input = input;
    for (text, (name, bound)) in texts.iter_mut().zip(fields) {
        let one = parse::length_up_to(input, *bound).and_then(|(rest, len)| utf8(rest, len));
        let (rest, read) = parse::field(one, name)?;
        *text = read;
        input = rest;
    }
    Ok((input, texts))
}
