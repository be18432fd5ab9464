//! Line charts as SVG, with nothing but what these need: text, so that they can stand in a
//! repository and be read in a diff.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
/// Room beside the plot: left for the numbers, right for the names.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 6] = ["#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7"];

/// What one direction of a chart shows.
pub struct Axis {
    /// What, and in which unit.
    pub label: &'static str,
    /// Where lines are drawn and numbers stand, as value and text; the first and last are the
    /// edges. Empty takes powers of ten, or tenths.
    pub ticks: Vec<(f64, String)>,
    /// Each power of ten is as wide as any other.
    pub is_log: bool,
}

/// A subject's points, in order.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// A chart, and the file that it goes to.
pub struct Chart {
    pub file: String,
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

impl Axis {
    pub fn log(label: &'static str) -> Self {
        Self { label, ticks: Vec::new(), is_log: true }
    }

    pub fn linear(label: &'static str) -> Self {
        Self { label, ticks: Vec::new(), is_log: false }
    }

    /// With numbers of its own.
    pub fn ticks(mut self, ticks: impl IntoIterator<Item = (f64, String)>) -> Self {
        self.ticks = ticks.into_iter().collect();
        self
    }

    /// Chooses numbers for these values, unless it has some.
    fn fit(&mut self, values: impl Iterator<Item = f64> + Clone) {
        if !self.ticks.is_empty() {
            return;
        }
        let max = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let min = values.fold(max, f64::min);
        let ticks: Vec<f64> = if self.is_log {
            let steps = [1.0, 2.0, 5.0];
            let all = (-9..12).flat_map(|power| steps.map(|step| step * 10f64.powi(power)));
            let all: Vec<f64> = all.collect();
            let first = all.iter().rposition(|tick| *tick <= min).unwrap_or(0);
            let last = all.iter().position(|tick| *tick >= max).unwrap_or(all.len() - 1);
            all[first..=last].to_vec()
        } else {
            let power = 10f64.powf(max.log10().floor());
            let step = [0.1, 0.2, 0.5, 1.0, 2.0].map(|part| part * power);
            let step = step.into_iter().find(|step| max / step <= 8.0).unwrap_or(power);
            (0..=(max / step).ceil() as usize).map(|n| n as f64 * step).collect()
        };
        self.ticks = ticks.into_iter().map(|tick| (tick, number(tick))).collect();
    }

    /// Where a value stands between the edges, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.is_log { value.log10() } else { value };
        let edge = |tick: Option<&(f64, String)>| scale(tick.map_or(1.0, |tick| tick.0));
        let (low, high) = (edge(self.ticks.first()), edge(self.ticks.last()));
        ((scale(value) - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }
}

impl Chart {
    /// The chart as a file.
    pub fn svg(mut self) -> String {
        let points = self.lines.iter().flat_map(|line| line.points.iter());
        self.x.fit(points.clone().map(|point| point.0));
        self.y.fit(points.map(|point| point.1));
        let title = &self.title;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-weight=\"bold\">{title}</text>\n"
        );
        self.grid(&mut out);
        for (index, line) in self.lines.iter().enumerate() {
            self.line(&mut out, index, line);
        }
        out + "</svg>\n"
    }

    fn at(&self, point: (f64, f64)) -> (f64, f64) {
        let x = LEFT + self.x.place(point.0) * (WIDTH - LEFT - RIGHT);
        let y = HEIGHT - BOTTOM - self.y.place(point.1) * (HEIGHT - TOP - BOTTOM);
        (x, y)
    }

    fn grid(&self, out: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, label) in &self.x.ticks {
            let x = self.at((*value, f64::MIN_POSITIVE)).0;
            let _ = writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>");
            text(out, x, bottom + 18.0, "middle", label);
        }
        for (value, label) in &self.y.ticks {
            let y = self.at((f64::MIN_POSITIVE, *value)).1;
            let _ = writeln!(out, "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>");
            text(out, LEFT - 8.0, y + 4.0, "end", label);
        }
        text(out, f64::midpoint(LEFT, right), HEIGHT - 12.0, "middle", self.x.label);
        let _ = writeln!(
            out,
            "<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(TOP, bottom),
            self.y.label,
        );
    }

    fn line(&self, out: &mut String, index: usize, line: &Line) {
        let colour = COLOURS[index % COLOURS.len()];
        let places: Vec<(f64, f64)> = line.points.iter().map(|point| self.at(*point)).collect();
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(
            out,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        if places.len() <= 12 {
            for (x, y) in &places {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
        }
        let (x, y) = (WIDTH - RIGHT + 12.0, TOP + 12.0 + 18.0 * index as f64);
        let name = &line.name;
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{name}</text>");
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

/// A round number as people write it.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = digits.map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let whole = groups.join(",");
    if part.is_empty() { whole } else { format!("{whole}.{part}") }
}
