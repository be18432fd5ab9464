//! What holds for any text as a spec.
//!
//! Used by the tests beside it, and by the fuzz target `spec_compile`.

use std::io::ErrorKind;
use std::path::Path;

use proto_gen::Checked;
use proto_gen::schema::Schema;

/// Checks a text as a spec, whose includes are all missing but `shared.ron`: every place lies inside
/// its file, and there is a mistake or a schema, which is returned.
///
/// # Panics
///
/// Where that is not so.
pub(crate) fn check(text: &[u8]) -> Option<Schema> {
    let read = |path: &Path| match path.to_str() {
        Some("spec.ron") => Ok(text.to_vec()),
        Some("shared.ron") => Ok(include_bytes!("../specs/shared.ron").to_vec()),
        _ => Err(ErrorKind::NotFound.into()),
    };
    let Checked { schema, diagnostics } = proto_gen::check_with("spec.ron", read);
    assert_eq!(schema.is_some(), diagnostics.errors() == 0, "a schema or a mistake");
    for diagnostic in diagnostics.iter() {
        for label in [&diagnostic.primary].into_iter().chain(&diagnostic.others) {
            let text = &diagnostics.sources()[label.span.file as usize].text;
            let range = label.span.start as usize..label.span.end as usize;
            assert!(text.get(range).is_some(), "outside the file: {diagnostic:?}");
        }
    }
    let _ = diagnostics.render(true);
    schema
}
