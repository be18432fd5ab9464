//! `Opt`: one byte, 0 or 1, then the value if 1.

use super::{Fixed, Source, Wire};
use crate::{
    EncodeError,
    choices::Choices,
    error::DecodeError,
    parse::{self, IResult},
};

impl<T: Wire> Wire for Option<T> {
    type Owned = Option<T::Owned>;
    type Ref<'a> = Option<T::Ref<'a>>;

    const MIN: usize = 1;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, Option<T::Ref<'_>>> {
        let (rest, there) = flag(input)?;
        if !there {
            return Ok((rest, None));
        }
        let (rest, value) = T::read_ref(rest)?;
        Ok((rest, Some(value)))
    }

    #[inline]
    fn read<'a>(input: &'a [u8], source: Source<'_>) -> IResult<'a, Option<T::Owned>> {
        let (rest, there) = flag(input)?;
        T::read_option(rest, there, source)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        let (rest, there) = flag(input)?;
        if there { T::skip(rest) } else { Ok((rest, ())) }
    }

    #[inline]
    fn own(value: Option<T::Ref<'_>>) -> Result<Option<T::Owned>, DecodeError> {
        value.map(T::own).transpose()
    }

    #[inline]
    fn size(value: &Option<T::Owned>) -> Result<usize, EncodeError> {
        match value {
            Some(value) => Ok(1 + T::size(value)?),
            None => Ok(1),
        }
    }

    #[inline]
    fn write<'o>(value: &Option<T::Owned>, out: &'o mut [u8]) -> &'o mut [u8] {
        T::write_option(value, out)
    }

    fn generate(choices: &mut Choices<'_>) -> Option<T::Owned> {
        (choices.count(1, T::MIN) == 1).then(|| T::generate(choices))
    }
}

#[inline]
fn flag(input: &[u8]) -> IResult<'_, bool> {
    let (rest, byte) = parse::chunk::<1>(input)?;
    match bool::get(byte) {
        Ok(there) => Ok((rest, there)),
        Err(error) => Err(nom::Err::Error(error.before(rest.len()))),
    }
}
