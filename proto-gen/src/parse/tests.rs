//! `ron` as the oracle: whatever it refuses, ours refuses, and the trees agree.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use ron::Value;
use ron::value::Map;

use super::{Kind, Node, parse};

#[path = "../../tests/mutated/damage.rs"]
mod damage;

/// What `ron` makes of our tree: it forgets names and places.
fn forget(node: &Node) -> Value {
    match &node.kind {
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(number) => match number.to_i128() {
            Some(value) => Value::Number(value.into()),
            None => Value::Number(number.magnitude.into()),
        },
        Kind::Float(value) => Value::Number((*value).into()),
        Kind::Char(value) => Value::Char(*value),
        Kind::Str(text) => Value::String(text.clone()),
        Kind::List(items) => Value::Seq(items.iter().map(forget).collect()),
        Kind::Map(pairs) => Value::Map(
            pairs.iter().map(|(key, value)| (forget(key), forget(value))).collect::<Map>(),
        ),
        Kind::Tuple(None, items) if items.is_empty() => Value::Unit,
        Kind::Tuple(_, items) => Value::Seq(items.iter().map(forget).collect()),
        Kind::Struct(_, entries) => Value::Map(
            entries
                .iter()
                .map(|entry| (Value::String(entry.key.text.clone()), forget(&entry.value)))
                .collect::<Map>(),
        ),
        Kind::Name(_) => Value::Unit,
        Kind::Broken => panic!("a broken node without a finding"),
    }
}

/// Equal, where numbers are compared by value and not by the width that holds them.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let exact = |number: &ron::Number| match *number {
                ron::Number::I8(n) => Some(n.into()),
                ron::Number::I16(n) => Some(n.into()),
                ron::Number::I32(n) => Some(n.into()),
                ron::Number::I64(n) => Some(n.into()),
                ron::Number::I128(n) => Some(n),
                ron::Number::U8(n) => Some(n.into()),
                ron::Number::U16(n) => Some(n.into()),
                ron::Number::U32(n) => Some(n.into()),
                ron::Number::U64(n) => Some(n.into()),
                ron::Number::U128(n) => i128::try_from(n).ok(),
                _ => None,
            };
            match (exact(a), exact(b)) {
                (Some(a), Some(b)) => a == b,
                (None, None) => a.into_f64().to_bits() == b.into_f64().to_bits(),
                _ => false,
            }
        }
        (Value::Seq(a), Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            // Keys of different widths sort differently, so order proves nothing.
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.iter().any(|(other, theirs)| same(key, other) && same(value, theirs))
                })
        }
        // `()` is a unit to ron, `( )` an empty sequence.
        (Value::Unit, Value::Seq(items)) | (Value::Seq(items), Value::Unit) => items.is_empty(),
        (a, b) => a == b,
    }
}

/// Whether ours accepts the text; if so, `ron` must, and read the same.
fn accepts(text: &str) -> bool {
    let mut found = Vec::new();
    let tree = parse(0, text, &mut found);
    let Some(tree) = tree.filter(|_| found.is_empty()) else {
        assert!(!found.is_empty(), "refused without a word: {text:?}");
        return false;
    };
    match ron::from_str::<Value>(text) {
        Ok(theirs) => {
            let ours = forget(&tree);
            assert!(same(&ours, &theirs), "{text:?}: {ours:?} is not {theirs:?}");
        }
        Err(error) => panic!("ron refuses what ours accepts: {text:?}: {error}"),
    }
    true
}

#[test]
fn reads_what_ron_reads() {
    for text in [
        "()",
        "( )",
        "Foo",
        "Foo()",
        "Foo(1)",
        "Foo(1, 2,)",
        "Foo(a: 1)",
        "(a: 1,)",
        "(1, 2)",
        "[1, [2]]",
        "{1: 2, \"a\": [3]}",
        "true",
        "false",
        "inf",
        "-inf",
        "+inf",
        "NaN",
        "0",
        "-0",
        "+5",
        "1_000",
        "1__0_",
        "0xFf_0",
        "0b1_01",
        "0o17",
        "-0x5",
        "1.5",
        "-1.5e-3",
        "1e9",
        "1E+9",
        "1_0.5",
        "0.1",
        "340282366920938463463374607431768211455",
        "-170141183460469231731687303715884105728",
        "\"\"",
        r#""\n\r\t\0\\\"\'\x41\u{1f600}""#,
        "\"two\nlines\"",
        "\"a\\\n   b\"",
        "'a'",
        r"'\n'",
        r"'\''",
        "'\"'",
        r##"r#"raw "text" \n"#"##,
        "r\"raw\"",
        "/* a /* nested */ one */ 1 // end",
        "// first\n[ // second\n1, /**/ 2]",
        "_a1(b_: _)",
        "é",
        "\"é\"",
        "'é'",
    ] {
        assert_eq!(accepts(text), text != "é", "{text:?}");
    }
}

