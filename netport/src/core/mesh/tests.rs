use std::sync::Arc;

use super::*;

/// The mesh of node 5, with a clock. Nodes and links are small numbers.
struct Lab {
    mesh: Mesh,
    now: Instant,
}

fn node(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

fn peer(number: u8, incarnation: u64, addresses: usize) -> Arc<Peer> {
    let address = |last| format!("192.0.2.{number}:{last}").parse().unwrap();
    let addresses = (1..=addresses).map(address).collect();
    Arc::new(Peer::new(node(number), incarnation, 1, number.to_string(), addresses))
}

impl Lab {
    fn new(dial: Dial) -> Self {
        Self::with(MeshConfig { dial, ..MeshConfig::default() })
    }

    fn with(config: MeshConfig) -> Self {
        Self { mesh: Mesh::new(config, node(5), 7), now: Instant::now() }
    }

    fn on(&mut self, event: MeshEvent, expect: &str) {
        let shown = format!("{event:?}");
        assert_eq!(text(&self.mesh.handle(self.now, event)), expect, "after {shown}");
    }

    fn joined(&mut self, number: u8, expect: &str) {
        self.list(vec![peer(number, 1, 1)], vec![], expect);
    }

    fn list(&mut self, joined: Vec<Arc<Peer>>, left: Vec<Arc<Peer>>, expect: &str) {
        let change = ListChange { joined, left, updated: Vec::new() };
        self.on(MeshEvent::List(change), expect);
    }

    fn opened(&mut self, link: LinkId, number: u8, incarnation: u64, dialled: bool, expect: &str) {
        let neighbour = Neighbour { node: node(number), incarnation, dialled };
        self.on(MeshEvent::Opened(link, neighbour), expect);
    }

    fn closed(&mut self, link: LinkId, end: PeerEnd, expect: &str) {
        self.on(MeshEvent::Closed(link, end), expect);
    }

    fn dial_failed(&mut self, number: u8, expect: &str) {
        self.on(MeshEvent::DialFailed(node(number), PeerEnd::Lost), expect);
    }

    /// Lets the time pass until the next deadline; returns how long that took.
    fn wait(&mut self, expect: &str) -> Duration {
        let before = self.now;
        self.now = self.mesh.deadline().expect("there is a deadline");
        assert_eq!(text(&self.mesh.on_deadline(self.now)), expect);
        self.now - before
    }

    fn nothing_is_due(&self) {
        assert_eq!(self.mesh.deadline(), None);
    }
}

fn text(actions: &[MeshAction]) -> String {
    let number = |node: &Uuid| node.to_bytes()[0];
    let words = actions.iter().map(|action| match action {
        MeshAction::Dial(node, address) => format!("Dial({}:{})", number(node), address.port()),
        MeshAction::Up(node, link) => format!("Up({}, {link})", number(node)),
        MeshAction::Down(node, link) => format!("Down({}, {link})", number(node)),
        MeshAction::Unreached(node) => format!("Unreached({})", number(node)),
        other => format!("{other:?}").replace(", None", ""),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_lower_id_dials_and_sends_welcome() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    lab.opened(1, 9, 1, true, "Welcome(1) Up(9, 1)");
    assert_eq!(lab.mesh.up(&node(9)), Some(1));
    lab.nothing_is_due();
}

#[test]
fn the_higher_id_waits_to_be_dialled_and_for_welcome() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(2, "");
    lab.opened(1, 2, 1, false, "");
    assert_eq!(lab.mesh.up(&node(2)), None);
    lab.on(MeshEvent::Welcome(1), "Up(2, 1)");
    lab.nothing_is_due();
}

#[test]
fn the_higher_id_dials_when_the_grace_period_is_over() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(2, "");
    assert_eq!(lab.wait("Dial(2:1)"), MeshConfig::default().grace);
    lab.opened(1, 2, 1, true, "");
    lab.on(MeshEvent::Welcome(1), "Up(2, 1)");
}

#[test]
fn a_link_without_welcome_is_given_up() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(2, "");
    lab.opened(1, 2, 1, false, "");
    lab.wait("Refuse(1, Timeout)");
    lab.wait("Dial(2:1)");
}

