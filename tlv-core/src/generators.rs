//! The three kinds of generators, for every generated type, where their features are on.
//!
//! A user's crate need not have these features itself: the macro decides here, by this crate's.

/// What each message and set implements by the features that are on.
///
/// It lets code that is generic over messages ask any of them for values.
pub trait Generators: Proptest + Quickcheck + Arbitrary {}

impl<T: Proptest + Quickcheck + Arbitrary> Generators for T {}

macro_rules! by_feature {
    ($feature:literal, $name:ident, $($bound:tt)*) => {
        #[doc = concat!("The trait of `", $feature, "`, where that feature is on.")]
        #[cfg(feature = $feature)]
        pub trait $name: $($bound)* {}

        #[cfg(feature = $feature)]
        impl<T: $($bound)*> $name for T {}

        #[doc = concat!("The trait of `", $feature, "`, where that feature is on.")]
        #[cfg(not(feature = $feature))]
        pub trait $name {}

        #[cfg(not(feature = $feature))]
        impl<T> $name for T {}
    };
}

by_feature!("proptest", Proptest, proptest::arbitrary::Arbitrary);
by_feature!("quickcheck", Quickcheck, quickcheck::Arbitrary);
by_feature!("arbitrary", Arbitrary, for<'u> arbitrary::Arbitrary<'u>);

/// Implements proptest's, quickcheck's and arbitrary's traits of a generated type.
#[doc(hidden)]
#[macro_export]
macro_rules! generators {
    (message $ty:ty) => {
        $crate::generators!($ty, $crate::generate::message::<$ty>);
    };
    (part $ty:ty) => {
        $crate::generators!($ty, $crate::generate::part::<$ty>);
    };
    (set $ty:ty) => {
        $crate::generators!($ty, <$ty as $crate::MessageSet>::generate);
    };
    ($ty:ty, $recipe:expr) => {
        $crate::generators_proptest!($ty, $recipe);
        $crate::generators_quickcheck!($ty, $recipe);
        $crate::generators_arbitrary!($ty, $recipe);
    };
}

/// Nothing: the feature is off.
#[cfg(not(feature = "proptest"))]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_proptest {
    ($ty:ty, $recipe:expr) => {};
}

/// Nothing: the feature is off.
#[cfg(not(feature = "quickcheck"))]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_quickcheck {
    ($ty:ty, $recipe:expr) => {};
}

/// Nothing: the feature is off.
#[cfg(not(feature = "arbitrary"))]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_arbitrary {
    ($ty:ty, $recipe:expr) => {};
}

/// Implements proptest's `Arbitrary`: bytes that shrink, then the recipe.
#[cfg(feature = "proptest")]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_proptest {
    ($ty:ty, $recipe:expr) => {
        impl $crate::proptest::arbitrary::Arbitrary for $ty {
            type Parameters = ();
            type Strategy = $crate::proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                use $crate::proptest::strategy::Strategy as _;
                let bytes = $crate::proptest::collection::vec(
                    $crate::proptest::arbitrary::any::<u8>(),
                    0..=$crate::generate::BYTES_MAX,
                );
                bytes.prop_map(|bytes| $recipe(&mut $crate::generate::Choices::new(&bytes))).boxed()
            }
        }
    };
}

/// Implements quickcheck's `Arbitrary`.
#[cfg(feature = "quickcheck")]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_quickcheck {
    ($ty:ty, $recipe:expr) => {
        impl $crate::quickcheck::Arbitrary for $ty {
            fn arbitrary(g: &mut $crate::quickcheck::Gen) -> Self {
                let len = usize::arbitrary(g) % ($crate::generate::BYTES_MAX + 1);
                let bytes: $crate::alloc::vec::Vec<u8> =
                    (0..len).map(|_| u8::arbitrary(g)).collect();
                $recipe(&mut $crate::generate::Choices::new(&bytes))
            }
        }
    };
}

/// Implements arbitrary's `Arbitrary`: the recipe takes all of a fuzzer's bytes, or a part.
#[cfg(feature = "arbitrary")]
#[doc(hidden)]
#[macro_export]
macro_rules! generators_arbitrary {
    ($ty:ty, $recipe:expr) => {
        impl<'u> $crate::arbitrary::Arbitrary<'u> for $ty {
            fn arbitrary(
                u: &mut $crate::arbitrary::Unstructured<'u>,
            ) -> $crate::arbitrary::Result<Self> {
                let len = u.arbitrary_len::<u8>()?;
                let bytes = u.bytes(len)?;
                Ok($recipe(&mut $crate::generate::Choices::new(bytes)))
            }

            fn arbitrary_take_rest(
                u: $crate::arbitrary::Unstructured<'u>,
            ) -> $crate::arbitrary::Result<Self> {
                Ok($recipe(&mut $crate::generate::Choices::new(u.take_rest())))
            }
        }
    };
}
