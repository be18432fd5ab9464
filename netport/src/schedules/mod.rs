//! The runtime's threads, run one at a time in orders that follow from a seed, over a kernel made
//! of memory whose streams hold a few bytes.
//!
//! Everything here is the real code: the writer lock, the keeper, the connections' threads, the main
//! loop, calls, clients and their server. The clock stands still unless a scenario moves it, so that no
//! time-out hides a wake-up that was lost: then nobody can run any more, and the checker says so. What
//! the checker does not know is a channel's: no scenario waits for a client's user to take events.

mod clients;
mod links;
mod one_link;
mod ports;
mod rig;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::core::mutant::{Mutant, with_mutant};
use crate::io::kernel::memory::{inspect, reset_kernel};
use crate::sync::means::reset_clock;

/// Schedules of each scenario that every `cargo test` runs; `NETPORT_SCHEDULES` asks for more.
const SCHEDULES: usize = 1_000;
/// Schedules that a mutant meets in one scenario before it meets the next, and how often it meets
/// all of them before it has got away.
const SCHEDULES_PER_HUNT: usize = 50;
const HUNTS: u64 = 60;
/// More steps than any schedule needs.
const STEPS_MAX: usize = 200_000;
/// Stack of a thread, in bytes.
const STACK_BYTES: usize = 256 * 1024;
/// Times that the second half of the schedules has a thread overtaken, where that is unlikely.
const PREEMPTIONS: usize = 4;

/// What the threads of a schedule do.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    /// Bytes that a stream holds each way.
    pipe_bytes: usize,
    run: fn(),
}

fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    let links = one_link::SCENARIOS.iter().chain(links::SCENARIOS);
    links.chain(ports::SCENARIOS).chain(clients::SCENARIOS)
}

/// Runs so many schedules of the scenario, half of them with all orders as likely, half of them
/// with few changes of thread. Returns how many it took to find one that fails, and how it does.
fn explore(scenario: Scenario, seed: u64, schedules: usize) -> Result<(), (u64, String)> {
    let half = schedules.div_ceil(2);
    let count = Arc::new(AtomicU64::new(0));
    run(scenario, RandomScheduler::new_from_seed(seed, half), &count)
        .and_then(|()| {
            let few_changes = PctScheduler::new_from_seed(seed, PREEMPTIONS, half);
            run(scenario, few_changes, &count)
        })
        .map_err(|why| (count.load(Ordering::Relaxed), why))
}

fn run(
    scenario: Scenario,
    scheduler: impl Scheduler + 'static,
    count: &Arc<AtomicU64>,
) -> Result<(), String> {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
    config.silence_warnings = true;
    let count = Arc::clone(count);
    let schedule = move || {
        count.fetch_add(1, Ordering::Relaxed);
        reset_clock();
        reset_kernel(scenario.pipe_bytes);
        (scenario.run)();
        let (faults, open) = inspect();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(open, 0, "descriptors are left open");
    };
    catch_unwind(AssertUnwindSafe(|| Runner::new(scheduler, config).run(schedule)))
        .map(drop)
        .map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or(panic.downcast_ref().copied()).unwrap_or("a panic").to_owned()
        })
}

/// A setting from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_scenario_holds_in_every_order_of_its_threads() {
    let schedules = setting("NETPORT_SCHEDULES").map_or(SCHEDULES, |schedules| schedules as usize);
    let seed = setting("NETPORT_SCHEDULE_SEED").unwrap_or(1);
    let scenarios: Vec<_> = scenarios().collect();
    let results = on_every_core(&scenarios, |scenario| {
        let began = Instant::now();
        (explore(**scenario, seed, schedules), began.elapsed())
    });
    for (scenario, (result, took)) in scenarios.iter().zip(results) {
        let name = scenario.name;
        println!("{name}: {schedules} schedules in {took:?}");
        if let Err((number, why)) = result {
            panic!("{name}: schedule {number} of {schedules} from seed {seed} fails: {why}");
        }
    }
}

/// Whether a mutant is caught: by which scenario, after how many schedules of it and of all, and how.
fn hunt(mutant: Mutant) -> Option<String> {
    let mut before = 0;
    for round in 0..HUNTS {
        for scenario in scenarios() {
            let found = with_mutant(Some(mutant), || explore(*scenario, round, SCHEDULES_PER_HUNT));
            if let Err((number, why)) = found {
                let (own, all) = (round * SCHEDULES_PER_HUNT as u64 + number, before + number);
                let why = why.lines().next().unwrap_or_default();
                return Some(format!("schedule {own} of `{}`, {all} of all: {why}", scenario.name));
            }
            before += SCHEDULES_PER_HUNT as u64;
        }
    }
    None
}

#[test]
fn every_mutant_of_the_hand_overs_is_caught() {
    let found = on_every_core(Mutant::HANDOVERS, |mutant| hunt(*mutant));
    for (mutant, caught) in Mutant::HANDOVERS.iter().zip(&found) {
        println!("{mutant:?}: {}", caught.as_deref().unwrap_or("missed"));
    }
    assert!(found.iter().all(Option::is_some), "{found:?}");
}

/// Does the work for each of `items`, as many at a time as there are cores; keeps the order.
fn on_every_core<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return done };
            done.push((place, work(item)));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, done)| done).collect()
}
