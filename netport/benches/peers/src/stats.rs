//! Quantiles and paired ratios.

use serde_json::{Value, json};

use crate::svg::Chart;

/// The value below which a share `q` of all lies.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

/// One subject's figure per round, in the same rounds as every other's.
pub struct Series {
    pub name: String,
    pub rounds: Vec<f64>,
}

impl Series {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rounds: Vec::new() }
    }

    pub fn median(&self) -> f64 {
        quantile(&mut self.rounds.clone(), 0.5)
    }

    /// Median, lower and upper quartile of this one's figure divided by the other's, round by round.
    pub fn ratio_to(&self, other: &Series) -> (f64, f64, f64) {
        let mut ratios: Vec<f64> =
            self.rounds.iter().zip(&other.rounds).map(|(a, b)| a / b).collect();
        (quantile(&mut ratios, 0.5), quantile(&mut ratios, 0.25), quantile(&mut ratios, 0.75))
    }
}

/// All that a measure found.
#[derive(Default)]
pub struct Findings {
    pub reports: Vec<Report>,
    pub charts: Vec<Chart>,
}

/// A table of what a measure found.
pub struct Report {
    pub measure: String,
    pub unit: &'static str,
    pub series: Vec<Series>,
    /// Names of the series that the others are divided by.
    pub references: Vec<&'static str>,
    /// Anything else worth saying.
    pub notes: Vec<(String, Value)>,
}

impl Report {
    pub fn text(&self) -> String {
        let mut out = format!("\n### {}\n\n| | median, {} |", self.measure, self.unit);
        for reference in &self.references {
            out += &format!(" / {reference} (quartiles) |");
        }
        out += &format!("\n|---|---:|{}\n", "---:|".repeat(self.references.len()));
        for series in &self.series {
            out += &format!("| {} | {} |", series.name, figure(series.median()));
            for reference in self.references() {
                let (median, low, high) = series.ratio_to(reference);
                out += &format!(" {median:.2} ({low:.2} .. {high:.2}) |");
            }
            out.push('\n');
        }
        for (index, (name, value)) in self.notes.iter().enumerate() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            out += if index == 0 { "\n" } else { "" };
            out += &format!("- {name}: {value}\n");
        }
        out
    }

    pub fn json(&self) -> Value {
        let series: Vec<_> = self
            .series
            .iter()
            .map(|series| {
                let ratios: serde_json::Map<_, _> = self
                    .references()
                    .map(|reference| {
                        let (median, low, high) = series.ratio_to(reference);
                        (
                            reference.name.clone(),
                            json!({"median": median, "quartiles": [low, high]}),
                        )
                    })
                    .collect();
                json!({"name": series.name, "median": series.median(), "ratio_to": ratios})
            })
            .collect();
        let notes: serde_json::Map<_, _> = self.notes.iter().cloned().collect();
        json!({"measure": self.measure, "unit": self.unit, "series": series, "notes": notes})
    }

    fn references(&self) -> impl Iterator<Item = &Series> {
        self.references
            .iter()
            .filter_map(|name| self.series.iter().find(|series| series.name == *name))
    }
}

/// Three significant digits.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
