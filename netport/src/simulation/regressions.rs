//! Networks that failed once, as they were shrunk. Plans and not seeds: what a seed leads to changes
//! with what can happen.

use std::time::Duration;

use super::plan::{Plan, Step};

/// What was found, and the network that it was found in.
pub(super) fn all() -> [(&'static str, Plan); 2] {
    [
        ("a slow reader who goes on has deadlines that nothing is judged by", a_slow_reader()),
        ("a name may go to another where the server starts again", one_name()),
    ]
}

fn a_slow_reader() -> Plan {
    plan(
        [11_352_276_218_608_415_747, 12_859_715_787_885_395_660],
        &[
            (0, Step::Start(0)),
            (0, Step::Start(1)),
            (0, Step::Start(2)),
            (0, Step::Start(3)),
            (0, Step::Start(4)),
            (0, Step::Start(5)),
            (3_113_012, Step::Crash(3)),
            (4_373_486, Step::Start(3)),
            (6_459_152, Step::Crash(4)),
            (7_393_634, Step::Suspend(3)),
            (8_584_603, Step::Crash(1)),
            (8_584_603, Step::Start(1)),
            (10_255_627, Step::Reset(5, 0)),
            (14_651_694, Step::Slow(1)),
            (14_727_606, Step::Resume(3)),
        ],
    )
}

fn one_name() -> Plan {
    let steps = [
        (0, Step::Start(0)),
        (4_280_681, Step::Start(5)),
        (4_716_651, Step::Start(2)),
        (7_904_012, Step::Start(4)),
        (15_887_831, Step::Crash(0)),
        (16_794_996, Step::Start(0)),
    ];
    Plan {
        shares_names: true,
        twin: Some(1),
        changes_max: 4,
        pipe_bytes_max: 500,
        latency_max: Duration::from_millis(120),
        ..plan([3_834_863_749_012_307_107, 17_661_742_752_964_920_670], &steps)
    }
}

/// A network of five clients, with steps at times in microseconds.
fn plan([seed, stay_down]: [u64; 2], steps: &[(u64, Step)]) -> Plan {
    Plan {
        seed,
        clients: 5,
        shares_names: false,
        twin: None,
        stay_down,
        changes_max: 1,
        pipe_bytes_max: 16_000,
        backlog_bytes_max: 100,
        grace: Duration::from_millis(500),
        latency_max: Duration::from_millis(1),
        steps: steps.iter().map(|(at, step)| (Duration::from_micros(*at), *step)).collect(),
    }
}
