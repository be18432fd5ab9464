//! A schema with every type in it, built by hand, for tests below the parser.

use crate::schema::*;

pub(crate) fn meta(name: &str) -> Meta {
    Meta { name: name.to_owned(), since: 1, ..Meta::default() }
}

pub(crate) fn field(name: &str, ty: Ty) -> Field {
    Field { meta: meta(name), ty, constraint: None }
}

fn ruled(name: &str, ty: Ty, constraint: Constraint) -> Field {
    Field { meta: meta(name), ty, constraint: Some(constraint) }
}

fn tail(id: u16, name: &str, ty: Ty) -> TailField {
    TailField { id, field: field(name, ty) }
}

pub(crate) fn body(head: Vec<Field>, tail: Vec<TailField>) -> Body {
    Body { head, tail, ..Body::default() }
}

fn named(name: &str, kind: TypeKind, min: u64, max: u64) -> TypeDef {
    TypeDef { meta: meta(name), kind, size: Size { min, max } }
}

pub(crate) fn message(id: u16, name: &str, body: Body) -> Message {
    Message {
        meta: meta(name),
        id,
        body,
        max_len: 65_536,
        from: Vec::new(),
        pair: None,
        size: Size { min: 0, max: 65_536 },
        amplification: 1,
    }
}

fn list(elem: Ty, max: u32) -> Ty {
    Ty::List { elem: Box::new(elem), max }
}

fn map(key: Ty, value: Ty) -> Ty {
    Ty::Map { key: Box::new(key), value: Box::new(value), max: 8 }
}

fn enumeration(repr: Int, closed: bool, values: &[(&str, u32)]) -> TypeKind {
    let values =
        values.iter().map(|(name, value)| EnumValue { meta: meta(name), value: *value }).collect();
    let (reserved_ids, reserved_names) = (Vec::new(), Vec::new());
    TypeKind::Enum(Enum { repr, closed, values, reserved_ids, reserved_names })
}

fn types() -> Vec<TypeDef> {
    let bits = [("Read", 0), ("Write", 1), ("Top", 15)];
    let bits = bits.map(|(name, bit)| FlagBit { meta: meta(name), bit });
    let variants = vec![
        Variant {
            meta: meta("Circle"),
            id: 2,
            body: body(
                vec![field("radius", Ty::Float(FloatWidth::F64))],
                vec![tail(1, "label", Ty::Str { max: 20 })],
            ),
        },
        Variant { meta: meta("Nothing"), id: 3, body: Body::default() },
    ];
    vec![
        named("Mood", enumeration(Int::U8, false, &[("Calm", 0), ("Happy", 7)]), 1, 1),
        named("Role", enumeration(Int::U16, true, &[("Server", 1), ("Client", 300)]), 2, 2),
        named(
            "Access",
            TypeKind::Flags(Flags {
                repr: Int::U16,
                bits: bits.to_vec(),
                reserved_ids: Vec::new(),
                reserved_names: Vec::new(),
            }),
            2,
            2,
        ),
        named(
            "Point",
            TypeKind::Struct(Struct {
                extensible: None,
                body: body(
                    vec![field("x", Ty::Int(Int::I32)), field("visible", Ty::Bool)],
                    Vec::new(),
                ),
            }),
            5,
            5,
        ),
        named(
            "Peer",
            TypeKind::Struct(Struct {
                extensible: Some(LenWidth::U16),
                body: Body {
                    unknown: UnknownPolicy::Retain,
                    ..body(
                        vec![field("name", Ty::Str { max: 64 })],
                        vec![
                            tail(1, "mood", Ty::Named(TypeId(0))),
                            tail(4, "at", Ty::Named(TypeId(3))),
                        ],
                    )
                },
            }),
            3,
            65_537,
        ),
        named(
            "Shape",
            TypeKind::Union(Union {
                variants,
                max_len: 100,
                reserved_ids: Vec::new(),
                reserved_names: Vec::new(),
            }),
            6,
            106,
        ),
    ]
}

