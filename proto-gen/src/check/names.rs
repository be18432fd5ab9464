//! How names are written, and which ones are taken.

use super::cx::Cx;
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Span;

/// How a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `UpperCamelCase`: types, messages, sets.
    Type,
    /// `UpperCamelCase`: values, bits, variants.
    Member,
    /// `snake_case`: fields, and the protocol itself.
    Field,
    /// `SCREAMING_SNAKE_CASE`: constants.
    Constant,
}

/// Longest name in bytes: of a protocol, because `Hello` has room for no more; of an item, because
/// people read it, and generated names are made of two.
pub(super) const LEN_MAX: usize = 64;

/// Names of types that every spec has.
pub(super) const BUILT_IN: &[&str] = &[
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
    "Str",
    "Bytes",
    "List",
    "Array",
    "Map",
    "Opt",
    "Ip",
    "SocketAddr",
    "Uuid",
    "Duration",
    "Timestamp",
];

/// Names that generated Rust relies on.
const RUST: &[&str] = &[
    "Self",
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "Vec",
    "String",
    "Box",
    "Unknown",
    "Retained",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "From",
    "Fn",
    "FnMut",
    "FnOnce",
    "Hash",
    "Into",
    "Iterator",
    "IntoIterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Send",
    "Sized",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "AsRef",
    "AsMut",
    "Extend",
    "Unpin",
];

impl Style {
    fn accepts(self, name: &str) -> bool {
        let words = |first: fn(char) -> bool, rest: fn(char) -> bool| {
            name.starts_with(first)
                && name.split('_').all(|word| !word.is_empty() && word.chars().all(rest))
        };
        match self {
            Self::Type | Self::Member => {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric())
            }
            Self::Field => {
                words(|c| c.is_ascii_lowercase(), |c| c.is_ascii_lowercase() || c.is_ascii_digit())
            }
            Self::Constant => {
                words(|c| c.is_ascii_uppercase(), |c| c.is_ascii_uppercase() || c.is_ascii_digit())
            }
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Type | Self::Member => "`UpperCamelCase`",
            Self::Field => "`snake_case`",
            Self::Constant => "`SCREAMING_SNAKE_CASE`",
        }
    }

    /// The same words in this style; may still be no name, where nothing is left.
    fn rewrite(self, name: &str) -> String {
        let words = words(name);
        let capital = |word: &String| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or(String::new(), |c| c.to_ascii_uppercase().to_string() + chars.as_str())
        };
        match self {
            Self::Type | Self::Member => words.iter().map(capital).collect(),
            Self::Field => words.join("_"),
            Self::Constant => words.join("_").to_ascii_uppercase(),
        }
    }
}

/// The words of a name in any style, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut previous_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_ascii_uppercase() && previous_lower {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Reports a name that is too long, in the wrong style, or taken. The name is used all the same, so that
/// other items can refer to it.
pub(super) fn check(cx: &mut Cx, name: &str, span: Span, style: Style) {
    if name.len() > LEN_MAX {
        cx.report(
            Diagnostic::new(
                Code::NameTooLong,
                span,
                format!("a name has at most {LEN_MAX} bytes"),
                format!("this has {}", name.len()),
            )
            .help("name it in a few words, and say the rest in `doc`"),
        );
        return;
    }
    if !style.accepts(name) {
        let rewritten = style.rewrite(name);
        let help = if style.accepts(&rewritten) {
            format!("write `{rewritten}`")
        } else {
            "a name is made of ASCII letters and digits, a letter first".into()
        };
        cx.report(
            Diagnostic::new(
                Code::BadName,
                span,
                format!("`{name}` is not written in {}", style.describe()),
                "",
            )
            .help(help),
        );
        return;
    }
    let taken = match style {
        Style::Type if BUILT_IN.contains(&name) => "is a type that every spec has",
        Style::Type if RUST.contains(&name) => "means something else in the generated Rust",
        Style::Member if ["Self", "Unknown"].contains(&name) => {
            "means something else in the generated Rust"
        }
        _ => return,
    };
    cx.report(Diagnostic::new(
        Code::WordTaken,
        span,
        format!("`{name}` {taken}"),
        "choose another name",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_accept_and_rewrite() {
        let check = |style: Style, name: &str, accepted: bool, rewritten: &str| {
            assert_eq!(style.accepts(name), accepted, "{name}");
            assert_eq!(style.rewrite(name), rewritten, "{name}");
        };
        check(Style::Type, "Greet", true, "Greet");
        check(Style::Type, "greet_me", false, "GreetMe");
        check(Style::Field, "maxLen", false, "max_len");
        check(Style::Field, "x2_y", true, "x2_y");
        check(Style::Field, "self_", false, "self");
        check(Style::Field, "a__b", false, "a_b");
        check(Style::Constant, "wireVersion", false, "WIRE_VERSION");
        check(Style::Constant, "MAX_1", true, "MAX_1");
        check(Style::Type, "", false, "");
    }
}
