//! The Rust of proto-gen's goldens, compiled: clean under the strictest lints that users have.

#![deny(clippy::pedantic, missing_docs, unused)]

use tlv_core::Visitor;

macro_rules! goldens {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("Generated from `", stringify!($name), ".ron`.")]
            pub(crate) mod $name {
                include!(concat!(
                    "../../../proto-gen/tests/goldens/rust/",
                    stringify!($name),
                    ".rs"
                ));
            }
        )*

        /// Shows every message of every golden to `visitor`.
        pub(crate) fn visit_messages<V: Visitor>(visitor: &mut V) {
            $($name::visit_messages(visitor);)*
        }

        #[test]
        fn every_golden_is_compiled_here() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto-gen/tests/goldens/rust");
            let here = [$(concat!(stringify!($name), ".rs")),*];
            for entry in std::fs::read_dir(folder).expect("the folder is there") {
                let name = entry.expect("readable").file_name();
                let name = name.to_string_lossy();
                assert!(!name.ends_with(".rs") || here.contains(&&*name), "{name} is not");
            }
        }
    };
}

goldens! {
    addresses arrays calls constants constraints docs edges enum_closed enum_open everything flags keywords
    maps numbers optional retain struct_extensible struct_frozen tail text times union
}
