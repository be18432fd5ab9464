//! The formats that derive on any Rust type: bitcode, borsh, minicbor, postcard, rkyv, wincode.

use std::cell::RefCell;

use rkyv::api::high::HighSerializer;
use rkyv::rancor::Error;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use wincode::config::PREALLOCATION_SIZE_LIMIT_DISABLED;

use super::{Evolution, FRAMES, Format, aligned, by_length, with_length};
use crate::model::*;
use crate::sum::{Sum, each};

sum_fields!(Log, LogRef<'_>, ArchivedLog => address identity user date request status size);
sum_fields!(Logs, LogsRef<'_>, ArchivedLogs => ; logs);
sum_fields!(Vector3, ArchivedVector3 => x y z);
sum_fields!(Triangle, ArchivedTriangle => a b c normal);
sum_fields!(Mesh, ArchivedMesh => ; triangles);
sum_fields!(Vector2, ArchivedVector2 => x y);
sum_fields!(Guidance, ArchivedGuidance => angle submerge velocity);
sum_fields!(Transform, ArchivedTransform => altitude angle position velocity);
sum_fields!(Contact, ArchivedContact =>
    damage entity_id entity_type guidance player_id transform; reloads turret_angles);
sum_fields!(Terrain => chunk_x chunk_y data);
sum_fields!(TerrainRef<'_> => chunk_x chunk_y data);
sum_fields!(ArchivedTerrain => chunk_x chunk_y data);
sum_fields!(Update, UpdateRef<'_>, ArchivedUpdate => score world_radius; contacts terrain);
sum_fields!(Updates, UpdatesRef<'_>, ArchivedUpdates => ; updates);
sum_fields!(Epoch, ArchivedEpoch => run count);
sum_fields!(Peer, PeerRef<'_>, ArchivedPeer => node incarnation session name; addresses);
sum_fields!(Changes, ChangesRef<'_>, ArchivedChanges => from to; joined);

impl Sum for Vec<u8> {
    fn sum(&self) -> u64 {
        self.as_slice().sum()
    }
}

impl Sum for rkyv::vec::ArchivedVec<u8> {
    fn sum(&self) -> u64 {
        self.as_slice().sum()
    }
}

impl Sum for ArchivedEntityType {
    fn sum(&self) -> u64 {
        match self {
            Self::ArleighBurke => 0,
            Self::Bismarck => 1,
            Self::Clemenceau => 2,
            Self::Fletcher => 3,
            Self::G5 => 4,
            Self::Iowa => 5,
            Self::Kolkata => 6,
            Self::Osa => 7,
            Self::Yasen => 8,
            Self::Zubr => 9,
        }
    }
}

macro_rules! sum_frame {
    ($($ty:ty, $variants:ident;)*) => {
        $(impl Sum for $ty {
            fn sum(&self) -> u64 {
                match self {
                    $variants::Ping => 1,
                    $variants::Greet(text) => text.sum(),
                    $variants::Changes(changes) => changes.sum(),
                }
            }
        })*
    };
}
sum_frame!(Frame, Frame; FrameRef<'_>, FrameRef; ArchivedFrame, ArchivedFrame;);

/// One field of every element.
pub trait Access {
    /// Adds them.
    fn access(&self) -> u64;
}

macro_rules! access {
    ($($ty:ty => |$value:ident| $field:expr;)*) => {
        $(impl Access for $ty {
            #[inline(always)]
            fn access(&self) -> u64 {
                let $value = self;
                $field
            }
        })*
    };
}

access! {
    Logs => |v| each(v.logs.iter().map(|log| log.status));
    LogsRef<'_> => |v| each(v.logs.iter().map(|log| log.status));
    ArchivedLogs => |v| each(v.logs.iter().map(|log| log.status));
    Mesh => |v| each(v.triangles.iter().map(|triangle| triangle.a.x));
    ArchivedMesh => |v| each(v.triangles.iter().map(|triangle| triangle.a.x));
    Updates => |v| each(v.updates.iter().flat_map(|u| u.contacts.iter().map(|c| c.entity_id)));
    UpdatesRef<'_> => |v| each(v.updates.iter().flat_map(|u| u.contacts.iter().map(|c| c.entity_id)));
    ArchivedUpdates => |v| each(v.updates.iter().flat_map(|u| u.contacts.iter().map(|c| c.entity_id)));
    Frame => |v| match v {
        Frame::Ping => 1,
        Frame::Greet(text) => text.len() as u64,
        Frame::Changes(changes) => changes.to.count,
    };
    FrameRef<'_> => |v| match v {
        FrameRef::Ping => 1,
        FrameRef::Greet(text) => text.len() as u64,
        FrameRef::Changes(changes) => changes.to.count,
    };
    ArchivedFrame => |v| match v {
        ArchivedFrame::Ping => 1,
        ArchivedFrame::Greet(text) => text.len() as u64,
        ArchivedFrame::Changes(changes) => changes.to.count.to_native(),
    };
}

/// Mesh as wincode borrows it: the triangles in place. Its list's length is a plain `u64`, so the
/// elements stand aligned.
#[derive(wincode::SchemaRead)]
pub struct MeshInPlace<'a> {
    triangles: &'a [Triangle],
}

impl Sum for MeshInPlace<'_> {
    fn sum(&self) -> u64 {
        each([each(self.triangles)])
    }
}

impl Access for MeshInPlace<'_> {
    fn access(&self) -> u64 {
        each(self.triangles.iter().map(|triangle| triangle.a.x))
    }
}

/// Wincode's limit on preallocation refuses `mesh`, so it is off.
const WINCODE: wincode::config::Configuration<true, PREALLOCATION_SIZE_LIMIT_DISABLED> =
    wincode::config::Configuration::default().disable_preallocation_size_limit();

thread_local! {
    /// Bitcode keeps its allocations from call to call, as its documentation advises.
    static BITCODE: RefCell<bitcode::Buffer> = RefCell::default();
}

pub struct Bitcode;
pub struct Borsh;
pub struct Minicbor;
pub struct Postcard;
pub struct Rkyv;
pub struct Wincode;

/// What to keep while a value is borrowed: the bytes, or an aligned copy.
macro_rules! hold {
    ($bytes:ident) => {
        $bytes
    };
    ($bytes:ident, $hold:path) => {
        $hold($bytes)
    };
}

/// One value of type `$own`, borrowed as `$borrowed`.
macro_rules! format {
    ($format:ident, $name:literal, $evolution:ident, $borrows:literal, $own:ty => $borrowed:ty,
     encode: |$value:ident, $out:ident| $encode:expr,
     decode: |$bytes:ident| $decode:expr,
     borrow: |$input:ident| $borrow:expr $(, hold: $hold:path)?) => {
        impl Format<$own> for $format {
            const NAME: &'static str = $name;
            const EVOLUTION: Evolution = Evolution::$evolution;
            const BORROWS: bool = $borrows;
            type Own = $own;
            type Decoded = $own;
            type Buffer = Vec<u8>;

            fn own(value: &$own) -> $own {
                value.clone()
            }

            fn encode($value: &$own, $out: &mut Vec<u8>) {
                $encode
            }

            fn decode($bytes: &[u8]) -> $own {
                $decode
            }

            fn borrow(bytes: &[u8]) -> u64 {
                let held = hold!(bytes $(, $hold)?);
                let $input: &[u8] = &held;
                let value: $borrowed = $borrow;
                value.sum()
            }

            fn access(bytes: &[u8]) -> u64 {
                let held = hold!(bytes $(, $hold)?);
                let $input: &[u8] = &held;
                let value: $borrowed = $borrow;
                value.access()
            }

            fn sum(decoded: &$own) -> u64 {
                decoded.sum()
            }
        }
    };
}

/// A stream of frames, each behind its length.
impl<F: Format<Frame, Own = Frame, Decoded = Frame, Buffer = Vec<u8>>> Format<Vec<Frame>> for F {
    const NAME: &'static str = F::NAME;
    const EVOLUTION: Evolution = F::EVOLUTION;
    const BORROWS: bool = F::BORROWS;
    type Own = Vec<Frame>;
    type Decoded = Vec<Frame>;
    type Buffer = Vec<u8>;

    fn own(value: &Vec<Frame>) -> Vec<Frame> {
        value.clone()
    }

    fn encode(value: &Vec<Frame>, out: &mut Vec<u8>) {
        value.iter().for_each(|frame| with_length(out, |out| F::encode(frame, out)));
    }

    fn decode(bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::with_capacity(FRAMES);
        frames.extend(by_length(bytes).map(F::decode));
        frames
    }

    fn borrow(bytes: &[u8]) -> u64 {
        each(by_length(bytes).map(F::borrow))
    }

    fn access(bytes: &[u8]) -> u64 {
        each(by_length(bytes).map(F::access))
    }

    fn sum(decoded: &Vec<Frame>) -> u64 {
        each(decoded.iter())
    }
}

macro_rules! bitcode {
    ($($own:ty => $borrowed:ty, $borrows:literal;)*) => {
        $(format!(Bitcode, "bitcode", No, $borrows, $own => $borrowed,
            encode: |value, out| BITCODE.with_borrow_mut(|b| out.extend_from_slice(b.encode(value))),
            decode: |bytes| BITCODE.with_borrow_mut(|b| b.decode(bytes).expect("own bytes")),
            borrow: |bytes| BITCODE.with_borrow_mut(|b| b.decode(bytes).expect("own bytes")));)*
    };
}
bitcode! {
    Logs => LogsRef<'_>, true;
    Mesh => Mesh, false;
    Updates => Updates, false;
    Frame => FrameRef<'_>, true;
}

macro_rules! borsh {
    ($($own:ty;)*) => {
        $(format!(Borsh, "borsh", No, false, $own => $own,
            encode: |value, out| borsh::to_writer(out, value).expect("in memory"),
            decode: |bytes| borsh::from_slice(bytes).expect("own bytes"),
            borrow: |bytes| borsh::from_slice(bytes).expect("own bytes"));)*
    };
}
borsh! { Logs; Mesh; Updates; Frame; }

macro_rules! minicbor {
    ($($own:ty => $borrowed:ty, $borrows:literal;)*) => {
        $(format!(Minicbor, "minicbor (arrays)", Yes, $borrows, $own => $borrowed,
            encode: |value, out| minicbor::encode(value, out).expect("in memory"),
            decode: |bytes| minicbor::decode(bytes).expect("own bytes"),
            borrow: |bytes| minicbor::decode(bytes).expect("own bytes"));)*
    };
}
minicbor! {
    Logs => LogsRef<'_>, true;
    Mesh => Mesh, false;
    Updates => UpdatesRef<'_>, true;
    Frame => FrameRef<'_>, true;
}

macro_rules! postcard {
    ($($own:ty => $borrowed:ty, $borrows:literal;)*) => {
        $(format!(Postcard, "postcard", No, $borrows, $own => $borrowed,
            encode: |value, out| {
                *out = postcard::to_extend(value, std::mem::take(out)).expect("in memory");
            },
            decode: |bytes| postcard::from_bytes(bytes).expect("own bytes"),
            borrow: |bytes| postcard::from_bytes(bytes).expect("own bytes"));)*
    };
}
postcard! {
    Logs => LogsRef<'_>, true;
    Mesh => Mesh, false;
    Updates => UpdatesRef<'_>, true;
    Frame => FrameRef<'_>, true;
}

macro_rules! wincode {
    ($($own:ty => $borrowed:ty, $borrows:literal;)*) => {
        $(format!(Wincode, "wincode", No, $borrows, $own => $borrowed,
            encode: |value, out| {
                wincode::config::serialize_into(out, value, WINCODE).expect("in memory");
            },
            decode: |bytes| wincode::config::deserialize(bytes, WINCODE).expect("own bytes"),
            borrow: |bytes| wincode::config::deserialize(bytes, WINCODE).expect("own bytes"));)*
    };
}
wincode! {
    Logs => LogsRef<'_>, true;
    Mesh => MeshInPlace<'_>, true;
    Updates => UpdatesRef<'_>, true;
    Frame => FrameRef<'_>, true;
}

thread_local! {
    /// rkyv aligns by the position in its buffer, so a frame needs one that begins with it.
    static RKYV: RefCell<AlignedVec> = RefCell::default();
}

/// Appends a whole data set, in place: the buffer is empty.
fn rkyv_whole<T>(value: &T, out: &mut Vec<u8>)
where
    T: for<'a> rkyv::Serialize<HighSerializer<Vec<u8>, ArenaHandle<'a>, Error>>,
{
    *out = rkyv::api::high::to_bytes_in::<_, Error>(value, std::mem::take(out)).expect("in memory");
}

/// Appends a frame of a stream.
fn rkyv_frame(value: &Frame, out: &mut Vec<u8>) {
    RKYV.with_borrow_mut(|buffer| {
        buffer.clear();
        *buffer = rkyv::api::high::to_bytes_in::<_, Error>(value, std::mem::take(buffer))
            .expect("in memory");
        out.extend_from_slice(buffer);
    });
}

/// rkyv wants its bytes aligned. Whole data sets are; a frame of a stream is copied first.
macro_rules! rkyv {
    ($($own:ty => $archived:ty, $encode:path, $hold:path;)*) => {
        $(format!(Rkyv, "rkyv (checked)", No, true, $own => &$archived,
            encode: |value, out| $encode(value, out),
            decode: |bytes| rkyv::from_bytes::<$own, Error>(&$hold(bytes)).expect("own bytes"),
            borrow: |bytes| rkyv::access::<$archived, Error>(bytes).expect("own bytes"),
            hold: $hold);)*
    };
}
rkyv! {
    Logs => ArchivedLogs, rkyv_whole, std::convert::identity;
    Mesh => ArchivedMesh, rkyv_whole, std::convert::identity;
    Updates => ArchivedUpdates, rkyv_whole, std::convert::identity;
    Frame => ArchivedFrame, rkyv_frame, aligned;
}
