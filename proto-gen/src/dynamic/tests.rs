use super::fixture::{everything, find};
use super::*;
use crate::schema::{Message, Schema};

/// Decodes `hex` (blanks ignored) as `message`, and expects this fault.
#[track_caller]
fn check(message: &str, hex: &str, class: FaultClass, offset: usize, path: &str) {
    let schema = everything();
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let fault = decode(&schema, find(&schema, message), &bytes).expect_err("a fault");
    assert_eq!((fault.class, fault.offset, fault.path.as_str()), (class, offset, path), "{fault}");
}

fn each_message(mut work: impl FnMut(&Schema, &Message)) {
    let schema = everything();
    for message in schema.messages() {
        work(&schema, message);
    }
}

#[test]
fn every_case_comes_back_as_it_was() {
    each_message(|schema, message| {
        let cases = cases(schema, message);
        assert_eq!(cases[0].name, "smallest");
        for case in cases {
            let bytes = encode(schema, message, &case.value).expect("a case encodes");
            let decoded = decode(schema, message, &bytes)
                .unwrap_or_else(|fault| panic!("{} {}: {fault}", message.meta.name, case.name));
            assert_eq!(decoded, Decoded { value: case.value, skipped: false }, "{}", case.name);
        }
    });
}

#[test]
fn every_random_value_comes_back_as_it_was() {
    let mut prng = Prng::new(1);
    each_message(|schema, message| {
        for _ in 0..300 {
            let value = random(schema, message, &mut prng);
            let bytes = encode(schema, message, &value).expect("a random value encodes");
            let decoded = decode(schema, message, &bytes).expect("what was encoded decodes");
            assert_eq!(decoded, Decoded { value, skipped: false });
        }
    });
}

#[test]
fn what_is_accepted_encodes_to_the_same_bytes_unless_something_was_skipped() {
    let mut prng = Prng::new(2);
    let (mut accepted, mut skipped) = (0, 0);
    each_message(|schema, message| {
        for _ in 0..1_000 {
            let value = random(schema, message, &mut prng);
            let mut bytes = encode(schema, message, &value).expect("a random value encodes");
            mutate(&mut prng, &mut bytes);
            let Ok(decoded) = decode(schema, message, &bytes) else { continue };
            accepted += 1;
            let again = encode(schema, message, &decoded.value).expect("what decodes encodes");
            if decoded.skipped {
                skipped += 1;
                let twice = decode(schema, message, &again).expect("what was encoded decodes");
                assert_eq!(twice, Decoded { value: decoded.value, skipped: false });
            } else {
                assert_eq!(again, bytes);
            }
        }
    });
    assert!(accepted > 100 && skipped > 10, "{accepted} accepted, {skipped} skipped");
}

#[test]
fn a_truncated_head_is_refused_at_every_length() {
    each_message(|schema, message| {
        let head = smallest(schema, message);
        let bytes = encode(schema, message, &head).expect("the smallest encodes");
        for len in 0..bytes.len() {
            let fault = decode(schema, message, &bytes[..len]).expect_err("a part of a head");
            assert!(fault.offset <= len, "{fault}");
        }
    });
}

#[test]
fn the_steps_of_a_decode_cover_every_byte_once() {
    let mut prng = Prng::new(3);
    each_message(|schema, message| {
        for _ in 0..50 {
            let value = random(schema, message, &mut prng);
            let bytes = encode(schema, message, &value).expect("a random value encodes");
            let (steps, _) = decode_traced(schema, message, &bytes);
            let mut at = 0;
            for step in steps.iter().filter(|step| !matches!(step.what, What::Group(_))) {
                assert_eq!(step.range.start, at, "{step:?}");
                at = step.range.end;
            }
            assert_eq!(at, bytes.len());
        }
    });
}

#[test]
fn numbers_are_little_endian_and_signed_ones_twos_complement() {
    let schema = everything();
    let message = find(&schema, "Ruled");
    let value = Body {
        head: vec![
            Value::Unsigned(100),
            Value::F32((-2.0_f32).to_bits()),
            Value::Bytes(vec![7; 16]),
            Value::List(vec![Value::Bool(true)]),
            Value::Str("a".to_owned()),
        ],
        tail: Vec::new(),
    };
    let bytes = encode(&schema, message, &value).expect("it is valid");
    let mut wanted = vec![100, 0, 0, 0, 0xc0, 16];
    wanted.extend([7; 16]);
    wanted.extend([1, 1, 1, 0, b'a']);
    assert_eq!(bytes, wanted);
}

