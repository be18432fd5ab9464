//! Types as other languages write them, for the help in mistakes: `Vec<u8>` is `List(U8, 10)` here.

/// The type of the spec that is called `name` elsewhere, with an example's arguments.
pub(crate) fn word(name: &str) -> Option<&'static str> {
    Some(match name {
        "String" | "string" | "str" | "Text" => "Str(64)",
        "Vec" | "Slice" | "Set" | "HashSet" | "BTreeSet" => "List(U8, 10)",
        "Option" | "Optional" => "Opt(U8)",
        "HashMap" | "BTreeMap" | "Dict" => "Map(Str(8), U32, 10)",
        "bool" | "boolean" | "Boolean" => "Bool",
        "byte" | "Byte" | "char" => "U8",
        "usize" | "ulong" => "U64",
        "isize" | "int" | "Int" => "I64",
        "float" | "Float" => "F32",
        "double" | "Double" => "F64",
        "IpAddr" => "Ip",
        _ => return None,
    })
}

/// The same of a type with arguments, which are types of the spec already.
pub(crate) fn applied(name: &str, arguments: &[String]) -> Option<String> {
    Some(match (word(name)?, arguments) {
        ("List(U8, 10)", [element]) => format!("List({element}, 10)"),
        ("List(U8, 10)", [element, max]) => format!("List({element}, {max})"),
        ("Opt(U8)", [inner]) => format!("Opt({inner})"),
        ("Map(Str(8), U32, 10)", [key, value]) => format!("Map({key}, {value}, 10)"),
        ("Map(Str(8), U32, 10)", [key, value, max]) => format!("Map({key}, {value}, {max})"),
        _ => return None,
    })
}

/// What is written `Vec<Option<u8>>`, as a type of the spec.
pub(super) fn generic(text: &str) -> String {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('<') else {
        return match word(text) {
            Some(ours) => ours.to_owned(),
            None if is_number(text) => text.to_ascii_uppercase(),
            None => text.to_owned(),
        };
    };
    let inside = rest.strip_suffix('>').unwrap_or(rest);
    let arguments: Vec<String> = arguments(inside).into_iter().map(generic).collect();
    let name = name.trim();
    applied(name, &arguments).unwrap_or_else(|| format!("{name}({})", arguments.join(", ")))
}

/// Rust's `u8` to `i128`, `f32` and `f64`, which are the spec's in capitals.
fn is_number(text: &str) -> bool {
    let width = text.strip_prefix(['u', 'i', 'f']);
    width.is_some_and(|width| matches!(width, "8" | "16" | "32" | "64" | "128"))
}

/// What stands between the commas that are inside no further brackets.
fn arguments(text: &str) -> Vec<&str> {
    let mut depth = 0i32;
    text.split(|c| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        c == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generics_are_written_as_types_of_the_spec() {
        let check = |text: &str, ours: &str| assert_eq!(generic(text), ours);
        check("Vec<Unit>", "List(Unit, 10)");
        check("Option<Vec<u8>>", "Opt(List(U8, 10))");
        check("HashMap<String, Vec<i64>>", "Map(Str(64), List(I64, 10), 10)");
        check("Result<u8, Fault>", "Result(U8, Fault)");
        check("Vec<", "List(, 10)");
    }
}
