//! A format with a data set prepared for it: what the comparison times, and what is counted.

use std::hint::black_box;

use crate::data;
use crate::formats::bilrost::Bilrost;
use crate::formats::derived::{Bitcode, Borsh, Minicbor, Postcard, Rkyv, Wincode};
use crate::formats::ours::Ours;
use crate::formats::prost::Prost;
use crate::formats::{Buffer, Evolution, Format, aligned};
use crate::{Column, Data};

/// A format's prepared data and what to do with it.
pub struct Subject {
    /// The format.
    pub name: &'static str,
    /// Whether it can evolve.
    pub evolution: Evolution,
    /// Whether it borrows.
    pub borrows: bool,
    /// What is encoded, framing included.
    pub bytes: rkyv::util::AlignedVec,
    /// Bytes of framing among `bytes`.
    pub framing: usize,
    /// Into a buffer that it was encoded into before.
    encode: Box<dyn FnMut()>,
    decode: fn(&[u8]) -> Box<dyn Drop1>,
    borrow: fn(&[u8]) -> u64,
    access: fn(&[u8]) -> u64,
}

/// Anything that can be dropped.
pub trait Drop1 {}
impl<T> Drop1 for T {}

/// How many elements a data set has.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub logs: usize,
    pub triangles: usize,
    pub updates: usize,
    pub frames: usize,
}

/// The formats' names, ours first.
pub const FORMATS: [&str; 9] =
    ["ours", "prost", "bilrost", "minicbor", "wincode", "bitcode", "borsh", "postcard", "rkyv"];

/// The subjects for a data set, of the formats that are `wanted` by name; ours comes first.
pub fn subjects(data: Data, sizes: Sizes, wanted: impl Fn(&str) -> bool) -> Vec<Subject> {
    match data {
        Data::Log => all(&data::logs(sizes.logs), wanted),
        Data::Mesh => all(&data::mesh(sizes.triangles), wanted),
        Data::Mk48 => all(&data::updates(sizes.updates), wanted),
        Data::Control => all(&data::frames(sizes.frames), wanted),
    }
}

impl Subject {
    /// What is timed or counted for a column; what it returns is dropped later.
    pub fn action(&mut self, column: Column) -> Box<dyn FnMut() -> Option<Box<dyn Drop1>> + '_> {
        let Self { bytes, encode, decode, borrow, access, .. } = self;
        match column {
            Column::Encode => Box::new(|| {
                encode();
                None
            }),
            Column::Decode => Box::new(|| Some(decode(black_box(bytes)))),
            Column::Borrow => Box::new(|| {
                black_box(borrow(black_box(bytes)));
                None
            }),
            _ => Box::new(|| {
                black_box(access(black_box(bytes)));
                None
            }),
        }
    }
}

fn all<T>(value: &T, wanted: impl Fn(&str) -> bool) -> Vec<Subject>
where
    Bilrost: Format<T>,
    Bitcode: Format<T>,
    Borsh: Format<T>,
    Minicbor: Format<T>,
    Ours: Format<T>,
    Postcard: Format<T>,
    Prost: Format<T>,
    Rkyv: Format<T>,
    Wincode: Format<T>,
{
    let makers = [
        subject::<Ours, T>,
        subject::<Prost, T>,
        subject::<Bilrost, T>,
        subject::<Minicbor, T>,
        subject::<Wincode, T>,
        subject::<Bitcode, T>,
        subject::<Borsh, T>,
        subject::<Postcard, T>,
        subject::<Rkyv, T>,
    ];
    let mut expected = None;
    let formats = FORMATS.into_iter().zip(makers).filter(|(name, _)| wanted(name));
    formats.map(|(_, make)| make(value, &mut expected)).collect()
}

/// Prepares a format, and shows that it carries everything: decode and borrow give `expected`, which
/// the first sets.
fn subject<F: Format<T>, T>(value: &T, expected: &mut Option<u64>) -> Subject {
    let own = F::own(value);
    let mut out = F::Buffer::default();
    F::encode(&own, &mut out);
    let bytes = aligned(&out);
    let sum = F::sum(&F::decode(&bytes));
    assert_eq!(sum, F::borrow(&bytes), "{}: decode and borrow read the same", F::NAME);
    assert_eq!(sum, *expected.get_or_insert(sum), "{}: reads what was written", F::NAME);
    Subject {
        name: F::NAME,
        evolution: F::EVOLUTION,
        borrows: F::BORROWS,
        framing: F::FRAMING,
        bytes,
        encode: Box::new(move || {
            out.clear();
            F::encode(&own, &mut out);
            black_box(&out[..]);
        }),
        decode: |bytes| Box::new(F::decode(bytes)),
        borrow: F::borrow,
        access: F::access,
    }
}
