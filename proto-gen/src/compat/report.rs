//! A comparison's findings with the texts they point into: as text for people, in the shape of a
//! compiler's, and as JSON for programs.

use annotate_snippets::Level;
use serde_json::{Value as Json, json};

use super::finding::{Finding, Mark, Place, Standing, Witness};
use super::rule::{Class, Rule};
use super::show;
use super::side::Side;
use crate::diagnostics::render::{Block, render_blocks};
use crate::diagnostics::{Label, Source};
use crate::parse::{self, Kind};
use crate::schema::{Schema, Span};

/// Most messages whose witnesses are shown as text for one finding; the others are named.
const PLACES_SHOWN: usize = 4;

/// A spec that was read: its schema, and the files it consists of.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What it says.
    pub schema: Schema,
    /// Its files, the spec itself first; `Span::file` indexes them.
    pub sources: Vec<Source>,
}

/// Everything that a change of a spec breaks.
#[derive(Clone, Debug)]
pub struct Report {
    findings: Vec<Finding>,
    /// The new files, then the old.
    sources: Vec<Source>,
    /// How many of the sources are new.
    new_files: u32,
}

impl Report {
    /// Compares two specs.
    pub fn new(old: &Spec, new: &Spec) -> Self {
        let mut findings = super::compare(&old.schema, &new.schema);
        for finding in &mut findings {
            let key = match finding.rule {
                Rule::ProtocolName => "name",
                Rule::VersionWentBack => "version",
                _ => continue,
            };
            for (mark, spec) in [(&mut finding.old, old), (&mut finding.new, new)] {
                if let (Some(mark), Some(span)) = (mark.as_mut(), protocol_key(spec, key)) {
                    mark.span = span;
                }
            }
        }
        let sources = new.sources.iter().chain(&old.sources).cloned().collect();
        Self { findings, sources, new_files: new.sources.len() as u32 }
    }

    /// Every finding, by rule and item; waived ones too.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What breaks someone and is not waived: of the wire and of policy.
    pub fn breaks(&self) -> impl Iterator<Item = &Finding> {
        self.open().filter(|finding| finding.class() != Class::Source)
    }

    /// What breaks sources only, and is not waived.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.open().filter(|finding| finding.class() == Class::Source)
    }

    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.waived.is_none())
    }

    /// The report as text; `colour` adds ANSI styles.
    pub fn render(&self, colour: bool) -> String {
        let parts: Vec<Parts> = self.findings.iter().map(|finding| self.parts(finding)).collect();
        let blocks: Vec<Block<'_>> = self
            .findings
            .iter()
            .zip(&parts)
            .map(|(finding, parts)| Block {
                level: level(finding),
                id: finding.rule.id(),
                message: &parts.message,
                labels: parts.labels.iter().collect(),
                notes: &parts.notes,
                help: &parts.help,
            })
            .collect();
        render_blocks(&blocks, &self.sources, colour) + &self.summary() + "\n"
    }

    fn parts(&self, finding: &Finding) -> Parts {
        let message = match finding.class() {
            Class::Wire => format!("{}: {}", finding.message, finding.direction().describe()),
            Class::Policy | Class::Source => finding.message.clone(),
        };
        let mut notes: Vec<String> = Vec::new();
        match (&finding.waived, finding.class()) {
            (Some(reason), _) => notes.push(format!("waived: {reason}")),
            (None, Class::Policy) if finding.rule.class() == Class::Wire => {
                notes.push("policy: no frame that either side writes today shows it".to_owned());
            }
            (None, _) => {}
        }
        notes.extend(
            finding.places.iter().take(PLACES_SHOWN).flat_map(|place| place_notes(finding, place)),
        );
        if finding.places.len() > PLACES_SHOWN {
            let names: Vec<&str> =
                finding.places[PLACES_SHOWN..].iter().map(|place| place.path.as_str()).collect();
            notes.push(format!("likewise at `{}`", names.join("`, `")));
        }
        let labels = [(&finding.new, Side::New), (&finding.old, Side::Old)];
        Parts {
            message,
            labels: labels
                .into_iter()
                .filter_map(|(mark, side)| self.label(mark.as_ref()?, side))
                .collect(),
            notes,
            help: vec![finding.rule.help().to_owned()],
        }
    }

    fn label(&self, mark: &Mark, side: Side) -> Option<Label> {
        let span = self.span(mark.span, side);
        self.sources.get(span.file as usize)?;
        let text = match mark.text.as_str() {
            "" => side.name().to_owned(),
            text => format!("{}: {text}", side.name()),
        };
        Some(Label { span, text })
    }

    /// A span in the list of all sources.
    fn span(&self, span: Span, side: Side) -> Span {
        match side {
            Side::New => span,
            Side::Old => Span { file: span.file + self.new_files, ..span },
        }
    }

    /// `2 breaks (1 proved, 1 policy), 3 warnings, 1 waived`.
    pub fn summary(&self) -> String {
        let count = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let standing = |standing: Standing| {
            let n = self.breaks().filter(|finding| finding.standing() == standing).count();
            count(n, standing.name(), standing.name())
        };
        let breaks = self.breaks().count();
        let standings: Vec<String> = [Standing::Proved, Standing::RelayProved, Standing::Policy]
            .into_iter()
            .filter_map(standing)
            .collect();
        let waived = self.findings.iter().filter(|finding| finding.waived.is_some()).count();
        let parts: Vec<String> = [
            count(breaks, "break", "breaks")
                .map(|text| format!("{text} ({})", standings.join(", "))),
            (breaks == 0).then(|| "compatible".to_owned()),
            count(self.warnings().count(), "warning", "warnings"),
            count(waived, "waived", "waived"),
        ]
        .into_iter()
        .flatten()
        .collect();
        parts.join(", ")
    }

    /// The report as one JSON object.
    pub fn to_json(&self) -> Json {
        let findings: Vec<Json> =
            self.findings.iter().map(|finding| self.finding_json(finding)).collect();
        json!({ "compatible": self.breaks().next().is_none(), "findings": findings })
    }

    fn finding_json(&self, finding: &Finding) -> Json {
        json!({
            "rule": finding.rule.id(),
            "title": finding.rule.title(),
            "class": finding.class().name(),
            "standing": finding.standing().name(),
            "direction": finding.direction().describe(),
            "item": finding.item,
            "message": finding.message,
            "help": finding.rule.help(),
            "waived": finding.waived,
            "old": finding.old.as_ref().and_then(|mark| self.mark_json(mark, Side::Old)),
            "new": finding.new.as_ref().and_then(|mark| self.mark_json(mark, Side::New)),
            "places": finding.places.iter().map(place_json).collect::<Vec<Json>>(),
        })
    }

    fn mark_json(&self, mark: &Mark, side: Side) -> Option<Json> {
        let span = self.span(mark.span, side);
        let source = self.sources.get(span.file as usize)?;
        let position = source.position(span.start);
        Some(json!({
            "file": source.name(),
            "line": position.line,
            "column": position.column,
            "start": span.start,
            "end": span.end,
            "text": mark.text,
        }))
    }
}

