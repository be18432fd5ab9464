//! Every mistake and lint, by a spec that has it: `diagnostics/E0017_stray_bracket.ron`, and beside
//! it the text that is shown for it. `UPDATE_GOLDENS=1 cargo test -p proto-gen` writes the texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proto_gen::Checked;
use proto_gen::diagnostics::{Code, Severity};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// The fixtures' names, `E0017_stray_bracket.ron`, in order.
fn fixtures() -> Vec<String> {
    let entries = fs::read_dir(directory()).expect("the directory is part of the crate");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII"))
        .filter(|name| name.ends_with(".ron"))
        .collect();
    names.sort();
    names
}

fn check(name: &str) -> Checked {
    // Paths in the texts do not depend on where the crate stands.
    proto_gen::check_with(name, |path| fs::read(directory().join(path)))
}

/// Compares with the golden file, or writes it.
fn golden(path: &Path, text: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, text).expect("writable");
    } else if fs::read_to_string(path).unwrap_or_default() != text {
        wrong.push(format!("{} differs from:\n{text}", path.display()));
    }
}

/// The fixture has the mistake or lint that it is named after and no other, in the golden text.
#[track_caller]
fn shows(name: &str) {
    let name = format!("{name}.ron");
    let checked = check(&name);
    let codes: BTreeSet<&str> = checked.diagnostics.iter().map(|d| d.code.as_str()).collect();
    let code = &name[..5];
    assert_eq!(codes, BTreeSet::from([code]), "{}", checked.diagnostics);
    let lint = code.starts_with('L');
    assert_eq!(checked.schema.is_some(), lint, "a schema exactly if only lints");
    let mut wrong = Vec::new();
    let text = checked.diagnostics.render(false);
    golden(&directory().join(&name).with_extension("txt"), &text, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// A test for each fixture, of its name.
macro_rules! fixtures {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(concat!(stringify!($name), ".ron")),*];

        #[allow(non_snake_case, reason = "codes have capitals")]
        mod shows {
            $(#[test]
            fn $name() {
                super::shows(stringify!($name));
            })*
        }
    };
}

fixtures! {
    E0001_unreadable_file
    E0002_not_utf8
    E0003_include_cycle
    E0004_not_an_include
    E0010_generic_type
    E0010_unexpected_character
    E0011_not_a_character
    E0011_unclosed_string
    E0012_unclosed_comment
    E0013_bad_escape
    E0014_bad_number
    E0014_range_with_dots
    E0015_number_too_large
    E0016_unclosed_field
    E0016_unclosed_file
    E0016_unclosed_list
    E0017_stray_bracket
    E0018_empty_file
    E0018_expected_value
    E0019_missing_comma
    E0020_mixed_entries
    E0021_too_many_brackets
    E0022_text_after_end
    E0023_unsupported_syntax
    E0030_wrong_item
    E0030_wrong_root
    E0031_messages_without_a_set
    E0031_unknown_key
    E0032_duplicate_key
    E0033_missing_key
    E0034_version_as_text
    E0034_wrong_value
    E0035_number_out_of_range
    E0036_unknown_lint
    E0040_bad_name
    E0041_word_taken
    E0042_difference_in_case
    E0042_duplicate_name
    E0043_generated_name
    E0044_reserved_name
    E0045_was_still_here
    E0046_name_too_long
    E0050_duplicate_id
    E0051_reserved_id
    E0052_netport_id
    E0053_tail_id_zero
    E0054_id_too_wide
    E0055_reserved_twice
    E0060_types_of_other_languages
    E0060_unknown_type
    E0061_not_a_type
    E0062_type_arguments
    E0063_zero_bound
    E0064_bound_too_large
    E0064_struct_too_large
    E0065_empty_element
    E0066_bad_map_key
    E0067_recursive_type
    E0068_too_deep
    E0069_optional_tail
    E0070_bad_repr
    E0071_frozen_tail
    E0072_beyond_width
    E0073_max_len_missing
    E0074_max_len_too_small
    E0075_nothing_inside
    E0080_constraint_misplaced
    E0081_empty_range
    E0082_range_beyond_type
    E0082_range_beyond_what_a_range_can_say
    E0083_two_constraints
    E0084_bad_lengths
    E0085_const_type
    E0086_const_value
    E0087_unknown_constant
    E0089_no_such_endpoint
    E0090_no_roles
    E0091_unknown_role
    E0092_roles_not_enum
    E0093_since_unknown
    E0094_older_than_owner
    E0095_new_required_field
    E0096_type_too_new
    E0097_unknown_message
    E0098_two_calls
    E0099_empty_reason
    L0001_missing_doc
    L0002_huge_bound
    L0003_id_gap
    L0004_id_order
    L0005_id_notation
    L0006_private_id
    L0007_deprecated_use
    L0008_doctest
    L0009_amplification
}

#[test]
fn every_fixture_has_a_test_of_its_name() {
    assert_eq!(fixtures(), TESTED);
}

#[test]
fn every_code_has_a_fixture() {
    let names = fixtures();
    let missing: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !names.iter().any(|name| name.starts_with(code.as_str())))
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
}

#[test]
fn every_span_lies_in_its_file_on_character_boundaries() {
    for name in fixtures() {
        let diagnostics = check(&name).diagnostics;
        for diagnostic in diagnostics.iter() {
            for label in [&diagnostic.primary].into_iter().chain(&diagnostic.others) {
                let text = &diagnostics.sources()[label.span.file as usize].text;
                let range = label.span.start as usize..label.span.end as usize;
                assert!(text.get(range.clone()).is_some(), "{name}: {range:?} of {diagnostic:?}");
            }
        }
    }
}

#[test]
fn the_table_of_codes_is_complete() {
    let mut text = String::from(
        "# Codes\n\n\
         What `proto-gen check` and build scripts report. A code keeps its meaning for ever.\n\
         Each has an example in `tests/diagnostics`, with the text that is shown for it.\n\
         Written by `UPDATE_GOLDENS=1 cargo test -p proto-gen`.\n",
    );
    for (severity, title) in [
        (Severity::Error, "Mistakes"),
        (Severity::Warning, "Lints, allowed per item by `allow: [\"L0001\"]`"),
    ] {
        text.push_str(&format!("\n## {title}\n\n| code | meaning |\n| --- | --- |\n"));
        for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
            text.push_str(&format!("| {code} | {} |\n", code.title()));
        }
    }
    let mut wrong = Vec::new();
    golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("DIAGNOSTICS.md"), &text, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn every_finding_says_what_to_write_instead() {
    for name in fixtures() {
        let diagnostics = check(&name).diagnostics;
        for diagnostic in diagnostics.iter() {
            assert!(!diagnostic.help.is_empty(), "{name}: {diagnostic:?}");
        }
    }
}
