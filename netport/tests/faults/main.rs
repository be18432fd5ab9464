//! Real processes over real sockets, under faults: a server and clients that are cut off, killed,
//! stopped, starved and attacked.
//!
//! One program in three roles: started by `cargo test`, it runs the scenarios below, each in its turn
//! and alone, since they count and load whole processes; it starts itself as a server or a crowd of
//! clients. So it has no harness of the compiler's:
//!
//! ```text
//! cargo test -p netport --test faults [-- [--full] [--soak SECONDS] [NAME]...]
//! ```
//!
//! runs the scenarios whose names contain one of the given ones. `--full` makes everything as large
//! as in a campaign, and prints times beside those of bare sockets; what is asserted is the same.

mod attack;
mod crashes;
mod crowd;
mod descriptors;
mod measure;
mod presets;
mod program;
mod proxy;
mod server;
mod siege;
mod soak;
#[path = "../support/mod.rs"]
mod support;
mod weather;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use presets::Scale;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A scenario: it panics where a promise is broken, and tells what it measured.
type Scenario = fn(&Scale) -> String;

const SCENARIOS: &[(&str, Scenario)] = &[
    ("slices_delays_and_a_narrow_link_lose_nothing", weather::mild),
    ("a_reset_link_comes_back", weather::reset),
    ("a_link_that_stalls_for_ever_is_given_up_and_replaced", weather::stall),
    ("a_half_closed_link_ends_and_comes_back", weather::half_close),
    ("corrupted_bytes_end_links_and_nothing_else", weather::corruption),
    ("clients_killed_in_the_middle_of_a_push_leave_the_list", crashes::clients),
    ("a_killed_server_is_found_again_by_everybody", crashes::server),
    ("a_suspended_process_keeps_its_links_or_gets_them_back", crashes::suspension),
    ("a_server_without_descriptors_keeps_its_clients", descriptors::exhausted),
    ("attackers_cost_clients_nothing_and_the_server_no_more_than_its_limits", siege::siege),
    ("churn_leaves_nothing_behind", soak::churn),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((role, rest)) if role == "role-server" => server::run(rest),
        Some((role, rest)) if role == "role-crowd" => crowd::run(rest),
        _ => run(&args),
    }
}

fn run(args: &[String]) -> ExitCode {
    // Attackers are many, and each has a descriptor.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .expect("raising is allowed");
    let mut scale = Scale::small();
    let mut names = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--full" => scale = Scale { soak: scale.soak, ..Scale::full() },
            "--soak" => {
                let seconds = args.next().and_then(|text| text.parse().ok());
                scale.soak = Duration::from_secs(seconds.expect("--soak SECONDS"));
            }
            // What `cargo test` hands to every program.
            flag if flag.starts_with('-') => {}
            name => names.push(name),
        }
    }
    let chosen: Vec<_> = SCENARIOS
        .iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|part| name.contains(part)))
        .collect();
    println!("\nrunning {} scenarios", chosen.len());
    for (name, scenario) in &chosen {
        let started = Instant::now();
        let told = scenario(&scale);
        println!("scenario {name} ... ok ({:.1} s)", started.elapsed().as_secs_f64());
        for line in told.lines() {
            println!("    {line}");
        }
    }
    println!("\nresult: ok. {} passed\n", chosen.len());
    ExitCode::SUCCESS
}
