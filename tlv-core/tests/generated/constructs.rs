//! What each construct of a spec becomes, seen by its users.

use tlv_core::{EncodeErrorKind, Message as _, MessageSet as _, bytes::Bytes};

use crate::goldens::*;

#[test]
fn an_open_enum_keeps_numbers_and_orders_by_them() {
    use enum_open::Mood;
    assert_eq!(Mood::from(7), Mood::Happy);
    let unknown = Mood::from(8);
    assert!(matches!(unknown, Mood::Unknown(number) if number.get() == 8));
    assert_eq!(u8::from(unknown), 8);
    assert!(Mood::Happy < unknown && unknown < Mood::from(9));
}

#[test]
fn a_closed_enum_has_no_other_values() {
    use enum_closed::Role;
    assert_eq!(Role::try_from(300), Ok(Role::Client));
    assert_eq!(Role::try_from(2), Err(2));
}

#[test]
fn flags_are_sets_of_bits() {
    use flags::Can;
    let both = Can::WALK | Can::FLY_HIGH;
    assert_eq!(both.bits(), 0x8001);
    assert!(both.contains(Can::WALK) && !Can::WALK.contains(both));
    assert_eq!(format!("{:?}", both | Can::from_bits(0x40)), "walk | fly_high | 0x40");
    assert_eq!(format!("{:?}", Can::empty()), "0x0");
}

#[test]
fn constants_are_constants() {
    assert_eq!(constants::MAGIC, 0x5450_4e21);
    assert_eq!((constants::COLD, constants::FAR), (-273, 1_234.567_891_5));
    assert_eq!((constants::NAME, constants::YES), ("a \"b\"", true));
}

