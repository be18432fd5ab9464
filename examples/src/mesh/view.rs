//! Live progress on standard error: redrawn in place on a terminal, otherwise a line a step.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::progress::{Count, Progress};
use crate::report::ignore_closed_pipe;

/// Cells of a progress bar.
const BAR_CELLS: usize = 32;

/// Shows how far a run is.
pub(super) struct View {
    live: bool,
    /// Lines of the last drawing that the next one replaces.
    drawn: usize,
    /// Steps that have been told as complete.
    told: [bool; 4],
}

impl View {
    /// On a terminal live, otherwise in lines.
    pub(super) fn new() -> Self {
        Self { live: io::stderr().is_terminal(), drawn: 0, told: [false; 4] }
    }

    /// Shows the progress.
    pub(super) fn show(&mut self, progress: &Progress) -> io::Result<()> {
        if self.live {
            let bars = bars(progress);
            let text = format!("{}{bars}", self.erase());
            self.drawn = bars.lines().count();
            return write(&text);
        }
        let mut text = String::new();
        for (told, (name, count)) in self.told.iter_mut().zip(steps(progress)) {
            if count.is_complete() && !*told {
                *told = true;
                let _ = writeln!(text, "{name}: {} of {}", count.done, count.total);
            }
        }
        write(&text)
    }

    /// A line that stays, above the progress.
    pub(super) fn tell(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{}{line}\n", self.erase());
        self.drawn = 0;
        write(&text)
    }

    /// What moves the cursor to where the last drawing began, and clears from there.
    fn erase(&self) -> String {
        match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    ignore_closed_pipe(io::stderr().lock().write_all(text.as_bytes()))
}

/// The steps of a run, in their order.
fn steps(progress: &Progress) -> [(&'static str, Count); 4] {
    [
        ("registered", progress.registered()),
        ("linked", progress.linked()),
        ("greeted", progress.greeted()),
        ("left", progress.ended()),
    ]
}

/// A bar for each step.
fn bars(progress: &Progress) -> String {
    let mut text = String::new();
    for (name, Count { done, total }) in steps(progress) {
        let filled = (done * BAR_CELLS).checked_div(total).unwrap_or(BAR_CELLS);
        let bar = "█".repeat(filled) + &"░".repeat(BAR_CELLS - filled);
        let _ = writeln!(text, "{name:<10} {bar} {done:>4} of {total}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    #[test]
    fn a_bar_is_filled_in_proportion() {
        let mut progress = Progress::new(4);
        progress.apply(0, &Report::Registered { name: "c1".into() });
        let bars = bars(&progress);
        let first = bars.lines().next().unwrap_or_default();
        assert_eq!(first, format!("registered {}{}    1 of 4", "█".repeat(8), "░".repeat(24)));
        assert_eq!(bars.lines().count(), 4);
    }
}
