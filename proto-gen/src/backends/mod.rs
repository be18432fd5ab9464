//! What is generated from a schema, one folder per language.
//!
//! A backend reads the schema and the [`layout`] and returns files; it touches no disk and cannot
//! fail. To add a language, add a folder and a line in [`ALL`].

pub mod layout;
#[cfg(feature = "tools")]
pub mod python;
#[cfg(feature = "tools")]
pub mod reference;
#[cfg(feature = "rust")]
pub mod rust;
#[cfg(feature = "tools")]
pub mod vectors;
#[cfg(feature = "tools")]
pub mod wireshark;

use crate::schema::Schema;

/// Something that describes the protocol to someone, or to a program.
pub trait Backend: Sync {
    /// What it is called: the folder of the backend.
    fn name(&self) -> &'static str;

    /// The files that it makes of `schema`.
    fn files(&self, schema: &Schema) -> Vec<OutputFile>;

    /// A folder under `spec/` of which this backend owns every file, so that what it makes no
    /// longer can be removed.
    fn owned_folder(&self) -> Option<&'static str> {
        None
    }
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Where it belongs, relative to the folder of the spec, with `/` between the parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Every backend whose files stand beside the spec.
#[cfg(feature = "tools")]
pub const ALL: &[&dyn Backend] =
    &[&python::Python, &reference::Reference, &vectors::Vectors, &wireshark::Wireshark];
