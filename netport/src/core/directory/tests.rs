use tlv_core::Message;
use tlv_core::messages::Snapshot;
use tlv_core::record::HEADER_LEN;

use super::*;

/// A directory with a clock. Clients are single letters, links are numbers.
struct Lab {
    directory: Directory,
    now: Instant,
}

impl Lab {
    fn new() -> Self {
        Self::with(DirectoryConfig::default())
    }

    fn with(config: DirectoryConfig) -> Self {
        Self { directory: Directory::new(config, 1), now: Instant::now() }
    }

    fn on(&mut self, event: DirectoryEvent, expect: &str) {
        let shown = format!("{event:?}");
        assert_eq!(text(&self.directory.handle(self.now, event)), expect, "after {shown}");
    }

    /// `node` named `name` opens a link as incarnation and session say.
    fn open(&mut self, link: LinkId, node: u8, name: &str, owner: (u64, u64), expect: &str) {
        let caller = Caller {
            node: Uuid::from_bytes([node; 16]),
            incarnation: owner.0,
            session: owner.1,
            name: name.to_owned(),
            observed: "192.0.2.1".parse().unwrap(),
        };
        self.on(DirectoryEvent::Opened(link, caller), expect);
    }

    fn register(&mut self, link: LinkId, expect: &str) {
        self.on(DirectoryEvent::Register(link, vec!["0.0.0.0:7000".parse().unwrap()]), expect);
    }

    /// A registered client with this link, node and name.
    fn member(&mut self, link: LinkId, node: u8, name: &str) {
        self.open(link, node, name, (1, 1), "");
        self.register(link, "Push");
    }

    fn wait(&mut self, expect: &str) {
        self.now = self.directory.deadline().expect("there is a deadline");
        assert_eq!(text(&self.directory.on_deadline(self.now)), expect);
    }

    /// Who is listed, as name and owner.
    fn listed(&self) -> String {
        let words = self
            .directory
            .peers()
            .map(|peer| format!("{}{}.{}", peer.name, peer.incarnation, peer.session));
        words.collect::<Vec<_>>().join(" ")
    }
}

fn text(actions: &[DirectoryAction]) -> String {
    let words = actions.iter().map(|action| format!("{action:?}"));
    words.collect::<Vec<_>>().join(" ").replace(", None", "")
}

#[test]
fn a_client_registers_deregisters_and_registers_again() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.member(2, 2, "bob");
    assert_eq!(lab.listed(), "ann1.1 bob1.1");
    lab.on(DirectoryEvent::Deregister(1), "Push");
    assert_eq!((lab.listed(), lab.directory.subscribers()), ("bob1.1".into(), 1));
    lab.on(DirectoryEvent::Deregister(1), "");
    lab.register(1, "Push");
    assert_eq!((lab.listed(), lab.directory.epoch().count), ("ann1.1 bob1.1".into(), 4));
}

#[test]
fn registering_twice_changes_nothing_but_is_answered() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.register(1, "Push");
    assert_eq!((lab.directory.epoch().count, lab.directory.len()), (1, 1));
}

#[test]
fn an_entry_is_as_old_as_the_link_and_the_addresses_that_it_shows() {
    let mut lab = Lab::new();
    let since = |lab: &Lab| lab.directory.registered().next().map(|(_, since)| since);
    let begun = lab.now;
    lab.member(1, 1, "ann");
    lab.now += Duration::from_secs(1);
    lab.register(1, "Push");
    assert_eq!(since(&lab), Some(begun));
    lab.open(2, 1, "ann", (1, 2), "Dismiss(1, Done)");
    lab.register(2, "Push");
    assert_eq!(since(&lab), Some(lab.now));
}

#[test]
fn a_client_whose_link_ends_is_removed() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.on(DirectoryEvent::Closed(1), "Push");
    lab.on(DirectoryEvent::Closed(1), "");
    assert!(lab.directory.is_empty());
}

