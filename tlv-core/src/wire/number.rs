//! `Bool`, integers, floats and `Uuid`.

use alloc::vec::Vec;

use super::{Fixed, Plain, plain_many};
use crate::{
    EncodeError, Uuid,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::too_few,
    write,
};

macro_rules! plain {
    ($($ty:ty, $value:ty, $len:literal, $from:expr, $to:expr;)*) => {$(
        impl Fixed for $ty {
            type Value = $value;

            const SIZE: usize = $len;

            #[inline]
            fn get(bytes: &[u8]) -> Result<$value, DecodeError> {
                Ok(Self::plain(bytes))
            }

            #[inline]
            fn put(value: &$value, out: &mut [u8]) {
                if let Some(out) = out.first_chunk_mut::<$len>() {
                    *out = $to(*value);
                }
            }

            #[inline]
            fn check_many(_: &[$value]) -> Result<(), EncodeError> {
                Ok(())
            }

            #[inline]
            fn get_many(bytes: &[u8]) -> Result<Vec<$value>, DecodeError> {
                Ok(plain_many::<Self>(bytes))
            }

            #[inline]
            fn get_option(bytes: &[u8], there: bool) -> Result<Option<$value>, DecodeError> {
                Ok(there.then_some(Self::plain(bytes)))
            }

            #[inline]
            fn put_option<'o>(value: &Option<$value>, out: &'o mut [u8]) -> &'o mut [u8] {
                write::option(out, value.map($to))
            }

            fn choose(choices: &mut Choices<'_>) -> $value {
                $from(choices.edged())
            }
        }

        impl Plain for $ty {
            #[inline]
            fn plain(bytes: &[u8]) -> $value {
                bytes.first_chunk::<$len>().copied().map_or_else(|| $from([0; $len]), $from)
            }
        }
    )*};
}

plain! {
    u8, u8, 1, u8::from_le_bytes, u8::to_le_bytes;
    u16, u16, 2, u16::from_le_bytes, u16::to_le_bytes;
    u32, u32, 4, u32::from_le_bytes, u32::to_le_bytes;
    u64, u64, 8, u64::from_le_bytes, u64::to_le_bytes;
    u128, u128, 16, u128::from_le_bytes, u128::to_le_bytes;
    i8, i8, 1, i8::from_le_bytes, i8::to_le_bytes;
    i16, i16, 2, i16::from_le_bytes, i16::to_le_bytes;
    i32, i32, 4, i32::from_le_bytes, i32::to_le_bytes;
    i64, i64, 8, i64::from_le_bytes, i64::to_le_bytes;
    i128, i128, 16, i128::from_le_bytes, i128::to_le_bytes;
    f32, f32, 4, f32::from_le_bytes, f32::to_le_bytes;
    f64, f64, 8, f64::from_le_bytes, f64::to_le_bytes;
    Uuid, Uuid, 16, Uuid::from_bytes, Uuid::to_bytes;
}

impl Fixed for bool {
    type Value = Self;

    const SIZE: usize = 1;

    #[inline]
    fn get(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes {
            [0, ..] => Ok(false),
            [1, ..] => Ok(true),
            [found, ..] => {
                let kind = DecodeErrorKind::InvalidBool { found: *found };
                Err(DecodeError::new(kind, bytes.len()))
            }
            [] => Err(too_few(1, 0)),
        }
    }

    #[inline]
    fn put(value: &Self, out: &mut [u8]) {
        if let Some(out) = out.first_mut() {
            *out = u8::from(*value);
        }
    }

    #[inline]
    fn check_many(_: &[Self]) -> Result<(), EncodeError> {
        Ok(())
    }

    #[inline]
    fn get_many(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        // Judged together, and afterwards, so that the loop has no way out.
        let mut all = 0;
        let judged = |byte: &u8| {
            all |= *byte;
            *byte == 1
        };
        let values: Vec<Self> = bytes.iter().map(judged).collect();
        if all > 1 {
            let wrong = bytes.iter().position(|byte| *byte > 1).unwrap_or_default();
            let rest = bytes.get(wrong..).unwrap_or_default();
            return Self::get(rest).map(|_| values).map_err(|error| error.in_element(wrong));
        }
        Ok(values)
    }

    fn choose(choices: &mut Choices<'_>) -> Self {
        choices.flip()
    }
}
