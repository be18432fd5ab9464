//! Where a spec is read from: a file, or a file of a git revision.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use super::report::Spec;
use crate::check::Checked;
use crate::diagnostics::Diagnostics;

/// What `git:REV:path` begins with.
const GIT: &str = "git:";

/// A spec's place: `spec/messages.ron`, or `git:v1.2:spec/messages.ron`. In the latter form
/// includes are read from the same revision, and the path counts from the repository's root, or
/// from the current directory where it begins with `./`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// A file of a revision.
    Git {
        /// Anything that git takes for a commit.
        revision: String,
        /// Within the repository.
        path: PathBuf,
    },
}

impl Input {
    /// Reads and checks the spec.
    ///
    /// # Errors
    ///
    /// Every mistake in the spec; what cannot be read is one too.
    pub fn load(&self) -> Result<Spec, Diagnostics> {
        let Checked { schema, diagnostics } = match self {
            Self::File(path) => crate::check(path),
            Self::Git { revision, .. } => {
                let prefix = format!("{GIT}{revision}:");
                crate::check_with(self.to_string(), |path| {
                    let path = path.to_string_lossy();
                    // An include beside a file at the root has lost the prefix.
                    show(revision, path.strip_prefix(&prefix).unwrap_or(&path))
                })
            }
        };
        match schema {
            Some(schema) => Ok(Spec { schema, sources: diagnostics.sources().to_vec() }),
            None => Err(diagnostics),
        }
    }

    /// The lock beside the spec, of the same revision.
    pub fn lock(&self) -> Self {
        match self {
            Self::File(path) => Self::File(lock_path(path)),
            Self::Git { revision, path } => {
                Self::Git { revision: revision.clone(), path: lock_path(path) }
            }
        }
    }
}

/// `spec/messages.lock.ron` for `spec/messages.ron`.
pub fn lock_path(spec: &Path) -> PathBuf {
    let mut name = spec.file_stem().map_or_else(OsString::new, ToOwned::to_owned);
    name.push(".lock.ron");
    spec.with_file_name(name)
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix(GIT) else { return Ok(Self::File(text.into())) };
        match rest.split_once(':') {
            // A revision that begins with `-` would be taken for an option.
            Some((revision, path))
                if !revision.is_empty() && !path.is_empty() && !revision.starts_with('-') =>
            {
                Ok(Self::Git { revision: revision.to_owned(), path: path.into() })
            }
            _ => Err(format!("`{text}` is not of the form `git:REVISION:path`")),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Git { revision, path } => write!(f, "{GIT}{revision}:{}", path.display()),
        }
    }
}

/// The contents of a file of a revision.
fn show(revision: &str, path: &str) -> io::Result<Vec<u8>> {
    let object = format!("{revision}:{}", normal(path));
    let output = Command::new("git").args(["cat-file", "blob", &object]).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ");
    Err(io::Error::other(message.to_owned()))
}

/// The path with `..` resolved by its text, which git does not do; a leading `./` stays.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            Component::ParentDir if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            Component::ParentDir => parts.push(".."),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let here = path.starts_with("./") || path.starts_with("../");
    format!("{}{}", if here { "./" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let check = |text: &str, expect: Result<Input, ()>| {
            assert_eq!(text.parse::<Input>().map_err(drop), expect, "{text}");
        };
        let git = |revision: &str, path: &str| {
            Ok(Input::Git { revision: revision.into(), path: path.into() })
        };
        check("spec/a.ron", Ok(Input::File("spec/a.ron".into())));
        check("git:v1:spec/a.ron", git("v1", "spec/a.ron"));
        check("git:HEAD~2:./a.ron", git("HEAD~2", "./a.ron"));
        check("git:v1", Err(()));
        check("git::a.ron", Err(()));
        check("git:--help:a.ron", Err(()));
    }

    #[test]
    fn paths_are_resolved_by_their_text() {
        let check = |path: &str, expect: &str| assert_eq!(normal(path), expect);
        check("spec/../shared/a.ron", "shared/a.ron");
        check("./spec/./a.ron", "./spec/a.ron");
        check("../a.ron", "./../a.ron");
        check("a.ron", "a.ron");
    }
}
