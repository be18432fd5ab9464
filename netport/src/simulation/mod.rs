//! Whole networks, a server and its clients, in one thread with a clock and a network of their own.
//!
//! Everything follows from a seed: when who starts, stops or stands still, how long bytes take and
//! in what pieces they arrive. When the faults are over and time enough has passed, everybody must
//! know everybody, by exactly one link each. A network that fails is made smaller, and shown with
//! the seed that leads to it.

mod endpoint;
mod network;
mod plan;
mod process;
mod regressions;
mod trace;
mod world;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use self::plan::Plan;
use crate::core::mutant::{Mutant, with_mutant};

/// Networks that every `cargo test` runs; `NETPORT_SIMULATIONS` asks for more.
const NETWORKS: u64 = 10_000;
/// Networks within which each mutant must be caught.
const NETWORKS_PER_MUTANT: u64 = 2_000;

/// Runs the network; the violation, if there is one.
fn run(plan: &Plan) -> Result<world::Summary, String> {
    catch_unwind(AssertUnwindSafe(|| world::run(plan))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("panicked: {}", text.or(panic.downcast_ref().copied()).unwrap_or("?")))
    })
}

/// Leaves out whatever is not needed for the network to fail.
fn shrunk(mut plan: Plan) -> Plan {
    let mut chunk = plan.steps.len();
    while chunk > 0 {
        let mut from = 0;
        while from < plan.steps.len() {
            let mut smaller = plan.clone();
            smaller.steps.drain(from..(from + chunk).min(plan.steps.len()));
            if run(&smaller).is_err() {
                plan = smaller;
            } else {
                from += chunk;
            }
        }
        chunk /= 2;
    }
    plan
}

fn check(what: &dyn Display, plan: Plan) -> world::Summary {
    match run(&plan) {
        Ok(summary) => summary,
        Err(violation) => {
            let smaller = shrunk(plan);
            let again = run(&smaller).err();
            panic!("{what}: {violation}\nshrunk to {smaller:#?}\nwhere {again:?}");
        }
    }
}

#[test]
fn networks_that_failed_once_do_not_fail_again() {
    for (what, plan) in regressions::all() {
        check(&what, plan);
    }
}

#[test]
fn every_network_comes_together_once_its_faults_are_over() {
    let networks = std::env::var("NETPORT_SIMULATIONS").ok().and_then(|text| text.parse().ok());
    let networks = networks.unwrap_or(NETWORKS);
    let first = std::env::var("NETPORT_SIMULATION_SEED").ok().and_then(|text| text.parse().ok());
    let next = AtomicU64::new(first.unwrap_or(0));
    let began = Instant::now();
    let last = next.load(Ordering::Relaxed) + networks;
    let totals = std::thread::scope(|scope| {
        let work = || {
            let mut total = world::Summary::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= last {
                    return total;
                }
                total.add(&check(&format_args!("seed {seed}"), Plan::from_seed(seed)));
            }
        };
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        let mut total = world::Summary::default();
        for worker in workers {
            total.add(&worker.join().expect("a worker found a violation; its panic says which"));
        }
        total
    });
    println!("{networks} networks in {:?}: {totals:?}", began.elapsed());
    // A simulation in which nothing happens proves nothing.
    assert!(totals.ups > networks && totals.messages > networks, "{totals:?}");
}

#[test]
fn every_mutant_is_caught() {
    let next = AtomicUsize::new(0);
    let hunt = || {
        let mut found = Vec::new();
        while let Some(mutant) = Mutant::DECISIONS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let fails =
                |seed: &u64| with_mutant(Some(*mutant), || run(&Plan::from_seed(*seed)).is_err());
            found.push((*mutant, (0..NETWORKS_PER_MUTANT).find(fails)));
        }
        found
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let hunters: Vec<_> = (0..threads()).map(|_| scope.spawn(hunt)).collect();
        hunters.into_iter().flat_map(|hunter| hunter.join().expect("a hunter")).collect()
    });
    for (mutant, caught) in &found {
        println!("{mutant:?}: caught by network {caught:?}");
    }
    assert_eq!(found.len(), Mutant::DECISIONS.len());
    assert!(found.iter().all(|(_, caught)| caught.is_some()), "{found:?}");
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
