//! Names: keywords, and names derived from the spec's that must not meet others.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span};

use crate::schema::{Schema, TypeKind};

/// Words that are no identifiers, in any edition so far.
const KEYWORDS: [&str; 54] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union", "_",
];

/// Words that cannot be raw identifiers either.
const NEVER_RAW: [&str; 5] = ["Self", "crate", "self", "super", "_"];

/// The names of types that the spec does not write but the output has.
pub(super) struct Names {
    derived: HashMap<(String, Derived), Ident>,
}

/// How a name is derived from one of the spec's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Derived {
    /// The borrowed form: `GreetRef`.
    Ref,
    /// What peeks into a struct: `PeerPeek`.
    Peek,
    /// The values of an open enum that have no name: `UnknownMood`.
    Unknown,
    /// The body of a union's variant: `ShapeCircle`.
    Variant(String),
    /// Its borrowed form: `ShapeCircleRef`.
    VariantRef(String),
}

impl Names {
    pub(super) fn new(schema: &Schema) -> Self {
        let types = schema.types.iter().map(|def| &def.meta.name);
        let messages = schema.messages().map(|message| &message.meta.name);
        let sets = schema.sets.iter().map(|set| &set.meta.name);
        let mut taken: HashSet<String> = types.chain(messages).chain(sets).cloned().collect();
        let mut names = Self { derived: HashMap::new() };
        let mut derive = |name: &String, derived: Derived| {
            let mut text = derived.of(name);
            while !taken.insert(text.clone()) {
                text.push('X');
            }
            names.derived.insert((name.clone(), derived), ident(&text));
        };
        for def in &schema.types {
            derive(&def.meta.name, Derived::Ref);
            match &def.kind {
                TypeKind::Enum(_) => derive(&def.meta.name, Derived::Unknown),
                TypeKind::Union(union) => {
                    for variant in &union.variants {
                        derive(&def.meta.name, Derived::Variant(variant.meta.name.clone()));
                        derive(&def.meta.name, Derived::VariantRef(variant.meta.name.clone()));
                    }
                }
                TypeKind::Struct(_) => derive(&def.meta.name, Derived::Peek),
                TypeKind::Flags(_) => {}
            }
        }
        for message in schema.messages() {
            derive(&message.meta.name, Derived::Ref);
        }
        for set in &schema.sets {
            derive(&set.meta.name, Derived::Ref);
        }
        names
    }

    /// A derived name.
    pub(super) fn derived(&self, name: &str, derived: Derived) -> Ident {
        let text = derived.of(name);
        self.derived.get(&(name.to_owned(), derived)).cloned().unwrap_or_else(|| ident(&text))
    }

    /// The borrowed form's name.
    pub(super) fn borrowed(&self, name: &str) -> Ident {
        self.derived(name, Derived::Ref)
    }
}

impl Derived {
    fn of(&self, name: &str) -> String {
        match self {
            Self::Ref => format!("{name}Ref"),
            Self::Peek => format!("{name}Peek"),
            Self::Unknown => format!("Unknown{name}"),
            Self::Variant(variant) => format!("{name}{variant}"),
            Self::VariantRef(variant) => format!("{name}{variant}Ref"),
        }
    }
}

/// A name of the spec as an identifier: raw where it is a keyword, with `_` added where not even
/// that is allowed.
pub(super) fn ident(name: &str) -> Ident {
    if NEVER_RAW.contains(&name) {
        Ident::new(&format!("{name}_"), Span::call_site())
    } else if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// A local variable for the field at `index`; it can meet no other local, whatever fields are named.
pub(super) fn local(index: usize) -> Ident {
    Ident::new(&format!("f{index}"), Span::call_site())
}

/// `UpperCamelCase` as `SCREAMING_SNAKE_CASE`.
pub(super) fn screaming(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// `UpperCamelCase` as `snake_case`.
pub(super) fn snake(name: &str) -> String {
    screaming(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_become_raw_or_get_an_underscore() {
        let text = |name: &str| ident(name).to_string();
        assert_eq!(text("type"), "r#type");
        assert_eq!(text("gen"), "r#gen");
        assert_eq!(text("self"), "self_");
        assert_eq!(text("crate"), "crate_");
        assert_eq!(text("name"), "name");
    }

    #[test]
    fn words_are_found_in_camel_case() {
        assert_eq!(screaming("CanFly"), "CAN_FLY");
        assert_eq!(snake("Ipv6Only"), "ipv6_only");
    }
}
