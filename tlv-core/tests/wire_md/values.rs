//! The block of single values: every type of the wire format.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proto_gen::dynamic::{self, Body, Choice, ChoiceValue, Tail, TailValue, Value};
use proto_gen::schema::{Field, FloatWidth, Int, Message, Meta, Schema, Ty, TypeId};

use crate::WIRE;
use crate::blocks::{blocks, hex};
use crate::tables::schema;

/// What each line means, as the interpreter holds it.
fn meanings() -> Vec<(&'static str, Value)> {
    let numbers = |list: &[u128]| list.iter().map(|&n| Value::Unsigned(n)).collect();
    let port = |ip: IpAddr, port| Value::SocketAddr(SocketAddr::new(ip, port));
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let point = |tail| Body { head: vec![Value::Signed(1), Value::Signed(2)], tail };
    let shape = |id, value| Value::Union(Choice { id, value });
    let uuid = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128;
    vec![
        ("Bool = true", Value::Bool(true)),
        ("U16 = 258", Value::Unsigned(258)),
        ("I32 = -2", Value::Signed(-2)),
        ("F32 = 1.5", Value::F32(1.5_f32.to_bits())),
        ("Str(64) = \"hi\"", Value::Str("hi".into())),
        ("Str(500) = \"hi\"", Value::Str("hi".into())),
        ("Str(70000) = \"é\"", Value::Str("é".into())),
        ("Bytes(8) = [1, 2]", Value::Bytes(vec![1, 2])),
        ("List(U16, 4) = [1, 2]", Value::List(numbers(&[1, 2]))),
        ("Array(U8, 3) = [1, 2, 3]", Value::List(numbers(&[1, 2, 3]))),
        (
            "Map(U8, Bool, 4) = {1: false, 2: true}",
            Value::Map(vec![
                (Value::Unsigned(1), Value::Bool(false)),
                (Value::Unsigned(2), Value::Bool(true)),
            ]),
        ),
        ("Opt(U16) = none", Value::Opt(None)),
        ("Opt(U16) = 5", Value::Opt(Some(Box::new(Value::Unsigned(5))))),
        ("Ip = 127.0.0.1", Value::Ip(localhost)),
        ("SocketAddr = 127.0.0.1:4001", port(localhost, 4001)),
        ("SocketAddr = [::1]:80", port(IpAddr::V6(Ipv6Addr::LOCALHOST), 80)),
        ("Uuid = 00112233-4455-6677-8899-aabbccddeeff", Value::Uuid(uuid.to_be_bytes())),
        ("Duration = 1.5 s", Value::Duration(1_500_000_000)),
        ("Timestamp = one second before 1970", Value::Timestamp(-1_000_000)),
        ("Mood = Happy", Value::Enum(1)),
        ("Mood = 9, which nobody knows yet", Value::Enum(9)),
        (
            "Epoch = run 1, count 2",
            Value::Struct(Body { head: numbers(&[1, 2]), tail: Vec::new() }),
        ),
        ("Access = Read and Write", Value::Flags(3)),
        ("Point = x 1, y 2", Value::Struct(point(Vec::new()))),
        (
            "Point = x 1, y 2, colour 7",
            Value::Struct(point(vec![Tail { id: 1, value: TailValue::Known(Value::Unsigned(7)) }])),
        ),
        (
            "Shape = a Circle of radius 5",
            shape(2, ChoiceValue::Known(Body { head: numbers(&[5]), tail: Vec::new() })),
        ),
        ("Shape = a Dot", shape(4, ChoiceValue::Known(Body::default()))),
        ("Shape = variant 7, which nobody knows yet", shape(7, ChoiceValue::Unknown(vec![0xff]))),
    ]
}

#[test]
fn every_single_value_has_the_bytes_that_the_document_shows() {
    let (own, other) = (schema(), other_types());
    let blocks = blocks(WIRE, "values");
    let lines: Vec<_> = blocks.iter().flat_map(|block| &block.lines).collect();
    let meanings = meanings();
    assert_eq!(lines.len(), meanings.len(), "as many lines as meanings");
    for (line, (text, value)) in lines.into_iter().zip(meanings) {
        let (shown, bytes) = line.split_once('|').expect("a line is `type = value | bytes`");
        assert_eq!(shown.trim(), text);
        let ty = text.split(" = ").next().expect("a split has a first part");
        let schema = if find(&other, ty).is_some() { &other } else { &own };
        let message = one_field(ty_of(schema, ty));
        let body = Body { head: vec![value], tail: Vec::new() };
        let encoded = dynamic::encode(schema, &message, &body);
        assert_eq!(encoded.as_deref().ok(), Some(&*hex(bytes)), "{text}");
        let decoded = dynamic::decode(schema, &message, &hex(bytes));
        assert_eq!(decoded.ok().map(|decoded| decoded.value), Some(body), "{text}");
    }
}

/// The types that the document describes in its own words of the spec.
fn other_types() -> Schema {
    let types =
        blocks(WIRE, "ron").iter().flat_map(|block| block.lines.clone()).collect::<Vec<_>>();
    let spec = format!(
        r#"Protocol(name: "other", version: 1, doc: "None.", {}
            sets: [Set(name: "Empty", doc: "None.", messages: [])])"#,
        types.join("\n")
    );
    let checked = proto_gen::check_with("WIRE.md", |_| Ok(spec.clone().into_bytes()));
    checked.schema.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// The named type's index.
fn find(schema: &Schema, name: &str) -> Option<usize> {
    schema.types.iter().position(|ty| ty.meta.name == name)
}

/// A message whose only field has this type.
fn one_field(ty: Ty) -> Message {
    let meta = |name: &str| Meta { name: name.into(), since: 1, ..Meta::default() };
    let field = Field { meta: meta("field"), ty, constraint: None };
    Message {
        meta: meta("Message"),
        id: 0x0100,
        body: proto_gen::schema::Body { head: vec![field], ..Default::default() },
        max_len: 65_536,
        from: Vec::new(),
        pair: None,
        size: Default::default(),
        amplification: 1,
    }
}

/// The type that a text like `List(U16, 4)` names.
fn ty_of(schema: &Schema, text: &str) -> Ty {
    let (name, args) = text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap_or((text, ""));
    let args: Vec<_> = args.split(", ").collect();
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("not a number: {text}"));
    let inner = |text: &str| Box::new(ty_of(schema, text));
    match name {
        "Bool" => Ty::Bool,
        "U8" => Ty::Int(Int::U8),
        "U16" => Ty::Int(Int::U16),
        "I32" => Ty::Int(Int::I32),
        "F32" => Ty::Float(FloatWidth::F32),
        "Str" => Ty::Str { max: number(args[0]) },
        "Bytes" => Ty::Bytes { max: number(args[0]) },
        "List" => Ty::List { elem: inner(args[0]), max: number(args[1]) },
        "Array" => Ty::Array { elem: inner(args[0]), len: number(args[1]) },
        "Map" => Ty::Map { key: inner(args[0]), value: inner(args[1]), max: number(args[2]) },
        "Opt" => Ty::Opt(inner(args[0])),
        "Ip" => Ty::Ip,
        "SocketAddr" => Ty::SocketAddr,
        "Uuid" => Ty::Uuid,
        "Duration" => Ty::Duration,
        "Timestamp" => Ty::Timestamp,
        name => {
            let named = find(schema, name);
            Ty::Named(TypeId(named.unwrap_or_else(|| panic!("no type {name}"))))
        }
    }
}
