//! Processes that die or stand still without a word.

use rustix::process::Signal;

use crate::crowd;
use crate::presets::Scale;
use crate::program::Program;
use crate::server;

/// Clients die in the middle of a push; the others hear of it and of nothing else.
pub(crate) fn clients(scale: &Scale) -> String {
    let (server, address) = server::start(scale, &["preset=patient"]);
    let mut watchers = crowd::start(address, 5, &["prefix=watcher"]);
    watchers.wait("linked", |state| state["up"] == 20);
    let mut told = 0;
    for round in 0..scale.rounds {
        let prefix = format!("prefix=victim-{round}");
        let victims = crowd::start(address, scale.victims, &[&prefix, "dial=never"]);
        // They come one by one, so lists are being sent.
        let some = 5 + 1 + scale.victims as u64 * round as u64 / scale.rounds as u64;
        let state = watchers.wait("joined", |state| state["listed_least"] >= some);
        told += state["listed_least"] - 5;
        victims.kill();
        watchers.wait("left", |state| state["listed_most"] == 5);
    }
    let state = watchers.state();
    for count in ["lost", "gone", "disorder", "gaps"] {
        assert_eq!(state[count], 0, "{count}: {state:?}");
    }
    assert_eq!(state["up"], 20, "{state:?}");
    watchers.finish();
    server.finish();
    format!(
        "{} times {} clients killed, {told} of them after they were told; their list is empty again",
        scale.rounds, scale.victims
    )
}

/// The server dies and comes back under many clients; links between clients stay.
pub(crate) fn server(scale: &Scale) -> String {
    let (mut server, address) = server::start(scale, &["preset=patient"]);
    let listen = format!("listen={address}");
    let mut linked = crowd::start(address, 5, &["prefix=linked"]);
    let half = scale.orphans / 2;
    let mut orphans = ["a", "b"].map(|name| {
        let prefix = format!("prefix={name}");
        crowd::start(address, half, &[&prefix, "dial=never"])
    });
    let all = 5 + 2 * half as u64;
    let is_whole = |program: &mut Program, count: usize| {
        program.wait("registered and listed", |state| {
            state["registered"] == count as u64 && state["listed_least"] == all
        })
    };
    for _ in 0..scale.rounds {
        let before = linked.wait("linked", |state| state["up"] == 5 * (all - 1))["lost"];
        for (program, count) in
            [(&mut linked, 5)].into_iter().chain(orphans.iter_mut().map(|o| (o, half)))
        {
            is_whole(program, count);
        }
        server.kill();
        linked.wait("lost", |state| state["lost"] == before + 5);
        (server, _) = server::start(scale, &["preset=patient", &listen]);
    }
    let mut left = 0;
    for (program, count) in
        [(&mut linked, 5)].into_iter().chain(orphans.iter_mut().map(|o| (o, half)))
    {
        left += is_whole(program, count)["left"];
    }
    assert_eq!(left, 0, "nobody was seen to leave");
    let state = linked.wait("linked", |state| state["up"] == 5 * (all - 1));
    for count in ["down", "disorder", "gaps"] {
        assert_eq!(state[count], 0, "{count}: {state:?}");
    }
    linked.finish();
    orphans.into_iter().for_each(Program::finish);
    server.finish();
    format!("{} times killed under {all} clients; nobody was seen to leave", scale.rounds)
}

/// Processes stand still, for less and for longer than their peers wait.
pub(crate) fn suspension(scale: &Scale) -> String {
    let (server, address) = server::start(scale, &["preset=hasty"]);
    let mut watching = crowd::start(address, 2, &["prefix=watching", "preset=hasty"]);
    let mut sleeping = crowd::start(address, 2, &["prefix=sleeping", "preset=hasty"]);
    for round in 1..=scale.rounds as u64 {
        for crowd in [&mut watching, &mut sleeping] {
            crowd.wait("linked", |state| state["up"] == 6 && state["listed_least"] == 4);
        }
        sleeping.signal(Signal::STOP);
        // The others give up on those who sleep: the peers, and the server with its list.
        watching.wait("given up", |state| state["listed_most"] == 2 && state["up"] == 2);
        sleeping.signal(Signal::CONT);
        watching.wait("back", |state| state["listed_least"] == 4 && state["up"] == 6);

        // The server sleeps, and is found again.
        let before = watching.state();
        server.signal(Signal::STOP);
        watching.wait("lost", |state| state["lost"] > before["lost"]);
        server.signal(Signal::CONT);
        let state = watching.wait("registered", |state| state["registered"] == 2);
        assert!(state["lost"] >= round, "{state:?}");
    }
    let state = watching.state();
    assert_eq!(state["disorder"], 0, "{state:?}");
    assert_eq!(state["gaps"], 0, "{state:?}");
    for crowd in [watching, sleeping] {
        crowd.finish();
    }
    server.finish();
    briefly(scale);
    format!("{} times each: given up while they slept, and back when they woke", scale.rounds)
}

/// For less than anybody waits: no link ends.
fn briefly(scale: &Scale) {
    let (server, address) = server::start(scale, &["preset=patient"]);
    let mut watching = crowd::start(address, 2, &["prefix=watching"]);
    let mut sleeping = crowd::start(address, 2, &["prefix=sleeping"]);
    for crowd in [&mut watching, &mut sleeping] {
        crowd.wait("linked", |state| state["up"] == 6 && state["answered_least"] > 0);
    }
    sleeping.signal(Signal::STOP);
    server.signal(Signal::STOP);
    let answered = watching.state()["answered_least"];
    // Its own two greet each other meanwhile.
    watching.wait("answered", |state| state["answered_least"] > answered + 20);
    server.signal(Signal::CONT);
    sleeping.signal(Signal::CONT);
    for crowd in [&mut watching, &mut sleeping] {
        let answered = crowd.state()["answered_least"];
        let state = crowd.wait("answered", |state| state["answered_least"] > answered + 20);
        for count in ["down", "lost", "left", "disorder", "gaps"] {
            assert_eq!(state[count], 0, "{count}: {state:?}");
        }
    }
    for crowd in [watching, sleeping] {
        crowd.finish();
    }
    server.finish();
}
