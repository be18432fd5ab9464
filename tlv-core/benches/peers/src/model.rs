//! The data sets as plain Rust types, with every derive that a peer's documentation asks for.
//!
//! `X` owns, `XRef` borrows what its format can borrow. The formats that need types of their own
//! (protobuf's, bilrost's, ours) convert from these.

use std::net::SocketAddr;

/// The derives of the formats that take any Rust type.
macro_rules! owned {
    ($(#[$attr:meta])* $name:ident { $($(#[$field_attr:meta])* $n:literal $field:ident: $ty:ty,)* }) => {
        #[derive(
            Clone, Debug, PartialEq,
            bitcode::Encode, bitcode::Decode,
            borsh::BorshSerialize, borsh::BorshDeserialize,
            minicbor::Encode, minicbor::Decode,
            rkyv::Archive, rkyv::Serialize, rkyv::Deserialize,
            serde::Serialize, serde::Deserialize,
            wincode::SchemaWrite, wincode::SchemaRead,
        )]
        #[cbor(array)]
        $(#[$attr])*
        pub struct $name {
            $($(#[$field_attr])* #[n($n)] pub $field: $ty,)*
        }
    };
}

/// The derives of the formats that decode to borrowed types.
macro_rules! borrowed {
    ($(#[$attr:meta])* $name:ident { $($(#[$field_attr:meta])* $n:literal $field:ident: $ty:ty,)* }) => {
        $(#[$attr])*
        #[derive(Clone, Debug, minicbor::Decode, serde::Deserialize, wincode::SchemaRead)]
        #[cbor(array)]
        pub struct $name<'a> {
            $($(#[$field_attr])* #[b($n)] pub $field: $ty,)*
        }
    };
}

owned!(Log {
    #[cbor(with = "minicbor::bytes")]
    0 address: [u8; 4],
    1 identity: String,
    2 user: String,
    3 date: String,
    4 request: String,
    5 status: u16,
    6 size: u64,
});
owned!(Logs { 0 logs: Vec<Log>, });

borrowed!(#[derive(bitcode::Decode)] LogRef {
    #[cbor(with = "minicbor::bytes")]
    0 address: [u8; 4],
    1 identity: &'a str,
    2 user: &'a str,
    3 date: &'a str,
    4 request: &'a str,
    5 status: u16,
    6 size: u64,
});
borrowed!(#[derive(bitcode::Decode)] LogsRef { #[serde(borrow)] 0 logs: Vec<LogRef<'a>>, });

owned!(#[derive(Copy)] #[repr(C)] #[wincode(assert_zero_copy)] Vector3 { 0 x: f32, 1 y: f32, 2 z: f32, });
owned!(#[derive(Copy)] #[repr(C)] #[wincode(assert_zero_copy)] Triangle {
    0 a: Vector3,
    1 b: Vector3,
    2 c: Vector3,
    3 normal: Vector3,
});
owned!(Mesh { 0 triangles: Vec<Triangle>, });

owned!(#[derive(Copy)] Vector2 { 0 x: f32, 1 y: f32, });
owned!(#[derive(Copy)] Guidance { 0 angle: u16, 1 submerge: bool, 2 velocity: i16, });
owned!(#[derive(Copy)] Transform { 0 altitude: i8, 1 angle: u16, 2 position: Vector2, 3 velocity: i16, });
owned!(Contact {
    0 damage: u8,
    1 entity_id: u32,
    2 entity_type: Option<EntityType>,
    3 guidance: Guidance,
    4 player_id: Option<u16>,
    5 reloads: Vec<bool>,
    6 transform: Transform,
    7 turret_angles: Vec<u16>,
});
owned!(Terrain {
    0 chunk_x: i8,
    1 chunk_y: i8,
    #[cbor(with = "minicbor::bytes")]
    2 data: Vec<u8>,
});
owned!(Update { 0 score: u32, 1 world_radius: f32, 2 contacts: Vec<Contact>, 3 terrain: Vec<Terrain>, });
owned!(Updates { 0 updates: Vec<Update>, });

borrowed!(TerrainRef {
    0 chunk_x: i8,
    1 chunk_y: i8,
    #[cbor(with = "minicbor::bytes")]
    2 data: &'a [u8],
});
borrowed!(UpdateRef {
    0 score: u32,
    1 world_radius: f32,
    2 contacts: Vec<Contact>,
    #[serde(borrow)]
    3 terrain: Vec<TerrainRef<'a>>,
});
borrowed!(UpdatesRef { #[serde(borrow)] 0 updates: Vec<UpdateRef<'a>>, });

/// One of ten kinds of ship.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    bitcode::Encode,
    bitcode::Decode,
    borsh::BorshSerialize,
    borsh::BorshDeserialize,
    minicbor::Encode,
    minicbor::Decode,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    serde::Serialize,
    serde::Deserialize,
    wincode::SchemaWrite,
    wincode::SchemaRead,
)]
#[cbor(index_only)]
#[wincode(tag_encoding = "u8")]
pub enum EntityType {
    #[n(0)]
    ArleighBurke,
    #[n(1)]
    Bismarck,
    #[n(2)]
    Clemenceau,
    #[n(3)]
    Fletcher,
    #[n(4)]
    G5,
    #[n(5)]
    Iowa,
    #[n(6)]
    Kolkata,
    #[n(7)]
    Osa,
    #[n(8)]
    Yasen,
    #[n(9)]
    Zubr,
}

impl EntityType {
    /// Every kind, by number.
    pub const ALL: [Self; 10] = [
        Self::ArleighBurke,
        Self::Bismarck,
        Self::Clemenceau,
        Self::Fletcher,
        Self::G5,
        Self::Iowa,
        Self::Kolkata,
        Self::Osa,
        Self::Yasen,
        Self::Zubr,
    ];
}

owned!(#[derive(Copy)] Epoch { 0 run: u64, 1 count: u64, });
owned!(Peer {
    #[cbor(with = "minicbor::bytes")]
    0 node: [u8; 16],
    1 incarnation: u64,
    2 session: u64,
    3 name: String,
    4 addresses: Vec<SocketAddr>,
});
owned!(Changes { 0 from: Epoch, 1 to: Epoch, 2 joined: Vec<Peer>, });

borrowed!(#[derive(bitcode::Decode)] PeerRef {
    #[cbor(with = "minicbor::bytes")]
    0 node: [u8; 16],
    1 incarnation: u64,
    2 session: u64,
    3 name: &'a str,
    4 addresses: Vec<SocketAddr>,
});
borrowed!(#[derive(bitcode::Decode)] ChangesRef { 0 from: Epoch, 1 to: Epoch, #[serde(borrow)] 2 joined: Vec<PeerRef<'a>>, });

/// One small frame, as the runtime sees them.
#[derive(
    Clone,
    Debug,
    PartialEq,
    bitcode::Encode,
    bitcode::Decode,
    borsh::BorshSerialize,
    borsh::BorshDeserialize,
    minicbor::Encode,
    minicbor::Decode,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    serde::Serialize,
    serde::Deserialize,
    wincode::SchemaWrite,
    wincode::SchemaRead,
)]
#[wincode(tag_encoding = "u8")]
pub enum Frame {
    /// A heartbeat.
    #[n(0)]
    Ping,
    /// One peer's hello.
    #[n(1)]
    Greet(#[n(0)] String),
    /// The list of peers changed.
    #[n(2)]
    Changes(#[n(0)] Changes),
}

/// `Frame`, borrowed.
#[derive(
    Clone, Debug, bitcode::Decode, minicbor::Decode, serde::Deserialize, wincode::SchemaRead,
)]
#[wincode(tag_encoding = "u8")]
pub enum FrameRef<'a> {
    /// A heartbeat.
    #[n(0)]
    Ping,
    /// One peer's hello.
    #[n(1)]
    Greet(#[b(0)] &'a str),
    /// The list of peers changed.
    #[n(2)]
    #[serde(borrow)]
    Changes(#[b(0)] ChangesRef<'a>),
}
