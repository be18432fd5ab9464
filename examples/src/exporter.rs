//! The meters of this program, as Prometheus reads them.
//!
//! Every meter is a few atomic numbers, and is found once, by whoever counts. So counting takes no
//! lock, nothing has to be tidied up now and then, and a scrape costs what it writes.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SetRecorderError,
    SharedString, Unit,
};

/// What [`Exporter::render`] writes, for HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of a histogram's buckets, in seconds: from a push to a few clients on one machine
/// to the longest deadlines.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 60.0];

/// Keeps every meter of the process. A handle: clones keep the same ones.
#[derive(Clone, Debug, Default)]
pub struct Exporter(Arc<Mutex<Families>>);

/// A meter's labels and their values.
pub type Labels = Vec<(String, String)>;

/// The meters of each name, by their labels.
type Named<T> = BTreeMap<String, BTreeMap<Labels, Arc<T>>>;

#[derive(Debug, Default)]
struct Families {
    help: BTreeMap<String, String>,
    counters: Named<AtomicU64>,
    /// As bits of an `f64`.
    gauges: Named<AtomicU64>,
    histograms: Named<Buckets>,
}

/// A histogram.
#[derive(Debug, Default)]
struct Buckets {
    /// What fell into each bucket, and beyond the last.
    counts: [AtomicU64; BUCKETS.len() + 1],
    /// As bits of an `f64`.
    sum: AtomicU64,
}

impl Exporter {
    /// An exporter that what this process counts goes to from now on. What was started before
    /// counts nothing.
    ///
    /// # Errors
    /// There is another one already.
    pub fn install() -> Result<Self, SetRecorderError<Self>> {
        let exporter = Self::default();
        metrics::set_global_recorder(exporter.clone()).map(|()| exporter)
    }

    /// Every meter with its value, in Prometheus's text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.lock().write(&mut text);
        text
    }

    /// The counters of this name.
    pub fn counters(&self, name: &str) -> Vec<(Labels, u64)> {
        let families = self.lock();
        let family = families.counters.get(name).into_iter().flatten();
        family.map(|(labels, value)| (labels.clone(), value.load(Ordering::Relaxed))).collect()
    }

    fn describe(&self, name: &KeyName, help: &str) {
        self.lock().help.insert(name.as_str().to_owned(), help.replace('\n', " "));
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        // The maps are whole whatever happened to who held them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Exporter {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(member(&mut self.lock().counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(member(&mut self.lock().gauges, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(member(&mut self.lock().histograms, key))
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let bucket = BUCKETS.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS.len());
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |sum| Some((f64::from_bits(sum) + value).to_bits());
        // `add` always has a sum.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Families {
    fn write(&self, out: &mut String) -> fmt::Result {
        for (name, family) in &self.counters {
            self.head(out, name, "counter")?;
            for (labels, value) in family {
                line(out, name, labels, None, &value.load(Ordering::Relaxed))?;
            }
        }
        for (name, family) in &self.gauges {
            self.head(out, name, "gauge")?;
            for (labels, value) in family {
                line(out, name, labels, None, &f64::from_bits(value.load(Ordering::Relaxed)))?;
            }
        }
        for (name, family) in &self.histograms {
            self.head(out, name, "histogram")?;
            for (labels, buckets) in family {
                buckets.write(out, name, labels)?;
            }
        }
        Ok(())
    }

    fn head(&self, out: &mut String, name: &str, kind: &str) -> fmt::Result {
        if let Some(help) = self.help.get(name) {
            writeln!(out, "# HELP {name} {}", help.replace('\\', "\\\\"))?;
        }
        writeln!(out, "# TYPE {name} {kind}")
    }
}

impl Buckets {
    fn write(&self, out: &mut String, name: &str, labels: &Labels) -> fmt::Result {
        let bucket = format!("{name}_bucket");
        let bounds = BUCKETS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (number, bound) in self.counts.iter().zip(bounds) {
            count += number.load(Ordering::Relaxed);
            line(out, &bucket, labels, Some(("le", &bound)), &count)?;
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        line(out, &format!("{name}_sum"), labels, None, &sum)?;
        line(out, &format!("{name}_count"), labels, None, &count)
    }
}

/// One value.
fn line(
    out: &mut String,
    name: &str,
    labels: &Labels,
    more: Option<(&str, &str)>,
    value: &dyn fmt::Display,
) -> fmt::Result {
    let labels = labels.iter().map(|(key, value)| (&**key, &**value)).chain(more);
    let labels: Vec<_> =
        labels.map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    match &*labels {
        [] => writeln!(out, "{name} {value}"),
        labels => writeln!(out, "{name}{{{}}} {value}", labels.join(",")),
    }
}

/// The meter that belongs to `key`, which may be new.
fn member<T: Default>(named: &mut Named<T>, key: &Key) -> Arc<T> {
    let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned()));
    let family = named.entry(key.name().to_owned()).or_default();
    Arc::clone(family.entry(labels.collect()).or_default())
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_meter_is_written_as_prometheus_reads_it() {
        let exporter = Exporter::default();
        metrics::with_local_recorder(&exporter, || {
            metrics::describe_counter!("ends_total", "links that\nended");
            metrics::counter!("ends_total", "by" => "us", "reason" => "Busy").increment(2);
            metrics::counter!("ends_total", "by" => "peer", "reason" => "Busy").increment(1);
            metrics::counter!("ends_total", "by" => "us", "reason" => "a \"b\\").increment(1);
            metrics::gauge!("links").increment(3.0);
            metrics::gauge!("links").decrement(1.0);
            metrics::histogram!("push_seconds").record(0.001);
            metrics::histogram!("push_seconds").record(0.03);
            metrics::histogram!("push_seconds").record(100.0);
        });
        let text = exporter.render();
        let mut expected = String::from(
            r#"# HELP ends_total links that ended
# TYPE ends_total counter
ends_total{by="peer",reason="Busy"} 1
ends_total{by="us",reason="Busy"} 2
ends_total{by="us",reason="a \"b\\"} 1
# TYPE links gauge
links 2
# TYPE push_seconds histogram
"#,
        );
        for (bound, count) in BUCKETS.iter().zip([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]) {
            expected += &format!("push_seconds_bucket{{le=\"{bound}\"}} {count}\n");
        }
        expected += "push_seconds_bucket{le=\"+Inf\"} 3\n";
        expected += "push_seconds_sum 100.031\npush_seconds_count 3\n";
        assert_eq!(text, expected);
        let counts: Vec<u64> = exporter.counters("ends_total").iter().map(|(_, n)| *n).collect();
        assert_eq!(counts, [1, 2, 1]);
        assert_eq!(exporter.counters("nothing"), []);
    }
}
