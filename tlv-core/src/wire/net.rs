//! `Ip` and `SocketAddr`: a family byte, 4 or 6, the address, and for `SocketAddr` the port.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

use super::{Source, Wire, element};
use crate::{
    EncodeError, EncodeErrorKind,
    choices::Choices,
    error::{DecodeError, DecodeErrorKind},
    parse::{self, IResult},
    write,
};

/// How much longer an IPv6 address is than an IPv4 one.
const LONGER: usize = 12;

impl Wire for IpAddr {
    type Owned = Self;
    type Ref<'a> = Self;

    const MIN: usize = 5;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, Self> {
        match input {
            [4, rest @ ..] => {
                let (rest, bytes) = parse::chunk::<4>(rest)?;
                Ok((rest, Self::V4(Ipv4Addr::from(*bytes))))
            }
            [6, rest @ ..] => {
                let (rest, bytes) = parse::chunk::<16>(rest)?;
                Ok((rest, Self::V6(Ipv6Addr::from(*bytes))))
            }
            _ => no_family(input),
        }
    }

    #[inline]
    fn read<'a>(input: &'a [u8], _: Source<'_>) -> IResult<'a, Self> {
        Self::read_ref(input)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        let (rest, _) = Self::read_ref(input)?;
        Ok((rest, ()))
    }

    #[inline]
    fn own(value: Self) -> Result<Self, DecodeError> {
        Ok(value)
    }

    #[inline]
    fn size(value: &Self) -> Result<usize, EncodeError> {
        Ok(match value {
            Self::V4(_) => 5,
            Self::V6(_) => 17,
        })
    }

    #[inline]
    fn write<'o>(value: &Self, out: &'o mut [u8]) -> &'o mut [u8] {
        match value {
            Self::V4(ip) => write::slice(write::chunk(out, [4]), &ip.octets()),
            Self::V6(ip) => write::slice(write::chunk(out, [6]), &ip.octets()),
        }
    }

    fn generate(choices: &mut Choices<'_>) -> Self {
        if choices.count(1, LONGER) == 1 {
            Self::V6(Ipv6Addr::from(choices.edged::<16>()))
        } else {
            Self::V4(Ipv4Addr::from(choices.edged::<4>()))
        }
    }
}

impl Wire for SocketAddr {
    type Owned = Self;
    type Ref<'a> = Self;

    const MIN: usize = 7;

    #[inline]
    fn read_ref(input: &[u8]) -> IResult<'_, Self> {
        match input {
            [4, a, b, c, d, e, f, rest @ ..] => {
                let ip = Ipv4Addr::new(*a, *b, *c, *d);
                Ok((rest, Self::V4(SocketAddrV4::new(ip, u16::from_le_bytes([*e, *f])))))
            }
            _ => in_two_parts(input),
        }
    }

    #[inline]
    fn read<'a>(input: &'a [u8], _: Source<'_>) -> IResult<'a, Self> {
        Self::read_ref(input)
    }

    #[inline]
    fn skip(input: &[u8]) -> IResult<'_, ()> {
        match input {
            [4, _, _, _, _, _, _, rest @ ..] => Ok((rest, ())),
            _ => in_two_parts(input).map(|(rest, _)| (rest, ())),
        }
    }

    #[inline]
    fn own(value: Self) -> Result<Self, DecodeError> {
        Ok(value)
    }

    #[inline]
    fn size(value: &Self) -> Result<usize, EncodeError> {
        match value {
            Self::V4(_) => Ok(7),
            Self::V6(v6) if v6.scope_id() == 0 && v6.flowinfo() == 0 => Ok(19),
            Self::V6(_) => Err(EncodeError::new(EncodeErrorKind::AddressDetail)),
        }
    }

    #[inline]
    fn write<'o>(value: &Self, out: &'o mut [u8]) -> &'o mut [u8] {
        let [e, f] = value.port().to_le_bytes();
        match value {
            Self::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                write::chunk(out, [4, a, b, c, d, e, f])
            }
            Self::V6(_) => write::chunk(IpAddr::write(&value.ip(), out), [e, f]),
        }
    }

    fn generate(choices: &mut Choices<'_>) -> Self {
        let ip = IpAddr::generate(choices);
        Self::new(ip, u16::generate(choices))
    }

    #[inline]
    fn read_many<'a>(input: &'a [u8], count: usize, _: Source<'_>) -> IResult<'a, Vec<Self>> {
        let mut values = Vec::with_capacity(count);
        let mut input = input;
        for index in 0..count {
            // Each family goes to the list by itself: a value of either is assembled in memory from
            // narrow stores and copied by wide loads, which have to wait for them.
            match input {
                [4, a, b, c, d, e, f, rest @ ..] => {
                    let ip = Ipv4Addr::new(*a, *b, *c, *d);
                    let port = u16::from_le_bytes([*e, *f]);
                    values.push(Self::V4(SocketAddrV4::new(ip, port)));
                    input = rest;
                }
                _ => {
                    let (rest, value) = element(in_two_parts(input), index)?;
                    values.push(value);
                    input = rest;
                }
            }
        }
        Ok((input, values))
    }
}

/// Reads an address and then its port: what is not IPv4, or not all there.
#[inline(never)]
fn in_two_parts(input: &[u8]) -> IResult<'_, SocketAddr> {
    let (rest, ip) = IpAddr::read_ref(input)?;
    let (rest, port) = u16::read_ref(rest)?;
    Ok((rest, SocketAddr::new(ip, port)))
}

#[inline(always)]
fn no_family<T>(input: &[u8]) -> IResult<'_, T> {
    let kind = match input {
        [] => DecodeErrorKind::Truncated { wanted: 1, found: 0 },
        [found, ..] => DecodeErrorKind::BadFamily { found: *found },
    };
    parse::fail(kind, input.len())
}
