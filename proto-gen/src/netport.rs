//! What every connection carries besides the messages of its spec: those of netport itself.
//!
//! A spec has the application's messages alone. Who reads or writes whole connections (`decode`,
//! `encode`, the dissector, the Python module) reads [`Schema::with_control`] instead, one schema
//! like any other, and need not know of the difference.

use std::path::Path;
use std::sync::LazyLock;

use crate::backends::layout::{HEADER_LEN, Region, Row, rows, snake};
use crate::schema::{
    Body, ConstValue, FIRST_FREE_ID, Field, LenWidth, Meta, Schema, Ty, TypeId, TypeKind,
};

/// The spec that has netport's own messages, in the set [`CONTROL`].
const SPEC: &str = include_str!("../../spec/messages.ron");

/// The set of netport's own messages.
const CONTROL: &str = "Control";

/// The constants that netport's own messages carry.
const CONSTANTS: [&str; 2] = ["MAGIC", "WIRE_VERSION"];

/// The set [`CONTROL`], the types that its messages contain, and their constants.
static NETPORT: LazyLock<Schema> = LazyLock::new(|| {
    let read = |_: &Path| Ok(SPEC.as_bytes().to_vec());
    let checked = crate::check_with("messages.ron", read);
    let schema = checked.schema.unwrap_or_else(|| panic!("{}", checked.diagnostics));
    only_control(schema)
});

impl Schema {
    /// This protocol with netport's own messages: all that its connections carry. The schema itself
    /// where it has them already.
    ///
    /// Where an item of netport has the name of one of the protocol, netport's is called
    /// `NetportHello` instead of `Hello`, and `NETPORT_MAGIC` instead of `MAGIC`. They are in every
    /// version of the protocol. Spans of netport's items are those of netport's spec, which is not
    /// among `files`.
    #[must_use]
    pub fn with_control(&self) -> Self {
        if self.messages().any(|message| message.id < FIRST_FREE_ID) {
            return self.clone();
        }
        self.with_control_of(&NETPORT)
    }

    fn with_control_of(&self, netport: &Self) -> Self {
        let mut all = self.clone();
        let mut control = netport.clone();
        let offset = self.types.len();
        for_each_type(&mut control, &mut |id| id.0 += offset);
        for meta in metas(&mut control) {
            set_apart(self, meta);
        }
        // It is netport's versions that they count, and this protocol has them in all of its own.
        metas(&mut control).for_each(|meta| meta.since = 1);
        for_each_member(&mut control, &mut |meta| meta.since = 1);
        all.roles = all.roles.or(control.roles);
        all.constants.extend(control.constants);
        all.types.extend(control.types);
        // Behind the protocol's own: whoever asks by name finds those first.
        all.sets.extend(control.sets);
        all
    }
}

/// What the frame of a `Hello` has at places that never move, whoever says it: its id, the magic
/// number, and the name of this protocol. Pairs of a place and the bytes there.
pub(crate) fn marks_of_hello(protocol: &Schema) -> Vec<(u64, Vec<u8>)> {
    let Some(hello) = NETPORT.messages().find(|message| message.meta.name == "Hello") else {
        return Vec::new();
    };
    let mut marks = vec![(0, hello.id.to_le_bytes().to_vec())];
    let region = Region { start: HEADER_LEN, room: hello.max_len.into(), has_tail: true };
    for Row { field, offset, size } in rows(&NETPORT, &hello.body, &region) {
        let Some(offset) = offset else { break };
        match (field.meta.name.as_str(), &field.ty) {
            ("magic", _) => {
                let magic = NETPORT.constants.iter().find(|constant| constant.meta.name == "MAGIC");
                if let Some(ConstValue::Unsigned(_, magic)) = magic.map(|magic| &magic.value) {
                    marks.push((offset, magic.to_le_bytes()[..size.min as usize].to_vec()));
                }
            }
            ("protocol", Ty::Str { max }) => {
                let width = LenWidth::for_bound(*max).bytes() as usize;
                let mut bytes = protocol.name.len().to_le_bytes()[..width].to_vec();
                bytes.extend(protocol.name.bytes());
                marks.push((offset, bytes));
            }
            _ => {}
        }
    }
    marks
}

/// Leaves out what the application has.
fn only_control(mut schema: Schema) -> Schema {
    schema.sets.retain(|set| set.meta.name == CONTROL);
    schema.constants.retain(|constant| CONSTANTS.contains(&constant.meta.name.as_str()));
    let mut needed = vec![false; schema.types.len()];
    let mark = &mut |id: &mut TypeId| needed[id.0] = true;
    for set in &mut schema.sets {
        set.messages.iter_mut().for_each(|message| in_body(&mut message.body, mark));
    }
    // Each type stands after those that it contains.
    for index in (0..schema.types.len()).rev() {
        if needed[index] {
            in_kind(&mut schema.types[index].kind, &mut |id| needed[id.0] = true);
        }
    }
    let place = |index: usize| needed[..index].iter().filter(|needed| **needed).count();
    let mut keep = needed.iter();
    schema.types.retain(|_| keep.next() == Some(&true));
    for_each_type(&mut schema, &mut |id| id.0 = place(id.0));
    schema
}

