//! A client in another language, written from `spec/WIRE.md` and the generated module.

use std::path::Path;

use crate::support::{Program, out};

/// A node id below, and one above, every random one.
const NODES: [&str; 2] =
    ["00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"];

fn python(server: &str, name: &str, node: &str, greetings: &str) -> Program {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/client.py");
    let script = script.to_str().expect("a path of letters");
    // `-B`: what Python would cache beside the module is no part of the repository.
    let args = ["-B", script, "--server", server, "--name", name, "--node", node];
    Program::start("python3", args.into_iter().chain(["--greetings", greetings]))
}

#[test]
fn clients_in_python_and_in_rust_find_and_greet_each_other() {
    let listen = ["--listen", "127.0.0.1:0", "--idle", "never"];
    let mut server = Program::start(env!("CARGO_BIN_EXE_server"), listen);
    let address = server.expect_out("listening on ");
    let mut ann = Program::start(
        env!("CARGO_BIN_EXE_client"),
        ["--server", address.as_str(), "--name", "ann"],
    );
    ann.expect_out("registered as ann");

    // One that dials everybody, and one that waits for everybody to dial.
    let mut low = python(&address, "low", NODES[0], "2");
    low.expect_out("registered, ");
    let high = python(&address, "high", NODES[1], "2");

    ann.expect_out("low says: hello from Python, I am low");
    ann.expect_out("high says: hello from Python, I am high");
    for (python, others) in [(low, ["ann", "high"]), (high, ["ann", "low"])] {
        let (status, lines) = python.end();
        assert!(status.success(), "{lines:#?}");
        for other in others {
            let says = format!("{other} says: ");
            assert!(out(&lines).iter().any(|line| line.starts_with(&says)), "{lines:#?}");
        }
    }
    // Both have deregistered. That list came by another link than their greetings, maybe before one.
    let lists = out(ann.seen()).into_iter().filter_map(|line| line.strip_prefix("listed: "));
    if lists.skip_while(|listed| *listed == "1").last() != Some("1") {
        ann.expect_out("listed: 1");
    }
}
