//! How a run ended: the verdict, the matrix, and the same as JSON.

use std::fmt::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::progress::Progress;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the clients reported.
    pub(super) progress: Progress,
    /// How every process ended, the server first.
    pub(super) processes: Vec<Ended>,
    /// From the start of the first process to the end of the last.
    pub(super) elapsed: Duration,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) name: String,
    /// `None`: in order. Otherwise what happened instead.
    pub(super) fault: Option<String>,
}

impl Outcome {
    /// Whether every ordered pair greeted and every process ended cleanly.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What is missing, one sentence each; empty for a complete run.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for to in 0..self.progress.clients() {
            let silent: Vec<_> = (0..self.progress.clients())
                .filter(|&from| from != to && !self.progress.has_greeted(from, to))
                .map(Progress::name)
                .collect();
            if !silent.is_empty() {
                let to = Progress::name(to);
                missing.push(format!("{to} received no greeting from {}", silent.join(", ")));
            }
        }
        for process in &self.processes {
            if let Some(fault) = &process.fault {
                missing.push(format!("{} {fault}", process.name));
            }
        }
        missing
    }

    /// One JSON object.
    pub fn to_json(&self) -> Value {
        let clients = self.progress.clients();
        let row = |from| -> Vec<u8> {
            (0..clients).map(|to| u8::from(self.progress.has_greeted(from, to))).collect()
        };
        json!({
            "ok": self.is_complete(),
            "clients": clients,
            "links": self.progress.linked().done,
            "greetings": self.progress.greeted().done,
            "greetings_expected": self.progress.greeted().total,
            "names": (0..clients).map(Progress::name).collect::<Vec<_>>(),
            // Rows are who greeted, columns whom.
            "greeted": (0..clients).map(row).collect::<Vec<_>>(),
            "processes": self.processes.iter().map(|process| json!({
                "name": process.name,
                "ok": process.fault.is_none(),
                "fault": process.fault,
            })).collect::<Vec<_>>(),
            "missing": self.missing(),
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}

/// The matrix, the verdict, and what is missing.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&matrix(&self.progress))?;
        let (linked, greeted) = (self.progress.linked(), self.progress.greeted());
        writeln!(
            f,
            "\n{} of {} greetings over {} links between {} clients, in {:.1} s",
            greeted.done,
            greeted.total,
            linked.done,
            self.progress.clients(),
            self.elapsed.as_secs_f64(),
        )?;
        let missing = self.missing();
        if missing.is_empty() {
            return writeln!(f, "every pair greeted, every process ended cleanly");
        }
        missing.iter().try_for_each(|sentence| writeln!(f, "missing: {sentence}"))
    }
}

/// Who greeted whom: a row for each who greeted, a column for each whom.
fn matrix(progress: &Progress) -> String {
    let width = Progress::name(progress.clients() - 1).len();
    let mut text = format!("{:>width$}", "");
    for to in 0..progress.clients() {
        let _ = write!(text, " {:>width$}", Progress::name(to));
    }
    for from in 0..progress.clients() {
        let _ = write!(text, "\n{:>width$}", Progress::name(from));
        for to in 0..progress.clients() {
            let cell = match () {
                () if from == to => "·",
                () if progress.has_greeted(from, to) => "x",
                () => "-",
            };
            let _ = write!(text, " {cell:>width$}");
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    fn outcome(greetings: &[(usize, usize)], faults: &[(&str, &str)]) -> Outcome {
        let mut progress = Progress::new(3);
        for &(from, to) in greetings {
            let peer = Progress::name(from);
            progress.apply(to, &Report::Greeted { peer, text: String::new() });
        }
        let processes = faults.iter().map(|&(name, fault)| Ended {
            name: name.into(),
            fault: (!fault.is_empty()).then(|| fault.into()),
        });
        Outcome { progress, processes: processes.collect(), elapsed: Duration::from_millis(1500) }
    }

    const ALL: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];

    #[test]
    fn a_complete_run_has_a_full_matrix() {
        let outcome = outcome(&ALL, &[("server", ""), ("c1", "")]);
        assert!(outcome.is_complete());
        assert_eq!(
            outcome.to_string(),
            "   c1 c2 c3\n\
             c1  ·  x  x\n\
             c2  x  ·  x\n\
             c3  x  x  ·\n\
             \n\
             6 of 6 greetings over 0 links between 3 clients, in 1.5 s\n\
             every pair greeted, every process ended cleanly\n"
        );
        assert_eq!(outcome.to_json()["ok"], true);
    }

    #[test]
    fn a_missing_greeting_is_named() {
        let outcome = outcome(&ALL[..4], &[]);
        assert_eq!(
            outcome.missing(),
            ["c1 received no greeting from c3", "c2 received no greeting from c3"]
        );
        assert_eq!(outcome.to_json()["greeted"][2], json!([0, 0, 0]));
    }

    #[test]
    fn a_process_that_fails_makes_the_run_incomplete() {
        let outcome = outcome(&ALL, &[("server", "was ended by signal 9")]);
        assert!(!outcome.is_complete());
        assert_eq!(outcome.missing(), ["server was ended by signal 9"]);
    }
}