/// Every mention of a named type.
fn for_each_type(schema: &mut Schema, visit: &mut impl FnMut(&mut TypeId)) {
    schema.roles.iter_mut().for_each(&mut *visit);
    schema.types.iter_mut().for_each(|def| in_kind(&mut def.kind, visit));
    for set in &mut schema.sets {
        set.messages.iter_mut().for_each(|message| in_body(&mut message.body, visit));
    }
}

fn in_kind(kind: &mut TypeKind, visit: &mut impl FnMut(&mut TypeId)) {
    match kind {
        TypeKind::Enum(_) | TypeKind::Flags(_) => {}
        TypeKind::Struct(def) => in_body(&mut def.body, visit),
        TypeKind::Union(def) => {
            def.variants.iter_mut().for_each(|variant| in_body(&mut variant.body, visit));
        }
    }
}

fn in_body(body: &mut Body, visit: &mut impl FnMut(&mut TypeId)) {
    fields(body).for_each(|field| in_type(&mut field.ty, visit));
}

fn in_type(ty: &mut Ty, visit: &mut impl FnMut(&mut TypeId)) {
    match ty {
        Ty::Named(id) => visit(id),
        Ty::List { elem: inner, .. } | Ty::Array { elem: inner, .. } | Ty::Opt(inner) => {
            in_type(inner, visit);
        }
        Ty::Map { key, value, .. } => {
            in_type(key, visit);
            in_type(value, visit);
        }
        _ => {}
    }
}

/// What has a name that no other item of a schema may have.
fn metas(schema: &mut Schema) -> impl Iterator<Item = &mut Meta> {
    let constants = schema.constants.iter_mut().map(|constant| &mut constant.meta);
    let types = schema.types.iter_mut().map(|def| &mut def.meta);
    let sets = schema.sets.iter_mut().flat_map(|set| {
        let messages = set.messages.iter_mut().map(|message| &mut message.meta);
        std::iter::once(&mut set.meta).chain(messages)
    });
    constants.chain(types).chain(sets)
}

/// What has a name within an item: fields, values, bits and variants.
fn for_each_member(schema: &mut Schema, visit: &mut impl FnMut(&mut Meta)) {
    for def in &mut schema.types {
        match &mut def.kind {
            TypeKind::Enum(def) => def.values.iter_mut().for_each(|value| visit(&mut value.meta)),
            TypeKind::Flags(def) => def.bits.iter_mut().for_each(|bit| visit(&mut bit.meta)),
            TypeKind::Struct(def) => fields(&mut def.body).for_each(|field| visit(&mut field.meta)),
            TypeKind::Union(def) => {
                for variant in &mut def.variants {
                    visit(&mut variant.meta);
                    fields(&mut variant.body).for_each(|field| visit(&mut field.meta));
                }
            }
        }
    }
    for message in schema.sets.iter_mut().flat_map(|set| &mut set.messages) {
        fields(&mut message.body).for_each(|field| visit(&mut field.meta));
    }
}

fn fields(body: &mut Body) -> impl Iterator<Item = &mut Field> {
    let tail = body.tail.iter_mut().map(|tail| &mut tail.field);
    body.head.iter_mut().chain(tail)
}

