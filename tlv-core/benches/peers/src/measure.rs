//! Times subjects in turn, again and again, until the ratios stand still.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::subject::Drop1;

/// One measured action of one format on one data set.
pub struct Timed<'a> {
    /// What is timed; dropping what it returns is not.
    pub action: Box<dyn FnMut() -> Option<Box<dyn Drop1>> + 'a>,
}

impl Timed<'_> {
    /// Runs the action once, and says how long it took.
    fn run(&mut self) -> Duration {
        let start = Instant::now();
        let result = black_box((self.action)());
        let elapsed = start.elapsed();
        drop(result);
        elapsed
    }
}

/// A format's figures for one action.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Median time of one run.
    pub median: Duration,
    /// Median over all rounds of (first subject's time / this one's time) in the same round.
    pub ratio: f64,
    /// Half the distance between the quartiles of that ratio.
    pub spread: f64,
}

/// Rounds at least, at most, and the relative spread of the median at which to stop.
const ROUNDS_MIN: usize = 31;
const ROUNDS_MAX: usize = 401;
const STEADY: f64 = 0.01;
/// A round runs each subject this often and keeps its fastest run, which shuts out most preemption.
const RUNS: usize = 3;

/// Times the first subject against every other. All take their turn in every round, so that the
/// machine's moods fall on all alike; the order turns from round to round.
pub fn compare(subjects: &mut [Timed<'_>]) -> Vec<Figure> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    for subject in subjects.iter_mut() {
        subject.run();
    }
    for round in 0..ROUNDS_MAX {
        for turn in 0..subjects.len() {
            let index = (turn + round) % subjects.len();
            let best = (0..RUNS).map(|_| subjects[index].run()).min();
            times[index].push(best.unwrap_or_default().as_secs_f64());
        }
        let steady = || (1..times.len()).all(|index| error(&ratios(&times, index)) < STEADY);
        if round + 1 >= ROUNDS_MIN && round % 10 == 0 && steady() {
            break;
        }
    }
    (0..subjects.len())
        .map(|index| {
            let ratios = ratios(&times, index);
            Figure {
                median: Duration::from_secs_f64(quantile(&mut times[index].clone(), 0.5)),
                ratio: quantile(&mut ratios.clone(), 0.5),
                spread: quartiles(&ratios) / 2.0,
            }
        })
        .collect()
}

fn ratios(times: &[Vec<f64>], index: usize) -> Vec<f64> {
    times[0].iter().zip(&times[index]).map(|(ours, theirs)| ours / theirs).collect()
}

fn quartiles(values: &[f64]) -> f64 {
    quantile(&mut values.to_vec(), 0.75) - quantile(&mut values.to_vec(), 0.25)
}

/// Relative standard error of the median, from the quartiles.
fn error(values: &[f64]) -> f64 {
    let median = quantile(&mut values.to_vec(), 0.5);
    0.93 * quartiles(values) / (median * (values.len() as f64).sqrt())
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}
