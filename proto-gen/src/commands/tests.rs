use std::io::{self, Read};

use super::decode::{Form, Printer};
use super::encode::encode_frames;
use super::input::{Input, InputForm, open};
use super::pcap::Stream;
use crate::dynamic::fixture::{everything, find};
use crate::dynamic::{cases, damaged, encode, frame, typical};
use crate::schema::Schema;

/// What is printed of a stream, and how many faults were in it.
fn printed(schema: &Schema, form: Form, stream: &[u8]) -> (String, usize) {
    let mut printer = Printer::new(schema, form, Vec::new());
    printer.stream("", stream).expect("memory does not fail");
    let (text, faults) = printer.finish();
    (String::from_utf8(text).expect("text"), faults)
}

/// What an input is taken for: one stream's bytes, or those of a capture.
fn opened(form: InputForm, input: &[u8]) -> io::Result<Vec<Stream>> {
    Ok(match open(form, input)? {
        Input::Capture(streams) => streams,
        Input::Stream(mut stream) => {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes)?;
            vec![Stream { name: String::new(), bytes, hole: false }]
        }
    })
}

#[test]
fn what_decode_prints_as_json_encodes_to_the_same_bytes() {
    let schema = everything();
    let mut bytes = Vec::new();
    for message in schema.messages() {
        for case in cases(&schema, message) {
            bytes.extend(frame(message.id, &encode(&schema, message, &case.value).unwrap()));
        }
        for damaged in damaged(&schema, message) {
            if damaged.outcome.is_err() {
                bytes.extend(frame(message.id, &damaged.bytes));
            }
        }
    }
    bytes.extend(frame(0x7771, b"unknown"));
    bytes.extend([1, 2, 3]);
    let (text, faults) = printed(&schema, Form::Json, &bytes);
    assert!(faults > 50);
    let frames: Result<Vec<_>, _> = encode_frames(&schema, text.as_bytes()).collect();
    assert_eq!(frames.map(|frames| frames.concat()), Ok(bytes));
}

#[test]
fn the_tree_shows_offsets_bytes_and_values_and_goes_on_after_a_fault() {
    let schema = everything();
    let kept = find(&schema, "Kept");
    let mut bytes = frame(kept.id, &encode(&schema, kept, &typical(&schema, kept)).unwrap());
    bytes.extend(frame(find(&schema, "Tiny").id, &[2]));
    bytes.extend(frame(0x7771, b"unknown"));
    bytes.extend([0x0c, 0x01, 9, 0, 0, 0, 1]);
    let (text, faults) = printed(&schema, Form::Tree, &bytes);
    assert_eq!(faults, 2);
    let wanted = "\
000000  0a 01 27 00 00 00          App.Kept, id 0x010a, 39 bytes
000006  a1 00 00 00 00 00 00 00..    id: a1000000-0000-0000-0000-000000000001
000016  04 00 11 00 00 00            ip: tail record 4, 17 bytes
00001c  06 20 01 0d b8 00 00 00..    ip: 2001:db8::3
00002d  09 01 01 00 00 00          App.Tiny, id 0x0109, 1 byte
";
    assert!(text.starts_with(wanted), "{text}");
    assert!(text.contains("!! bad-bool: Tiny.on at byte 0 of the value"), "{text}");
    assert!(text.contains("unknown message (may be skipped), id 0x7771, 7 bytes"));
    assert!(text.contains("!! truncated: the header announces 9 bytes, 1 are there"));
}

#[test]
fn hex_is_told_from_binary() {
    let read = |form, input: &[u8]| match opened(form, input) {
        Ok(mut found) => Ok(found.remove(0).bytes),
        Err(error) => Err(error.to_string()),
    };
    assert_eq!(read(InputForm::Auto, b"0a 01:00,0x00\n"), Ok(vec![10, 1, 0, 0]));
    assert_eq!(read(InputForm::Auto, &[10, 1, 0]), Ok(vec![10, 1, 0]));
    assert_eq!(read(InputForm::Auto, b""), Ok(vec![]));
    // Letters that are digits too, but a header that is none.
    assert_eq!(read(InputForm::Auto, b"aa\n\0\0\0"), Ok(b"aa\n\0\0\0".to_vec()));
    assert_eq!(read(InputForm::Binary, b"0a"), Ok(b"0a".to_vec()));
    assert_eq!(read(InputForm::Hex, b"0a1"), Err("the number of hex digits is odd".to_owned()));
    let wrong = |letter: &str| Err(format!("there is `{letter}` among the hex digits"));
    assert_eq!(read(InputForm::Hex, b"zz"), wrong("z"));
    assert_eq!(read(InputForm::Auto, b"00 01 02 \xff"), wrong("\\xff"));
    assert_eq!(read(InputForm::Hex, b"10x"), wrong("x"));
}

