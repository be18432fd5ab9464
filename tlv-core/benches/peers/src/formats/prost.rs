//! Protocol Buffers by prost: messages as its derive writes them for a `.proto` of the same shape.

use std::net::{IpAddr, SocketAddr};

use super::{Evolution, FRAMES, Format};
use crate::model;
use crate::sum::{Sum, each};

/// `prost`, with `bytes` fields as `Vec<u8>`.
pub struct Prost;

macro_rules! message {
    ($name:ident { $(#[$attr:meta] $field:ident: $ty:ty,)* }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $name {
            $(#[$attr] pub $field: $ty,)*
        }
    };
}

message!(Log {
    #[prost(fixed32, tag = "1")]
    address: u32,
    #[prost(string, tag = "2")]
    identity: String,
    #[prost(string, tag = "3")]
    user: String,
    #[prost(string, tag = "4")]
    date: String,
    #[prost(string, tag = "5")]
    request: String,
    #[prost(uint32, tag = "6")]
    status: u32,
    #[prost(uint64, tag = "7")]
    size: u64,
});
message!(Logs { #[prost(message, repeated, tag = "1")] logs: Vec<Log>, });
message!(Vector3 {
    #[prost(float, tag = "1")]
    x: f32,
    #[prost(float, tag = "2")]
    y: f32,
    #[prost(float, tag = "3")]
    z: f32,
});
message!(Triangle {
    #[prost(message, optional, tag = "1")]
    a: Option<Vector3>,
    #[prost(message, optional, tag = "2")]
    b: Option<Vector3>,
    #[prost(message, optional, tag = "3")]
    c: Option<Vector3>,
    #[prost(message, optional, tag = "4")]
    normal: Option<Vector3>,
});
message!(Mesh { #[prost(message, repeated, tag = "1")] triangles: Vec<Triangle>, });
message!(Vector2 {
    #[prost(float, tag = "1")]
    x: f32,
    #[prost(float, tag = "2")]
    y: f32,
});
message!(Guidance {
    #[prost(uint32, tag = "1")]
    angle: u32,
    #[prost(bool, tag = "2")]
    submerge: bool,
    #[prost(sint32, tag = "3")]
    velocity: i32,
});
message!(Transform {
    #[prost(sint32, tag = "1")]
    altitude: i32,
    #[prost(uint32, tag = "2")]
    angle: u32,
    #[prost(message, optional, tag = "3")]
    position: Option<Vector2>,
    #[prost(sint32, tag = "4")]
    velocity: i32,
});
message!(Contact {
    #[prost(uint32, tag = "1")]
    damage: u32,
    #[prost(uint32, tag = "2")]
    entity_id: u32,
    #[prost(int32, optional, tag = "3")]
    entity_type: Option<i32>,
    #[prost(message, optional, tag = "4")]
    guidance: Option<Guidance>,
    #[prost(uint32, optional, tag = "5")]
    player_id: Option<u32>,
    #[prost(bool, repeated, tag = "6")]
    reloads: Vec<bool>,
    #[prost(message, optional, tag = "7")]
    transform: Option<Transform>,
    #[prost(uint32, repeated, tag = "8")]
    turret_angles: Vec<u32>,
});
message!(Terrain {
    #[prost(sint32, tag = "1")]
    chunk_x: i32,
    #[prost(sint32, tag = "2")]
    chunk_y: i32,
    #[prost(bytes = "vec", tag = "3")]
    data: Vec<u8>,
});
message!(Update {
    #[prost(uint32, tag = "1")]
    score: u32,
    #[prost(float, tag = "2")]
    world_radius: f32,
    #[prost(message, repeated, tag = "3")]
    contacts: Vec<Contact>,
    #[prost(message, repeated, tag = "4")]
    terrain: Vec<Terrain>,
});
message!(Updates { #[prost(message, repeated, tag = "1")] updates: Vec<Update>, });
message!(Epoch {
    #[prost(uint64, tag = "1")]
    run: u64,
    #[prost(uint64, tag = "2")]
    count: u64,
});
message!(Address {
    #[prost(fixed32, tag = "1")]
    ipv4: u32,
    #[prost(uint32, tag = "2")]
    port: u32,
    #[prost(bytes = "vec", optional, tag = "3")]
    ipv6: Option<Vec<u8>>,
});
message!(Peer {
    #[prost(bytes = "vec", tag = "1")]
    node: Vec<u8>,
    #[prost(uint64, tag = "2")]
    incarnation: u64,
    #[prost(uint64, tag = "3")]
    session: u64,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    addresses: Vec<Address>,
});
message!(Changes {
    #[prost(message, optional, tag = "1")]
    from: Option<Epoch>,
    #[prost(message, optional, tag = "2")]
    to: Option<Epoch>,
    #[prost(message, repeated, tag = "3")]
    joined: Vec<Peer>,
});
message!(Ping {});
message!(Greet {
    #[prost(string, tag = "1")]
    text: String,
});
message!(Frame {
    #[prost(oneof = "Body", tags = "1, 2, 3")]
    body: Option<Body>,
});

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Body {
    #[prost(message, tag = "1")]
    Ping(Ping),
    #[prost(message, tag = "2")]
    Greet(Greet),
    #[prost(message, tag = "3")]
    Changes(Changes),
}

sum_fields!(Log => address identity user date request status size);
sum_fields!(Logs => ; logs);
sum_fields!(Vector3 => x y z);
sum_fields!(Triangle => a b c normal);
sum_fields!(Mesh => ; triangles);
sum_fields!(Vector2 => x y);
sum_fields!(Guidance => angle submerge velocity);
sum_fields!(Transform => altitude angle position velocity);
sum_fields!(Contact =>
    damage entity_id entity_type guidance player_id transform; reloads turret_angles);
sum_fields!(Terrain => chunk_x chunk_y data);
sum_fields!(Update => score world_radius; contacts terrain);
sum_fields!(Updates => ; updates);
sum_fields!(Epoch => run count);
sum_fields!(Changes => from to; joined);

impl Sum for Address {
    fn sum(&self) -> u64 {
        let ip = match self.ipv6.as_deref().and_then(|ip| <[u8; 16]>::try_from(ip).ok()) {
            Some(ip) => ip.sum(),
            None => self.ipv4.sum(),
        };
        ip.wrapping_mul(31).wrapping_add(self.port.sum())
    }
}

impl Sum for Peer {
    fn sum(&self) -> u64 {
        let node: [u8; 16] = self.node.as_slice().try_into().unwrap_or_default();
        let fields = [node.sum(), self.incarnation, self.session, self.name.sum()];
        fields
            .into_iter()
            .chain([each(&self.addresses)])
            .fold(0, |sum: u64, field| sum.wrapping_mul(31).wrapping_add(field))
    }
}

impl Sum for Frame {
    fn sum(&self) -> u64 {
        match &self.body {
            None => 0,
            Some(Body::Ping(_)) => 1,
            Some(Body::Greet(greet)) => greet.text.sum(),
            Some(Body::Changes(changes)) => changes.sum(),
        }
    }
}

impl From<&model::Log> for Log {
    fn from(log: &model::Log) -> Self {
        Self {
            address: u32::from_le_bytes(log.address),
            identity: log.identity.clone(),
            user: log.user.clone(),
            date: log.date.clone(),
            request: log.request.clone(),
            status: log.status.into(),
            size: log.size,
        }
    }
}

impl From<&model::Logs> for Logs {
    fn from(logs: &model::Logs) -> Self {
        Self { logs: logs.logs.iter().map(Into::into).collect() }
    }
}

impl From<model::Vector3> for Vector3 {
    fn from(v: model::Vector3) -> Self {
        Self { x: v.x, y: v.y, z: v.z }
    }
}

impl From<&model::Mesh> for Mesh {
    fn from(mesh: &model::Mesh) -> Self {
        let triangle = |t: &model::Triangle| Triangle {
            a: Some(t.a.into()),
            b: Some(t.b.into()),
            c: Some(t.c.into()),
            normal: Some(t.normal.into()),
        };
        Self { triangles: mesh.triangles.iter().map(triangle).collect() }
    }
}

impl From<&model::Contact> for Contact {
    fn from(c: &model::Contact) -> Self {
        Self {
            damage: c.damage.into(),
            entity_id: c.entity_id,
            entity_type: c.entity_type.map(|kind| kind as i32),
            guidance: Some(Guidance {
                angle: c.guidance.angle.into(),
                submerge: c.guidance.submerge,
                velocity: c.guidance.velocity.into(),
            }),
            player_id: c.player_id.map(Into::into),
            reloads: c.reloads.clone(),
            transform: Some(Transform {
                altitude: c.transform.altitude.into(),
                angle: c.transform.angle.into(),
                position: Some(Vector2 { x: c.transform.position.x, y: c.transform.position.y }),
                velocity: c.transform.velocity.into(),
            }),
            turret_angles: c.turret_angles.iter().map(|&angle| angle.into()).collect(),
        }
    }
}

impl From<&model::Updates> for Updates {
    fn from(updates: &model::Updates) -> Self {
        let terrain = |t: &model::Terrain| Terrain {
            chunk_x: t.chunk_x.into(),
            chunk_y: t.chunk_y.into(),
            data: t.data.clone(),
        };
        let update = |u: &model::Update| Update {
            score: u.score,
            world_radius: u.world_radius,
            contacts: u.contacts.iter().map(Into::into).collect(),
            terrain: u.terrain.iter().map(terrain).collect(),
        };
        Self { updates: updates.updates.iter().map(update).collect() }
    }
}

impl From<model::Epoch> for Epoch {
    fn from(epoch: model::Epoch) -> Self {
        Self { run: epoch.run, count: epoch.count }
    }
}

impl From<&model::Frame> for Frame {
    fn from(frame: &model::Frame) -> Self {
        let address = |address: &SocketAddr| {
            let (ipv4, ipv6) = match address.ip() {
                IpAddr::V4(ip) => (u32::from_le_bytes(ip.octets()), None),
                IpAddr::V6(ip) => (0, Some(ip.octets().to_vec())),
            };
            Address { ipv4, port: address.port().into(), ipv6 }
        };
        let peer = |p: &model::Peer| Peer {
            node: p.node.to_vec(),
            incarnation: p.incarnation,
            session: p.session,
            name: p.name.clone(),
            addresses: p.addresses.iter().map(address).collect(),
        };
        let body = match frame {
            model::Frame::Ping => Body::Ping(Ping {}),
            model::Frame::Greet(text) => Body::Greet(Greet { text: text.clone() }),
            model::Frame::Changes(changes) => Body::Changes(Changes {
                from: Some(changes.from.into()),
                to: Some(changes.to.into()),
                joined: changes.joined.iter().map(peer).collect(),
            }),
        };
        Self { body: Some(body) }
    }
}

macro_rules! format {
    ($($own:ident, |$value:ident| $access:expr;)*) => {
        $(impl Format<model::$own> for Prost {
            const NAME: &'static str = "prost";
            const EVOLUTION: Evolution = Evolution::Yes;
            const BORROWS: bool = false;
            type Own = $own;
            type Decoded = $own;
            type Buffer = Vec<u8>;

            fn own(value: &model::$own) -> $own {
                value.into()
            }

            fn encode(value: &$own, out: &mut Vec<u8>) {
                prost::Message::encode(value, out).expect("in memory");
            }

            fn decode(bytes: &[u8]) -> $own {
                prost::Message::decode(bytes).expect("own bytes")
            }

            fn borrow(bytes: &[u8]) -> u64 {
                <Self as Format<model::$own>>::decode(bytes).sum()
            }

            fn access(bytes: &[u8]) -> u64 {
                let $value = <Self as Format<model::$own>>::decode(bytes);
                $access
            }

            fn sum(decoded: &$own) -> u64 {
                decoded.sum()
            }
        })*
    };
}
format! {
    Logs, |v| each(v.logs.iter().map(|log| log.status));
    Mesh, |v| each(v.triangles.iter().map(|triangle| triangle.a.as_ref().map_or(0.0, |a| a.x)));
    Updates, |v| each(v.updates.iter().flat_map(|u| u.contacts.iter().map(|c| c.entity_id)));
    Frame, |v| match v.body {
        None => 0,
        Some(Body::Ping(_)) => 1,
        Some(Body::Greet(greet)) => greet.text.len() as u64,
        Some(Body::Changes(changes)) => changes.to.map_or(0, |to| to.count),
    };
}

/// The stream is length-delimited, as protobuf's own tools write it.
impl Format<Vec<model::Frame>> for Prost {
    const NAME: &'static str = "prost";
    const EVOLUTION: Evolution = Evolution::Yes;
    const BORROWS: bool = false;
    type Own = Vec<Frame>;
    type Decoded = Vec<Frame>;
    type Buffer = Vec<u8>;

    fn own(value: &Vec<model::Frame>) -> Vec<Frame> {
        value.iter().map(Into::into).collect()
    }

    fn encode(value: &Vec<Frame>, out: &mut Vec<u8>) {
        for frame in value {
            prost::Message::encode_length_delimited(frame, out).expect("in memory");
        }
    }

    fn decode(mut bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::with_capacity(FRAMES);
        while !bytes.is_empty() {
            frames.push(prost::Message::decode_length_delimited(&mut bytes).expect("own bytes"));
        }
        frames
    }

    fn borrow(bytes: &[u8]) -> u64 {
        each(<Self as Format<Vec<model::Frame>>>::decode(bytes).iter())
    }

    fn access(bytes: &[u8]) -> u64 {
        let frames = <Self as Format<Vec<model::Frame>>>::decode(bytes);
        each(frames.into_iter().map(|frame| match frame.body {
            None => 0,
            Some(Body::Ping(_)) => 1,
            Some(Body::Greet(greet)) => greet.text.len() as u64,
            Some(Body::Changes(changes)) => changes.to.map_or(0, |to| to.count),
        }))
    }

    fn sum(decoded: &Vec<Frame>) -> u64 {
        each(decoded.iter())
    }
}