#[test]
fn refuses_what_a_spec_has_no_use_for() {
    for text in [
        "",
        " ",
        "// nothing",
        "1 2",
        "Foo(1",
        "Foo 1)",
        "[1; 2]",
        "(a: 1, 2)",
        "(1, b: 2)",
        "a: 1",
        "[1 2]",
        "[,]",
        "[1,,2]",
        "(a 1)",
        "(a: )",
        "(\"a\": 1)",
        "{1}",
        "{1 2}",
        "0x",
        "0xg",
        "0b2",
        "1u8",
        "1.",
        ".5",
        "1.e5",
        "1e",
        "1e+",
        "_1.5x",
        "--1",
        "+",
        "-",
        "1e999",
        "'ab'",
        "''",
        "'a",
        "\"a",
        r#""\q""#,
        r#""\x80""#,
        r#""\u{110000}""#,
        r#""\u{}""#,
        "r#\"a\"",
        "b\"a\"",
        "b'a'",
        "r#type",
        "/* /* */",
        "/",
        "#![enable(implicit_some)] 1",
        "Some(1)",
        "None",
        "Some()",
        "Some(a: 1)",
        "a.b",
        "a-b",
        "true()",
        "340282366920938463463374607431768211456",
        "-170141183460469231731687303715884105729",
    ] {
        assert!(!accepts(text), "{text:?}");
    }
    assert!(!accepts(&"[".repeat(100_000)));
    assert!(!accepts(&format!("{}1{}", "[".repeat(65), "]".repeat(65))));
    assert!(accepts(&format!("{}1{}", "[".repeat(64), "]".repeat(64))));
}

/// Texts of values, with blanks and comments between the tokens.
fn ron_text() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<u128>().prop_map(|n| n.to_string()),
        any::<i128>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| format!("{n:#x}")),
        any::<i16>().prop_map(|n| if n < 0 {
            format!("-{:#b}", -i32::from(n))
        } else {
            format!("+{n:#o}")
        }),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:?}")),
        any::<f32>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        "[0-9][0-9_]{0,8}\\.[0-9][0-9_]{0,8}",
    ];
    let string = prop_oneof![
        any::<String>().prop_map(|text| format!("{text:?}")).prop_filter("RON's escapes", |text| {
            // Rust's debug form knows no escape that RON lacks, but for these.
            !text.contains("\\u{fe0f}")
        }),
        "[^\"\\\\]{0,12}".prop_map(|text| format!("\"{text}\"")),
        "[a-z \"\\\\\n]{0,12}".prop_map(|text| format!("r##\"{text}\"##")),
        any::<char>().prop_map(|c| format!("{c:?}")),
    ];
    let word = "[A-Za-z_][A-Za-z0-9_]{0,6}".prop_filter("a word of its own", |w| {
        !["Some", "None", "inf", "NaN", "r", "b"].contains(&w.as_str())
    });
    let leaf =
        prop_oneof![number, string, word.clone(), Just("true".to_owned()), Just("()".to_owned())];
    let blank =
        || prop::sample::select(vec!["", " ", "\n", "\t ", "/* c */", "// c\n", "/*a/*b*/c*/\r\n"]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let items = prop::collection::vec((blank(), inner.clone(), blank()), 0..5);
        let items = items.prop_map(|items| {
            items.iter().map(|(a, v, b)| format!("{a}{v}{b}")).collect::<Vec<_>>().join(",")
        });
        let keyed = prop::collection::vec((word.clone(), blank(), inner.clone(), blank()), 0..5);
        let keyed = keyed.prop_map(|items| {
            items.iter().map(|(k, a, v, b)| format!("{k}{a}:{v}{b},")).collect::<String>()
        });
        let pairs = prop::collection::vec((inner.clone(), blank(), inner), 0..4);
        let pairs = pairs.prop_map(|items| {
            items.iter().map(|(k, a, v)| format!("{k}:{a}{v}")).collect::<Vec<_>>().join(",")
        });
        prop_oneof![
            items.clone().prop_map(|items| format!("[{items}]")),
            (word.clone(), items).prop_map(|(word, items)| format!("{word}({items})")),
            (word.clone(), keyed).prop_map(|(word, items)| format!("{word}({items})")),
            pairs.prop_map(|items| format!("{{{items}}}")),
        ]
    })
}

fn specs() -> Vec<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut specs = Vec::new();
    for directory in ["diagnostics", "specs"] {
        for entry in fs::read_dir(tests.join(directory)).expect("part of the crate") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|extension| extension == "ron") {
                specs.push(String::from_utf8_lossy(&fs::read(path).expect("readable")).into());
            }
        }
    }
    specs.push(fs::read_to_string(tests.join("../../spec/messages.ron")).expect("there"));
    specs.sort();
    specs
}

#[test]
fn every_spec_of_the_tests_reads_as_ron_reads_it() {
    let accepted = specs().iter().filter(|spec| accepts(spec)).count();
    // Most fixtures are wrong in meaning only.
    assert!(accepted > 60, "{accepted}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn generated_text_reads_as_ron_reads_it(text in ron_text()) {
        prop_assert!(accepts(&text), "{text:?}");
    }

    #[test]
    fn damaged_text_is_refused_where_ron_refuses(
        text in ron_text(),
        damages in damage::damages(),
    ) {
        accepts(&damage::apply(&text, &damages));
    }

    #[test]
    fn a_damaged_spec_is_refused_where_ron_refuses(
        spec in prop::sample::select(specs()),
        damages in damage::damages(),
    ) {
        accepts(&damage::apply(&spec, &damages));
    }
}
