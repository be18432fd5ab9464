//! The text of a model.

use std::fmt::Write as _;

use super::model::{Body, Field, Item, Kind, Message, Model, Rule, SETS, Ty, Type};

impl Model {
    /// The spec's text.
    pub(crate) fn text(&self) -> String {
        let Self { version, reserved, reserved_names, .. } = self;
        let mut out = format!("Protocol(name: \"random\", version: {version}, doc: \"d\",\n");
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "reserved_ids: {reserved:?}, reserved_names: {reserved_names:?},");
        let constants = self
            .constants
            .iter()
            .map(|(item, value)| format!("Const({}, ty: U32, value: {value})", item.text()));
        let _ = writeln!(out, "constants: [{}],", constants.collect::<Vec<_>>().join(", "));
        if self.roles {
            out.push_str("roles: \"Role\",\n");
        }
        for (key, wanted) in [("structs", 0), ("enums", 1), ("flags", 2), ("unions", 3)] {
            let mut own: Vec<String> =
                self.types.iter().filter(|ty| ty.kind.index() == wanted).map(Type::text).collect();
            if self.roles && key == "enums" {
                own.push(ROLE_ENUM.to_owned());
            }
            let _ = writeln!(out, "{key}: [{}],", own.join(",\n"));
        }
        let sets: Vec<String> = (0..SETS.len()).filter_map(|set| self.set_text(set)).collect();
        let _ = writeln!(out, "sets: [{}])", sets.join(",\n"));
        out
    }

    fn set_text(&self, set: usize) -> Option<String> {
        let own = || self.messages.iter().filter(move |message| message.set == set);
        let messages: Vec<String> = own().map(|message| message.text(self.roles)).collect();
        if messages.is_empty() {
            return None;
        }
        let name = |key: u32| Some(&own().find(|message| message.key == key)?.item.name);
        let calls = self.calls.iter().filter_map(|(request, response)| {
            let (request, response) = (name(*request)?, name(*response)?);
            Some(format!("Call(request: {request:?}, response: {response:?})"))
        });
        Some(format!(
            "Set(name: {:?}, doc: \"d\", calls: [{}], messages: [\n{}])",
            SETS[set],
            calls.collect::<Vec<_>>().join(", "),
            messages.join(",\n"),
        ))
    }
}

/// Who there is.
const ROLE_ENUM: &str = "Enum(name: \"Role\", repr: U8, closed: true, doc: \"d\", values: [
    Value(value: 1, name: \"Server\", doc: \"d\"), Value(value: 2, name: \"Client\", doc: \"d\")])";

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
        let deprecated = if self.deprecated { ", deprecated: \"d\"" } else { "" };
        format!("name: {:?}, doc: \"d\", since: {}{was}{deprecated}", self.name, self.since)
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
    fn text(&self, roles: bool) -> String {
        let max_len =
            self.max_len.map_or_else(String::new, |max_len| format!("max_len: {max_len}, "));
        let from = match roles && !self.from.is_empty() {
            true => format!("from: [{}], ", self.from.join(", ")),
            false => String::new(),
        };
        let (item, body) = (self.item.text(), self.body.text());
        format!("Message(id: {}, {item}, {from}{max_len}{body})", self.id)
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
