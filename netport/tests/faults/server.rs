//! The role of a server.

use std::process::ExitCode;

use netport::Server;
use rustix::process::{Resource, Rlimit, setrlimit};
use tlv_core::messages::App;

use crate::measure::live_bytes;
use crate::presets::{self, Scale};
use crate::program::{Program, serve, settings};
use crate::siege;

/// Starts a server in a process of its own; where it listens.
pub(crate) fn start(scale: &Scale, args: &[&str]) -> (Program, std::net::SocketAddr) {
    let scale = format!("scale={}", scale.name);
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).chain([scale]).collect();
    let program = Program::start("role-server", &args, &[]);
    let address = program.expect("listening").parse().expect("an address");
    (program, address)
}

/// Serves until standard input ends.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let settings = settings(args);
    if let Some(cpu) = settings.get("cpu") {
        siege::pin(cpu.parse().expect("a number"));
    }
    if let Some(descriptors) = settings.get("descriptors") {
        let most = Some(descriptors.parse().expect("a number"));
        let limit = Rlimit { current: most, maximum: most };
        setrlimit(Resource::Nofile, limit).expect("lowering is allowed");
    }
    let preset = settings.get("preset").copied().unwrap_or_default();
    let mut config = presets::server(preset, &Scale::named(settings["scale"]));
    if let Some(listen) = settings.get("listen") {
        config.port.listen = listen.parse().expect("an address");
    }
    let server = Server::<App>::start(config).expect("a server on loopback");
    println!("listening {}", server.local_addr());
    serve(|_| {
        let (peers, links) = (server.peers().len(), server.port().links().len());
        format!("peers={peers} links={links} live={}", live_bytes())
    });
    server.stop();
    server.join();
    ExitCode::SUCCESS
}
