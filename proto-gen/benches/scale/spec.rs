//! Specs of any size.

use std::fmt::Write as _;

/// Messages with every kind of field: ten each, two of them optional; every fourth message is half
/// of a call, and every tenth brings a struct and an enum of its own.
pub(crate) fn spec(messages: usize) -> String {
    let mut types = (String::new(), String::new());
    let mut calls = String::new();
    let mut list = String::new();
    for n in 0..messages {
        let group = n / 10;
        if n % 10 == 0 {
            let _ = writeln!(
                types.0,
                "        Enum(name: \"Kind{group}\", repr: U16, doc: \"A kind.\", values: [Value(value: 1, name: \"One\", doc: \"One.\"), Value(value: 2, name: \"Two\", doc: \"Two.\")]),"
            );
            let _ = writeln!(
                types.1,
                "        Struct(name: \"Part{group}\", doc: \"A part.\", fields: [Field(name: \"at\", ty: U64, doc: \"Where.\"), Field(name: \"kind\", ty: Kind{group}, doc: \"What.\")]),"
            );
        }
        if n % 8 == 0 && n + 1 < messages {
            let _ =
                writeln!(calls, "            Call(request: \"M{n}\", response: \"M{}\"),", n + 1);
        }
        let id = 0x0100 + 2 * n;
        let _ = writeln!(
            list,
            "            Message(id: {id:#06x}, name: \"M{n}\", doc: \"Message {n}.\", fields: [
                Field(name: \"id\", ty: U32, doc: \"An id.\"),
                Field(name: \"time\", ty: Timestamp, doc: \"A time.\"),
                Field(name: \"kind\", ty: Kind{group}, doc: \"A kind.\"),
                Field(name: \"name\", ty: Str(64), non_empty: true, doc: \"A name.\"),
                Field(name: \"data\", ty: Bytes(1_000), doc: \"Data.\"),
                Field(name: \"parts\", ty: List(Part{group}, 100), doc: \"Parts.\"),
                Field(name: \"scores\", ty: Map(U16, F64, 50), doc: \"Scores.\"),
                Field(name: \"maybe\", ty: Opt(Part{group}), doc: \"Perhaps a part.\"),
            ], tail: [
                Field(id: 1, name: \"level\", ty: U8, range: (0, 10), doc: \"A level.\"),
                Field(id: 3, name: \"note\", ty: Str(200), doc: \"A note.\"),
            ]),"
        );
    }
    format!(
        "Protocol(
    name: \"scale\", version: 1, doc: \"A large spec.\",
    enums: [\n{}    ],
    structs: [\n{}    ],
    sets: [
        Set(name: \"All\", doc: \"All messages.\", calls: [\n{calls}        ], messages: [\n{list}        ]),
    ],
)",
        types.0, types.1
    )
}
