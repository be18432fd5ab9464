//! Two links' ends that talk through pipes which split, stall and fill as the script says.
//!
//! What one end admitted arrives at the other whole, in order and once, up to where an end gave up;
//! all of it where both closed in order. What waits is bounded, and somebody is to write it. Each
//! deadline passes when a model of it says so, not before and not after.

mod end;

use std::time::{Duration, Instant};

use tlv_core::UNKNOWN_MAX_LEN;

use self::end::{End, Settings};
use super::script::Script;
#[cfg(test)]
use crate::core::mutant::Mutant;

/// Turns by the clock that one moment may ask for: a beat, and the end of lingering.
const TURNS_MAX: usize = 3;

/// Steps that mean something together: bytes sent and read, a pipe that is full, a close, a while.
pub const WORDS: &[&[u8]] = &[
    &[0, 2, 13, 4],
    &[1, 2, 12, 4],
    &[8, 3, 20, 1, 0, 3],
    &[20, 4, 18, 13, 4],
    &[28, 0, 13, 4],
    &[29, 1, 12, 4],
    &[22, 6],
    &[26, 8],
    &[30, 0],
];

/// Those that this catches.
#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::IgnoreMark,
    Mutant::LoseAccepted,
    Mutant::RenewOnPartialBytes,
    Mutant::SendNoHeartbeat,
];

/// Two ends and the time.
struct World {
    ends: [End; 2],
    settings: Settings,
    now: Instant,
    /// When somebody was asked late last.
    late: Instant,
}

/// Runs the script.
pub fn check(script: &[u8]) {
    let mut script = Script(script);
    let settings = Settings {
        mark: script.one_of(&[200, 1, 50, 5_000]),
        heartbeat: script.one_of(&[Some(Duration::from_secs(3)), None]),
        stall: script.one_of(&[Some(Duration::from_secs(8)), None]),
        idle: script.one_of(&[Some(Duration::from_secs(10)), None]),
    };
    let now = Instant::now();
    let ends = [End::new(&settings, now), End::new(&settings, now)];
    let mut world = World { ends, settings, now, late: now };
    while let Some(step) = script.next() {
        world.step(step, &mut script);
        world.ends.iter().for_each(End::audit);
    }
    world.calm();
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let side = usize::from(step & 1);
        let now = self.now;
        let end = &mut self.ends[side];
        match step >> 1 & 15 {
            0..=2 => {
                end.send(script.one_of(&[0, 5, 30, 300]), false);
                end.flush(now);
            }
            // Corked.
            3 => end.send(script.one_of(&[1, 9, 100]), false),
            // Long enough to be shared with other links, or to fill more than one chunk.
            4 => {
                let len = script.one_of(&[10, 1_100, 70, UNKNOWN_MAX_LEN as usize]);
                end.send(len, true);
                end.flush(now);
            }
            5 => end.flush(now),
            6..=8 => {
                let most = script.one_of(&[1, 2, 7, 64, usize::MAX]);
                self.read(side, most);
            }
            9 => end.drain(now),
            10 => end.pipe.capacity = script.one_of(&[64, 0, 1, 500, 100_000]),
            11 | 12 => {
                let time = script.time();
                self.pass(time, true);
            }
            13 => {
                let time = script.time();
                self.pass(time, false);
            }
            14 => match script.below(8) {
                0..=3 => end.close(now),
                4 => end.abort(),
                _ => {}
            },
            // Something on the way, or a peer that is none of ours.
            _ => {
                if script.below(16) == 0 && !end.pipe.fin {
                    let bytes: Vec<u8> = std::iter::from_fn(|| script.next()).take(9).collect();
                    end.pipe.flying.extend(bytes);
                    self.ends[1 - side].is_deceived = true;
                }
            }
        }
    }

    /// The end on this side reads up to so many bytes.
    fn read(&mut self, side: usize, most: usize) {
        let [first, second] = &mut self.ends;
        let (end, other) = if side == 0 { (first, second) } else { (second, first) };
        end.read(other, most, self.now);
    }

    /// Time passes, and each end is asked when it wanted to be; or it is late, as one is that was
    /// suspended.
    fn pass(&mut self, time: Duration, is_punctual: bool) {
        let until = self.now + time;
        while is_punctual && let Some(next) = self.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.turn();
            self.ends
                .iter()
                .for_each(|end| end.check_liveness(&self.settings, self.late, self.now));
        }
        self.now = until;
        if !is_punctual {
            self.late = until;
        }
        self.turn();
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.ends.iter().filter_map(|end| end.out.next_deadline()).min()
    }

    fn turn(&mut self) {
        let now = self.now;
        for end in &mut self.ends {
            let mut turns = 0;
            while end.out.next_deadline().is_some_and(|at| at <= now) {
                assert!(turns < TURNS_MAX, "an overdue deadline stays armed");
                turns += 1;
                end.on_time(&self.settings, now);
            }
        }
    }

    /// The pipes get wide, and everything arrives that was accepted.
    fn calm(&mut self) {
        for end in &mut self.ends {
            end.pipe.capacity = 1_000_000;
        }
        let now = self.now;
        for end in &mut self.ends {
            end.flush(now);
            end.close(now);
        }
        for _ in 0..10_000 {
            if self.ends.iter().all(|end| end.is_over || end.is_aborted) {
                break;
            }
            for side in 0..2 {
                self.ends[side].drain(now);
                self.read(side, usize::MAX);
            }
            self.ends.iter().for_each(End::audit);
        }
        for end in &self.ends {
            assert!(end.is_over || end.is_aborted, "it does not end");
        }
    }
}
