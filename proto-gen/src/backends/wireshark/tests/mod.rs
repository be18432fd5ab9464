//! The dissector in the real `tshark`: what it shows is what the interpreter decodes.

mod expected;
mod pdml;
mod tshark;

use expected::expected;
use pdml::{Field, compare, packets};
use tshark::{Capture, dissect, info_column, is_here, tshark};

use crate::dynamic::fixture::everything;
use crate::dynamic::{Fault, Prng, Value, cases, damaged, decode_traced, encode, frame, mutate};
use crate::schema::Schema;

/// A value as sent: of which message, and as which bytes.
struct Sent {
    id: u16,
    name: String,
    value: Vec<u8>,
}

/// Mutations of each case.
const MUTATIONS: usize = 4;

/// Every case of every message, every kind of damage, and what chance makes of the cases.
fn everything_sent(schema: &Schema) -> Vec<Sent> {
    let mut prng = Prng::from_text(&schema.name);
    let mut out = Vec::new();
    for message in schema.messages() {
        let mut push = |name: String, value: Vec<u8>| {
            // One packet each.
            if value.len() < 60_000 {
                out.push(Sent { id: message.id, name, value });
            }
        };
        for case in cases(schema, message) {
            let bytes = encode(schema, message, &case.value).expect("a case encodes");
            for index in 0..MUTATIONS {
                let mut mutated = bytes.clone();
                mutate(&mut prng, &mut mutated);
                push(format!("{}, mutation {index}", case.name), mutated);
            }
            push(case.name, bytes);
        }
        for damaged in damaged(schema, message) {
            push(damaged.name, damaged.bytes);
        }
    }
    out
}

/// Sends each value in a packet of its own, and compares what is shown of each with what the
/// interpreter says of it.
fn check(schema: &Schema) {
    let sent = everything_sent(schema);
    let mut capture = Capture::new();
    for sent in &sent {
        capture.packet(&frame(sent.id, &sent.value));
    }
    let packets = dissect(schema, &capture, true);
    assert_eq!(packets.len(), sent.len());
    let filter = crate::backends::layout::filter_name(&schema.name);
    for (sent, packet) in sent.iter().zip(packets) {
        let message = schema.messages().find(|message| message.id == sent.id).expect("its id");
        let (steps, result) = decode_traced(schema, message, &sent.value);
        let context = format!("{} {}", message.meta.name, sent.name);
        match result {
            Ok(_) => {
                let wanted = expected(schema, message, &steps, &sent.value);
                compare(&filter, &wanted, &packet, &context);
            }
            Err(fault) => compare_fault(&filter, &fault, &packet, &context),
        }
    }
}

fn compare_fault(filter: &str, fault: &Fault, found: &[Field], context: &str) {
    let show = |name: &str| {
        let name = format!("{filter}.fault.{name}");
        found.iter().find(|field| field.name == name).map(|field| field.show.as_str())
    };
    assert_eq!(show("class"), Some(fault.class.name()), "{context}");
    // Of a value that is too long only the header is looked at.
    assert_eq!(show("offset"), Some(fault.offset.to_string().as_str()), "{context}");
    assert_eq!(show("path"), Some(fault.path.as_str()), "{context}");
}

#[test]
fn the_dissector_of_every_type_shows_what_the_interpreter_decodes() {
    if !is_here() {
        return;
    }
    check(&everything());
}

#[test]
fn the_dissector_of_this_protocol_shows_what_the_interpreter_decodes() {
    if !is_here() {
        return;
    }
    check(&this_protocol());
}

fn this_protocol() -> Schema {
    let spec = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    crate::load(spec).expect("the spec is right")
}

/// Frames of `Tiny`, and one whose fields are long enough to be cut anywhere.
fn two_messages(schema: &Schema) -> (Vec<u8>, Vec<u8>) {
    let of = |name: &str| {
        let message = crate::dynamic::fixture::find(schema, name);
        let value = crate::dynamic::typical(schema, message);
        frame(message.id, &encode(schema, message, &value).expect("it encodes"))
    };
    (of("Tiny"), of("Tails"))
}

#[test]
fn many_frames_in_one_packet_and_one_frame_in_many_are_all_shown() {
    if !is_here() {
        return;
    }
    let schema = everything();
    let (tiny, tails) = two_messages(&schema);
    let mut capture = Capture::new();
    capture.packet(&[tiny.clone(), tails.clone(), tiny.clone()].concat());
    for part in tails.chunks(5) {
        capture.packet(part);
    }
    capture.packet(&tiny);
    let packets = dissect(&schema, &capture, true);
    let shown: Vec<usize> = packets
        .iter()
        .map(|packet| packet.iter().filter(|f| f.name == "everything.message").count())
        .filter(|count| *count > 0)
        .collect();
    assert_eq!(shown, [3, 1, 1]);
    let info = &info_column(&schema, &capture)[0];
    assert_eq!(info.matches("Tiny").count(), 2, "{info}");
    assert!(info.contains("Tails(first=\"first\""), "{info}");
}

