//! The repository's own spec against its last release.

use std::path::Path;

use proto_gen::compat::{Input, Report};

#[test]
fn the_spec_breaks_nobody_who_speaks_the_released_one() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let load = |name: &str| {
        Input::File(spec.join(name)).load().unwrap_or_else(|mistakes| panic!("{mistakes}"))
    };
    let report = Report::new(&load("messages.lock.ron"), &load("messages.ron"));
    assert!(report.breaks().next().is_none(), "{}", report.render(false));
}
