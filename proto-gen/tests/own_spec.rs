//! Specs without a mistake: netport's own, and one with every construct of the language.

use std::path::Path;

use proto_gen::schema::{Pair, TypeKind};

#[test]
fn netports_own_spec_is_clean() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/messages.ron");
    let checked = proto_gen::check(path);
    assert_eq!(checked.diagnostics.to_string(), "");
    let schema = checked.schema.expect("no mistake, so there is a schema");
    assert_eq!(schema.name, "netport");

    let message = |name: &str| schema.messages().find(|m| m.meta.name == name).expect("declared");
    assert_eq!(message("Lookup").pair, Some(Pair::RequestOf(0x0106)));
    assert_eq!(message("Found").pair, Some(Pair::ResponseTo(0x0104)));
    assert_eq!(message("Found").body.head[0].meta.name, "call");
    assert_eq!(message("Register").from, [2]);
    assert_eq!(message("Greet").size.min, 2);
    assert_eq!(message("Greet").size.max, 2 + 500 + 6 + 1);
    let roles = schema.type_def(schema.roles.expect("declared"));
    assert!(matches!(&roles.kind, TypeKind::Enum(roles) if roles.closed));
}

#[test]
fn every_construct_of_the_language_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs/everything.ron");
    let checked = proto_gen::check(path);
    assert_eq!(checked.diagnostics.to_string(), "");
    let schema = checked.schema.expect("no mistake, so there is a schema");
    let names: Vec<&str> = schema.types.iter().map(|def| def.meta.name.as_str()).collect();
    let at = |name: &str| names.iter().position(|n| *n == name).expect("declared");
    for (inner, outer) in
        [("Point", "Grown"), ("Shape", "Grown"), ("Color", "Shape"), ("Kind", "Shared")]
    {
        assert!(at(inner) < at(outer), "{inner} after {outer} in {names:?}");
    }
    assert_eq!(schema.files.len(), 2);
    let size = |name: &str| {
        let size = schema.types[at(name)].size;
        (size.min, size.max)
    };
    assert_eq!(size("Point"), (12, 12));
    assert_eq!(size("Empty"), (0, 0));
    // A length of four bytes, then the point; room to grow as far as the length can say.
    assert_eq!(size("Grown"), (4 + 12, 4 + u64::from(u32::MAX)));
    // Unknown variants are kept, up to the stated length.
    assert_eq!(size("Shape"), (6, 6 + 1_000));
}

#[test]
fn names_may_mean_something_elsewhere() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs/hostile.ron");
    let checked = proto_gen::check(path);
    assert_eq!(checked.diagnostics.to_string(), "");
    let schema = checked.schema.expect("no mistake, so there is a schema");
    // Generating cannot fail once there is a schema; that the text compiles is tested elsewhere.
    let text = proto_gen::backends::rust::generate(&schema, &Default::default());
    assert!(text.contains("pub r#async"));
}
