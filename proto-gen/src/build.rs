//! Compiling a spec in a build script: what cargo is told, what is written, what is shown.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::backends::rust::{self, Options};
use crate::check::Checked;
use crate::diagnostics::{Diagnostics, Source};

/// Features behind which generated code has generators for every type. A crate that includes it
/// need not have them, and is then not warned about them.
const FEATURES: [&str; 3] = ["arbitrary", "proptest", "quickcheck"];

/// Compiles one spec to Rust, in a build script.
///
/// ```no_run
/// # use proto_gen::{Build, backends::rust::Options};
/// let mut options = Options::default();
/// options.non_exhaustive = true;
/// Build::new("spec/chat.ron").options(options).run();
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is compiled before it runs"]
pub struct Build {
    spec: PathBuf,
    out_dir: Option<PathBuf>,
    options: Options,
}

/// What compiling a spec came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The generated file.
    pub file: PathBuf,
    /// Lines for cargo, to be printed on standard output; lints among them.
    pub directives: Vec<String>,
}

/// Why there is no generated file.
#[derive(Debug)]
pub struct BuildError {
    /// Lines for cargo all the same, so that it builds again once a file has changed.
    pub directives: Vec<String>,
    /// What went wrong.
    pub cause: BuildErrorCause,
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildErrorCause {
    /// `OUT_DIR` is not set: this is no build script.
    NoOutDir,
    /// The spec has mistakes.
    Spec(Box<Diagnostics>),
    /// The generated file cannot be written.
    Write(PathBuf, io::Error),
}

impl Build {
    /// Compiles the spec at this path, which is relative to the package's directory.
    pub fn new(spec: impl Into<PathBuf>) -> Self {
        Self { spec: spec.into(), out_dir: None, options: Options::default() }
    }

    /// Writes to this directory instead of `$OUT_DIR`.
    pub fn out_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(dir.into());
        self
    }

    /// Generates Rust of this kind instead of the default one.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// For a build script: writes `STEM.rs`, to be included in a module of its own, and tells cargo
    /// what it needs to know. Ends the process with 1 where the spec has mistakes, after showing
    /// them all, and where the file cannot be written.
    pub fn run(self) {
        let built = self.generate();
        let directives = match &built {
            Ok(built) => &built.directives,
            Err(error) => &error.directives,
        };
        for directive in directives {
            println!("{directive}");
        }
        if let Err(error) = built {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("{error}{cause}");
            std::process::exit(1);
        }
    }

    /// Does what [`Self::run`] does, prints nothing, and returns.
    ///
    /// # Errors
    ///
    /// The spec has mistakes, or the file cannot be written.
    pub fn generate(self) -> Result<Built, BuildError> {
        let Checked { schema, diagnostics } = crate::check(&self.spec);
        let mut directives = directives(diagnostics.sources());
        let failed = |directives, cause| Err(BuildError { directives, cause });
        let Some(schema) = schema else {
            return failed(directives, BuildErrorCause::Spec(Box::new(diagnostics)));
        };
        directives.extend(warnings(&diagnostics));
        let out_dir = self.out_dir.or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(out_dir) = out_dir else {
            return failed(directives, BuildErrorCause::NoOutDir);
        };
        let file = out_dir.join(file_name(&self.spec));
        match std::fs::write(&file, rust::generate(&schema, &self.options)) {
            Ok(()) => Ok(Built { file, directives }),
            Err(error) => failed(directives, BuildErrorCause::Write(file, error)),
        }
    }
}

/// `chat.rs` for `spec/chat.ron`.
fn file_name(spec: &Path) -> OsString {
    let mut name = spec.file_stem().unwrap_or_default().to_owned();
    name.push(".rs");
    name
}

fn directives(sources: &[Source]) -> Vec<String> {
    let quoted: Vec<String> = FEATURES.iter().map(|feature| format!("{feature:?}")).collect();
    sources
        .iter()
        .map(|source| format!("cargo::rerun-if-changed={}", source.path.display()))
        .chain([format!("cargo::rustc-check-cfg=cfg(feature, values({}))", quoted.join(", "))])
        .collect()
}

/// The same text that the command shows, line by line as cargo wants it.
fn warnings(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics.render(false).lines().map(|line| format!("cargo::warning={line}")).collect()
}

