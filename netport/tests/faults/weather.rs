//! Two clients and a server, with a misbehaving proxy on each of the three paths between them.

use std::time::{Duration, Instant};

use crate::crowd;
use crate::measure::cost;
use crate::presets::Scale;
use crate::program::{PATIENCE, Program, State};
use crate::proxy::{Fate, Proxy, Weather};
use crate::server;

/// Bytes in one direction before a link meets its fate: some links do in their handshake, others
/// after many greetings.
const FATES: [u64; 4] = [700, 40, 150, 3_000];

/// More links than a few clients have, and more bytes than one of them takes that says little.
const LINKS_MAX: u64 = 100;
const LINK_BYTES_MAX: u64 = 96 * 1024;

/// The cast.
struct Scene {
    server: Program,
    clients: [Program; 2],
    /// In front of the server, and of each client.
    proxies: [Proxy; 3],
}

impl Scene {
    fn new(scale: &Scale, preset: &str, seed: u64) -> Self {
        let preset = format!("preset={preset}");
        let (server, address) = server::start(scale, &[&preset]);
        let proxies = [1, 2, 3].map(|number| Proxy::start(seed ^ number));
        proxies[0].aim(address);
        let clients = [("ann", &proxies[1]), ("bob", &proxies[2])].map(|(name, proxy)| {
            let (prefix, advertise) =
                (format!("prefix={name}"), format!("advertise={}", proxy.address()));
            let client = crowd::start(proxies[0].address(), 1, &[&preset, &prefix, &advertise]);
            proxy.aim(client.expect("listening").parse().expect("an address"));
            client
        });
        let mut scene = Self { server, clients, proxies };
        scene.recover();
        scene
    }

    fn set(&self, weather: Weather) {
        for proxy in &self.proxies {
            proxy.set(weather);
        }
    }

    /// What everybody holds.
    fn bytes(&self) -> u64 {
        let everybody = self.clients.iter().chain([&self.server]);
        everybody.map(|program| cost(program.pid(), None).bytes()).sum()
    }

    /// Waits until it is so with the proxies, while the clients live.
    fn wait_for_proxies(&mut self, what: &str, is_so: impl Fn(&[Proxy; 3]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.proxies) {
            assert!(Instant::now() < deadline, "the proxies have never {what}");
            self.wait("alive", |_| true);
        }
    }

    /// Waits until it is so with both clients.
    fn wait(&mut self, what: &str, is_so: impl Fn(&State) -> bool) -> [State; 2] {
        self.clients.each_mut().map(|client| client.wait(what, &is_so))
    }

    /// Waits until everybody is registered, listed and linked, and is answered.
    fn recover(&mut self) {
        for client in &mut self.clients {
            let answered = client.state()["answered"];
            client.wait("registered, listed, linked and answered", |state| {
                let is_whole = [("registered", 1), ("listed_least", 2), ("up", 1)];
                is_whole.iter().all(|(name, count)| state[*name] == *count)
                    && state["answered"] > answered
            });
        }
    }

    /// Everybody leaves in order, and nobody has panicked.
    fn end(self) {
        let Self { server, clients, proxies } = self;
        clients.into_iter().for_each(Program::finish);
        server.finish();
        drop(proxies);
    }
}

/// Links that met their fate.
fn struck(proxies: &[Proxy; 3]) -> u64 {
    proxies.iter().map(Proxy::struck).sum()
}

/// Bytes that were changed.
fn corrupted(proxies: &[Proxy; 3]) -> u64 {
    proxies.iter().map(Proxy::corrupted).sum()
}

/// Nothing came twice, before its time, or not at all while its link stood.
fn assert_in_order(state: &State) {
    for count in ["disorder", "gaps", "strange"] {
        assert_eq!(state[count], 0, "{count}: {state:?}");
    }
}

