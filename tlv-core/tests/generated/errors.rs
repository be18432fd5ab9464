//! Every kind of error, with the place that it names.

use tlv_core::{DecodeErrorKind as Kind, EncodeErrorKind, Message};

use crate::goldens::*;

/// Refused as owned, and in place once walked, at this place.
#[track_caller]
fn refused<M: Message>(value: &[u8], kind: Kind, offset: usize, path: &str) {
    let error = M::decode(value).expect_err("it must be refused");
    assert_eq!((error.kind(), error.offset(), &*error.path()), (&kind, offset, path));
    assert_eq!(error.message(), M::NAME);
    match M::borrow(value) {
        // Elements are refused when walked.
        Ok(borrowed) => assert_eq!(M::own(borrowed).expect_err("it must be refused").kind(), &kind),
        Err(again) => assert_eq!(again, error),
    }
}

#[track_caller]
fn unwritable<M: Message>(message: &M, kind: EncodeErrorKind, path: &str) {
    let mut out = vec![1, 2, 3];
    let error = message.encode_frame(&mut out).expect_err("it must be refused");
    assert_eq!((error.kind(), &*error.path()), (&kind, path));
    assert_eq!(out, [1, 2, 3], "what stood there is unchanged");
}

/// The value of a message.
fn value(message: &impl Message) -> Vec<u8> {
    message.to_frame().expect("it keeps to the spec")[6..].to_vec()
}

#[test]
fn truncated_names_the_first_field_that_does_not_fit() {
    let kind = |wanted, found| Kind::Truncated { wanted, found };
    refused::<numbers::Numbers>(&[1, 2], kind(2, 1), 1, "Numbers.u16");
    refused::<text::Text>(&[3, b'a'], kind(3, 1), 1, "Text.short");
    refused::<text::Text>(&[0, 5], kind(2, 1), 1, "Text.long");
}

#[test]
fn invalid_bool() {
    let mut bytes = value(&optional::Optional::new(Some(1), None, None));
    bytes[0] = 2;
    refused::<optional::Optional>(&bytes, Kind::InvalidBool { found: 2 }, 0, "Optional.a");
    let mut bytes = vec![0; 31 + 31 + 4 + 8 + 1];
    let at = bytes.len() - 1;
    bytes[at] = 9;
    refused::<numbers::Numbers>(&bytes, Kind::InvalidBool { found: 9 }, at, "Numbers.bool");
}

#[test]
fn invalid_utf8_in_an_element() {
    let bytes = value(&arrays::Arrays::new(
        1,
        [0; 4],
        [true; 3],
        [arrays::Pair::new(1, [2; 3]); 2],
        [[5; 2]; 3],
        ["ab".to_owned(), "cd".to_owned()],
        9,
    ));
    let at = bytes.len() - 2;
    let mut bytes = bytes;
    bytes[at] = 0xff;
    refused::<arrays::Arrays>(&bytes, Kind::InvalidUtf8 { valid_up_to: 1 }, at, "Arrays.names[1]");
    // A bool in an array in a run: the place is that of the element.
    bytes[6] = 3;
    refused::<arrays::Arrays>(&bytes, Kind::InvalidBool { found: 3 }, 6, "Arrays.flags[1]");
}

#[test]
fn texts_that_are_checked_together_are_refused_one_by_one() {
    let words = |first: &[u8], second: &[u8], third: &[u8]| {
        let parts = [first, second, third].map(|text| [&[text.len() as u8], text].concat());
        parts.concat()
    };
    let good = words("é".as_bytes(), &[b'x'; 200], "文".as_bytes());
    let read = text::Words::borrow(&good).expect("each is UTF-8");
    assert_eq!((read.first, read.second.len(), read.third), ("é", 200, "文"));
    // Half a character, which the length behind it would complete.
    let halves = words(&[0xc3], &[b'x'; 0xa9], b"");
    assert!(std::str::from_utf8(&halves[..halves.len() - 1]).is_ok(), "together they are");
    refused::<text::Words>(&halves, Kind::InvalidUtf8 { valid_up_to: 0 }, 1, "Words.first");
    let bytes = words(b"ab", b"c\xff", b"");
    refused::<text::Words>(&bytes, Kind::InvalidUtf8 { valid_up_to: 1 }, 5, "Words.second");
    let bytes = [&words(b"ab", b"c", b"")[..5], &[11]].concat();
    refused::<text::Words>(&bytes, Kind::OverBound { bound: 10, found: 11 }, 5, "Words.third");
    let bytes = [&words(b"ab", b"c", b"")[..5], &[9, b'd']].concat();
    refused::<text::Words>(&bytes, Kind::Truncated { wanted: 9, found: 1 }, 6, "Words.third");
}