#[test]
fn deregistering_without_ever_having_registered_is_refused() {
    let mut lab = Lab::new();
    lab.open(1, 1, "ann", (1, 1), "");
    lab.on(DirectoryEvent::Deregister(1), "Refuse(1, NotAllowed)");
    lab.on(DirectoryEvent::Deregister(9), "");
}

#[test]
fn the_greatest_incarnation_and_session_wins() {
    let mut lab = Lab::new();
    lab.open(1, 1, "ann", (3, 5), "");
    lab.register(1, "Push");
    lab.open(2, 1, "ann", (3, 5), "Refuse(2, Older, Some(3))");
    lab.open(3, 1, "ann", (3, 4), "Refuse(3, Older, Some(3))");
    lab.open(4, 1, "ann", (2, 9), "Refuse(4, Older, Some(3))");
    lab.open(5, 1, "ann", (3, 6), "Dismiss(1, Done)");
    lab.register(5, "Push");
    lab.open(6, 1, "ann", (4, 1), "Dismiss(5, Replaced)");
    lab.register(6, "Push");
    assert_eq!(lab.listed(), "ann4.1");
}

#[test]
fn only_the_owner_removes_an_entry() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 1, "ann", (1, 2), "Dismiss(1, Done)");
    lab.register(2, "Push");
    lab.on(DirectoryEvent::Deregister(1), "");
    lab.on(DirectoryEvent::Closed(1), "");
    lab.register(1, "");
    assert_eq!(lab.listed(), "ann1.2");
}

#[test]
fn who_comes_back_on_a_newer_link_stays_listed_while_it_registers() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 1, "ann", (1, 2), "Dismiss(1, Done)");
    assert_eq!(lab.listed(), "ann1.1");
    lab.wait("Push");
    assert_eq!(lab.listed(), "");
    lab.register(2, "Push");
    assert_eq!((lab.listed(), lab.directory.deadline()), ("ann1.2".into(), None));
}

#[test]
fn a_name_whose_holder_is_alive_is_taken() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 2, "ann", (1, 1), "");
    lab.open(3, 3, "ann", (1, 1), "");
    lab.register(2, "Probe(1, 1)");
    lab.register(3, "");
    lab.on(DirectoryEvent::Alive(1, 99), "");
    lab.on(DirectoryEvent::Alive(2, 1), "");
    let refused = "RefuseRegistration(2, NameTaken) RefuseRegistration(3, NameTaken)";
    lab.on(DirectoryEvent::Alive(1, 1), refused);
    assert_eq!((lab.listed(), lab.directory.deadline()), ("ann1.1".into(), None));
}

#[test]
fn a_name_whose_holder_is_silent_goes_to_who_asked_first() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 2, "ann", (7, 1), "");
    lab.open(3, 3, "ann", (8, 1), "");
    lab.register(2, "Probe(1, 1)");
    lab.register(3, "");
    // The second to ask now asks the first, who holds the name.
    lab.wait("Dismiss(1, Idle) Push Probe(2, 2)");
    assert_eq!(lab.listed(), "ann7.1");
    lab.on(DirectoryEvent::Closed(1), "");
    lab.on(DirectoryEvent::Alive(2, 2), "RefuseRegistration(3, NameTaken)");
}

#[test]
fn a_name_is_free_when_its_holder_leaves_while_being_asked() {
    for leaves in [DirectoryEvent::Closed(1), DirectoryEvent::Deregister(1)] {
        let mut lab = Lab::new();
        lab.member(1, 1, "ann");
        lab.open(2, 2, "ann", (7, 1), "");
        lab.register(2, "Probe(1, 1)");
        lab.on(leaves, "Push");
        assert_eq!((lab.listed(), lab.directory.deadline()), ("ann7.1".into(), None));
    }
}

