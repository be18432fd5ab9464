//! Moves the lock: makes the spec the last released one.

use std::io;
use std::path::{Path, PathBuf};

use super::input::{Input, lock_path};
use super::report::{Report, Spec};
use crate::diagnostics::Diagnostics;
use crate::parse::{self, Kind};

/// What became of a release.
#[derive(Debug)]
pub enum Release {
    /// The lock says the same already.
    Unchanged,
    /// The lock was written, with these files; waivers that have served should go.
    Moved {
        /// The lock, and a copy of every included file.
        files: Vec<PathBuf>,
        /// How many waivers the spec still has.
        waivers: usize,
    },
    /// The spec breaks the released one.
    Breaks(Box<Report>),
    /// The spec changed, and its version did not grow.
    SameVersion(u32),
}

/// Why there is no release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The spec, or the lock, has mistakes.
    #[error("{0}")]
    Spec(Box<Diagnostics>),
    /// A file cannot be written.
    #[error("cannot write `{0}`: {1}")]
    Write(PathBuf, io::Error),
}

/// Makes the spec at `path` the released one, unless it breaks the one that is. Included files
/// are locked beside the files that they are copies of.
///
/// # Errors
///
/// The spec or the lock has mistakes, or a file cannot be written.
pub fn release(path: &Path) -> Result<Release, ReleaseError> {
    let load = |path: &Path| {
        Input::File(path.to_owned())
            .load()
            .map_err(|diagnostics| ReleaseError::Spec(Box::new(diagnostics)))
    };
    let new = load(path)?;
    let lock = lock_path(path);
    let locked = locked(&new);
    if lock.exists() {
        let old = load(&lock)?;
        let same = |(path, text): &(PathBuf, String)| {
            std::fs::read_to_string(path).is_ok_and(|old| old == *text)
        };
        if locked.iter().all(same) {
            return Ok(Release::Unchanged);
        }
        let report = Report::new(&old, &new);
        if report.breaks().next().is_some() {
            return Ok(Release::Breaks(Box::new(report)));
        }
        if new.schema.version <= old.schema.version && !report.findings().is_empty() {
            return Ok(Release::SameVersion(old.schema.version));
        }
    }
    for (path, text) in &locked {
        std::fs::write(path, text).map_err(|error| ReleaseError::Write(path.clone(), error))?;
    }
    let files = locked.into_iter().map(|(path, _)| path).collect();
    Ok(Release::Moved { files, waivers: new.schema.waivers.len() })
}

/// Every file of a spec under its locked name, its includes renamed likewise.
fn locked(spec: &Spec) -> Vec<(PathBuf, String)> {
    let locked = spec.sources.iter().map(|source| {
        let mut text = source.text.clone();
        // From the end, so that the places before stay where they are.
        for (start, end) in includes(&source.text).into_iter().rev() {
            let name = text[start + 1..end - 1].to_owned();
            let locked = lock_path(Path::new(&name));
            text.replace_range(start + 1..end - 1, &locked.to_string_lossy());
        }
        (lock_path(&source.path), text)
    });
    locked.collect()
}

/// Where the strings of a file's `include` stand, quotes included.
fn includes(text: &str) -> Vec<(usize, usize)> {
    let Some(tree) = parse::parse(0, text, &mut Vec::new()) else { return Vec::new() };
    let Kind::Struct(_, entries) = tree.kind else { return Vec::new() };
    let include = entries.into_iter().find(|entry| entry.key.text == "include");
    let Some(Kind::List(nodes)) = include.map(|entry| entry.value.kind) else { return Vec::new() };
    nodes.iter().map(|node| (node.span.start as usize, node.span.end as usize)).collect()
}