#[test]
fn texts_of_one_and_two_bytes_of_length_are_checked_together() {
    let two = |short: &[u8], long: &[u8]| {
        let long_len = (long.len() as u16).to_le_bytes();
        [&[short.len() as u8], short, &long_len, long, &[0; 7]].concat()
    };
    let text = |value: &[u8]| text::Text::decode(value).map(|text| (text.short, text.long));
    for len in [0, 1, 127, 128, 256] {
        let long = "x".repeat(len);
        let read = text(&two("é".as_bytes(), long.as_bytes())).expect("each is UTF-8");
        assert_eq!(read, ("é".to_owned(), long));
    }
    // Half a character, which the length behind it would complete.
    let halves = two(&[0xc3], &[b'x'; 0xa9]);
    assert!(std::str::from_utf8(&halves[1..3]).is_ok(), "together they are");
    refused::<text::Text>(&halves, Kind::InvalidUtf8 { valid_up_to: 0 }, 1, "Text.short");
    let bytes = two(b"ab", b"c\xff");
    refused::<text::Text>(&bytes, Kind::InvalidUtf8 { valid_up_to: 1 }, 6, "Text.long");
    let bytes = two(b"ab", &[b'x'; 257]);
    refused::<text::Text>(&bytes, Kind::OverBound { bound: 256, found: 257 }, 3, "Text.long");
}

#[test]
fn over_bound_and_count_too_large() {
    refused::<text::Text>(&[0, 1, 1], Kind::OverBound { bound: 256, found: 257 }, 1, "Text.long");
    refused::<numbers::NumberLists>(
        &[21],
        Kind::OverBound { bound: 20, found: 21 },
        0,
        "NumberLists.u8",
    );
    refused::<numbers::NumberLists>(
        &[0, 3, 0, 0, 0],
        Kind::CountTooLarge { count: 3, left: 3 },
        1,
        "NumberLists.u16",
    );
}

#[test]
fn trailing_bytes_in_each_kind_of_region() {
    // Within an extensible struct stands its tail, so half a record is missing its end.
    let peer = struct_extensible::Peer::new(1, "ann");
    let message = struct_extensible::Peers::new(
        peer.clone(),
        vec![peer],
        struct_extensible::Blank::new(),
        vec![],
        None,
    );
    let mut bytes = value(&message);
    bytes[0] += 1;
    let kind = Kind::Truncated { wanted: 6, found: 1 };
    refused::<struct_extensible::Peers>(&bytes, kind, 10, "Peers.first");
    // A tail record longer than its value.
    let bytes = [0, 1, 0, 2, 0, 0, 0, 7, 7];
    refused::<tail::Note>(&bytes, Kind::TrailingBytes { left: 1 }, 8, "Note.mood");
}

#[test]
fn tails_out_of_order_or_unknown() {
    let record = |id: u8, value: u8| [id, 0, 1, 0, 0, 0, value];
    let tail = |records: &[[u8; 7]]| [&[0][..], &records.concat()].concat();
    let twice = tail(&[record(1, 5), record(1, 5)]);
    refused::<tail::Note>(&twice, Kind::TailDuplicate { id: 1 }, 8, "Note");
    let back = tail(&[record(9, 5), record(3, 5)]);
    refused::<tail::Note>(&back, Kind::TailOrder { id: 3, previous: 9 }, 8, "Note");
    let critical = tail(&[record(1, 5), record(4, 5)]);
    refused::<tail::Note>(&critical, Kind::UnknownCritical { id: 4 }, 8, "Note");
    refused::<tail::Note>(&tail(&[record(0, 5)]), Kind::UnknownCritical { id: 0 }, 1, "Note");
    refused::<tail::Ping>(&record(2, 0), Kind::UnknownCritical { id: 2 }, 0, "Ping");
}

#[test]
fn values_of_closed_enums_variants_of_unions_families() {
    refused::<enum_closed::Roles>(
        &[1, 0, 1, 2, 0, 1, 0, 1, 0],
        Kind::UnknownValue { found: 2 },
        3,
        "Roles.roles[0]",
    );
    refused::<union::Drawing>(
        &[4, 0, 0, 0, 0, 0],
        Kind::UnknownCritical { id: 4 },
        0,
        "Drawing.main",
    );
    refused::<union::Drawing>(
        &[2, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9],
        Kind::Truncated { wanted: 6, found: 1 },
        10,
        "Drawing.main.Circle",
    );
    refused::<addresses::Addresses>(&[5], Kind::BadFamily { found: 5 }, 0, "Addresses.ip");
}

