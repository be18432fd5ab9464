use super::decode::{decode_json, decode_text};
use super::encode::encode_frames;
use super::input::{InputForm, streams};
use super::pcap::Stream;
use crate::dynamic::fixture::{everything, find};
use crate::dynamic::json::hex;
use crate::dynamic::{cases, damaged, encode, frame, frames, typical};

fn stream(bytes: Vec<u8>) -> Vec<Stream> {
    vec![Stream { name: String::new(), bytes }]
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
    let output = decode_json(&schema, &stream(bytes.clone()));
    assert!(output.faults > 50);
    assert_eq!(encode_frames(&schema, &output.text), Ok(bytes));
}

#[test]
fn the_tree_shows_offsets_bytes_and_values_and_goes_on_after_a_fault() {
    let schema = everything();
    let kept = find(&schema, "Kept");
    let mut bytes = frame(kept.id, &encode(&schema, kept, &typical(&schema, kept)).unwrap());
    bytes.extend(frame(find(&schema, "Tiny").id, &[2]));
    bytes.extend(frame(0x7771, b"unknown"));
    bytes.extend([0x0c, 0x01, 9, 0, 0, 0, 1]);
    let output = decode_text(&schema, &stream(bytes));
    assert_eq!(output.faults, 2);
    let wanted = "\
000000  0a 01 27 00 00 00          App.Kept, id 0x010a, 39 bytes
000006  a1 00 00 00 00 00 00 00..    id: a1000000-0000-0000-0000-000000000001
000016  04 00 11 00 00 00            ip: tail record 4, 17 bytes
00001c  06 20 01 0d b8 00 00 00..    ip: 2001:db8::3
00002d  09 01 01 00 00 00          App.Tiny, id 0x0109, 1 byte
";
    assert!(output.text.starts_with(wanted), "{}", output.text);
    assert!(output.text.contains("!! bad-bool: Tiny.on at byte 0 of the value"), "{output:?}");
    assert!(output.text.contains("unknown message (may be skipped), id 0x7771, 7 bytes"));
    assert!(output.text.contains("!! truncated: the header announces 9 bytes, 1 are there"));
}

#[test]
fn hex_is_told_from_binary() {
    let read = |form, input: &[u8]| streams(form, input).map(|mut found| found.remove(0).bytes);
    assert_eq!(read(InputForm::Auto, b"0a 01:00,0x00\n"), Ok(vec![10, 1, 0, 0]));
    assert_eq!(read(InputForm::Auto, &[10, 1, 0]), Ok(vec![10, 1, 0]));
    assert_eq!(read(InputForm::Binary, b"0a"), Ok(b"0a".to_vec()));
    assert!(read(InputForm::Hex, b"0a1").is_err());
    assert!(read(InputForm::Hex, b"zz").is_err());
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
    let found = streams(InputForm::Auto, &capture).unwrap();
    let name = "127.0.0.1:4096 -> 127.0.0.2:8192".to_owned();
    assert_eq!(found, [Stream { name, bytes: b"abcdefg".to_vec() }]);
}

#[test]
fn any_damage_to_a_capture_is_no_panic() {
    let whole = capture(&[(0, 2, b""), (1, 16, b"abc")]);
    for len in 0..whole.len() {
        let _ = streams(InputForm::Pcap, &whole[..len]);
        let mut changed = whole.clone();
        changed[len] ^= 0xff;
        let _ = streams(InputForm::Pcap, &changed);
    }
}

#[test]
fn a_stream_splits_into_frames_and_a_rest() {
    let bytes = [frame(1, b"ab"), frame(2, b""), vec![3, 0, 1, 0, 0, 0]].concat();
    let (found, rest) = frames(&bytes);
    let found: Vec<_> = found.iter().map(|f| (f.offset, f.id, hex(f.value))).collect();
    assert_eq!(found, [(0, 1, "6162".to_owned()), (8, 2, String::new())]);
    assert_eq!(rest.map(|rest| (rest.offset, rest.announced)), Some((14, Some(1))));
}