#[test]
fn a_holder_that_comes_back_in_time_keeps_its_name() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 2, "ann", (7, 1), "");
    lab.register(2, "Probe(1, 1)");
    lab.open(3, 1, "ann", (1, 2), "Dismiss(1, Done)");
    lab.register(3, "Push Probe(3, 2)");
    lab.on(DirectoryEvent::Alive(3, 2), "RefuseRegistration(2, NameTaken)");
}

#[test]
fn who_stops_waiting_for_a_name_does_not_get_it() {
    for stops in [DirectoryEvent::Closed(2), DirectoryEvent::Deregister(2)] {
        let mut lab = Lab::new();
        lab.member(1, 1, "ann");
        lab.open(2, 2, "ann", (7, 1), "");
        lab.register(2, "Probe(1, 1)");
        lab.on(stops, "");
        lab.on(DirectoryEvent::Closed(1), "Push");
        assert_eq!(lab.listed(), "");
    }
}

#[test]
fn a_node_that_comes_back_under_another_name_frees_the_old_one() {
    let mut lab = Lab::new();
    lab.member(1, 1, "ann");
    lab.open(2, 2, "ann", (7, 1), "");
    lab.register(2, "Probe(1, 1)");
    lab.open(3, 1, "amy", (2, 1), "Dismiss(1, Replaced)");
    lab.register(3, "Push");
    assert_eq!(lab.listed(), "amy2.1 ann7.1");
}

#[test]
fn names_addresses_and_the_bound_are_checked() {
    let mut lab = Lab::with(DirectoryConfig { entries_max: 1, ..DirectoryConfig::default() });
    lab.open(1, 1, " ", (1, 1), "");
    lab.register(1, "RefuseRegistration(1, BadName)");
    lab.open(2, 2, "a\nb", (1, 1), "");
    lab.register(2, "RefuseRegistration(2, BadName)");
    lab.open(3, 3, "ann", (1, 1), "");
    let nowhere = "RefuseRegistration(3, BadAddress)";
    lab.on(DirectoryEvent::Register(3, Vec::new()), nowhere);
    lab.register(3, "Push");
    lab.open(4, 4, "bob", (1, 1), "");
    lab.register(4, "RefuseRegistration(4, Full)");
    lab.register(3, "Push");
}

#[test]
fn loopback_is_told_on_the_same_host_and_other_addresses_everywhere() {
    let mut lab = Lab::new();
    for (link, node, observed) in [(1, 1, "127.0.0.1"), (2, 2, "192.0.2.2"), (3, 3, "::1")] {
        let caller = Caller {
            node: Uuid::from_bytes([node; 16]),
            incarnation: 1,
            session: 1,
            name: format!("client {node}"),
            observed: observed.parse().unwrap(),
        };
        lab.on(DirectoryEvent::Opened(link, caller), "");
        lab.register(link, "Push");
    }
    let mut told = Vec::new();
    while let Some(push) = lab.directory.next_push(None).unwrap() {
        let list = Snapshot::decode(&push.frame.bytes()[HEADER_LEN..]).unwrap();
        let addresses = list.peers.iter().flat_map(|peer| &peer.addresses);
        told.push(addresses.map(ToString::to_string).collect::<Vec<_>>().join(" "));
        lab.directory.pushed(push.receipt);
    }
    let here = "127.0.0.1:7000 192.0.2.2:7000 [::1]:7000";
    assert_eq!(told, [here, "192.0.2.2:7000", here]);
}

#[test]
fn what_several_lack_is_encoded_once() {
    let mut lab = Lab::new();
    for link in 1..=3 {
        lab.member(link, link as u8, &format!("client {link}"));
    }
    let mut frames = Vec::new();
    while let Some(push) = lab.directory.next_push(None).unwrap() {
        lab.directory.pushed(push.receipt);
        frames.push(push.frame);
    }
    assert_eq!(frames.len(), 3);
    assert!(frames.iter().all(|frame| frame.bytes().as_ptr() == frames[0].bytes().as_ptr()));
}