#[test]
fn keys_that_do_not_ascend() {
    let bytes = [0, 0, 2, 1, b'b', 0, 1, b'b', 0, 0, 0, 0];
    refused::<maps::Maps>(&bytes, Kind::MapOrder, 6, "Maps.by_text[1].key");
    // Numbers by their value, not by their bytes.
    let bytes = [2, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    maps::Maps::decode(&bytes).expect("-1 stands before 0");
}

fn strict() -> constraints::Strict {
    let key = vec![1; 16].into();
    let grades = vec![constraints::Grade::new(6)];
    constraints::Strict::new(10, -1, 1.5, 0.0, "a", key, grades, <_>::default())
}

#[test]
fn constraints_hold_when_reading() {
    let good = value(&strict());
    constraints::Strict::decode(&good).expect("it keeps to every rule");
    let damaged = |at: usize, bytes: &[u8]| {
        let mut value = good.clone();
        value[at..at + bytes.len()].copy_from_slice(bytes);
        value
    };
    let rule = |rule| Kind::Constraint { rule };
    let small = damaged(0, &[9]);
    refused::<constraints::Strict>(&small, rule("a number from 10 to 60000"), 0, "Strict.small");
    let nan = damaged(10, &f32::NAN.to_le_bytes());
    refused::<constraints::Strict>(&nan, rule("a number from 0 to 1.5"), 10, "Strict.part");
    let bytes = [&good[..22], &[0], &good[24..]].concat();
    refused::<constraints::Strict>(&bytes, rule("at least one"), 22, "Strict.name");
    let bytes = [&good[..24], &[1, 1], &good[41..]].concat();
    refused::<constraints::Strict>(&bytes, rule("a length of 16 or 32"), 24, "Strict.key");
    let grade = damaged(42, &[7]);
    refused::<constraints::Strict>(
        &grade,
        rule("a number from 1 to 6"),
        42,
        "Strict.grades[0].points",
    );
    let bytes = [&good[..], &[1, 0, 1, 0, 0, 0, 101]].concat();
    refused::<constraints::Strict>(&bytes, rule("a number from 0 to 100"), 50, "Strict.share");
}

#[test]
fn constraints_and_bounds_hold_when_writing() {
    let rule = |rule| EncodeErrorKind::Constraint { rule };
    let message = constraints::Strict { part: f32::NAN, ..strict() };
    unwritable(&message, rule("a number from 0 to 1.5"), "Strict.part");
    let message = strict().with_tag("abc".to_owned());
    unwritable(&message, rule("a length of 2 or 4"), "Strict.tag");
    let grades = vec![constraints::Grade::new(1), constraints::Grade::new(0)];
    let message = constraints::Strict { grades, ..strict() };
    unwritable(&message, rule("a number from 1 to 6"), "Strict.grades[1].points");
    let message = text::Text::new("a".repeat(256), "", "", <_>::default(), <_>::default());
    unwritable(&message, EncodeErrorKind::OverBound { bound: 255, found: 256 }, "Text.short");
    let full = text::Text::new("", "", "a".repeat(65_530), <_>::default(), vec![0; 900].into());
    assert!(matches!(
        full.to_frame().expect_err("too long").kind(),
        EncodeErrorKind::TooLong { .. }
    ));
}

#[test]
fn what_the_format_cannot_carry_is_not_written() {
    use std::{net::SocketAddrV6, time::Duration};
    let scoped = SocketAddrV6::new("fe80::1".parse().expect("an address"), 80, 0, 7);
    let place = addresses::Place::new("::1".parse().expect("an address"), Some(scoped.into()));
    let message =
        addresses::Addresses::new(place.ip, "[::1]:80".parse().expect("an address"), place, vec![]);
    unwritable(&message, EncodeErrorKind::AddressDetail, "Addresses.place.near");
    let times = times::Times::new(
        tlv_core::Uuid::from_bytes([0; 16]),
        Duration::ZERO,
        tlv_core::Timestamp::EPOCH,
        vec![Duration::ZERO, Duration::from_secs(u64::MAX)],
        vec![],
    );
    unwritable(&times, EncodeErrorKind::DurationTooLong, "Times.laps[1]");
}