/// What a finding's block borrows from.
struct Parts {
    message: String,
    labels: Vec<Label>,
    notes: Vec<String>,
    help: Vec<String>,
}

fn level(finding: &Finding) -> Level<'static> {
    match (&finding.waived, finding.class()) {
        (Some(_), _) => Level::NOTE,
        (None, Class::Source) => Level::WARNING,
        (None, Class::Wire | Class::Policy) => Level::ERROR,
    }
}

/// The witnesses of one message.
fn place_notes(finding: &Finding, place: &Place) -> Vec<String> {
    let mut notes: Vec<String> =
        place.witnesses.iter().map(|witness| note(place, witness)).collect();
    if notes.is_empty() && finding.class() == Class::Wire {
        notes.push(format!("`{}`: no frame shows it here", place.path));
    }
    if let (Some(reason), None) = (&place.waived, &finding.waived) {
        notes.push(format!("waived at `{}`: {reason}", place.path));
    }
    notes
}

fn note(place: &Place, witness: &Witness) -> String {
    let Witness { writer, relay, reader, frame, written, outcome } = witness;
    let head = match relay {
        None => format!(
            "proved at `{}`: {} writes, {} {outcome}",
            place.path,
            writer.name(),
            reader.name()
        ),
        Some(relay) if relay == reader => {
            format!(
                "relay-proved at `{}`: a newer peer writes, a relay of {} {outcome}",
                place.path,
                relay.name()
            )
        }
        Some(relay) => format!(
            "relay-proved at `{}`: a newer peer writes, a relay of {} passes it on, {} {outcome}",
            place.path,
            relay.name(),
            reader.name()
        ),
    };
    format!("{head}\n{}\n{written}", show::frame(frame))
}

fn place_json(place: &Place) -> Json {
    let witnesses = place.witnesses.iter().map(|witness| {
        let hex: String = witness.frame.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "standing": if witness.relay.is_some() { Standing::RelayProved } else { Standing::Proved }.name(),
            "writer": witness.writer.name(),
            "relay": witness.relay.map(Side::name),
            "reader": witness.reader.name(),
            "frame": hex,
            "written": witness.written,
            "outcome": witness.outcome,
        })
    });
    json!({
        "path": place.path,
        "waived": place.waived,
        "witnesses": witnesses.collect::<Vec<Json>>(),
    })
}

/// Where the protocol's own `name` or `version` stands.
fn protocol_key(spec: &Spec, key: &str) -> Option<Span> {
    let tree = parse::parse(0, &spec.sources.first()?.text, &mut Vec::new())?;
    let Kind::Struct(_, entries) = tree.kind else { return None };
    entries.into_iter().find(|entry| entry.key.text == key).map(|entry| entry.value.span)
}
