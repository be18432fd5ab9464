//! The class of a message, a struct or a variant: its fields, and how they are read and written.

use super::docstring;
use super::names::{self, annotation, codec, ruled};
use crate::backends::layout::constraint_text;
use crate::schema::{Body, Field, Schema, UnknownPolicy};

/// Whose body it is.
pub(super) struct Owner {
    pub(super) class: String,
    pub(super) base: &'static str,
    pub(super) doc: String,
    /// Class constants, as statements.
    pub(super) constants: Vec<String>,
}

impl Owner {
    fn codec(&self, field: &Field) -> String {
        format!("_C_{}_{}", self.class, field.meta.name)
    }
}

/// Writes the codecs of the fields, and the class. `tail` is false for a frozen struct.
pub(super) fn class_of_body(
    schema: &Schema,
    out: &mut String,
    owner: &Owner,
    body: &Body,
    tail: bool,
) {
    let fields = || body.head.iter().chain(body.tail.iter().map(|tail| &tail.field));
    out.push_str("\n\n");
    for field in fields() {
        let text = field.constraint.as_ref().map_or(String::new(), constraint_text);
        let codec = ruled(&codec(schema, &field.ty), field.constraint.as_ref(), &text);
        out.push_str(&format!("{} = {codec}\n", owner.codec(field)));
    }
    if fields().next().is_some() {
        out.push_str("\n\n");
    }
    out.push_str(&format!("@_dataclass\nclass {}({}):\n", owner.class, owner.base));
    docstring(out, "    ", &owner.doc);
    if !owner.constants.is_empty() {
        out.push('\n');
    }
    for constant in &owner.constants {
        out.push_str(&format!("    {constant}\n"));
    }
    let retain = tail && body.unknown == UnknownPolicy::Retain;
    attributes(schema, out, body, retain);
    write(out, owner, body, retain);
    read(schema, out, owner, body, tail, retain);
    to_json(out, owner, body, retain);
}

fn attributes(schema: &Schema, out: &mut String, body: &Body, retain: bool) {
    for field in &body.head {
        let name = names::field(&field.meta.name);
        out.push_str(&format!("\n    {name}: {}\n", annotation(schema, &field.ty)));
        docstring(out, "    ", &super::doc(&field.meta));
    }
    for tail in &body.tail {
        let name = names::field(&tail.field.meta.name);
        let ty = annotation(schema, &tail.field.ty);
        out.push_str(&format!("\n    {name}: {ty} | None = None\n"));
        docstring(out, "    ", &super::doc(&tail.field.meta));
    }
    if retain {
        out.push_str("\n    retained: dict[int, bytes] = _field(default_factory=dict)\n");
        docstring(out, "    ", "Tail records that the spec does not know, by their odd ids.");
    }
}

fn write(out: &mut String, owner: &Owner, body: &Body, retain: bool) {
    out.push_str("\n    def _write(self, _w: _Writer) -> None:\n");
    for field in &body.head {
        let (spec, name) = (&field.meta.name, names::field(&field.meta.name));
        out.push_str(&format!("        _w.field({spec:?}, {}, self.{name})\n", owner.codec(field)));
    }
    if retain {
        let ids: Vec<String> = body.tail.iter().map(|tail| tail.id.to_string()).collect();
        let ids = if ids.is_empty() { "set()".into() } else { format!("{{{}}}", ids.join(", ")) };
        out.push_str(&format!("        _w.check_retained(self.retained, {ids})\n"));
    }
    let mut next = 0;
    for tail in &body.tail {
        if retain {
            let (first, last) = (next, tail.id.saturating_sub(1));
            out.push_str(&format!("        _w.retained(self.retained, {first}, {last})\n"));
            next = tail.id.saturating_add(1);
        }
        let (spec, name) = (&tail.field.meta.name, names::field(&tail.field.meta.name));
        let codec = owner.codec(&tail.field);
        out.push_str(&format!("        _w.tail({}, {spec:?}, {codec}, self.{name})\n", tail.id));
    }
    if retain {
        out.push_str(&format!("        _w.retained(self.retained, {next}, {})\n", u16::MAX));
    }
    if body.head.is_empty() && body.tail.is_empty() && !retain {
        out.push_str("        pass\n");
    }
}

fn read(schema: &Schema, out: &mut String, owner: &Owner, body: &Body, tail: bool, retain: bool) {
    let class = &owner.class;
    out.push_str(&format!("\n    @classmethod\n    def _read(cls, _r: _Reader) -> {class}:\n"));
    let mut arguments = Vec::new();
    for field in &body.head {
        let (spec, name) = (&field.meta.name, names::field(&field.meta.name));
        out.push_str(&format!("        {name} = _r.field({spec:?}, {})\n", owner.codec(field)));
        arguments.push(format!("{name}={name}"));
    }
    for tail in &body.tail {
        let name = names::field(&tail.field.meta.name);
        let ty = annotation(schema, &tail.field.ty);
        out.push_str(&format!("        {name}: {ty} | None = None\n"));
        arguments.push(format!("{name}={name}"));
    }
    if retain {
        out.push_str("        retained: dict[int, bytes] = {}\n");
        arguments.push("retained=retained".to_owned());
    }
    if tail {
        out.push_str("        for _id in _r.records():\n");
        let unknown = if retain { "retained[_id] = _r.unknown(_id)" } else { "_r.skip(_id)" };
        for (index, tail) in body.tail.iter().enumerate() {
            let (spec, name) = (&tail.field.meta.name, names::field(&tail.field.meta.name));
            let test = if index == 0 { "if" } else { "elif" };
            let codec = owner.codec(&tail.field);
            out.push_str(&format!("            {test} _id == {}:\n", tail.id));
            out.push_str(&format!("                {name} = _r.tail({spec:?}, {codec})\n"));
        }
        if body.tail.is_empty() {
            out.push_str(&format!("            {unknown}\n"));
        } else {
            out.push_str(&format!("            else:\n                {unknown}\n"));
        }
    }
    out.push_str(&format!("        return cls({})\n", arguments.join(", ")));
}

fn to_json(out: &mut String, owner: &Owner, body: &Body, retain: bool) {
    out.push_str("\n    def to_json(self) -> dict[str, Json]:\n");
    out.push_str("        _out: dict[str, Json] = {}\n");
    for field in &body.head {
        let (spec, name) = (&field.meta.name, names::field(&field.meta.name));
        let codec = owner.codec(field);
        out.push_str(&format!("        _out[{spec:?}] = {codec}.json(self.{name})\n"));
    }
    for tail in &body.tail {
        let (spec, name) = (&tail.field.meta.name, names::field(&tail.field.meta.name));
        let codec = owner.codec(&tail.field);
        out.push_str(&format!("        if self.{name} is not None:\n"));
        out.push_str(&format!("            _out[{spec:?}] = {codec}.json(self.{name})\n"));
    }
    if retain {
        out.push_str("        for _id, _value in sorted(self.retained.items()):\n");
        out.push_str("            _out[f\"#{_id}\"] = _value.hex()\n");
    }
    out.push_str("        return _out\n");
}