/// Gives netport's item a name that no item of the protocol has, however it is written.
fn set_apart(protocol: &Schema, meta: &mut Meta) {
    let constants = protocol.constants.iter().map(|constant| &constant.meta);
    let types = protocol.types.iter().map(|def| &def.meta);
    let sets = protocol.sets.iter().map(|set| &set.meta);
    let messages = protocol.messages().map(|message| &message.meta);
    let taken: Vec<String> =
        constants.chain(types).chain(sets).chain(messages).map(|meta| snake(&meta.name)).collect();
    let constant = meta.name.chars().all(|letter| letter == '_' || letter.is_ascii_uppercase());
    while taken.contains(&snake(&meta.name)) {
        meta.name.insert_str(0, if constant { "NETPORT_" } else { "Netport" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::fixture::find;
    use crate::dynamic::{Prng, Value, decode, encode, frame, random, typical};

    fn spec(text: &str) -> Schema {
        let checked = crate::check_with("own.ron", |_| Ok(text.as_bytes().to_vec()));
        assert_eq!(checked.diagnostics.errors(), 0, "{}", checked.diagnostics);
        checked.schema.expect("no mistake")
    }

    #[test]
    fn a_protocol_gets_the_messages_of_netport_and_what_they_contain() {
        let own = spec(
            r#"Protocol(name: "own", version: 3, sets: [
                Set(name: "Own", messages: [Message(id: 0x0100, name: "It", fields: [])]),
            ])"#,
        );
        let all = own.with_control();
        let sets: Vec<&str> = all.sets.iter().map(|set| set.meta.name.as_str()).collect();
        assert_eq!(sets, ["Own", "Control"]);
        // Those of the example programs' messages are not netport's.
        let types: Vec<&str> = all.types.iter().map(|def| def.meta.name.as_str()).collect();
        assert!(types.contains(&"Peer") && types.contains(&"Epoch"), "{types:?}");
        assert!(!types.contains(&"Mood"), "{types:?}");
        let Some(TypeKind::Enum(roles)) = all.roles.map(|id| &all.type_def(id).kind) else {
            panic!("roles are an enum");
        };
        assert_eq!(roles.values[0].meta.name, "Server");
        assert_eq!((all.name.as_str(), all.version), ("own", 3));
        assert_eq!(all.with_control(), all);
        for message in all.messages() {
            let value = typical(&all, message);
            let bytes = encode(&all, message, &value).expect("a typical value encodes");
            assert_eq!(decode(&all, message, &bytes).expect("it decodes").value, value);
        }
    }

    #[test]
    fn netports_items_make_room_for_those_of_the_protocol() {
        let own = spec(
            r#"Protocol(name: "own", version: 1,
                constants: [Const(name: "MAGIC", ty: U8, value: 1)],
                structs: [
                    Struct(name: "Peer", fields: [Field(name: "x", ty: U8)]),
                    Struct(name: "NetportPeer", fields: [Field(name: "peer", ty: Peer)]),
                ],
                sets: [Set(name: "Control", messages: [
                    Message(id: 0x0100, name: "Hello", fields: [Field(name: "to", ty: NetportPeer)]),
                ])],
            )"#,
        );
        let all = own.with_control();
        assert_eq!(find(&all, "Hello").id, 0x0100);
        assert_eq!(find(&all, "NetportHello").id, 0x0002);
        assert_eq!(find(&all, "Goodbye").id, 0x0006);
        let names = |meta: &Meta| meta.name.clone();
        let sets: Vec<_> = all.sets.iter().map(|set| names(&set.meta)).collect();
        assert_eq!(sets, ["Control", "NetportControl"]);
        let constants: Vec<_> = all.constants.iter().map(|item| names(&item.meta)).collect();
        assert_eq!(constants, ["MAGIC", "WIRE_VERSION", "NETPORT_MAGIC"]);
        let peer = find(&all, "Snapshot").body.head[1].ty.clone();
        let Ty::List { elem, .. } = peer else { panic!("a list") };
        let Ty::Named(id) = *elem else { panic!("a named type") };
        assert_eq!(all.type_def(id).meta.name, "NetportNetportPeer");
    }

    #[test]
    fn what_netport_gained_late_is_in_every_version_of_the_protocol() {
        // As after some releases of netport, of which this protocol has made none.
        let newer = SPEC
            .replace("version: 1,", "version: 3,")
            .replace("Field(id: 1, name: \"current\",", "Field(id: 1, name: \"current\", since: 3,")
            .replace(
                "Value(value: 3, name: \"Protocol\",",
                "Value(value: 3, name: \"Protocol\", since: 2,",
            )
            .replace("name: \"Ping\",", "name: \"Ping\", since: 2,");
        let newer = only_control(spec(&newer));
        let old = spec(r#"Protocol(name: "own", version: 1, sets: [])"#);
        let since = |schema: &mut Schema| {
            let mut all: Vec<u32> = metas(schema).map(|meta| meta.since).collect();
            for_each_member(schema, &mut |meta| all.push(meta.since));
            all.into_iter().filter(|since| *since > 1).count()
        };
        assert_eq!(since(&mut newer.clone()), 3);
        assert_eq!(since(&mut old.with_control_of(&newer)), 0);
    }

    #[test]
    fn a_hello_has_its_marks_whatever_else_it_says() {
        let own = spec(r#"Protocol(name: "own", version: 1, sets: [])"#);
        let marks = marks_of_hello(&own);
        assert_eq!(marks.len(), 3);
        let all = own.with_control();
        let hello = find(&all, "Hello");
        let mut prng = Prng::new(9);
        for _ in 0..20 {
            let mut said = random(&all, hello, &mut prng);
            said.head[0] = Value::Unsigned(0x5450_4e21);
            said.head[2] = Value::Str("own".to_owned());
            let said = frame(hello.id, &encode(&all, hello, &said).expect("it encodes"));
            for (place, bytes) in &marks {
                let found = &said[*place as usize..];
                assert!(found.starts_with(bytes), "{place}: {bytes:?} in {said:?}");
            }
        }
    }

    #[test]
    fn netports_own_protocol_has_its_messages_already() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
        let netport = crate::load(path).expect("the spec is right");
        assert_eq!(netport.with_control(), netport);
    }
}
