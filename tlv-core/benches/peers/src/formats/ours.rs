//! The generated code.

use tlv_core::messages::{App, Changes, ChangesRef, Control, Epoch, Greet, Peer, PeerRef, Ping};
use tlv_core::record::{self, HEADER_LEN, Record};
use tlv_core::wire::Source;
use tlv_core::write::FrameBuffer;
use tlv_core::{ListRef, Message, MessageSet, Uuid};

use super::{Evolution, FRAMES, Format};
use crate::model;
use crate::sum::{Sum, each};

/// Messages generated from `specs/log.ron`.
#[allow(dead_code)]
pub mod log {
    include!(concat!(env!("OUT_DIR"), "/log.rs"));
}

/// Messages generated from `specs/mesh.ron`.
#[allow(dead_code)]
pub mod mesh {
    include!(concat!(env!("OUT_DIR"), "/mesh.rs"));
}

/// Messages generated from `specs/mk48.ron`.
#[allow(dead_code)]
pub mod mk48 {
    include!(concat!(env!("OUT_DIR"), "/mk48.rs"));
}

/// netport's generated code: checked when decoded, lists of borrowed values checked when walked.
pub struct Ours;

sum_fields!(log::Log, log::LogRef<'_> => address identity user date request status size);
sum_fields!(log::Logs, log::LogsRef<'_> => ; logs);
sum_fields!(mesh::Vector3 => x y z);
sum_fields!(mesh::Triangle => a b c normal);
sum_fields!(mesh::Mesh, mesh::MeshRef<'_> => ; triangles);
sum_fields!(mk48::Vector2 => x y);
sum_fields!(mk48::Guidance => angle submerge velocity);
sum_fields!(mk48::Transform => altitude angle position velocity);
sum_fields!(mk48::Contact, mk48::ContactRef<'_> =>
    damage entity_id entity_type guidance player_id transform; reloads turret_angles);
sum_fields!(mk48::Terrain, mk48::TerrainRef<'_> => chunk_x chunk_y data);
sum_fields!(mk48::Update, mk48::UpdateRef<'_> => score world_radius; contacts terrain);
sum_fields!(mk48::Updates, mk48::UpdatesRef<'_> => ; updates);
sum_fields!(Epoch => run count);
sum_fields!(Peer, PeerRef<'_> => node incarnation session name; addresses);
sum_fields!(Changes, ChangesRef<'_> => from to; joined);

/// What a walk over a borrowed list gives.
impl<T: Sum> Sum for Result<T, tlv_core::DecodeError> {
    #[inline(always)]
    fn sum(&self) -> u64 {
        let Ok(value) = self else { panic!("own bytes") };
        value.sum()
    }
}

impl Sum for mk48::EntityType {
    fn sum(&self) -> u64 {
        u64::from(u8::from(*self))
    }
}

impl Sum for bytes::Bytes {
    fn sum(&self) -> u64 {
        self.as_ref().sum()
    }
}

impl Sum for Uuid {
    fn sum(&self) -> u64 {
        self.to_bytes().sum()
    }
}

impl From<&model::Logs> for log::Logs {
    fn from(logs: &model::Logs) -> Self {
        let log = |log: &model::Log| log::Log {
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

impl From<&model::Mesh> for mesh::Mesh {
    fn from(mesh: &model::Mesh) -> Self {
        let vector = |v: model::Vector3| mesh::Vector3 { x: v.x, y: v.y, z: v.z };
        let triangle = |t: &model::Triangle| mesh::Triangle {
            a: vector(t.a),
            b: vector(t.b),
            c: vector(t.c),
            normal: vector(t.normal),
        };
        Self { triangles: mesh.triangles.iter().map(triangle).collect() }
    }
}

impl From<&model::Contact> for mk48::Contact {
    fn from(c: &model::Contact) -> Self {
        Self {
            damage: c.damage,
            entity_id: c.entity_id,
            entity_type: c
                .entity_type
                .map(|kind| mk48::EntityType::try_from(kind as u8).expect("one of ten")),
            guidance: mk48::Guidance {
                angle: c.guidance.angle,
                submerge: c.guidance.submerge,
                velocity: c.guidance.velocity,
            },
            player_id: c.player_id,
            reloads: c.reloads.clone(),
            transform: mk48::Transform {
                altitude: c.transform.altitude,
                angle: c.transform.angle,
                position: mk48::Vector2 { x: c.transform.position.x, y: c.transform.position.y },
                velocity: c.transform.velocity,
            },
            turret_angles: c.turret_angles.clone(),
        }
    }
}

impl From<&model::Updates> for mk48::Updates {
    fn from(updates: &model::Updates) -> Self {
        let terrain = |t: &model::Terrain| mk48::Terrain {
            chunk_x: t.chunk_x,
            chunk_y: t.chunk_y,
            data: t.data.clone().into(),
        };
        let update = |u: &model::Update| mk48::Update {
            score: u.score,
            world_radius: u.world_radius,
            contacts: u.contacts.iter().map(Into::into).collect(),
            terrain: u.terrain.iter().map(terrain).collect(),
        };
        Self { updates: updates.updates.iter().map(update).collect() }
    }
}

/// Reads a list's elements, which are checked as they come.
fn walk<'a, T: tlv_core::wire::Wire>(list: ListRef<'a, T>) -> impl Iterator<Item = T::Ref<'a>> {
    list.into_iter().map(|element| element.expect("own bytes"))
}

/// The value in the one frame of a data set.
fn value(bytes: &[u8]) -> &[u8] {
    &bytes[HEADER_LEN..]
}

/// Decodes a message without `Bytes`.
fn copied<M: Message>(bytes: &[u8]) -> M {
    M::decode(value(bytes)).expect("own bytes")
}

/// Decodes a message with `Bytes` as the documentation advises: from `Bytes`, which they share. What
/// was received is lent here, so it is copied to one buffer first, in the time that is measured.
fn shared<M: Message>(bytes: &[u8]) -> M {
    M::decode_bytes(&bytes::Bytes::copy_from_slice(value(bytes))).expect("own bytes")
}

macro_rules! format {
    ($($model:ident, $own:ty, $decode:ident, |$value:ident| $access:expr;)*) => {
        $(impl Format<model::$model> for Ours {
            const NAME: &'static str = "ours";
            const EVOLUTION: Evolution = Evolution::Yes;
            const BORROWS: bool = true;
            const FRAMING: usize = HEADER_LEN;
            type Own = $own;
            type Decoded = $own;
            type Buffer = FrameBuffer;

            fn own(value: &model::$model) -> $own {
                value.into()
            }

            fn encode(value: &$own, out: &mut FrameBuffer) {
                value.encode_frame(out).expect("within the bounds");
            }

            fn decode(bytes: &[u8]) -> $own {
                $decode(bytes)
            }

            fn borrow(bytes: &[u8]) -> u64 {
                <$own>::borrow(value(bytes)).expect("own bytes").sum()
            }

            fn access(bytes: &[u8]) -> u64 {
                let $value = <$own>::borrow(value(bytes)).expect("own bytes");
                $access
            }

            fn sum(decoded: &$own) -> u64 {
                decoded.sum()
            }
        })*
    };
}
format! {
    Logs, log::Logs, copied, |v| each(v.logs.peek().map(|log| log.status()));
    Mesh, mesh::Mesh, copied, |v| each(walk(v.triangles).map(|triangle| triangle.a.x));
    Updates, mk48::Updates, shared,
        |v| each(walk(v.updates).flat_map(|u| u.contacts.peek().map(|c| c.entity_id())));
}

/// A frame of either set, as a link carries both.
#[derive(Clone, Debug)]
pub enum Frame {
    /// netport's own.
    Control(Control),
    /// The application's.
    App(App),
}

impl From<&model::Frame> for Frame {
    fn from(frame: &model::Frame) -> Self {
        let epoch = |e: model::Epoch| Epoch::new(e.run, e.count);
        let peer = |p: &model::Peer| {
            let (node, addresses) = (Uuid::from_bytes(p.node), p.addresses.clone());
            Peer::new(node, p.incarnation, p.session, p.name.as_str(), addresses)
        };
        match frame {
            model::Frame::Ping => Self::Control(Ping::new().into()),
            model::Frame::Greet(text) => Self::App(Greet::new(text.as_str()).into()),
            model::Frame::Changes(changes) => {
                let joined = changes.joined.iter().map(peer).collect();
                let changes = Changes::new(epoch(changes.from), epoch(changes.to), joined, vec![]);
                Self::Control(changes.into())
            }
        }
    }
}

/// Ids below this are netport's own.
const APP: u16 = 0x0100;

impl Format<Vec<model::Frame>> for Ours {
    const NAME: &'static str = "ours";
    const EVOLUTION: Evolution = Evolution::Yes;
    const BORROWS: bool = true;
    const FRAMING: usize = 0;
    type Own = Vec<Frame>;
    type Decoded = Vec<Frame>;
    type Buffer = FrameBuffer;

    fn own(value: &Vec<model::Frame>) -> Vec<Frame> {
        value.iter().map(Into::into).collect()
    }

    fn encode(value: &Vec<Frame>, out: &mut FrameBuffer) {
        for frame in value {
            match frame {
                Frame::Control(message) => message.encode_frame(out),
                Frame::App(message) => message.encode_frame(out),
            }
            .expect("within the bounds");
        }
    }

    // These messages hold no `Bytes`, so they are decoded from where they lie, as the runtime does.
    fn decode(bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::with_capacity(FRAMES);
        frames.extend(records(bytes).map(|record| {
            if record.id < APP {
                let message = Control::decode_from(record.id, record.value, Source::COPY);
                Frame::Control(message.expect("own bytes"))
            } else {
                let message = App::decode_from(record.id, record.value, Source::COPY);
                Frame::App(message.expect("own bytes"))
            }
        }));
        frames
    }

    // By the ids that the program handles itself, as the runtime does; what else comes goes to the set.
    fn borrow(bytes: &[u8]) -> u64 {
        each(records(bytes).map(|record| match record.id {
            Greet::ID => read::<Greet, _>(record, |greet| greet.text.sum()),
            Changes::ID => read::<Changes, _>(record, |changes| changes.sum()),
            Ping::ID => read::<Ping, _>(record, |_| 1),
            _ => other(record),
        }))
    }

    fn access(bytes: &[u8]) -> u64 {
        each(records(bytes).map(|record| match record.id {
            Greet::ID => read::<Greet, _>(record, |greet| greet.text.len() as u64),
            Changes::ID => read::<Changes, _>(record, |changes| changes.to.count),
            Ping::ID => read::<Ping, _>(record, |_| 1),
            _ => other(record),
        }))
    }

    fn sum(decoded: &Vec<Frame>) -> u64 {
        each(decoded.iter().map(|frame| match frame {
            Frame::App(App::Greet(greet)) => greet.text.sum(),
            Frame::Control(Control::Changes(changes)) => changes.sum(),
            _ => 1,
        }))
    }
}

fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (rest, record) = record::frame(bytes).ok()?;
        bytes = rest;
        Some(record)
    })
}

fn read<'a, M: Message, T>(record: Record<'a>, field: impl FnOnce(M::Ref<'a>) -> T) -> T {
    field(M::borrow(record.value).expect("own bytes"))
}

/// Frames that do not occur, but which a reader has to expect.
#[cold]
fn other(record: Record<'_>) -> u64 {
    if record.id < APP {
        Control::borrow(record.id, record.value).map_or(0, |_| 1)
    } else {
        App::borrow(record.id, record.value).map_or(0, |_| 1)
    }
}