/// The frame of a `Hello` of this protocol.
fn hello(protocol: &Schema) -> Vec<u8> {
    let all = protocol.with_control();
    let message = all.messages().find(|message| message.id == 2).expect("netport's");
    let mut said = crate::dynamic::typical(&all, message);
    said.head[0] = Value::Unsigned(0x5450_4e21);
    said.head[2] = Value::Str(protocol.name.clone());
    frame(message.id, &encode(&all, message, &said).expect("it encodes"))
}

#[test]
fn a_connection_is_recognised_by_its_hello_and_others_are_not() {
    if !is_here() {
        return;
    }
    let schema = everything();
    let (tiny, tails) = two_messages(&schema);
    let goodbye = frame(6, &[1, 0]);
    let mut capture = Capture::new();
    for frame in [&hello(&schema), &tails, &tiny, &goodbye] {
        capture.packet(frame);
    }
    let packets = dissect(&schema, &capture, false);
    // `Role` is the spec's own, and that of `Hello` netport's.
    for (packet, name) in
        packets.iter().zip(["hello.role", "tails.role", "tiny.on", "goodbye.reason"])
    {
        let name = format!("everything.{name}");
        assert!(packet.iter().any(|field| field.name == name), "{name}: {packet:?}");
    }
    let mut wrong_magic = hello(&schema);
    wrong_magic[6] ^= 1;
    let other = crate::schema::Schema { name: "everyone".to_owned(), ..everything() };
    for first in
        [&b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"[..], &tiny, &wrong_magic, &hello(&other)]
    {
        let mut capture = Capture::new();
        capture.packet(first);
        capture.packet(&tails);
        let packets = dissect(&schema, &capture, false);
        assert!(packets.iter().all(|packet| packet.is_empty()), "{packets:?}");
    }
}

#[test]
fn two_dissectors_take_the_connections_of_their_own_protocols() {
    if !is_here() {
        return;
    }
    let (first, second) = (everything(), this_protocol());
    let mut capture = Capture::new();
    capture.packet(&hello(&first));
    capture.packet(&two_messages(&first).0);
    capture.next_connection();
    capture.packet(&hello(&second));
    capture.packet(&frame(0x0102, &[2, 0, b'h', b'i']));
    for schemas in [[&first, &second], [&second, &first]] {
        let shown = tshark(&schemas, &capture, false, &str::to_owned, &["-T", "pdml"]);
        let taken = |filter: &str| -> Vec<bool> {
            packets(&shown, filter).iter().map(|packet| !packet.is_empty()).collect()
        };
        assert_eq!(taken("everything"), [true, true, false, false]);
        assert_eq!(taken("netport"), [false, false, true, true]);
    }
}

#[test]
fn what_is_too_much_for_a_tree_is_cut_and_the_rest_shown() {
    if !is_here() {
        return;
    }
    let schema = everything();
    let (tiny, tails) = two_messages(&schema);
    let mut capture = Capture::new();
    capture.packet(&[tails, tiny].concat());
    let few = |script: &str| script.replace("ITEMS_MAX = 900000", "ITEMS_MAX = 4");
    let shown = tshark(&[&schema], &capture, true, &few, &["-T", "fields", "-e", "_ws.col.Info"]);
    assert!(shown.starts_with("Tails(first=\"first\" mood=Happy role=Client), Tiny"), "{shown}");
    let shown = packets(&tshark(&[&schema], &capture, true, &few, &["-T", "pdml"]), "everything");
    let names: Vec<_> = shown[0].iter().map(|field| field.name.as_str()).collect();
    let header = ["everything.message", "everything.message.len"];
    let first = ["everything.tails.first.len", "everything.tails.first"];
    let record = ["everything.record.id", "everything.record.len", "everything.cut"];
    assert_eq!(names, [&header[..], &first, &record, &header, &["everything.cut"]].concat());
}

#[test]
fn what_chance_sends_is_dissected_without_a_complaint() {
    if !is_here() {
        return;
    }
    let schema = this_protocol();
    let mut prng = Prng::from_text("bytes");
    let mut capture = Capture::new();
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..prng.below(300)).map(|_| prng.below(256) as u8).collect();
        capture.packet(&bytes);
    }
    for by_port in [true, false] {
        let shown = tshark(&[&schema], &capture, by_port, &str::to_owned, &["-V"]);
        for complaint in ["Lua Error", "Dissector bug", "possible infinite loop"] {
            assert!(!shown.contains(complaint), "{complaint}");
        }
    }
}

#[test]
fn unknown_messages_are_shown_as_such() {
    if !is_here() {
        return;
    }
    let schema = everything();
    let mut capture = Capture::new();
    capture.packet(&frame(0x7771, b"abc"));
    let packets = dissect(&schema, &capture, true);
    assert_eq!(info_column(&schema, &capture)[0].trim(), "unknown message 0x7771 (may be skipped)");
    let last = packets[0].last().expect("fields");
    assert_eq!((last.name.as_str(), last.size), ("everything.unknown.value", 3));
}
