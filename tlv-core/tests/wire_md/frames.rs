//! The blocks of frames, against the generated code.

use std::net::{Ipv4Addr, SocketAddr};

use tlv_core::bytes::Bytes;
use tlv_core::messages::{
    Alive, App, CallError, CallRefused, Changes, Control, Epoch, Found, Goodbye, GoodbyeReason,
    Greet, Hello, Lookup, Mood, Peer, Ping, Probe, Refuse, RefuseReason, Register, RegisterError,
    RegisterRefused, Role, Snapshot, Welcome,
};
use tlv_core::record::HEADER_LEN;
use tlv_core::{DecodeError, MessageSet, Uuid};

use crate::WIRE;
use crate::blocks::{Block, blocks};

/// What the block of that name stands for.
fn meaning(name: &str) -> Either {
    let ann = Uuid::from_bytes([0x0a; 16]);
    let bob = Uuid::from_bytes([0x0b; 16]);
    let address = |last, port| SocketAddr::from((Ipv4Addr::new(10, 0, 0, last), port));
    let epoch = |count| Epoch { run: 0x1122_3344_5566_7788, count };
    let peer = |node, name: &str, address| Peer {
        node,
        incarnation: 1,
        session: 1,
        name: name.into(),
        addresses: vec![address],
    };
    let hello = |role, node, session, name: &str| Hello {
        magic: 0x5450_4e21,
        wire_version: 1,
        protocol: "netport".into(),
        version: 1,
        role,
        node,
        incarnation: 1,
        session,
        name: name.into(),
    };
    match name {
        "ping" => control(Ping {}),
        "greet" => app(Greet { text: "hi".into(), mood: None }),
        "greet-with-mood" => app(Greet { text: "hi".into(), mood: Some(Mood::Happy) }),
        "hello-client" => control(hello(Role::Client, ann, 1, "ann")),
        "hello-server" => control(hello(Role::Server, Uuid::from_bytes([0xee; 16]), 0, "server")),
        "probe" => control(Probe { nonce: 42 }),
        "alive" => control(Alive { nonce: 42 }),
        "goodbye" => control(Goodbye { reason: GoodbyeReason::Done }),
        "refuse" => {
            let text = "newer known".into();
            control(Refuse { reason: RefuseReason::Older, text, current: Some(7) })
        }
        "register" => {
            let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4001));
            control(Register { addresses: vec![anywhere] })
        }
        "register-refused" => {
            let text = "ann is taken".into();
            control(RegisterRefused { reason: RegisterError::NameTaken, text })
        }
        "snapshot" => {
            let peers = vec![peer(ann, "ann", address(7, 4001))];
            control(Snapshot { epoch: epoch(1), peers })
        }
        "changes" => {
            let joined = vec![peer(bob, "bob", address(8, 4002))];
            control(Changes { from: epoch(1), to: epoch(3), joined, left: vec![] })
        }
        "welcome" => control(Welcome {}),
        "lookup" => app(Lookup { call: 7, key: "key".into() }),
        "found" => app(Found { call: 7, value: Some("value".into()) }),
        "call-refused" => {
            let text = "no lookups here".into();
            control(CallRefused { call: 7, reason: CallError::Unsupported, text })
        }
        name => panic!("nobody knows what {name} stands for"),
    }
}

/// A message of either set.
#[derive(Clone, Debug, PartialEq)]
enum Either {
    Control(Control),
    App(App),
}

fn control(message: impl Into<Control>) -> Either {
    Either::Control(message.into())
}

fn app(message: impl Into<App>) -> Either {
    Either::App(message.into())
}

/// Reads a frame of either set, and what follows the header.
fn decode(frame: &[u8], title: &str) -> Result<Either, DecodeError> {
    let id = u16::from_le_bytes([frame[0], frame[1]]);
    let len = u32::from_le_bytes([frame[2], frame[3], frame[4], frame[5]]) as usize;
    assert_eq!(frame.len(), HEADER_LEN + len, "{title}: the length is right");
    let value = Bytes::copy_from_slice(&frame[HEADER_LEN..]);
    match Control::info(id) {
        Some(_) => Control::decode(id, &value).map(Either::Control),
        None => App::decode(id, &value).map(Either::App),
    }
}

fn encode(message: &Either) -> Vec<u8> {
    let mut frame = Vec::new();
    let encoded = match message {
        Either::Control(message) => message.encode_frame(&mut frame),
        Either::App(message) => message.encode_frame(&mut frame),
    };
    encoded.expect("the document's messages keep to the spec");
    frame
}

#[test]
fn every_frame_is_what_the_document_says() {
    for block in blocks(WIRE, "hex") {
        let (frame, message) = (block.bytes(), meaning(block.info[1]));
        assert_eq!(decode(&frame, &block.title()).as_ref(), Ok(&message), "{}", block.title());
        assert_eq!(encode(&message), frame, "{}", block.title());
    }
}

#[test]
fn every_message_of_the_set_control_is_shown() {
    let shown: Vec<_> = blocks(WIRE, "hex").iter().map(Block::bytes).collect();
    for info in Control::infos() {
        let id = info.id.to_le_bytes();
        // `Deregister` has no fields, like `Ping` and `Welcome`, and is described by them.
        let is_shown = shown.iter().any(|frame| frame.starts_with(&id));
        assert!(is_shown || info.name == "Deregister", "no example of {}", info.name);
    }
}

#[test]
fn what_the_document_calls_refused_is_refused_for_that_reason() {
    for block in blocks(WIRE, "refused") {
        let reason = match decode(&block.bytes(), &block.title()) {
            Ok(message) => panic!("{} is accepted: {message:?}", block.title()),
            Err(error) => format!("{:?}", error.kind()),
        };
        assert!(reason.starts_with(block.info[2]), "{}: {reason}", block.title());
    }
}

#[test]
fn what_the_document_calls_skipped_is_left_out_when_written_again() {
    for block in blocks(WIRE, "skipped") {
        let message = decode(&block.bytes(), &block.title());
        assert_eq!(message.as_ref(), Ok(&meaning(block.info[1])), "{}", block.title());
    }
}
