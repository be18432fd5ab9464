//! Bad input over the wire: the link is closed with a typed reason that both sides learn, and
//! nobody else notices.

use std::net::Shutdown;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use netport::{End, PortConfig};
use tlv_core::messages::{Deregister, Hello, RefuseReason, Role, Welcome};

use crate::support::{
    self, PATIENCE, Raw, Seen, TestPort, config, ended, frame, greet_of, greeted, hello, next,
    opened,
};

/// A port under attack, and a link to it that must not notice.
struct Scene {
    port: TestPort,
    bystander: TestPort,
    link: netport::Link,
    answers: Receiver<Seen>,
}

impl Scene {
    fn new(config: PortConfig) -> Self {
        let port = TestPort::start(config);
        let bystander = TestPort::start(support::config("bystander"));
        loop {
            let (link, answers) = bystander.dial(port.handle.local_addr());
            // On a busy machine a handshake may take longer than a test allows strangers.
            if let Seen::Open(..) = next(&port.seen) {
                opened(&answers);
                return Self { port, bystander, link, answers };
            }
        }
    }

    /// A peer that has said nothing.
    fn stranger(&self) -> Raw {
        Raw::connect(self.port.handle.local_addr())
    }

    /// A peer that has shaken hands.
    fn peer(&self, role: Role) -> Raw {
        let raw = Raw::open(self.port.handle.local_addr(), role);
        opened(&self.port.seen);
        raw
    }

    /// Both sides know the reason, and the bystander's link works as before.
    fn check_refused(self, mut attacker: Raw, reason: RefuseReason) {
        assert_eq!(attacker.refused(), reason);
        drop(attacker);
        match ended(&self.port.seen) {
            End::Refused(refusal) => assert_eq!(refusal.reason, reason),
            other => panic!("not refused: {other}"),
        }
        self.check_bystander();
    }

    fn check_bystander(self) {
        self.link.send(&greet_of("still here")).expect("the link is open");
        assert_eq!(greeted(&self.port.seen), "still here");
        assert_eq!(greeted(&self.answers), "still here, too");
        drop(self.bystander);
    }
}

#[test]
fn an_http_request_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    scene.check_refused(attacker, RefuseReason::NotHello);
}

#[test]
fn random_bytes_are_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(100_000)
    .collect();
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&bytes);
    scene.check_refused(attacker, RefuseReason::NotHello);
}

#[test]
fn a_header_with_a_length_of_4_gib_is_refused_before_a_handshake() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&[2, 0, 0xff, 0xff, 0xff, 0xff]);
    scene.check_refused(attacker, RefuseReason::TooLarge);
}

#[test]
fn a_header_with_a_length_of_4_gib_is_refused_after_the_handshake() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[2, 1, 0xff, 0xff, 0xff, 0xff]);
    scene.check_refused(attacker, RefuseReason::TooLarge);
}

#[test]
fn an_unknown_type_beyond_65536_bytes_is_refused_by_its_header() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[0x01, 0xff, 1, 0, 1, 0]);
    scene.check_refused(attacker, RefuseReason::TooLarge);
}

#[test]
fn an_unknown_even_type_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[0x00, 0xff, 0, 0, 0, 0]);
    scene.check_refused(attacker, RefuseReason::UnknownCritical);
}

#[test]
fn an_unknown_odd_type_is_skipped() {
    let scene = Scene::new(config("port"));
    let mut peer = scene.peer(Role::Client);
    peer.write(&[0x01, 0xff, 3, 0, 0, 0, 1, 2, 3]);
    peer.write(&frame(&greet_of("after it")));
    assert_eq!(greeted(&scene.port.seen), "after it");
    peer.0.shutdown(Shutdown::Write).expect("it is connected");
    assert!(matches!(ended(&scene.port.seen), End::Lost));
    drop(peer);
    scene.check_bystander();
}

#[test]
fn half_a_frame_and_then_silence_is_refused() {
    let mut config = config("port");
    config.link.frame_timeout = Duration::from_millis(50);
    let scene = Scene::new(config);
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[2, 1, 10, 0, 0, 0, 1]);
    scene.check_refused(attacker, RefuseReason::Timeout);
}