pub(crate) fn mild(scale: &Scale) -> String {
    let millis = Duration::from_millis;
    let weathers = [
        Weather { slices: 1, ..Weather::default() },
        Weather { slices: 7, jitter: millis(1), ..Weather::default() },
        Weather { delay: millis(50), jitter: millis(50), ..Weather::default() },
        Weather { rate: 8 * 1024, ..Weather::default() },
    ];
    let mut scene = Scene::new(scale, "patient", 1);
    for weather in weathers {
        scene.set(weather);
        let before = scene.clients.each_mut().map(|client| client.state()["answered"]);
        let enough = before.into_iter().max().unwrap_or(0) + 10 * scale.rounds as u64;
        scene.wait("answered on and on", |state| state["answered"] >= enough);
    }
    for state in scene.wait("in order", |_| true) {
        assert_in_order(&state);
        for count in ["down", "lost", "left"] {
            assert_eq!(state[count], 0, "{count}: {state:?}");
        }
    }
    scene.end();
    format!("{} kinds of bad links, nothing lost and no link ended", weathers.len())
}

pub(crate) fn reset(scale: &Scale) -> String {
    struck_and_healed(scale, Fate::Reset, 2)
}

pub(crate) fn half_close(scale: &Scale) -> String {
    struck_and_healed(scale, Fate::HalfClose, 3)
}

pub(crate) fn stall(scale: &Scale) -> String {
    struck_and_healed(scale, Fate::Stall, 4)
}

/// Links meet their fate again and again; then it is fine, and everything is as before.
fn struck_and_healed(scale: &Scale, fate: Fate, seed: u64) -> String {
    let mut scene = Scene::new(scale, "hasty", seed);
    for after in FATES.into_iter().cycle().take(scale.rounds) {
        let before = struck(&scene.proxies);
        scene.set(Weather { fate: Some((after, fate)), ..Weather::default() });
        // On more than one of the paths.
        scene.wait_for_proxies("struck", |proxies| struck(proxies) >= before + 3);
        scene.set(Weather::default());
        scene.recover();
    }
    let states = scene.wait("in order", |_| true);
    states.iter().for_each(assert_in_order);
    let sum = |name: &str| states.iter().map(|state| state[name]).sum::<u64>();
    let (struck, down, lost) = (struck(&scene.proxies), sum("down"), sum("lost"));
    assert!(lost > 0 && down > 0, "{states:?}");
    scene.end();
    format!("{struck} links struck; {down} ends told of peers, {lost} of the server; all came back")
}

pub(crate) fn corruption(scale: &Scale) -> String {
    let mut scene = Scene::new(scale, "hasty", 5);
    let before = scene.bytes();
    for one_in in [500, 100, 20] {
        let enough = corrupted(&scene.proxies) + 5 * scale.rounds as u64;
        scene.set(Weather { corrupt: one_in, ..Weather::default() });
        scene.wait_for_proxies("changed enough", |proxies| corrupted(proxies) >= enough);
    }
    let corrupted = corrupted(&scene.proxies);
    let states = scene.wait("alive", |_| true);
    let ends: u64 = states.iter().map(|state| state["down"] + state["lost"] + state["gone"]).sum();
    assert!(ends > 0, "{states:?}");
    // A changed byte may say anything, a farewell for good or a newer incarnation too: whoever was
    // hit may be gone. But the server serves whoever comes next.
    let server = scene.server.state();
    assert!(server["links"] < LINKS_MAX, "{server:?}");
    // Whatever lengths the changed headers have announced.
    let grown = scene.bytes().saturating_sub(before);
    assert!(grown < LINKS_MAX * LINK_BYTES_MAX, "{grown} bytes more than before");
    scene.set(Weather::default());
    let mut fresh = crowd::start(scene.proxies[0].address(), 2, &["preset=hasty", "prefix=fresh"]);
    fresh.wait("linked", |state| state["up"] >= 2 && state["registered"] == 2);
    fresh.finish();
    scene.end();
    format!("{corrupted} bytes changed, {ends} ends told; the server serves on")
}
