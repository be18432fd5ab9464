//! Reads every field of a value, in any format's form, to one number. Equal numbers show that two
//! formats carried, and that two readers read, the same.

use std::net::SocketAddr;

/// A value that can be read whole.
pub trait Sum {
    /// Adds everything in it.
    fn sum(&self) -> u64;
}

macro_rules! numbers {
    ($($ty:ty => |$n:ident| $as:expr;)*) => {
        $(impl Sum for $ty {
            #[inline(always)]
            fn sum(&self) -> u64 {
                let $n = *self;
                $as
            }
        })*
    };
}

numbers! {
    bool => |n| u64::from(n);
    u8 => |n| u64::from(n);
    u16 => |n| u64::from(n);
    u32 => |n| u64::from(n);
    u64 => |n| n;
    i8 => |n| n as u64;
    i16 => |n| n as u64;
    i32 => |n| n as u64;
    f32 => |n| u64::from(n.to_bits());
    [u8; 4] => |n| u64::from(u32::from_le_bytes(n));
    [u8; 16] => |n| u128::from_le_bytes(n) as u64;
    crate::model::EntityType => |n| n as u64;
    rkyv::rend::u16_le => |n| u64::from(n.to_native());
    rkyv::rend::u32_le => |n| u64::from(n.to_native());
    rkyv::rend::u64_le => |n| n.to_native();
    rkyv::rend::i16_le => |n| n.to_native() as u64;
    rkyv::rend::f32_le => |n| u64::from(n.to_native().to_bits());
}

impl Sum for SocketAddr {
    #[inline(always)]
    fn sum(&self) -> u64 {
        let ip = match self {
            Self::V4(v4) => v4.ip().octets().sum(),
            Self::V6(v6) => v6.ip().octets().sum(),
        };
        ip.wrapping_mul(31).wrapping_add(self.port().sum())
    }
}

impl Sum for rkyv::net::ArchivedSocketAddr {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_socket_addr().sum()
    }
}

impl Sum for str {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_bytes().sum()
    }
}

// A read of both ends: what it costs to touch a string does not drown what it costs to decode it.
impl Sum for [u8] {
    #[inline(always)]
    fn sum(&self) -> u64 {
        let ends = self.first().zip(self.last());
        self.len() as u64 + ends.map_or(0, |(first, last)| u64::from(*first) + u64::from(*last))
    }
}

impl Sum for String {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_str().sum()
    }
}

impl Sum for rkyv::string::ArchivedString {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_str().sum()
    }
}

impl<T: Sum + ?Sized> Sum for &T {
    #[inline(always)]
    fn sum(&self) -> u64 {
        (**self).sum()
    }
}

impl<T: Sum> Sum for Option<T> {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_ref().map_or(7, Sum::sum)
    }
}

impl<T: Sum> Sum for rkyv::option::ArchivedOption<T> {
    #[inline(always)]
    fn sum(&self) -> u64 {
        self.as_ref().map_or(7, Sum::sum)
    }
}

/// Adds a list, element by element.
#[inline(always)]
pub fn each<T: Sum>(list: impl IntoIterator<Item = T>) -> u64 {
    list.into_iter().fold(0, |sum, element| sum.wrapping_mul(31).wrapping_add(element.sum()))
}

/// Implements `Sum` for types that have fields of these names; `..x` is a list of values.
#[macro_export]
macro_rules! sum_fields {
    (@one $ty:ty => $($field:ident)* $(; $($list:ident)*)?) => {
        impl $crate::sum::Sum for $ty {
            #[inline(always)]
            fn sum(&self) -> u64 {
                let sum = 0u64;
                $(let sum = sum.wrapping_mul(31).wrapping_add($crate::sum::Sum::sum(&self.$field));)*
                $($(let sum = sum.wrapping_mul(31).wrapping_add($crate::sum::each(self.$list.iter()));)*)?
                sum
            }
        }
    };
    ($ty:ty => $($names:tt)*) => {
        sum_fields!(@one $ty => $($names)*);
    };
    ($ty:ty, $next:ty => $($names:tt)*) => {
        sum_fields!(@one $ty => $($names)*);
        sum_fields!(@one $next => $($names)*);
    };
    ($ty:ty, $next:ty, $last:ty => $($names:tt)*) => {
        sum_fields!(@one $ty => $($names)*);
        sum_fields!(@one $next => $($names)*);
        sum_fields!(@one $last => $($names)*);
    };
}
