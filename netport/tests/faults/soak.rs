//! Joins, leaves and crashes at random, for as long as one likes: nothing is left behind.

use std::time::{Duration, Instant};

use netport::core::backoff::Chance;

use crate::measure::{Cost, cost};
use crate::presets::Scale;
use crate::program::{PATIENCE, Program};
use crate::{crowd, server};

/// Clients that stay all along.
const STAYING: usize = 5;
/// Clients that come and go together, in a process of their own, and most such processes.
const TOGETHER: usize = 4;
const GROUPS_MAX: usize = 6;
/// Memory at the end is at most so much above that of the first minute, in percent.
const GROWTH_MAX: u64 = 10;
/// A short soak has no first minute: the allocator's arenas still grow by pages.
const SHORT: Duration = Duration::from_secs(300);
const SHORT_GROWTH_BYTES_MAX: u64 = 1024 * 1024;

pub(crate) fn churn(scale: &Scale) -> String {
    let mut chance = Chance::new(7);
    let (mut server, address) = server::start(scale, &["preset=churned"]);
    let mut staying = crowd::start(address, STAYING, &["prefix=staying"]);
    let started = Instant::now();
    let mut soak = Soak { server: &mut server, staying: &mut staying, address, groups: 0 };
    // The first peak, from which the memory of everything since is told.
    soak.cycle(&mut chance);
    let first_until = started + Duration::from_secs(60).min(scale.soak / 4);
    let mut first = soak.measure();
    while Instant::now() < first_until {
        soak.cycle(&mut chance);
        first = soak.measure();
    }
    let mut cycles = 0;
    while started.elapsed() < scale.soak {
        soak.cycle(&mut chance);
        cycles += 1;
    }
    // The thread of a link that has just ended may still be there for a moment.
    let deadline = Instant::now() + PATIENCE;
    let mut last = soak.measure();
    while last.iter().zip(&first).any(|(last, first)| !last.cost.is_as_many(&first.cost))
        && Instant::now() < deadline
    {
        last = soak.measure();
    }
    let groups = soak.groups;
    let mut told = format!("{cycles} cycles in {:?}, {groups} groups\n", started.elapsed());
    for (who, first, last) in [("server", first[0], last[0]), ("clients", first[1], last[1])] {
        for (when, measured) in [("first", first), ("last", last)] {
            let Measured { cost, live } = measured;
            told += &format!("{who}, {when}: {cost}, {} KiB allocated\n", live / 1024);
        }
        assert!(last.cost.is_as_many(&first.cost), "{told}");
        let slack = if scale.soak < SHORT { SHORT_GROWTH_BYTES_MAX } else { 0 };
        let is_within = |last, first| last <= first * (100 + GROWTH_MAX) / 100 + slack;
        assert!(is_within(last.live, first.live), "{told}");
        assert!(is_within(last.cost.bytes(), first.cost.bytes()), "{told}");
    }
    let state = staying.state();
    for count in ["lost", "gone", "disorder", "gaps"] {
        assert_eq!(state[count], 0, "{count}: {state:?}");
    }
    staying.finish();
    server.finish();
    told
}

/// What a process holds, and how much of it the program itself has allocated.
#[derive(Clone, Copy)]
struct Measured {
    cost: Cost,
    live: u64,
}

struct Soak<'a> {
    server: &'a mut Program,
    staying: &'a mut Program,
    address: std::net::SocketAddr,
    groups: usize,
}

impl Soak<'_> {
    /// From those who stay to the most, by chance down again, and back to those who stay.
    fn cycle(&mut self, chance: &mut Chance) {
        let mut groups = Vec::new();
        while groups.len() < GROUPS_MAX {
            groups.push(self.join());
        }
        let all = STAYING + GROUPS_MAX * TOGETHER;
        self.staying.wait("everybody listed and linked", |state| {
            state["listed_least"] == all as u64 && state["up"] == (STAYING * (all - 1)) as u64
        });
        for _ in 0..GROUPS_MAX {
            match chance.number() % 3 {
                0 if groups.len() < GROUPS_MAX => groups.push(self.join()),
                1 => groups.pop().into_iter().for_each(Program::finish),
                _ => groups.pop().into_iter().for_each(Program::kill),
            }
        }
        groups.into_iter().for_each(Program::kill);
        self.settled();
    }

    fn join(&mut self) -> Program {
        self.groups += 1;
        let prefix = format!("prefix=group-{}", self.groups);
        crowd::start(self.address, TOGETHER, &[&prefix])
    }

    /// Waits until those who stay are alone.
    fn settled(&mut self) {
        let own = STAYING as u64;
        self.staying.wait("alone", |state| {
            state["listed_most"] == own
                && state["listed_least"] == own
                && state["up"] == own * (own - 1)
        });
        self.server.wait("alone", |state| state["links"] == own && state["peers"] == own);
    }

    /// What the server and those who stay hold, alone.
    fn measure(&mut self) -> [Measured; 2] {
        self.settled();
        let (server, staying) = (self.server.state(), self.staying.state());
        let measured = |cost, live| Measured { cost, live };
        [
            measured(cost(self.server.pid(), Some(self.address)), server["live"]),
            measured(cost(self.staying.pid(), None), staying["live"]),
        ]
    }
}
