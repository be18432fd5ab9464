//! The state machines of `netport::core` under any sequence of events, against models of what they
//! promise. Each module checks one script of bytes.

mod directory_ops;
mod link_events;
mod script;

/// Scripts of each kind that an ordinary test runs.
const SCRIPTS: u64 = 10_000;

/// Runs the check over scripts that follow from seeds.
fn run(check: fn(&[u8])) {
    /// Says which script it was.
    struct Say<'a>(&'a str);
    impl Drop for Say<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{} fails", self.0);
            }
        }
    }
    for (name, script) in script::seeds(SCRIPTS) {
        let _say = Say(&name);
        check(&script);
    }
}

#[test]
fn a_link_delivers_what_it_admitted_and_keeps_its_deadlines_whatever_happens() {
    run(link_events::check);
}

#[test]
fn a_directory_and_its_views_agree_whatever_happens() {
    run(directory_ops::check);
}