#[test]
fn faults_of_items_stand_at_their_first_byte() {
    use FaultClass::*;
    check("Tiny", "", Truncated, 0, "Tiny.on");
    check("Tiny", "02", BadBool, 0, "Tiny.on");
    check("Tiny", &"00".repeat(17), TooLong, 0, "Tiny");
    check("Tails", "00", Truncated, 0, "Tails.first");
    check("Tails", "2d01", OverBound, 0, "Tails.first");
    check("Tails", "0500 61", Truncated, 2, "Tails.first");
    check("Tails", "0300 61c3ff", BadUtf8, 3, "Tails.first");
    check("Ruled", "00", Constraint, 0, "Ruled.percent");
    check("Ruled", "01 0000c07f", Constraint, 1, "Ruled.cold");
    check("Ruled", "01 000080bf 03 aabbcc", Constraint, 5, "Ruled.key");
    check("Kept", &format!("{} 0400 01000000 05", "00".repeat(16)), BadFamily, 22, "Kept.ip");
    check("Kept", &format!("{} 0400 02000000 0401", "00".repeat(16)), Truncated, 23, "Kept.ip");
}

#[test]
fn faults_of_the_tail_stand_at_the_record() {
    use FaultClass::*;
    check("Tails", "0000 0100", Truncated, 2, "Tails");
    check("Tails", "0000 0100 02000000 00", Truncated, 8, "Tails");
    check("Tails", "0000 0100 02000000 0001", TrailingBytes, 9, "Tails.mood");
    check("Tails", "0000 0100 00000000", Truncated, 8, "Tails.mood");
    check("Tails", "0000 0000 00000000", UnknownCritical, 2, "Tails");
    check("Tails", "0000 0400 00000000", UnknownCritical, 2, "Tails");
    check("Tails", "0000 0300 00000000 0300 00000000", TailDuplicate, 8, "Tails");
    check("Tails", "0000 0500 02000000 0000 0100 01000000 00", TailOrder, 10, "Tails");
    check("Tails", "0000 0200 02000000 0200", UnknownValue, 8, "Tails.role");
    check("Tails", "0000 2d01 01000000 06", Constraint, 8, "Tails.small");
}

#[test]
fn faults_inside_structs_unions_and_maps_have_their_path() {
    use FaultClass::*;
    let tail = |rest: &str| format!("0000 {rest}");
    check("Tails", &tail("0900 02000000 0100"), Truncated, 10, "Tails.peer");
    check("Tails", &tail("0900 03000000 0100 05"), Truncated, 11, "Tails.peer.name");
    check("Tails", &tail("2c01 06000000 0600 00000000"), UnknownCritical, 8, "Tails.shape");
    check("Tails", &tail("2c01 06000000 0200 65000000"), UnionLength, 8, "Tails.shape");
    check("Tails", &tail("2c01 06000000 0200 08000000"), Truncated, 14, "Tails.shape");
    let short = tail("2c01 0a000000 0200 04000000 00000000");
    check("Tails", &short, Truncated, 14, "Tails.shape.Circle.radius");
    let maps = |rest: &str| format!("{}{rest}", "00".repeat(17));
    check("Lists", &maps("05 00"), CountTooLarge, 17, "Lists.by_name");
    check("Lists", &maps("09 00"), OverBound, 17, "Lists.by_name");
    check("Lists", &maps("02 00 00 00 00"), MapOrder, 20, "Lists.by_name[1].key");
}

#[test]
fn an_unknown_odd_tail_record_is_skipped_and_reported() {
    let schema = everything();
    let message = find(&schema, "Tiny");
    let decoded = decode(&schema, message, &[1, 7, 0, 1, 0, 0, 0, 0xaa]).expect("valid");
    assert!(decoded.skipped);
    assert_eq!(encode(&schema, message, &decoded.value), Ok(vec![1]));
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let schema = everything();
    let message = find(&schema, "Tails");
    let class = |value: Body| encode(&schema, message, &value).expect_err("a refusal").class;
    let text = |len: usize| vec![Value::Str("x".repeat(len))];
    let known = |id, value| Tail { id, value: TailValue::Known(value) };
    assert_eq!(class(Body::default()), RefusalClass::Shape);
    assert_eq!(class(Body { head: text(301), tail: vec![] }), RefusalClass::OverBound);
    let tail = vec![known(2, Value::Enum(1)), known(1, Value::Enum(0))];
    assert_eq!(class(Body { head: text(0), tail }), RefusalClass::TailOrder);
    let tail = vec![known(2, Value::Enum(2))];
    assert_eq!(class(Body { head: text(0), tail }), RefusalClass::UnknownValue);
    let tail = vec![known(301, Value::Signed(6))];
    assert_eq!(class(Body { head: text(0), tail }), RefusalClass::Constraint);
    let tail = vec![Tail { id: 3, value: TailValue::Retained(vec![]) }];
    assert_eq!(class(Body { head: text(0), tail }), RefusalClass::UnknownCritical);
}

#[test]
fn damage_shows_every_class_of_fault_and_what_is_skipped() {
    let mut classes: Vec<FaultClass> = Vec::new();
    let mut skipped = 0;
    each_message(|schema, message| {
        for damaged in damaged(schema, message) {
            assert_eq!(damaged.outcome, decode(schema, message, &damaged.bytes));
            match damaged.outcome {
                Ok(_) => skipped += 1,
                Err(fault) => classes.push(fault.class),
            }
        }
    });
    classes.sort();
    classes.dedup();
    assert_eq!(classes, FaultClass::ALL);
    assert!(skipped > 5);
}