/// That of its cause.
impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl fmt::Display for BuildErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOutDir => f.write_str(
                "OUT_DIR is not set: a spec is compiled in a build script, or to a directory that is named",
            ),
            Self::Spec(diagnostics) => diagnostics.fmt(f),
            Self::Write(path, _) => write!(f, "cannot write `{}`", path.display()),
        }
    }
}

impl Error for BuildErrorCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Write(_, error) => Some(error),
            Self::NoOutDir | Self::Spec(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str, text: &str) -> PathBuf {
        let dir =
            std::env::temp_dir().join(format!("proto-gen-build-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a temporary directory can be made");
        std::fs::write(dir.join("types.ron"), "Types(doc: \"t\", include: [\"more.ron\"])")
            .expect("writable");
        std::fs::write(dir.join("more.ron"), "Types(doc: \"m\")").expect("writable");
        let path = dir.join("chat.ron");
        std::fs::write(&path, text).expect("writable");
        path
    }

    #[test]
    fn cargo_builds_again_when_the_spec_or_any_include_changes() {
        let path = spec(
            "rerun",
            r#"Protocol(name: "chat", version: 1, include: ["types.ron"], sets: [])"#,
        );
        let dir = path.parent().expect("in a directory");
        let built = Build::new(&path).out_dir(dir).generate().expect("no mistake");
        assert_eq!(built.file, dir.join("chat.rs"));
        let schema = crate::load(&path).expect("no mistake");
        let text = std::fs::read_to_string(&built.file).expect("written");
        assert_eq!(text, rust::generate(&schema, &Options::default()));
        let rerun: Vec<_> = built
            .directives
            .iter()
            .filter_map(|line| line.strip_prefix("cargo::rerun-if-changed="))
            .map(PathBuf::from)
            .collect();
        let expected = ["chat.ron", "types.ron", "more.ron"].map(|name| dir.join(name));
        assert_eq!(rerun, expected);
        let cfg =
            r#"cargo::rustc-check-cfg=cfg(feature, values("arbitrary", "proptest", "quickcheck"))"#;
        assert!(built.directives.iter().any(|line| line == cfg));
        // The lint, that the protocol has no doc.
        assert!(
            built.directives.iter().any(|line| line.starts_with("cargo::warning=warning[L0001]"))
        );
        std::fs::remove_dir_all(dir).expect("made above");
    }

    #[test]
    fn mistakes_are_shown_and_the_files_watched_all_the_same() {
        let path = spec("mistake", r#"Protocol(name: "chat", include: ["types.ron"], sets: [])"#);
        let dir = path.parent().expect("in a directory");
        let error = Build::new(&path).out_dir(dir).generate().expect_err("the version is missing");
        assert!(error.to_string().contains("error[E0033]: this `Protocol` has no `version`"));
        assert_eq!(error.directives.len(), 4);
        assert!(!dir.join("chat.rs").exists());
        std::fs::remove_dir_all(dir).expect("made above");
    }

    #[test]
    fn the_options_are_those_of_the_generated_code() {
        let path = spec(
            "options",
            r#"Protocol(name: "chat", version: 1, enums: [
                Enum(name: "Mood", repr: U8, values: [Value(value: 1, name: "Calm")]),
            ], sets: [])"#,
        );
        let dir = path.parent().expect("in a directory");
        let generated = |options| {
            let build = Build::new(&path).out_dir(dir).options(options);
            let built = build.generate().expect("no mistake");
            std::fs::read_to_string(built.file).expect("written")
        };
        let marked = |options| generated(options).contains("non_exhaustive");
        assert!(!marked(Options::default()));
        assert!(marked(Options { non_exhaustive: true }));
        std::fs::remove_dir_all(dir).expect("made above");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_the_cause_told_once() {
        let path = spec("nowhere", r#"Protocol(name: "chat", version: 1, sets: [])"#);
        let dir = path.parent().expect("in a directory");
        let nowhere = dir.join("nowhere");
        let error = Build::new(&path).out_dir(&nowhere).generate().expect_err("no directory");
        let file = nowhere.join("chat.rs");
        assert_eq!(error.to_string(), format!("cannot write `{}`", file.display()));
        let cause = error.source().expect("the system's reason").to_string();
        assert!(cause.starts_with("No such file"), "{cause}");
        std::fs::remove_dir_all(dir).expect("made above");
    }
}
