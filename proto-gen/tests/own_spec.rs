//! netport's own spec is without a mistake, and without a lint.

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
