//! Findings as JSON, for editors.

use serde_json::{Value, json};

use super::{Diagnostic, Diagnostics, Label, Severity};

impl Diagnostics {
    /// Everything as one object:
    ///
    /// ```json
    /// {
    ///   "errors": 1,
    ///   "warnings": 0,
    ///   "diagnostics": [{
    ///     "code": "E0060",
    ///     "severity": "error",
    ///     "message": "there is no type `Peeer`",
    ///     "file": "spec/messages.ron",
    ///     "range": {
    ///       "start": { "line": 9, "column": 38, "byte": 301 },
    ///       "end": { "line": 9, "column": 43, "byte": 306 }
    ///     },
    ///     "label": "",
    ///     "help": ["did you mean `Peer`?"],
    ///     "related": []
    ///   }]
    /// }
    /// ```
    ///
    /// Lines and columns count from 1, columns in characters; bytes count from 0. `end` is the
    /// place after the last character. `related` holds the other places of a conflict, each with
    /// `file`, `range` and `label`.
    pub fn to_json(&self) -> Value {
        json!({
            "errors": self.errors(),
            "warnings": self.warnings(),
            "diagnostics": self.iter().map(|d| self.diagnostic(d)).collect::<Vec<_>>(),
        })
    }

    fn diagnostic(&self, diagnostic: &Diagnostic) -> Value {
        let severity = match diagnostic.code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut object = self.label(&diagnostic.primary);
        object["code"] = diagnostic.code.as_str().into();
        object["severity"] = severity.into();
        object["message"] = diagnostic.message.as_str().into();
        object["help"] = diagnostic.help.clone().into();
        object["related"] =
            diagnostic.others.iter().map(|other| self.label(other)).collect::<Vec<_>>().into();
        object
    }

    fn label(&self, label: &Label) -> Value {
        let span = label.span;
        let source = self.sources.get(span.file as usize);
        let place = |byte: u32| {
            let position = source.map(|source| source.position(byte));
            json!({
                "line": position.map(|position| position.line),
                "column": position.map(|position| position.column),
                "byte": byte,
            })
        };
        json!({
            "file": source.map(|source| source.name()),
            "range": { "start": place(span.start), "end": place(span.end) },
            "label": label.text,
        })
    }
}