#[test]
fn a_started_frame_buys_no_time_by_dribbling() {
    let mut config = config("port");
    config.link.frame_timeout = Duration::from_millis(100);
    config.link.frame_rate_min = u32::MAX;
    let scene = Scene::new(config);
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[2, 1, 0xff, 0xff, 0, 0]);
    // One byte whenever the other side has had time to read the one before.
    attacker.0.set_read_timeout(Some(Duration::from_millis(10))).expect("not zero");
    let started = std::time::Instant::now();
    let reason = loop {
        attacker.write(&[0]);
        if let Some((id, value)) = attacker.frame()
            && id == <tlv_core::messages::Refuse as tlv_core::Message>::ID
        {
            break <tlv_core::messages::Refuse as tlv_core::Message>::decode(&value)
                .unwrap()
                .reason;
        }
        assert!(started.elapsed() < PATIENCE, "it was never refused");
    };
    assert_eq!(reason, RefuseReason::Timeout);
    drop(attacker);
    assert!(matches!(ended(&scene.port.seen), End::Refused(_)));
    scene.check_bystander();
}

#[test]
fn half_a_hello_and_then_silence_is_refused() {
    let mut config = config("port");
    config.link.handshake_timeout = Duration::from_millis(50);
    let scene = Scene::new(config);
    let mut attacker = scene.stranger();
    attacker.write(&frame(&hello(Role::Client))[..20]);
    scene.check_refused(attacker, RefuseReason::Timeout);
}

#[test]
fn a_value_that_does_not_decode_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&[2, 1, 1, 0, 0, 0, 9]);
    assert_eq!(attacker.refused(), RefuseReason::Malformed);
    drop(attacker);
    assert!(matches!(ended(&scene.port.seen), End::Malformed(_)));
    scene.check_bystander();
}

#[test]
fn a_control_message_that_has_no_meaning_on_the_link_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&frame(&Deregister::new()));
    scene.check_refused(attacker, RefuseReason::NotAllowed);
}

#[test]
fn a_control_message_that_its_senders_role_may_not_send_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Server);
    attacker.write(&frame(&Welcome::new()));
    assert_eq!(attacker.refused(), RefuseReason::NotAllowed);
    drop(attacker);
    let End::Refused(refusal) = ended(&scene.port.seen) else { panic!("it was not refused") };
    assert!(refusal.text.contains("Welcome") && refusal.text.contains("role"), "{refusal}");
    scene.check_bystander();
}

#[test]
fn a_first_record_that_is_not_hello_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&frame(&greet_of("no hello")));
    scene.check_refused(attacker, RefuseReason::NotHello);
}

#[test]
fn a_second_hello_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.peer(Role::Client);
    attacker.write(&frame(&hello(Role::Client)));
    scene.check_refused(attacker, RefuseReason::NotAllowed);
}

#[test]
fn another_protocols_hello_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&frame(&Hello { protocol: "chat".into(), ..hello(Role::Client) }));
    scene.check_refused(attacker, RefuseReason::Protocol);
}

#[test]
fn another_wire_versions_hello_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&frame(&Hello { wire_version: 2, ..hello(Role::Client) }));
    scene.check_refused(attacker, RefuseReason::WireVersion);
}

#[test]
fn another_magic_is_refused() {
    let scene = Scene::new(config("port"));
    let mut attacker = scene.stranger();
    attacker.write(&frame(&Hello { magic: 0x1234_5678, ..hello(Role::Client) }));
    scene.check_refused(attacker, RefuseReason::NotHello);
}

#[test]
fn a_peer_that_vanishes_is_lost() {
    let scene = Scene::new(config("port"));
    let attacker = scene.peer(Role::Client);
    attacker.0.shutdown(Shutdown::Both).expect("it is connected");
    assert!(matches!(ended(&scene.port.seen), End::Lost));
    scene.check_bystander();
}
