//! `Duration` and `Timestamp`.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Fixed, Plain, plain_many};
use crate::{EncodeError, EncodeErrorKind, Timestamp, choices::Choices, error::DecodeError};

impl Fixed for Timestamp {
    type Value = Self;

    const SIZE: usize = 8;

    #[inline]
    fn get(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self::plain(bytes))
    }

    #[inline]
    fn put(value: &Self, out: &mut [u8]) {
        i64::put(&value.as_micros(), out);
    }

    #[inline]
    fn check_many(_: &[Self]) -> Result<(), EncodeError> {
        Ok(())
    }

    #[inline]
    fn get_many(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        Ok(plain_many::<Self>(bytes))
    }

    fn choose(choices: &mut Choices<'_>) -> Self {
        Self::from_micros(i64::choose(choices))
    }
}

impl Plain for Timestamp {
    #[inline]
    fn plain(bytes: &[u8]) -> Self {
        Self::from_micros(i64::plain(bytes))
    }
}

impl Fixed for Duration {
    type Value = Self;

    const SIZE: usize = 8;

    #[inline]
    fn get(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self::plain(bytes))
    }

    #[inline]
    fn put(value: &Self, out: &mut [u8]) {
        // `check` has held it to 64 bits.
        u64::put(&(value.as_nanos() as u64), out);
    }

    #[inline]
    fn check(value: &Self) -> Result<(), EncodeError> {
        match u64::try_from(value.as_nanos()) {
            Ok(_) => Ok(()),
            Err(_) => Err(EncodeError::new(EncodeErrorKind::DurationTooLong)),
        }
    }

    #[inline]
    fn get_many(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        Ok(plain_many::<Self>(bytes))
    }

    fn choose(choices: &mut Choices<'_>) -> Self {
        Self::from_nanos(u64::choose(choices))
    }
}

impl Plain for Duration {
    #[inline]
    fn plain(bytes: &[u8]) -> Self {
        Self::from_nanos(u64::plain(bytes))
    }
}
