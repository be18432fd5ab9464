//! Bilrost: one set of types, whose strings and bytes are `String`/`Vec<u8>` when it decodes to
//! owned and references when it borrows.

use std::net::{IpAddr, SocketAddr};

use bilrost::{BorrowedMessage, Message, OwnedMessage};

use super::{Evolution, FRAMES, Format};
use crate::model;
use crate::sum::{Sum, each};

/// `bilrost` with default features; packed lists of numbers.
pub struct Bilrost;

/// The types of the data sets with strings of type `$text` and bytes of type `$blob`.
macro_rules! types {
    ($module:ident, <$($life:lifetime)?>, <$($any:lifetime)?>, $text:ty, $blob:ty) => {
        pub mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Log<$($life)?> {
                #[bilrost(tag(1), encoding(plainbytes))]
                pub address: [u8; 4],
                #[bilrost(tag(2))]
                pub identity: $text,
                #[bilrost(tag(3))]
                pub user: $text,
                #[bilrost(tag(4))]
                pub date: $text,
                #[bilrost(tag(5))]
                pub request: $text,
                #[bilrost(tag(6))]
                pub status: u16,
                #[bilrost(tag(7))]
                pub size: u64,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Logs<$($life)?> {
                #[bilrost(tag(1))]
                pub logs: Vec<Log<$($life)?>>,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Terrain<$($life)?> {
                #[bilrost(tag(1))]
                pub chunk_x: i16,
                #[bilrost(tag(2))]
                pub chunk_y: i16,
                #[bilrost(tag(3), encoding(plainbytes))]
                pub data: $blob,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Update<$($life)?> {
                #[bilrost(tag(1))]
                pub score: u32,
                #[bilrost(tag(2))]
                pub world_radius: f32,
                #[bilrost(tag(3))]
                pub contacts: Vec<Contact>,
                #[bilrost(tag(4))]
                pub terrain: Vec<Terrain<$($life)?>>,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Updates<$($life)?> {
                #[bilrost(tag(1))]
                pub updates: Vec<Update<$($life)?>>,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Peer<$($life)?> {
                #[bilrost(tag(1), encoding(plainbytes))]
                pub node: [u8; 16],
                #[bilrost(tag(2))]
                pub incarnation: u64,
                #[bilrost(tag(3))]
                pub session: u64,
                #[bilrost(tag(4))]
                pub name: $text,
                #[bilrost(tag(5))]
                pub addresses: Vec<Address>,
            }

            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Changes<$($life)?> {
                #[bilrost(tag(1))]
                pub from: Epoch,
                #[bilrost(tag(2))]
                pub to: Epoch,
                #[bilrost(tag(3))]
                pub joined: Vec<Peer<$($life)?>>,
            }

            /// Exactly one of the three is there.
            #[derive(Clone, Debug, PartialEq, Message)]
            pub struct Frame<$($life)?> {
                #[bilrost(tag(1))]
                pub ping: Option<bool>,
                #[bilrost(tag(2))]
                pub greet: Option<$text>,
                #[bilrost(tag(3))]
                pub changes: Option<Changes<$($life)?>>,
            }

            sum_fields!(Log<$($any)?> => address identity user date request status size);
            sum_fields!(Logs<$($any)?> => ; logs);
            sum_fields!(Terrain<$($any)?> => chunk_x chunk_y data);
            sum_fields!(Update<$($any)?> => score world_radius; contacts terrain);
            sum_fields!(Updates<$($any)?> => ; updates);
            sum_fields!(Peer<$($any)?> => node incarnation session name; addresses);
            sum_fields!(Changes<$($any)?> => from to; joined);

            impl Sum for Frame<$($any)?> {
                fn sum(&self) -> u64 {
                    match (&self.greet, &self.changes) {
                        (Some(text), _) => text.sum(),
                        (_, Some(changes)) => changes.sum(),
                        _ => 1,
                    }
                }
            }
        }
    };
}

types!(owned, <>, <>, String, Vec<u8>);
types!(borrowed, <'a>, <'_>, &'a str, &'a [u8]);

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Vector3 {
    #[bilrost(tag(1))]
    x: f32,
    #[bilrost(tag(2))]
    y: f32,
    #[bilrost(tag(3))]
    z: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Triangle {
    #[bilrost(tag(1))]
    a: Vector3,
    #[bilrost(tag(2))]
    b: Vector3,
    #[bilrost(tag(3))]
    c: Vector3,
    #[bilrost(tag(4))]
    normal: Vector3,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct Mesh {
    #[bilrost(tag(1))]
    triangles: Vec<Triangle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Vector2 {
    #[bilrost(tag(1))]
    x: f32,
    #[bilrost(tag(2))]
    y: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Guidance {
    #[bilrost(tag(1))]
    angle: u16,
    #[bilrost(tag(2))]
    submerge: bool,
    #[bilrost(tag(3))]
    velocity: i16,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Transform {
    #[bilrost(tag(1))]
    altitude: i16,
    #[bilrost(tag(2))]
    angle: u16,
    #[bilrost(tag(3))]
    position: Vector2,
    #[bilrost(tag(4))]
    velocity: i16,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct Contact {
    #[bilrost(tag(1))]
    damage: u16,
    #[bilrost(tag(2))]
    entity_id: u32,
    #[bilrost(tag(3))]
    entity_type: Option<u32>,
    #[bilrost(tag(4))]
    guidance: Guidance,
    #[bilrost(tag(5))]
    player_id: Option<u16>,
    #[bilrost(tag(6), encoding(packed))]
    reloads: Vec<bool>,
    #[bilrost(tag(7))]
    transform: Transform,
    #[bilrost(tag(8), encoding(packed))]
    turret_angles: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Epoch {
    #[bilrost(tag(1))]
    run: u64,
    #[bilrost(tag(2))]
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Address {
    #[bilrost(tag(1), encoding(plainbytes))]
    ipv4: [u8; 4],
    #[bilrost(tag(2))]
    port: u16,
    #[bilrost(tag(3), encoding(plainbytes))]
    ipv6: Option<[u8; 16]>,
}

sum_fields!(Vector3 => x y z);
sum_fields!(Triangle => a b c normal);
sum_fields!(Mesh => ; triangles);
sum_fields!(Vector2 => x y);
sum_fields!(Guidance => angle submerge velocity);
sum_fields!(Transform => altitude angle position velocity);
sum_fields!(Contact =>
    damage entity_id entity_type guidance player_id transform; reloads turret_angles);
sum_fields!(Epoch => run count);

impl Sum for Address {
    fn sum(&self) -> u64 {
        let ip = self.ipv6.map_or_else(|| self.ipv4.sum(), |ip| ip.sum());
        ip.wrapping_mul(31).wrapping_add(self.port.sum())
    }
}

impl From<&model::Logs> for owned::Logs {
    fn from(logs: &model::Logs) -> Self {
        let log = |log: &model::Log| owned::Log {
            address: log.address,
            identity: log.identity.clone(),
            user: log.user.clone(),
            date: log.date.clone(),
            request: log.request.clone(),
            status: log.status,
            size: log.size,
        };
        Self { logs: logs.logs.iter().map(log).collect() }
    }
}

impl From<&model::Mesh> for Mesh {
    fn from(mesh: &model::Mesh) -> Self {
        let vector = |v: model::Vector3| Vector3 { x: v.x, y: v.y, z: v.z };
        let triangle = |t: &model::Triangle| Triangle {
            a: vector(t.a),
            b: vector(t.b),
            c: vector(t.c),
            normal: vector(t.normal),
        };
        Self { triangles: mesh.triangles.iter().map(triangle).collect() }
    }
}

impl From<&model::Contact> for Contact {
    fn from(c: &model::Contact) -> Self {
        Self {
            damage: c.damage.into(),
            entity_id: c.entity_id,
            entity_type: c.entity_type.map(|kind| kind as u32),
            guidance: Guidance {
                angle: c.guidance.angle,
                submerge: c.guidance.submerge,
                velocity: c.guidance.velocity,
            },
            player_id: c.player_id,
            reloads: c.reloads.clone(),
            transform: Transform {
                altitude: c.transform.altitude.into(),
                angle: c.transform.angle,
                position: Vector2 { x: c.transform.position.x, y: c.transform.position.y },
                velocity: c.transform.velocity,
            },
            turret_angles: c.turret_angles.clone(),
        }
    }
}

impl From<&model::Updates> for owned::Updates {
    fn from(updates: &model::Updates) -> Self {
        let terrain = |t: &model::Terrain| owned::Terrain {
            chunk_x: t.chunk_x.into(),
            chunk_y: t.chunk_y.into(),
            data: t.data.clone(),
        };
        let update = |u: &model::Update| owned::Update {
            score: u.score,
            world_radius: u.world_radius,
            contacts: u.contacts.iter().map(Into::into).collect(),
            terrain: u.terrain.iter().map(terrain).collect(),
        };
        Self { updates: updates.updates.iter().map(update).collect() }
    }
}

impl From<&model::Frame> for owned::Frame {
    fn from(frame: &model::Frame) -> Self {
        let epoch = |e: model::Epoch| Epoch { run: e.run, count: e.count };
        let address = |address: &SocketAddr| {
            let (ipv4, ipv6) = match address.ip() {
                IpAddr::V4(ip) => (ip.octets(), None),
                IpAddr::V6(ip) => ([0; 4], Some(ip.octets())),
            };
            Address { ipv4, port: address.port(), ipv6 }
        };
        let peer = |p: &model::Peer| owned::Peer {
            node: p.node,
            incarnation: p.incarnation,
            session: p.session,
            name: p.name.clone(),
            addresses: p.addresses.iter().map(address).collect(),
        };
        let mut own = Self { ping: None, greet: None, changes: None };
        match frame {
            model::Frame::Ping => own.ping = Some(true),
            model::Frame::Greet(text) => own.greet = Some(text.clone()),
            model::Frame::Changes(changes) => {
                own.changes = Some(owned::Changes {
                    from: epoch(changes.from),
                    to: epoch(changes.to),
                    joined: changes.joined.iter().map(peer).collect(),
                });
            }
        }
        own
    }
}

macro_rules! format {
    ($($model:ident, $borrows:literal, $own:ty, $borrowed:ty, $read:ident, |$value:ident| $access:expr;)*) => {
        $(impl Format<model::$model> for Bilrost {
            const NAME: &'static str = "bilrost";
            const EVOLUTION: Evolution = Evolution::Yes;
            const BORROWS: bool = $borrows;
            type Own = $own;
            type Decoded = $own;
            type Buffer = Vec<u8>;

            fn own(value: &model::$model) -> $own {
                value.into()
            }

            fn encode(value: &$own, out: &mut Vec<u8>) {
                value.encode(out).expect("in memory");
            }

            fn decode(bytes: &[u8]) -> $own {
                <$own>::decode(bytes).expect("own bytes")
            }

            fn borrow(bytes: &[u8]) -> u64 {
                <$borrowed>::$read(bytes).expect("own bytes").sum()
            }

            fn access(bytes: &[u8]) -> u64 {
                let $value = <$borrowed>::$read(bytes).expect("own bytes");
                $access
            }

            fn sum(decoded: &$own) -> u64 {
                decoded.sum()
            }
        })*
    };
}
format! {
    Logs, true, owned::Logs, borrowed::Logs<'_>, decode_borrowed,
        |v| each(v.logs.iter().map(|log| log.status));
    Mesh, false, Mesh, Mesh, decode,
        |v| each(v.triangles.iter().map(|triangle| triangle.a.x));
    Updates, true, owned::Updates, borrowed::Updates<'_>, decode_borrowed,
        |v| each(v.updates.iter().flat_map(|u| u.contacts.iter().map(|c| c.entity_id)));
}

/// The stream is length-delimited, with bilrost's own varint.
impl Format<Vec<model::Frame>> for Bilrost {
    const NAME: &'static str = "bilrost";
    const EVOLUTION: Evolution = Evolution::Yes;
    const BORROWS: bool = true;
    type Own = Vec<owned::Frame>;
    type Decoded = Vec<owned::Frame>;
    type Buffer = Vec<u8>;

    fn own(value: &Vec<model::Frame>) -> Self::Own {
        value.iter().map(Into::into).collect()
    }

    fn encode(value: &Self::Own, out: &mut Vec<u8>) {
        for frame in value {
            frame.encode_length_delimited(out).expect("in memory");
        }
    }

    fn decode(mut bytes: &[u8]) -> Self::Decoded {
        let mut frames = Vec::with_capacity(FRAMES);
        while !bytes.is_empty() {
            frames.push(owned::Frame::decode_length_delimited(&mut bytes).expect("own bytes"));
        }
        frames
    }

    fn borrow(bytes: &[u8]) -> u64 {
        each(borrowed_frames(bytes))
    }

    fn access(bytes: &[u8]) -> u64 {
        each(borrowed_frames(bytes).map(|frame| frame.access()))
    }

    fn sum(decoded: &Self::Decoded) -> u64 {
        each(decoded.iter())
    }
}

impl borrowed::Frame<'_> {
    fn access(&self) -> u64 {
        match (&self.greet, &self.changes) {
            (Some(text), _) => text.len() as u64,
            (_, Some(changes)) => changes.to.count,
            _ => 1,
        }
    }
}

fn borrowed_frames(mut bytes: &[u8]) -> impl Iterator<Item = borrowed::Frame<'_>> {
    std::iter::from_fn(move || {
        (!bytes.is_empty()).then(|| {
            borrowed::Frame::decode_borrowed_length_delimited(&mut bytes).expect("own bytes")
        })
    })
}
