//! netport's own messages, by hand: what the generated code looks like to its users.

use tlv_core::{
    DecodeErrorKind, Message as _, MessageSet as _, Request, Response, Uuid,
    messages::{
        App, AppRef, Control, ControlRef, Epoch, Found, Greet, Lookup, Mood, Peer, Snapshot,
    },
};

fn peer(name: &str) -> Peer {
    Peer::new(
        Uuid::from_bytes([7; 16]),
        1,
        2,
        name,
        vec!["127.0.0.1:80".parse().expect("an address")],
    )
}

#[test]
fn a_message_is_a_frame_and_back() {
    let greet = Greet::new("hello").with_mood(Mood::Happy);
    let frame = greet.to_frame().expect("in bounds");
    let bytes = b"\x02\x01\x0e\0\0\0\x05\0hello\x01\0\x01\0\0\0\x01";
    assert_eq!(frame, &bytes[..]);
    let (rest, record) = tlv_core::record::frame(&frame).expect("whole");
    assert!(rest.is_empty());
    let AppRef::Greet(borrowed) = App::borrow(record.id, record.value).expect("valid") else {
        panic!("another message");
    };
    assert_eq!((borrowed.text, borrowed.mood), ("hello", Some(Mood::Happy)));
    assert_eq!(borrowed.to_owned(), Ok(greet));
}

#[test]
fn an_error_says_where_and_what() {
    let snapshot = Snapshot::new(Epoch::new(1, 2), vec![peer("ann"), peer("bob")]);
    let frame = snapshot.to_frame().expect("in bounds");
    let mut value = frame[6..].to_vec();
    let at = value.windows(3).position(|name| name == b"bob").expect("it is there");
    value[at + 1] = 0xff;
    let error = Snapshot::decode(&value).expect_err("no UTF-8");
    assert_eq!(error.offset(), at + 1);
    assert_eq!(error.path(), "Snapshot.peers[1].name");
    assert_eq!(error.kind(), &DecodeErrorKind::InvalidUtf8 { valid_up_to: 1 });

    // The borrowed form is checked when it is walked.
    let ControlRef::Snapshot(borrowed) = Control::borrow(Snapshot::ID, &value).expect("lazy")
    else {
        panic!("another message");
    };
    let results: Vec<bool> = borrowed.peers.iter().map(|peer| peer.is_ok()).collect();
    assert_eq!(results, [true, false]);
}

#[test]
fn a_request_knows_its_response() {
    fn response<R: Request>() -> &'static str {
        R::Response::NAME
    }
    assert_eq!(response::<Lookup>(), "Found");
    let mut found = Found::new(Some("value".to_owned()));
    found.set_call(9);
    assert_eq!(found.call, 9);
    assert_eq!(Lookup::new("key").call(), 0);
}
