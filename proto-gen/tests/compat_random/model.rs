//! Specs that are easy to make at random and to edit, and their text.

use std::fmt::Write as _;

use proto_gen::dynamic::Prng;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub version: u32,
    pub types: Vec<Type>,
    pub messages: Vec<Message>,
    pub reserved: Vec<u16>,
    /// For names that were never used.
    pub names: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub name: String,
    pub was: Option<String>,
    pub since: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub item: Item,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Struct { width: Option<&'static str>, body: Body },
    Enum { repr: &'static str, closed: bool, values: Vec<(u32, Item)>, reserved: Vec<u32> },
    Flags { bits: Vec<(u32, Item)>, reserved: Vec<u32> },
    Union { variants: Vec<(u16, Item, Body)>, max_len: u32, reserved: Vec<u16> },
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub id: u16,
    pub item: Item,
    pub max_len: Option<u32>,
    pub body: Body,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub head: Vec<Field>,
    pub tail: Vec<(u16, Field)>,
    pub retain: bool,
    pub reserved: Vec<u16>,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub item: Item,
    pub ty: Ty,
    pub rule: Option<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Range(i32, i32),
    NonEmpty,
    Lengths(Vec<u32>),
}

#[derive(Clone, Debug)]
pub(crate) enum Ty {
    /// A type without arguments.
    Plain(&'static str),
    /// `Str` or `Bytes`.
    Counted(&'static str, u32),
    List(Box<Ty>, u32),
    Array(Box<Ty>, u32),
    Map(Box<Ty>, Box<Ty>, u32),
    Opt(Box<Ty>),
    Named(String),
}

pub(crate) const PLAIN: [&str; 20] = [
    "Bool",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "I8",
    "I16",
    "I32",
    "I64",
    "I128",
    "F32",
    "F64",
    "Ip",
    "SocketAddr",
    "Uuid",
    "Duration",
    "Timestamp",
    "U8",
    "U16",
];
const KEYS: [&str; 6] = ["U8", "U16", "U64", "I32", "Uuid", "I8"];

pub(crate) fn pick<T: Copy>(prng: &mut Prng, items: &[T]) -> T {
    items[prng.below(items.len())]
}

impl Model {
    pub(crate) fn random(prng: &mut Prng) -> Self {
        let mut model = Self {
            version: 1,
            types: Vec::new(),
            messages: Vec::new(),
            reserved: Vec::new(),
            names: 0,
        };
        for _ in 0..prng.below(5) {
            let kind = model.kind(prng);
            let item = model.item('T');
            model.types.push(Type { item, kind });
        }
        for index in 0..1 + prng.below(3) as u16 {
            let id = 0x100 + 4 * index + prng.below(4) as u16;
            let message = model.message(prng, id);
            model.messages.push(message);
        }
        model
    }

    pub(crate) fn item(&mut self, letter: char) -> Item {
        self.names += 1;
        Item { name: format!("{letter}{}", self.names), was: None, since: 1 }
    }

    pub(crate) fn message(&mut self, prng: &mut Prng, id: u16) -> Message {
        let body = self.body(prng, true);
        Message { id, item: self.item('M'), max_len: None, body }
    }

    fn kind(&mut self, prng: &mut Prng) -> Kind {
        match prng.below(5) {
            0 => Kind::Enum {
                repr: pick(prng, &["U8", "U16", "U32"]),
                closed: prng.once_in(2),
                values: (0..1 + prng.below(3) as u32).map(|n| (n, self.item('V'))).collect(),
                reserved: Vec::new(),
            },
            1 => Kind::Flags {
                bits: (0..1 + prng.below(3) as u32).map(|n| (n, self.item('B'))).collect(),
                reserved: Vec::new(),
            },
            2 => Kind::Union {
                variants: (0..1 + prng.below(3) as u16)
                    .map(|n| {
                        (2 + 2 * n + prng.below(2) as u16, self.item('V'), self.body(prng, true))
                    })
                    .collect(),
                max_len: 65_536,
                reserved: Vec::new(),
            },
            _ => {
                let width = pick(prng, &[None, Some("U16"), Some("U32")]);
                Kind::Struct { width, body: self.body(prng, width.is_some()) }
            }
        }
    }

    fn body(&mut self, prng: &mut Prng, grows: bool) -> Body {
        let mut body = Body::default();
        for _ in 0..1 + prng.below(3) {
            body.head.push(self.field(prng));
        }
        if grows {
            for index in 0..prng.below(3) as u16 {
                body.tail.push((1 + 2 * index + prng.below(2) as u16, self.tail_field(prng)));
            }
            body.retain = prng.once_in(3);
        }
        body
    }

    pub(crate) fn tail_field(&mut self, prng: &mut Prng) -> Field {
        loop {
            let field = self.field(prng);
            if !matches!(field.ty, Ty::Opt(_)) {
                return field;
            }
        }
    }

    pub(crate) fn field(&mut self, prng: &mut Prng) -> Field {
        let ty = self.ty(prng, 2);
        let rule = if prng.once_in(4) { rule(prng, &ty) } else { None };
        Field { item: self.item('f'), ty, rule }
    }

    pub(crate) fn ty(&self, prng: &mut Prng, depth: usize) -> Ty {
        let bound = |prng: &mut Prng| pick(prng, &[1, 3, 20, 255, 256, 300]);
        match prng.below(if depth == 0 { 7 } else { 12 }) {
            0..=2 => Ty::Plain(pick(prng, &PLAIN)),
            3 | 4 => Ty::Counted(pick(prng, &["Str", "Bytes"]), bound(prng)),
            5 | 6 => match self.types.len() {
                0 => Ty::Plain("U32"),
                n => Ty::Named(self.types[prng.below(n)].item.name.clone()),
            },
            7 | 8 => Ty::List(Box::new(self.ty(prng, depth - 1)), pick(prng, &[1, 3, 20])),
            9 => Ty::Array(Box::new(self.ty(prng, depth - 1)), 1 + prng.below(4) as u32),
            10 => {
                let key = Ty::Plain(pick(prng, &KEYS));
                Ty::Map(Box::new(key), Box::new(self.ty(prng, depth - 1)), pick(prng, &[1, 3, 20]))
            }
            _ => Ty::Opt(Box::new(self.ty(prng, depth - 1))),
        }
    }

    /// The spec's text.
    pub(crate) fn text(&self) -> String {
        let mut out = format!(
            "Protocol(name: \"random\", version: {}, doc: \"d\", reserved_ids: {:?},\n",
            self.version, self.reserved
        );
        for (key, wanted) in [("structs", 0), ("enums", 1), ("flags", 2), ("unions", 3)] {
            let own: Vec<String> =
                self.types.iter().filter(|ty| ty.kind.index() == wanted).map(Type::text).collect();
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "{key}: [{}],", own.join(",\n"));
        }
        let messages: Vec<String> = self.messages.iter().map(Message::text).collect();
        let _ = writeln!(
            out,
            "sets: [Set(name: \"App\", doc: \"d\", messages: [{}])])",
            messages.join(",\n")
        );
        out
    }
}

/// A rule that the type can have.
pub(crate) fn rule(prng: &mut Prng, ty: &Ty) -> Option<Rule> {
    match ty {
        Ty::Plain("U8" | "U16" | "U32" | "U64" | "U128" | "F32" | "F64") => {
            let min = prng.below(3) as i32;
            Some(Rule::Range(min, min + prng.below(100) as i32))
        }
        Ty::Plain("I8" | "I16" | "I32" | "I64" | "I128") => {
            let min = prng.below(3) as i32 - 5;
            Some(Rule::Range(min, min + prng.below(100) as i32))
        }
        Ty::Counted(_, max) | Ty::List(_, max) | Ty::Map(_, _, max) => {
            Some(match prng.once_in(2) {
                true => Rule::NonEmpty,
                false => {
                    let mut lengths: Vec<u32> =
                        (0..1 + prng.below(3)).map(|_| prng.below(4) as u32).collect();
                    lengths.retain(|length| length <= max);
                    lengths.push(*max.min(&3));
                    lengths.sort_unstable();
                    lengths.dedup();
                    Rule::Lengths(lengths)
                }
            })
        }
        _ => None,
    }
}

impl Kind {
    fn index(&self) -> usize {
        match self {
            Self::Struct { .. } => 0,
            Self::Enum { .. } => 1,
            Self::Flags { .. } => 2,
            Self::Union { .. } => 3,
        }
    }
}

impl Item {
    fn text(&self) -> String {
        let was = self.was.as_ref().map_or_else(String::new, |was| format!(", was: {was:?}"));
        format!("name: {:?}, doc: \"d\", since: {}{was}", self.name, self.since)
    }
}

impl Type {
    fn text(&self) -> String {
        let item = self.item.text();
        let members = |name: &str, key: &str, members: &[(u32, Item)]| {
            let text = |(n, item): &(u32, Item)| format!("{name}({key}: {n}, {})", item.text());
            members.iter().map(text).collect::<Vec<_>>().join(", ")
        };
        match &self.kind {
            Kind::Struct { width, body } => {
                let width =
                    width.map_or_else(String::new, |width| format!(", extensible: {width}"));
                format!("Struct({item}{width}, {})", body.text())
            }
            Kind::Enum { repr, closed, values, reserved } => format!(
                "Enum({item}, repr: {repr}, closed: {closed}, reserved_ids: {reserved:?}, values: [{}])",
                members("Value", "value", values)
            ),
            Kind::Flags { bits, reserved } => format!(
                "Flags({item}, repr: U16, reserved_ids: {reserved:?}, bits: [{}])",
                members("Bit", "bit", bits)
            ),
            Kind::Union { variants, max_len, reserved } => {
                let text = |(id, item, body): &(u16, Item, Body)| {
                    format!("Variant(id: {id}, {}, {})", item.text(), body.text())
                };
                let variants: Vec<String> = variants.iter().map(text).collect();
                format!(
                    "Union({item}, max_len: {max_len}, reserved_ids: {reserved:?}, variants: [{}])",
                    variants.join(", ")
                )
            }
        }
    }
}

impl Message {
    fn text(&self) -> String {
        let max_len =
            self.max_len.map_or_else(String::new, |max_len| format!("max_len: {max_len}, "));
        format!("Message(id: {}, {}, {max_len}{})", self.id, self.item.text(), self.body.text())
    }
}

impl Body {
    fn text(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|field| field.text("")).collect();
        let mut out = format!("fields: [{}]", head.join(", "));
        if !self.tail.is_empty() {
            let tail: Vec<String> =
                self.tail.iter().map(|(id, field)| field.text(&format!("id: {id}, "))).collect();
            let _ = write!(out, ", tail: [{}]", tail.join(", "));
        }
        if self.retain {
            out.push_str(", unknown: Retain");
        }
        if !self.reserved.is_empty() {
            let _ = write!(out, ", reserved_ids: {:?}", self.reserved);
        }
        out
    }
}

impl Field {
    fn text(&self, id: &str) -> String {
        let rule = match &self.rule {
            None => String::new(),
            Some(Rule::Range(min, max)) => format!(", range: ({min}, {max})"),
            Some(Rule::NonEmpty) => ", non_empty: true".to_owned(),
            Some(Rule::Lengths(lengths)) => format!(", lengths: {lengths:?}"),
        };
        format!("Field({id}{}, ty: {}{rule})", self.item.text(), self.ty.text())
    }
}

impl Ty {
    fn text(&self) -> String {
        match self {
            Self::Plain(name) => (*name).to_owned(),
            Self::Counted(name, max) => format!("{name}({max})"),
            Self::List(elem, max) => format!("List({}, {max})", elem.text()),
            Self::Array(elem, len) => format!("Array({}, {len})", elem.text()),
            Self::Map(key, value, max) => format!("Map({}, {}, {max})", key.text(), value.text()),
            Self::Opt(inner) => format!("Opt({})", inner.text()),
            Self::Named(name) => name.clone(),
        }
    }
}
