//! Charts with logarithmic axes, as SVG: what grows linearly lies along the grey lines.

use std::fmt::{self, Display, Formatter};

/// One chart.
pub struct Chart {
    pub title: &'static str,
    /// What each axis counts.
    pub x: &'static str,
    pub y: &'static str,
    pub series: Vec<Series>,
}

/// One line.
pub struct Series {
    pub name: &'static str,
    /// Both above 0.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 360.0;
/// Room for the words beside and below the axes, and for the title.
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 50.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 20.0;
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

/// The charts side by side.
pub fn page(charts: &[Chart]) -> String {
    let width = WIDTH * charts.len() as f64;
    let mut page = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" \
         width=\"{width}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    for (index, chart) in charts.iter().enumerate() {
        let left = WIDTH * index as f64;
        page += &format!("<g transform=\"translate({left} 0)\">\n{chart}</g>\n");
    }
    page + "</svg>\n"
}

/// Powers of ten that enclose the values.
struct Scale {
    from: i32,
    to: i32,
    /// Where on the page these two are.
    start: f64,
    end: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let (least, most) = values
            .fold((f64::INFINITY, 0.0), |(least, most), value| (value.min(least), value.max(most)));
        Self { from: least.log10().floor() as i32, to: most.log10().ceil() as i32, start, end }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.start + part * (self.end - self.start)
    }

    /// Each power of ten, and where it is.
    fn ticks(&self) -> impl Iterator<Item = (i32, f64)> {
        (self.from..=self.to).map(|power| (power, self.at(10f64.powi(power))))
    }
}

impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let x = Scale::of(points().map(|point| point.0), LEFT, right);
        let y = Scale::of(points().map(|point| point.1), floor, TOP);
        writeln!(f, "<text x=\"{LEFT}\" y=\"24\" font-weight=\"bold\">{}</text>", self.title)?;
        for (power, at) in x.ticks() {
            writeln!(f, "<path d=\"M{at:.1} {TOP}V{floor}\" stroke=\"#ddd\"/>")?;
            label(f, at, floor + 18.0, "middle", power)?;
        }
        for (power, at) in y.ticks() {
            writeln!(f, "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>")?;
            label(f, LEFT - 8.0, at + 4.0, "end", power)?;
        }
        let middle = (LEFT + right) / 2.0;
        let below = HEIGHT - 12.0;
        writeln!(f, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{}</text>", self.x)?;
        writeln!(
            f,
            "<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            (TOP + floor) / 2.0,
            self.y,
        )?;
        for (index, (series, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let place = |point: &(f64, f64)| format!("{:.1},{:.1}", x.at(point.0), y.at(point.1));
            if let (Some(first), Some(last)) = (series.points.first(), series.points.last()) {
                // Through the last point, as steep as proportion is.
                let proportional = (first.0, last.1 * first.0 / last.0);
                writeln!(
                    f,
                    "<polyline points=\"{} {}\" stroke=\"#bbb\" stroke-dasharray=\"4 3\"/>",
                    place(&proportional),
                    place(last),
                )?;
            }
            let places: Vec<String> = series.points.iter().map(place).collect();
            writeln!(
                f,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                places.join(" "),
            )?;
            let line = TOP + 16.0 + 16.0 * index as f64;
            writeln!(
                f,
                "<text x=\"{}\" y=\"{line}\" fill=\"{colour}\">{}</text>",
                LEFT + 10.0,
                series.name,
            )?;
        }
        Ok(())
    }
}

/// A power of ten.
fn label(f: &mut Formatter<'_>, x: f64, y: f64, anchor: &str, power: i32) -> fmt::Result {
    writeln!(
        f,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">10<tspan dy=\"-5\" \
         font-size=\"9\">{power}</tspan></text>",
    )
}