#[test]
fn welcome_from_the_higher_id_is_refused() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    lab.opened(1, 9, 1, true, "Welcome(1) Up(9, 1)");
    lab.on(MeshEvent::Welcome(1), "Refuse(1, NotAllowed) Down(9, 1)");
    lab.on(MeshEvent::Welcome(77), "");
    lab.wait("Dial(9:1)");
}

#[test]
fn two_who_dial_each_other_use_one_link() {
    // The lower id has accepted when its own dial comes through.
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    lab.opened(1, 9, 1, false, "Welcome(1) Up(9, 1)");
    lab.opened(2, 9, 1, true, "Refuse(2, Duplicate)");

    // The higher id leaves the choice to the other.
    let mut lab = Lab::new(Dial::All);
    lab.joined(2, "");
    lab.wait("Dial(2:1)");
    lab.opened(1, 2, 1, true, "");
    lab.opened(2, 2, 1, false, "");
    lab.on(MeshEvent::Welcome(2), "Up(2, 2)");
    lab.closed(1, PeerEnd::Lost, "");
    lab.nothing_is_due();
}

#[test]
fn a_link_that_is_up_and_alive_is_not_replaced_by_the_same_incarnation() {
    let mut lab = Lab::new(Dial::All);
    lab.opened(1, 9, 1, false, "Welcome(1) Up(9, 1)");
    lab.opened(2, 9, 1, false, "Probe(1, 1)");
    lab.opened(3, 9, 1, false, "");
    lab.on(MeshEvent::Alive(2, 1), "");
    lab.on(MeshEvent::Alive(1, 9), "");
    lab.on(MeshEvent::Alive(1, 1), "Refuse(2, Duplicate) Refuse(3, Duplicate)");
    assert_eq!(lab.mesh.up(&node(9)), Some(1));
    lab.nothing_is_due();
}

#[test]
fn a_link_that_is_up_and_dead_gives_way_to_the_newest() {
    let mut lab = Lab::new(Dial::All);
    lab.opened(1, 9, 1, false, "Welcome(1) Up(9, 1)");
    lab.opened(2, 9, 1, false, "Probe(1, 1)");
    lab.opened(3, 9, 1, false, "");
    lab.wait("Close(1, Idle) Down(9, 1) Welcome(3) Up(9, 3) Refuse(2, Duplicate)");
    lab.closed(1, PeerEnd::Lost, "");

    lab.opened(4, 9, 1, false, "Probe(3, 2)");
    lab.closed(3, PeerEnd::Lost, "Down(9, 3) Welcome(4) Up(9, 4)");
    lab.nothing_is_due();
}

#[test]
fn the_higher_id_follows_the_lower_to_another_link() {
    let mut lab = Lab::new(Dial::All);
    lab.opened(1, 2, 1, false, "");
    lab.on(MeshEvent::Welcome(1), "Up(2, 1)");
    lab.opened(2, 2, 1, false, "");
    lab.on(MeshEvent::Welcome(2), "Refuse(1, Duplicate) Down(2, 1) Up(2, 2)");
    lab.closed(1, PeerEnd::Lost, "");
    assert_eq!(lab.mesh.up(&node(2)), Some(2));
}

#[test]
fn a_newer_incarnation_takes_over_and_an_older_is_refused() {
    let mut lab = Lab::new(Dial::All);
    lab.opened(1, 9, 2, false, "Welcome(1) Up(9, 1)");
    lab.opened(2, 9, 1, false, "Refuse(2, Older, Some(2))");
    lab.opened(3, 9, 3, false, "Close(1, Replaced) Down(9, 1) Welcome(3) Up(9, 3)");
    // So does one that is only listed.
    lab.list(vec![peer(9, 4, 1)], vec![], "Close(3, Replaced) Down(9, 3) Dial(9:1)");
    lab.opened(4, 9, 3, true, "Refuse(4, Older, Some(4))");
    lab.wait("Dial(9:1)");
}

