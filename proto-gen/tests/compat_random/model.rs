//! Specs that are easy to make at random and to edit.

use proto_gen::dynamic::Prng;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub version: u32,
    /// Whether messages say who sends them.
    pub roles: bool,
    pub types: Vec<Type>,
    pub messages: Vec<Message>,
    /// Requests and responses, by the messages' keys.
    pub calls: Vec<(u32, u32)>,
    pub constants: Vec<(Item, u32)>,
    pub reserved: Vec<u16>,
    pub reserved_names: Vec<String>,
    /// For names that were never used.
    pub names: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub name: String,
    pub was: Option<String>,
    pub since: u32,
    pub deprecated: bool,
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
    /// Its own for ever, whatever it is called.
    pub key: u32,
    pub id: u16,
    /// Which set it is in.
    pub set: usize,
    /// Who sends it: anyone, where that is nobody.
    pub from: Vec<&'static str>,
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
/// The sets that messages can be in.
pub(crate) const SETS: [&str; 2] = ["App", "Other"];
/// Who sends messages.
pub(crate) const ROLES: [&str; 2] = ["Server", "Client"];
/// Names of fields that mean something in Rust, or in what is generated.
const HOSTILE: [&str; 12] = [
    "type", "self", "match", "async", "tail", "value", "input", "out", "size", "source", "new",
    "f0",
];
const KEYS: [&str; 6] = ["U8", "U16", "U64", "I32", "Uuid", "I8"];

pub(crate) fn pick<T: Copy>(prng: &mut Prng, items: &[T]) -> T {
    items[prng.below(items.len())]
}

impl Model {
    pub(crate) fn random(prng: &mut Prng) -> Self {
        let mut model = Self {
            version: 1,
            roles: prng.once_in(2),
            types: Vec::new(),
            messages: Vec::new(),
            calls: Vec::new(),
            constants: Vec::new(),
            reserved: Vec::new(),
            reserved_names: Vec::new(),
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
        if let [first, second, ..] = &model.messages[..]
            && prng.once_in(4)
        {
            model.calls.push((first.key, second.key));
        }
        for _ in 0..prng.below(3) {
            let constant = (model.item('C'), prng.below(5) as u32);
            model.constants.push(constant);
        }
        model
    }

    pub(crate) fn item(&mut self, letter: char) -> Item {
        self.names += 1;
        let name = format!("{letter}{}", self.names);
        Item { name, was: None, since: 1, deprecated: false }
    }

    pub(crate) fn message(&mut self, prng: &mut Prng, id: u16) -> Message {
        let body = self.body(prng, true);
        let item = self.item('M');
        let from = ROLES.into_iter().filter(|_| prng.once_in(2)).collect();
        let set = usize::from(prng.once_in(3));
        Message { key: self.names, id, set, from, item, max_len: None, body }
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
        let mut item = self.item('f');
        if prng.once_in(16) {
            item.name = pick(prng, &HOSTILE).to_owned();
        }
        Field { item, ty, rule }
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