#[test]
fn keywords_are_names() {
    let message = keywords::Type::new(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
        .with_mod(keywords::Mod::STATIC)
        .with_tail("t".to_owned());
    assert_eq!((message.r#type, message.self_, message.super_, message.crate_), (1, 2, 3, 4));
    let frame = message.to_frame().expect("it keeps to the spec");
    assert_eq!(keywords::Type::decode(&frame[6..]), Ok(message));
}

#[test]
fn what_is_retained_goes_back_to_its_place() {
    let record = |id: u8| [id, 0, 1, 0, 0, 0, id];
    let records = [1, 3, 5, 11].map(record).concat();
    let value = [&[2, b'h', b'i', 0][..], &records].concat();
    let relay = retain::Relay::decode(&value).expect("odd ids may be unknown");
    assert_eq!(relay.mood, Some(3));
    let ids: Vec<u16> = relay.retained.iter().map(|record| record.id()).collect();
    assert_eq!(ids, [1, 5, 11]);
    assert_eq!(relay.to_frame().expect("as it came")[6..], value);
    let borrowed = retain::Relay::borrow(&value).expect("as above");
    assert_eq!(borrowed.tail().records().count(), 4);
    assert_eq!(borrowed.to_owned().as_ref(), Ok(&relay));
    // What one message retains another may know.
    let other = retain::Relay { mood: None, ..relay.clone() };
    let known = retain::Relay::decode(&[&[0, 0][..], &record(5)].concat()).expect("unknown here");
    assert_eq!(other.to_frame().expect("3 is absent").len(), 6 + value.len() - 7);
    assert_eq!(known.retained.iter().count(), 1);
}

#[test]
fn a_record_from_elsewhere_is_refused() {
    let foreign = tail::Everything::decode(0x0104, &Bytes::from_static(b"x")).expect("unknown");
    let tail::Everything::Unknown(record) = foreign else { panic!("it is unknown") };
    let error = maps::Everything::Unknown(record.clone()).value_len();
    assert_eq!(error, Ok(1), "unknown there too");
    let error = arrays::Everything::Unknown(record).value_len().expect_err("known there");
    assert_eq!(error.kind(), &EncodeErrorKind::NotUnknown { id: 0x0104 });
}

#[test]
fn an_unknown_odd_variant_is_kept_in_its_place() {
    use union::Shape;
    let circle = Shape::from(union::ShapeCircle::new(7));
    let drawing =
        union::Drawing::new(circle, vec![Shape::Dot(union::ShapeDot::new())], <_>::default());
    let mut value = drawing.to_frame().expect("it keeps to the spec")[6..].to_vec();
    value[11] = 77;
    let other = union::Drawing::decode(&value).expect("odd variants may be unknown");
    let [Shape::Unknown(record)] = &other.others[..] else { panic!("{other:?}") };
    assert_eq!((record.id(), record.value().len()), (77, 0));
    assert_eq!(other.to_frame().expect("as it came")[6..], value);
}

#[test]
fn bytes_share_the_received_buffer() {
    let message = text::Text::new("", "", "", vec![1; 10].into(), vec![2; 1_000].into());
    let frame = message.to_frame().expect("it keeps to the spec");
    let value = frame.slice(6..);
    let shared = text::Text::decode_bytes(&value).expect("it came from there");
    let range = value.as_ptr_range();
    for part in [&shared.data, &shared.more] {
        let part = part.as_ptr_range();
        assert!(range.start <= part.start && part.end <= range.end, "a copy");
    }
    let copied = text::Text::decode(&value).expect("it came from there");
    assert_eq!(copied, shared);
    assert!(!range.contains(&copied.more.as_ptr()), "it shares what it does not own");
}

#[test]
fn arrays_above_4_kib_are_boxed() {
    fn type_name<T>(_: &T) -> &'static str {
        std::any::type_name::<T>()
    }
    let big = arrays::BigArrays::new(
        Box::new([7; 1_025]),
        [8; 1_024],
        Box::new(std::array::from_fn(|_| String::new())),
    );
    assert!(type_name(&big.large).contains("Box"));
    assert!(size_of::<arrays::BigArrays>() <= 4_096 + 2 * size_of::<usize>());
    let frame = big.to_frame().expect("it keeps to the spec");
    assert_eq!(arrays::BigArrays::decode(&frame[6..]), Ok(big));
}

#[test]
fn a_borrowed_list_is_walked_in_place() {
    let points = (0..30).map(|n| struct_frozen::Point::new(n as f32, 0.5)).collect();
    let home = struct_frozen::Point::new(1.0, 2.0);
    let message = struct_frozen::Structs::new(
        home,
        struct_frozen::Switch::new(home, true, std::time::Duration::from_secs(1)),
        struct_frozen::Person::new(30, 180, "ann", home),
        points,
        vec![],
        vec![struct_frozen::Person::new(40, 170, "bob", home)],
    );
    let frame = message.to_frame().expect("it keeps to the spec");
    let borrowed = struct_frozen::Structs::borrow(&frame[6..]).expect("it came from there");
    assert_eq!((borrowed.points.len(), borrowed.switches.is_empty()), (30, true));
    let xs: Result<Vec<f32>, _> = borrowed.points.iter().map(|p| p.map(|p| p.x)).collect();
    assert_eq!(xs.expect("any bytes are floats")[29], 29.0);
    let names: Vec<&str> =
        borrowed.people.iter().map(|person| person.expect("it is valid").name).collect();
    assert_eq!(names, ["bob"]);
    assert!(frame.as_ptr_range().contains(&names[0].as_ptr()), "a copy");
    assert_eq!(borrowed.points.to_vec().as_ref(), Ok(&message.points));
    assert_eq!(borrowed.to_owned(), Ok(message));
}

#[test]
fn single_fields_are_read_without_the_others() {
    let peers =
        vec![struct_extensible::Peer::new(7, "ann"), struct_extensible::Peer::new(9, "bob")];
    let message = struct_extensible::Peers::new(
        peers[0].clone(),
        peers,
        struct_extensible::Blank::new(),
        vec![],
        None,
    );
    let mut value = message.to_frame().expect("it keeps to the spec")[6..].to_vec();
    // The second of the list has a name that is no text.
    let at = value.windows(3).rposition(|name| name == b"bob").expect("it is there");
    value[at] = 0xff;
    let borrowed = struct_extensible::Peers::borrow(&value).expect("elements are not read yet");
    let ids: Result<Vec<u32>, _> = borrowed.rest.peek().map(|peer| peer.id()).collect();
    assert_eq!(ids, Ok(vec![7, 9]));
    let names: Vec<_> = borrowed.rest.peek().map(|peer| peer.name()).collect();
    assert_eq!(names[0], Ok("ann"));
    let error = names[1].as_ref().expect_err("it is no text");
    assert_eq!((error.offset(), &*error.path()), (5, "name"));

    let home = struct_frozen::Point::new(1.0, 2.0);
    let person = struct_frozen::Person::new(30, 180, "ann", home);
    let value = [&[0; 25][..], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    let mut value = value;
    value.extend_from_slice(&{
        let mut bytes = vec![30, 180, 0, 3];
        bytes.extend_from_slice(b"ann");
        bytes.extend_from_slice(&1f32.to_le_bytes());
        bytes.extend_from_slice(&2f32.to_le_bytes());
        bytes
    });
    let borrowed = struct_frozen::Structs::borrow(&value).expect("it is valid");
    let found: Vec<_> = borrowed.people.peek().map(|p| (p.tall(), p.name(), p.home())).collect();
    assert_eq!(found, [(Ok(person.tall), Ok("ann"), Ok(home))]);
}

#[test]
fn parsers_compose_with_nom() {
    use nom::{
        Parser as _, bytes::complete::tag, combinator::map, multi::count, sequence::preceded,
    };
    use tlv_core::{
        DecodeError, parse,
        wire::{List, Str, Wire as _},
    };
    let mut parser = preceded(
        tag::<_, _, DecodeError>(&b"!"[..]),
        (count(Str::<9>::read_ref, 2), map(List::<u16, 4>::read_ref, |list| list.len())),
    );
    let input = b"!\x01a\x02bc\x02\x01\0\x02\0rest";
    let (rest, (texts, numbers)) = parser.parse(input).expect("it is valid");
    assert_eq!((rest, &texts[..], numbers), (&b"rest"[..], &["a", "bc"][..], 2));
    assert!(parser.parse(b"?").is_err());
    assert_eq!(parse::chunk::<2>(b"ab").map(|(_, chunk)| *chunk), Ok(*b"ab"));
}

#[test]
fn what_a_spec_says_about_a_message_can_be_asked() {
    let info = calls::Everything::info(0x0101).expect("it is in the set");
    assert_eq!((info.name, info.from, info.max_len), ("Ask", &[2][..], 65_536));
    assert_eq!(info.pair, Some(tlv_core::Pair::RequestOf(0x0104)));
    assert_eq!(calls::Everything::info(0x0202), None);
    assert_eq!(calls::Other::PROTOCOL.name, "calls");
    assert_eq!(enum_open::Moods::SINCE, 1);
}