#[test]
fn peers_that_are_not_listed_are_accepted_and_leaving_closes_nothing() {
    let mut lab = Lab::new(Dial::All);
    lab.opened(1, 9, 1, false, "Welcome(1) Up(9, 1)");
    lab.joined(9, "");
    lab.list(vec![], vec![peer(9, 1, 1)], "");
    assert_eq!(lab.mesh.all_up().collect::<Vec<_>>(), [(node(9), 1)]);
    lab.closed(1, PeerEnd::Lost, "Down(9, 1)");
    lab.nothing_is_due();
    assert!(lab.mesh.nodes.is_empty());
}

#[test]
fn a_lost_peer_is_dialled_again_with_growing_waits() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    let mut waits = Vec::new();
    for _ in 0..12 {
        lab.dial_failed(9, "");
        waits.push(lab.wait("Dial(9:1)"));
    }
    let max = MeshConfig::default().backoff.max;
    assert!(waits[0] < max / 2 && waits[11] >= max / 2 && waits[11] <= max, "{waits:?}");
    lab.opened(1, 9, 1, true, "Welcome(1) Up(9, 1)");
    lab.now += 2 * max;
    lab.closed(1, PeerEnd::Lost, "Down(9, 1)");
    assert!(lab.wait("Dial(9:1)") <= MeshConfig::default().backoff.first);
}

#[test]
fn a_link_that_ends_as_soon_as_it_is_up_does_not_hasten_the_next() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    let mut waited = Duration::ZERO;
    for link in 1..10 {
        lab.opened(link, 9, 1, true, &format!("Welcome({link}) Up(9, {link})"));
        lab.closed(link, PeerEnd::Lost, &format!("Down(9, {link})"));
        waited = lab.wait("Dial(9:1)");
    }
    assert!(waited >= MeshConfig::default().backoff.max / 2);
}

#[test]
fn every_address_is_tried_before_waiting() {
    let mut lab = Lab::new(Dial::All);
    lab.list(vec![peer(9, 1, 3)], vec![], "Dial(9:1)");
    lab.dial_failed(9, "Dial(9:2)");
    lab.dial_failed(9, "Dial(9:3)");
    lab.dial_failed(9, "");
    lab.wait("Dial(9:1)");
}

#[test]
fn who_is_done_is_not_dialled_again_before_it_starts_or_joins_again() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(9, "Dial(9:1)");
    lab.opened(1, 9, 1, true, "Welcome(1) Up(9, 1)");
    lab.closed(1, PeerEnd::Done, "Down(9, 1)");
    lab.nothing_is_due();
    lab.list(vec![peer(9, 2, 1)], vec![peer(9, 1, 1)], "Dial(9:1)");
    lab.on(MeshEvent::DialFailed(node(9), PeerEnd::Done), "");
    lab.nothing_is_due();
    lab.on(MeshEvent::Wanted(node(9)), "Dial(9:1)");
}

#[test]
fn on_demand_dials_at_once_and_only_who_is_wanted() {
    let mut lab = Lab::new(Dial::OnDemand);
    lab.list(vec![peer(2, 1, 1), peer(9, 1, 1)], vec![], "");
    lab.nothing_is_due();
    lab.on(MeshEvent::Wanted(node(2)), "Dial(2:1)");
    lab.on(MeshEvent::Wanted(node(2)), "");
    lab.opened(1, 2, 1, true, "");
    lab.on(MeshEvent::Welcome(1), "Up(2, 1)");
    lab.closed(1, PeerEnd::Lost, "Down(2, 1)");
    lab.nothing_is_due();
}