#[test]
fn hex_that_breaks_off_is_shown_up_to_there() {
    let schema = everything();
    let Input::Stream(input) = open(InputForm::Auto, &b"0901 01000000 01 oh"[..]).unwrap() else {
        panic!("one stream");
    };
    let mut printer = Printer::new(&schema, Form::Tree, Vec::new());
    assert!(printer.stream("", input).is_err());
    assert!(String::from_utf8(printer.finish().0).unwrap().contains("on: true"));
}

#[test]
fn what_a_header_announces_beyond_its_bound_is_too_long_whether_or_not_it_is_there() {
    let schema = everything();
    let tiny = find(&schema, "Tiny").id;
    let known = [&frame(tiny, &[0; 17])[..], &frame(tiny, &[1])].concat();
    let unknown = [&frame(0x7771, &[0; 65_537])[..], &frame(tiny, &[1])].concat();
    let endless = [&tiny.to_le_bytes()[..], &[0xff; 4], b"more"].concat();
    let half = [&tiny.to_le_bytes()[..], &[17, 0, 0, 0, 1]].concat();
    for (stream, frames, path) in
        [(&known, 2, "Tiny"), (&unknown, 2, "0x7771"), (&endless, 1, "Tiny"), (&half, 0, "")]
    {
        let (text, faults) = printed(&schema, Form::Tree, stream);
        assert_eq!((faults, text.matches(", id 0x").count()), (1, frames), "{text}");
        assert!(text.contains(&format!("!! too-long: {path}")), "{text}");
        let (text, faults) = printed(&schema, Form::Json, stream);
        assert_eq!(faults, 1);
        assert!(text.contains(r#""class":"too-long""#), "{text}");
    }
}

/// A classic capture of Ethernet frames with these TCP segments, all from one end to the other.
fn capture(segments: &[(u32, u8, &[u8])]) -> Vec<u8> {
    let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    out.extend([0; 12]);
    out.extend(1_u32.to_le_bytes());
    for (sequence, flags, data) in segments {
        let mut packet = vec![0; 12];
        packet.extend([8, 0, 0x45, 0]);
        packet.extend((40 + data.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        packet.extend([0x10, 0, 0x20, 0]);
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, *flags, 0, 0, 0, 0, 0, 0]);
        packet.extend_from_slice(data);
        out.extend([0; 8]);
        out.extend((packet.len() as u32).to_le_bytes());
        out.extend((packet.len() as u32).to_le_bytes());
        out.extend(packet);
    }
    out
}

#[test]
fn a_capture_gives_the_stream_in_order_and_once() {
    let start = u32::MAX - 3;
    let capture = capture(&[
        (start, 2, b""),
        (start.wrapping_add(4), 16, b"def"),
        (start.wrapping_add(1), 16, b"abc"),
        (start.wrapping_add(1), 16, b"abcd"),
        (start.wrapping_add(7), 16, b"g"),
        (start.wrapping_add(9), 16, b"after a hole"),
    ]);
    let found = opened(InputForm::Auto, &capture).unwrap();
    let name = "127.0.0.1:4096 -> 127.0.0.2:8192".to_owned();
    assert_eq!(found, [Stream { name, bytes: b"abcdefg".to_vec(), hole: true }]);
}

#[test]
fn a_hole_in_a_capture_is_a_fault_that_is_told() {
    let schema = everything();
    for (form, wanted) in [
        (Form::Tree, "000007  !! truncated: bytes are missing from the capture"),
        (Form::Json, r#""class":"truncated","detail":"bytes are missing from the capture"#),
    ] {
        let mut printer = Printer::new(&schema, form, Vec::new());
        printer.hole("a -> b", 7).unwrap();
        let (text, faults) = printer.finish();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(wanted) && faults == 1, "{text}");
    }
}

#[test]
fn a_connection_between_the_same_ends_as_an_earlier_one_is_a_stream_of_its_own() {
    let first = [(7, 2, &b""[..]), (7, 2, b""), (8, 16, b"abc")];
    let second = [(900_000, 2, &b""[..]), (900_001, 16, b"de")];
    let found = opened(InputForm::Auto, &capture(&[&first[..], &second].concat())).unwrap();
    let bytes: Vec<_> = found.iter().map(|stream| (&stream.bytes[..], stream.hole)).collect();
    assert_eq!(bytes, [(&b"abc"[..], false), (b"de", false)]);
}

#[test]
fn any_damage_to_a_capture_is_no_panic() {
    let whole = capture(&[(0, 2, b""), (1, 16, b"abc")]);
    for len in 0..whole.len() {
        let _ = opened(InputForm::Pcap, &whole[..len]);
        let mut changed = whole.clone();
        changed[len] ^= 0xff;
        let _ = opened(InputForm::Pcap, &changed);
    }
}
