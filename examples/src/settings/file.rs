//! Settings in a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Why a file's settings are not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It says something else than settings.
    #[error("{}:{line}:{column}: {text}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Where in that line, from 1.
        column: usize,
        /// What is wrong.
        text: String,
    },
}

/// The settings in a file, and none without a file.
///
/// # Errors
/// The file cannot be read, or has something in it that is no setting: where, and what.
pub fn from_file<T: Default + DeserializeOwned>(path: Option<&Path>) -> Result<T, FileError> {
    let Some(path) = path else { return Ok(T::default()) };
    let text = fs::read_to_string(path)
        .map_err(|source| FileError::Io { path: path.to_owned(), source })?;
    ron::from_str(&text).map_err(|error| FileError::Settings {
        path: path.to_owned(),
        line: error.span.start.line,
        column: error.span.start.col,
        text: error.code.to_string(),
    })
}

/// The same settings as a file has them.
///
/// # Errors
/// None that these types could give.
pub fn to_ron(settings: &impl Serialize) -> Result<String, ron::Error> {
    ron::ser::to_string_pretty(settings, ron::ser::PrettyConfig::new().new_line("\n"))
}
