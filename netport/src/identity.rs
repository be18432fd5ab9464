//! An identity that outlives the process: one small file with the node id and the incarnation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tlv_core::Uuid;
use tlv_core::messages::Role;

use crate::config::Identity;

/// More than such a file has.
const FILE_BYTES_MAX: u64 = 1024;
/// A node that starts every second takes 136 years for so many.
const LEAP_MAX: u64 = 1 << 32;

/// Where a node's id and incarnation are kept between starts.
///
/// The file is replaced as a whole and written through to the disk, so that no incarnation is used
/// twice, whenever the machine fails. Processes that start at the same time take turns, by a lock
/// on a second file beside it.
#[derive(Clone, Debug)]
pub struct IdentityFile {
    path: PathBuf,
}

/// Why a stable identity is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The node has no incarnation left, as only a file that was edited can say. It is left as it
    /// is, since another identity is not what its owner expects.
    #[error("{path}: no incarnation is left; remove it to start as a new node", path = path.display())]
    Exhausted {
        /// Which file.
        path: PathBuf,
    },
    /// The incarnation that is said to be known is further ahead than a file from a backup can be
    /// behind: somebody else uses the node's id. The file is left as it is, or else strangers could
    /// use the incarnations up.
    #[error(
        "{path}: this is incarnation {kept}, and {known} is known elsewhere, as no start of this node \
         can have made it; remove the file to start as a new node",
        path = path.display()
    )]
    Implausible {
        /// Which file.
        path: PathBuf,
        /// The incarnation in it.
        kept: u64,
        /// The incarnation that is said to be known.
        known: u64,
    },
    /// The file cannot be read or written.
    #[error("cannot use {path}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is none of this program's. It is left as it is, since another identity is not what
    /// its owner expects.
    #[error("{path}: not an identity file; remove it to start as a new node", path = path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// There is no file yet, and so no identity that could be behind.
    #[error("{path}: there is no identity to catch up with", path = path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
}

impl IdentityFile {
    /// The identity kept at `path`, in a directory that exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Begins another incarnation: the next one of the node that the file names, or the first of a
    /// new node where there is no file.
    ///
    /// # Errors
    ///
    /// [`IdentityError`]; the incarnation may have been advanced all the same, where the disk failed
    /// late. That does no harm: one may be left out, but none is used twice.
    pub fn start(&self, role: Role, name: impl Into<String>) -> Result<Identity, IdentityError> {
        let fresh = Identity::new(role, name);
        let (node, incarnation) = self.advance(|kept| match kept {
            Some((node, incarnation)) => match incarnation.checked_add(1) {
                Some(next) => Ok((node, next)),
                None => Err(IdentityError::Exhausted { path: self.path.clone() }),
            },
            None => Ok((fresh.node, fresh.incarnation)),
        })?;
        Ok(Identity { node, incarnation, ..fresh })
    }

    /// Takes note of a refusal as `Older`, which tells the incarnation that is known elsewhere:
    /// the next start will be newer than that. No more than 2^32 ahead at a time, since anybody can
    /// claim to be this node.
    ///
    /// # Errors
    ///
    /// [`IdentityError`]; the file is as it was, unless the disk failed late.
    pub fn catch_up(&self, known: u64) -> Result<(), IdentityError> {
        let path = || self.path.clone();
        self.advance(|kept| match kept {
            Some((_, kept)) if known.saturating_sub(kept) > LEAP_MAX => {
                Err(IdentityError::Implausible { path: path(), kept, known })
            }
            Some((node, kept)) => Ok((node, kept.max(known))),
            None => Err(IdentityError::Missing { path: path() }),
        })
        .map(drop)
    }

    /// Replaces what the file says, alone among the processes that use it.
    fn advance(
        &self,
        next: impl FnOnce(Option<(Uuid, u64)>) -> Result<(Uuid, u64), IdentityError>,
    ) -> Result<(Uuid, u64), IdentityError> {
        let lock_path = self.beside("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|source| self.io(&lock_path, source))?;
        lock.lock().map_err(|source| self.io(&lock_path, source))?;
        let kept = self.read()?;
        let (node, incarnation) = next(kept)?;
        let new_path = self.beside("new");
        self.write(&new_path, node, incarnation).map_err(|source| self.io(&new_path, source))?;
        Ok((node, incarnation))
    }

    fn read(&self) -> Result<Option<(Uuid, u64)>, IdentityError> {
        let mut text = String::new();
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.io(&self.path, source)),
            Ok(file) => match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                Err(source) => return Err(self.io(&self.path, source)),
                Ok(_) => {}
            },
        }
        let kept = parse(&text);
        kept.map(Some).ok_or_else(|| IdentityError::Malformed { path: self.path.clone() })
    }

    /// Writes a new file, and puts it in the place of the old one.
    fn write(&self, new_path: &Path, node: Uuid, incarnation: u64) -> io::Result<()> {
        let mut file = File::create(new_path)?;
        file.write_all(text(node, incarnation).as_bytes())?;
        file.sync_all()?;
        fs::rename(new_path, &self.path)?;
        // The rename itself is kept by the directory.
        match self.path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => {
                File::open(directory)?.sync_all()
            }
            _ => File::open(".")?.sync_all(),
        }
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn io(&self, path: &Path, source: io::Error) -> IdentityError {
        IdentityError::Io { path: path.to_owned(), source }
    }
}

