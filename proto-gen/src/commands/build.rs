//! `proto-gen build`: every generated file that stands beside the spec.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::backends::{ALL, OutputFile};
use crate::schema::Schema;

/// Every file that the backends make of `schema`, paths relative to the spec's folder.
pub fn generate(schema: &Schema) -> Vec<OutputFile> {
    ALL.iter().flat_map(|backend| backend.files(schema)).collect()
}

/// How a file on disk differs from what would be generated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It is there with another text.
    Changed(PathBuf),
    /// It is not there.
    Missing(PathBuf),
    /// It is there, and nothing generates it any longer.
    Stale(PathBuf),
}

/// How the files under `folder` differ from what `schema` gives.
///
/// # Errors
///
/// Where a file or folder that is there cannot be read.
pub fn compare(schema: &Schema, folder: &Path) -> io::Result<Vec<Difference>> {
    let mut out = Vec::new();
    let files = generate(schema);
    for file in &files {
        let path = folder.join(&file.path);
        match fs::read(&path) {
            Ok(found) if found == file.text.as_bytes() => {}
            Ok(_) => out.push(Difference::Changed(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                out.push(Difference::Missing(path));
            }
            Err(error) => return Err(error),
        }
    }
    let wanted: BTreeSet<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    for owned in ALL.iter().filter_map(|backend| backend.owned_folder()) {
        for path in files_in(&folder.join(owned))? {
            if !wanted.contains(&path) {
                out.push(Difference::Stale(path));
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Makes the files under `folder` what `schema` gives; touches only those that differ.
///
/// # Errors
///
/// Where a file or folder cannot be read or written.
pub fn write(schema: &Schema, folder: &Path) -> io::Result<Vec<Difference>> {
    let differences = compare(schema, folder)?;
    for file in generate(schema) {
        let path = folder.join(&file.path);
        let differs = differences.iter().any(|difference| match difference {
            Difference::Changed(differs) | Difference::Missing(differs) => *differs == path,
            Difference::Stale(_) => false,
        });
        if differs {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, file.text)?;
        }
    }
    for difference in &differences {
        if let Difference::Stale(path) = difference {
            fs::remove_file(path)?;
        }
    }
    Ok(differences)
}

/// Every file below `folder`; none where there is no such folder.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with('.') || name == "__pycache__"
        });
        if hidden {
            continue;
        }
        if path.is_dir() { out.extend(files_in(&path)?) } else { out.push(path) }
    }
    Ok(out)
}
