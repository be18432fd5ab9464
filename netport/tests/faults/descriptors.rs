//! A server that has no descriptor left.

use crate::attack;
use crate::crowd;
use crate::presets::Scale;
use crate::server;

/// What the server may have open.
const DESCRIPTORS: usize = 48;

pub(crate) fn exhausted(scale: &Scale) -> String {
    let limit = format!("descriptors={DESCRIPTORS}");
    let (server, address) = server::start(scale, &["preset=unlimited", &limit]);
    let mut clients = crowd::start(address, 5, &["prefix=client"]);
    clients.wait("linked", |state| state["up"] == 20);
    let held = attack::hold(address, 4 * DESCRIPTORS);
    let used = crate::measure::processor_time(server.pid());
    let answered = clients.state()["answered_least"];
    let state = clients.wait("answered", |state| state["answered_least"] > answered + 20);
    let used = crate::measure::processor_time(server.pid()) - used;
    for count in ["down", "lost", "left", "gaps"] {
        assert_eq!(state[count], 0, "{count}: {state:?}");
    }
    drop(held);
    let mut late = crowd::start(address, 2, &["prefix=late"]);
    late.wait("linked", |state| state["up"] == 2 * 6);
    late.finish();
    clients.finish();
    server.finish();
    format!(
        "{} connections for {DESCRIPTORS} descriptors: clients stayed, later ones came in; \
         {used:?} of processor time meanwhile",
        4 * DESCRIPTORS
    )
}
