//! The values of the data sets, from a fixed seed.

use std::net::SocketAddr;

use crate::model::*;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A number in `0.0..1.0`.
    fn unit(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 24) as f32
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn vec<T>(&mut self, min: u64, max: u64, mut element: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = min + self.below(max - min + 1);
        (0..len).map(|_| element(self)).collect()
    }
}

const USERS: [&str; 8] = ["-", "-", "-", "alice", "bob", "carol", "root", "www-data"];
const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "DELETE"];
const PATHS: [&str; 8] = [
    "/",
    "/favicon.ico",
    "/index.html",
    "/api/v1/users",
    "/api/v1/users/1042/sessions",
    "/static/js/app.5f2c91.js",
    "/blog/2025/10/13/a-post-with-a-long-title",
    "/login?next=%2Fsettings",
];
const STATUS: [u16; 8] = [200, 200, 200, 200, 301, 304, 404, 500];
const MONTHS: [&str; 4] = ["Sep", "Oct", "Nov", "Dec"];

fn log(rng: &mut Rng) -> Log {
    Log {
        address: (rng.next() as u32).to_le_bytes(),
        identity: "-".into(),
        user: rng.pick(&USERS).into(),
        date: format!(
            "{:02}/{}/2025:{:02}:{:02}:{:02} -0700",
            1 + rng.below(28),
            rng.pick(&MONTHS),
            rng.below(24),
            rng.below(60),
            rng.below(60)
        ),
        request: format!("{} {} HTTP/1.1", rng.pick(&METHODS), rng.pick(&PATHS)),
        status: STATUS[rng.below(8) as usize],
        size: rng.below(100_000_000),
    }
}

/// Web-server log lines.
pub fn logs(count: usize) -> Logs {
    let mut rng = Rng::new(1);
    Logs { logs: (0..count).map(|_| log(&mut rng)).collect() }
}

fn vector3(rng: &mut Rng) -> Vector3 {
    Vector3 { x: rng.unit(), y: rng.unit(), z: rng.unit() }
}

/// A surface of triangles with their normals.
pub fn mesh(count: usize) -> Mesh {
    let mut rng = Rng::new(2);
    let triangles = (0..count)
        .map(|_| Triangle {
            a: vector3(&mut rng),
            b: vector3(&mut rng),
            c: vector3(&mut rng),
            normal: vector3(&mut rng),
        })
        .collect();
    Mesh { triangles }
}

fn contact(rng: &mut Rng) -> Contact {
    Contact {
        damage: rng.next() as u8,
        entity_id: rng.next() as u32,
        entity_type: (!rng.chance(4)).then(|| EntityType::ALL[rng.below(10) as usize]),
        guidance: Guidance {
            angle: rng.next() as u16,
            submerge: rng.chance(2),
            velocity: rng.next() as i16,
        },
        player_id: rng.chance(2).then(|| rng.next() as u16),
        reloads: rng.vec(0, 8, |rng| rng.chance(2)),
        transform: Transform {
            altitude: rng.next() as i8,
            angle: rng.next() as u16,
            position: Vector2 { x: rng.unit() * 1e4, y: rng.unit() * 1e4 },
            velocity: rng.next() as i16,
        },
        turret_angles: rng.vec(0, 5, |rng| rng.next() as u16),
    }
}

fn terrain(rng: &mut Rng) -> Terrain {
    Terrain {
        chunk_x: rng.next() as i8,
        chunk_y: rng.next() as i8,
        data: rng.vec(32, 256, |rng| rng.next() as u8),
    }
}

/// Updates of a naval game.
pub fn updates(count: usize) -> Updates {
    let mut rng = Rng::new(3);
    let updates = (0..count)
        .map(|_| Update {
            score: rng.below(1 << 20) as u32,
            world_radius: 1e3 + rng.unit() * 1e3,
            contacts: rng.vec(0, 20, contact),
            terrain: rng.vec(1, 3, terrain),
        })
        .collect();
    Updates { updates }
}

fn peer(rng: &mut Rng) -> Peer {
    let mut node = [0; 16];
    node[..8].copy_from_slice(&rng.next().to_le_bytes());
    node[8..].copy_from_slice(&rng.next().to_le_bytes());
    Peer {
        node,
        incarnation: 1 + rng.below(3),
        session: 1 + rng.below(9),
        name: format!("client-{:05}", rng.below(100_000)),
        addresses: vec![SocketAddr::from((
            [127, 0, 0, rng.next() as u8],
            1024 + rng.below(60_000) as u16,
        ))],
    }
}

fn changes(rng: &mut Rng, joined: u64, count: u64) -> Frame {
    Frame::Changes(Changes {
        from: Epoch { run: 0x1234_5678_9abc_def0, count },
        to: Epoch { run: 0x1234_5678_9abc_def0, count: count + joined },
        joined: rng.vec(joined, joined, peer),
    })
}

/// Small frames as the runtime sees them: greetings, heartbeats, a change now and then, and one
/// list of 1,000 peers.
pub fn frames(count: usize) -> Vec<Frame> {
    let mut rng = Rng::new(4);
    (0..count as u64)
        .map(|n| match n % 10 {
            _ if n == 500 => changes(&mut rng, 1_000, n),
            0 => changes(&mut rng, 1, n),
            1..=5 => Frame::Greet(format!("hello from client-{:05}, {n}", rng.below(100_000))),
            _ => Frame::Ping,
        })
        .collect()
}