fn text(node: Uuid, incarnation: u64) -> String {
    format!("node = {node}\nincarnation = {incarnation}\n")
}

fn parse(text: &str) -> Option<(Uuid, u64)> {
    let mut lines = text.lines();
    let node = lines.next()?.strip_prefix("node = ")?.parse().ok()?;
    let incarnation = lines.next()?.strip_prefix("incarnation = ")?.parse().ok()?;
    (incarnation != 0 && lines.next().is_none()).then_some((node, incarnation))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    /// A file in a directory of its own, which goes with it.
    struct Place(PathBuf);

    impl Place {
        fn new(test: &str) -> Self {
            let name = format!("netport-identity-{test}-{}", std::process::id());
            let directory = std::env::temp_dir().join(name);
            fs::create_dir_all(&directory).unwrap();
            Self(directory)
        }

        fn file(&self) -> IdentityFile {
            IdentityFile::new(self.0.join("identity"))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_start_is_the_next_incarnation_of_the_same_node() {
        let place = Place::new("starts");
        let starts: Vec<_> =
            (0..3).map(|_| place.file().start(Role::Client, "ann").unwrap()).collect();
        assert!(starts.iter().all(|identity| identity.node == starts[0].node));
        assert_eq!(starts.iter().map(|i| i.incarnation).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((starts[0].name.as_str(), starts[0].role), ("ann", Role::Client));
    }

    #[test]
    fn starts_at_the_same_time_get_different_incarnations() {
        let place = Place::new("race");
        let mut incarnations: Vec<u64> = std::thread::scope(|scope| {
            let start = || place.file().start(Role::Client, "ann").unwrap().incarnation;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        incarnations.sort_unstable();
        assert_eq!(incarnations, (1..=8).collect::<Vec<_>>());
    }

    #[test]
    fn who_was_refused_as_older_starts_newer_than_what_is_known() {
        let place = Place::new("older");
        let first = place.file().start(Role::Client, "ann").unwrap();
        place.file().catch_up(40).unwrap();
        place.file().catch_up(7).unwrap();
        let next = place.file().start(Role::Client, "ann").unwrap();
        assert_eq!((next.node, next.incarnation), (first.node, 41));
    }

    #[test]
    fn nobody_leads_a_node_to_use_up_its_incarnations() {
        let place = Place::new("leaps");
        let first = place.file().start(Role::Client, "ann").unwrap();
        for known in [u64::MAX, first.incarnation + LEAP_MAX + 1] {
            let refused = place.file().catch_up(known);
            let Err(IdentityError::Implausible { kept: 1, known: told, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(told, known);
        }
        place.file().catch_up(first.incarnation + LEAP_MAX).unwrap();
        let next = place.file().start(Role::Client, "ann").unwrap();
        assert_eq!((next.node, next.incarnation), (first.node, LEAP_MAX + 2));
    }

    #[test]
    fn the_last_incarnation_is_not_used_twice() {
        let place = Place::new("last");
        let node = Uuid::from_bytes([7; 16]);
        fs::write(place.0.join("identity"), text(node, u64::MAX - 1)).unwrap();
        let last = place.file().start(Role::Client, "ann").unwrap();
        assert_eq!((last.node, last.incarnation), (node, u64::MAX));
        let refused = place.file().start(Role::Client, "ann");
        assert!(matches!(refused, Err(IdentityError::Exhausted { .. })), "{refused:?}");
        assert_eq!(fs::read_to_string(place.0.join("identity")).unwrap(), text(node, u64::MAX));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_catch_up_with() {
        let place = Place::new("missing");
        let refused = place.file().catch_up(7);
        assert!(matches!(refused, Err(IdentityError::Missing { .. })), "{refused:?}");
        assert!(!place.0.join("identity").exists());
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let good = text(Uuid::from_bytes([7; 16]), 3);
        let bad = [
            String::new(),
            "hello".into(),
            good.replace('3', "0"),
            good.replace("07", "0x"),
            good.replace("0707", "+007"),
            format!("{good}more\n"),
            good.replacen("07", "", 1),
        ];
        for (number, content) in bad.iter().enumerate() {
            let place = Place::new(&format!("bad{number}"));
            fs::write(place.0.join("identity"), content).unwrap();
            let refused = place.file().start(Role::Client, "ann");
            assert!(matches!(refused, Err(IdentityError::Malformed { .. })), "{content:?}");
            assert_eq!(&fs::read_to_string(place.0.join("identity")).unwrap(), content);
        }
        assert_eq!(parse(&good), Some((Uuid::from_bytes([7; 16]), 3)));
    }

    #[test]
    fn what_the_system_refuses_is_told_with_the_path() {
        let nowhere = IdentityFile::new("/nonexistent-directory/identity");
        let error = nowhere.start(Role::Client, "ann").unwrap_err();
        assert_eq!(error.to_string(), "cannot use /nonexistent-directory/identity.lock");
        assert!(error.source().is_some());
    }
}