fn messages() -> Vec<Message> {
    let ints =
        [Int::U8, Int::U16, Int::U32, Int::U64, Int::U128, Int::I8, Int::I16, Int::I32, Int::I64];
    let mut numbers: Vec<Field> =
        ints.iter().map(|int| field(&format!("{int:?}").to_lowercase(), Ty::Int(*int))).collect();
    numbers.extend([
        field("i128", Ty::Int(Int::I128)),
        field("f32", Ty::Float(FloatWidth::F32)),
        field("f64", Ty::Float(FloatWidth::F64)),
        field("yes", Ty::Bool),
        field("took", Ty::Duration),
        field("at", Ty::Timestamp),
    ]);
    let lists = vec![
        field("bytes", Ty::Bytes { max: 70_000 }),
        field("points", list(Ty::Named(TypeId(3)), 300)),
        field("peers", list(Ty::Named(TypeId(4)), 1_000)),
        field("shapes", list(Ty::Named(TypeId(5)), 10)),
        field("quad", Ty::Array { elem: Box::new(Ty::Int(Int::U16)), len: 4 }),
        field("by_name", map(Ty::Str { max: 9 }, list(Ty::Ip, 3))),
        field("by_number", map(Ty::Int(Int::I16), Ty::SocketAddr)),
        field("by_role", map(Ty::Named(TypeId(1)), Ty::Bool)),
        field("by_node", map(Ty::Uuid, Ty::Named(TypeId(5)))),
    ];
    let ruled = vec![
        ruled("percent", Ty::Int(Int::U8), Constraint::IntRange { min: 1, max: 100 }),
        ruled(
            "cold",
            Ty::Float(FloatWidth::F32),
            Constraint::FloatRange { min: -273.15, max: -1.0 },
        ),
        ruled("key", Ty::Bytes { max: 32 }, Constraint::Lengths(vec![16, 32])),
        ruled("some", list(Ty::Bool, 5), Constraint::NonEmpty),
        ruled("text", Ty::Opt(Box::new(Ty::Str { max: 300 })), Constraint::NonEmpty),
    ];
    let optional = vec![
        tail(1, "mood", Ty::Named(TypeId(0))),
        tail(2, "role", Ty::Named(TypeId(1))),
        tail(5, "access", Ty::Named(TypeId(2))),
        tail(9, "peer", Ty::Named(TypeId(4))),
        tail(300, "shape", Ty::Named(TypeId(5))),
        TailField {
            id: 301,
            field: Field {
                constraint: Some(Constraint::IntRange { min: -5, max: 5 }),
                ..field("small", Ty::Int(Int::I8))
            },
        },
    ];
    let retain = Body {
        unknown: UnknownPolicy::Retain,
        ..body(vec![field("id", Ty::Uuid)], vec![tail(4, "ip", Ty::Ip)])
    };
    let mut tiny = message(0x0109, "Tiny", body(vec![field("on", Ty::Bool)], Vec::new()));
    tiny.max_len = 16;
    vec![
        message(0x0102, "Numbers", body(numbers, Vec::new())),
        message(0x0104, "Lists", body(lists, Vec::new())),
        message(0x0106, "Ruled", body(ruled, Vec::new())),
        message(0x0108, "Tails", body(vec![field("first", Ty::Str { max: 300 })], optional)),
        message(0x010a, "Kept", retain),
        message(0x010c, "Empty", Body::default()),
        tiny,
    ]
}

/// Every type, every kind of body, every constraint.
pub(crate) fn everything() -> Schema {
    Schema {
        name: "everything".to_owned(),
        version: 1,
        doc: "One of each.".to_owned(),
        roles: None,
        constants: Vec::new(),
        types: types(),
        sets: vec![Set { meta: meta("App"), messages: messages() }],
        reserved_ids: Vec::new(),
        reserved_names: Vec::new(),
        waivers: Vec::new(),
        files: Vec::new(),
    }
}

/// The message called `name`.
pub(crate) fn find<'a>(schema: &'a Schema, name: &str) -> &'a Message {
    schema.messages().find(|message| message.meta.name == name).expect("a message of the fixture")
}