#[test]
fn who_waits_to_send_is_told_when_there_is_no_way() {
    let mut lab = Lab::new(Dial::OnDemand);
    lab.on(MeshEvent::Wanted(node(9)), "Unreached(9)");
    lab.list(vec![peer(9, 1, 2), peer(8, 1, 0)], vec![], "");
    lab.on(MeshEvent::Wanted(node(8)), "Unreached(8)");
    lab.on(MeshEvent::Wanted(node(9)), "Dial(9:1)");
    lab.dial_failed(9, "Dial(9:2)");
    lab.dial_failed(9, "Unreached(9)");
    lab.nothing_is_due();

    lab.on(MeshEvent::Wanted(node(9)), "Dial(9:1)");
    lab.list(vec![], vec![peer(9, 1, 2)], "Unreached(9)");
    lab.dial_failed(9, "");
    assert!(!lab.mesh.nodes.contains_key(&node(9)));

    let mut never = Lab::new(Dial::Never);
    never.joined(9, "");
    never.on(MeshEvent::Wanted(node(9)), "Unreached(9)");
}

#[test]
fn who_waits_to_send_is_told_when_the_only_way_ends() {
    // By a link of one who is not listed, which comes to nothing.
    let mut lab = Lab::new(Dial::OnDemand);
    lab.opened(1, 2, 1, false, "");
    lab.on(MeshEvent::Wanted(node(2)), "");
    lab.closed(1, PeerEnd::Lost, "Unreached(2)");

    // By an address that is not listed any more.
    let mut lab = Lab::with(MeshConfig { dials_max: 1, ..MeshConfig::default() });
    lab.joined(8, "Dial(8:1)");
    lab.joined(9, "");
    lab.on(MeshEvent::Wanted(node(9)), "");
    lab.list(vec![peer(9, 1, 0)], vec![], "Unreached(9)");
}

#[test]
fn no_dial_is_planned_of_who_has_no_address_any_more() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(2, "");
    lab.list(vec![peer(2, 1, 0)], vec![], "");
    lab.nothing_is_due();
}

#[test]
fn only_so_many_are_dialled_at_a_time() {
    let mut lab = Lab::with(MeshConfig { dials_max: 2, ..MeshConfig::default() });
    let peers = [6, 7, 8, 9].map(|number| peer(number, 1, 1));
    lab.list(peers.to_vec(), vec![], "Dial(6:1) Dial(7:1)");
    lab.list(vec![], vec![peer(8, 1, 1)], "");
    lab.opened(1, 6, 1, true, "Welcome(1) Up(6, 1) Dial(9:1)");
    lab.dial_failed(7, "");
}

#[test]
fn a_node_does_not_connect_to_itself() {
    let mut lab = Lab::new(Dial::All);
    lab.joined(5, "");
    lab.opened(1, 5, 1, false, "Refuse(1, WrongNode)");
}

#[test]
fn without_a_list_nobody_is_dialled_and_links_stay() {
    let mut lab = Lab::new(Dial::All);
    lab.list(vec![peer(2, 1, 1), peer(9, 1, 1)], vec![], "Dial(9:1)");
    lab.opened(1, 9, 1, true, "Welcome(1) Up(9, 1)");
    lab.on(MeshEvent::Unlisted, "");
    lab.nothing_is_due();
    assert_eq!(lab.mesh.up(&node(9)), Some(1));
}

#[test]
fn links_without_a_decision_are_bounded() {
    let mut lab = Lab::new(Dial::All);
    for link in 1..=4 {
        lab.opened(link, 2, 1, false, "");
    }
    lab.opened(5, 2, 1, false, "Refuse(5, Busy)");
}

#[test]
fn who_left_while_next_in_turn_is_dialled_when_listed_again() {
    let mut lab = Lab::with(MeshConfig { dials_max: 1, ..MeshConfig::default() });
    lab.joined(7, "Dial(7:1)");
    lab.joined(8, "");
    // It comes by itself, so it is known though not listed.
    lab.opened(1, 8, 1, false, "Welcome(1) Up(8, 1)");
    lab.list(vec![], vec![peer(8, 1, 1)], "");
    lab.joined(8, "");
    lab.closed(1, PeerEnd::Lost, "Down(8, 1)");
    lab.opened(2, 7, 1, true, "Welcome(2) Up(7, 2)");
    lab.wait("Dial(8:1)");
}
