//! What the checks share: the findings so far, the names that exist, the types as they become
//! known, and what can only be judged once every type is.

use std::collections::HashMap;

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::parse::Node;
use crate::schema::{Meta, Span, Ty, TypeId};

#[derive(Default)]
pub(super) struct Cx {
    pub(super) found: Vec<Diagnostic>,
    /// Every name of the protocol's one name space, by its first declaration.
    pub(super) names: HashMap<String, Named>,
    /// Kinds of the declared types, by `TypeId` in the order of declaration.
    pub(super) kinds: Vec<Kind>,
    /// Whether some item could not be read, so that a missing name proves nothing.
    pub(super) names_incomplete: bool,
    /// Types that other items refer to, in the order read.
    pub(super) mentions: Vec<Mention>,
    /// Types of elements, which must have at least one byte.
    pub(super) elements: Vec<Element>,
    /// The protocol's version; `None` where it could not be read.
    pub(super) version: Option<u32>,
    /// What the constants stand for, by name, where they could be read.
    pub(super) constants: HashMap<String, Node>,
    /// Lints that the items around the current place allow.
    allowed: Vec<Code>,
}

/// What a name stands for, and where it was declared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) what: What,
    pub(super) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Type(TypeId),
    Message,
    Set,
    Constant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Struct,
    Enum,
    Flags,
    Union,
}

/// A place that refers to a type.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// The type that contains it; a message's mentions have none.
    pub(super) owner: Option<TypeId>,
    pub(super) target: TypeId,
    pub(super) span: Span,
    /// Spec version of the field.
    pub(super) since: u32,
    /// Whether a deprecated type may stand here without a word.
    pub(super) deprecated: bool,
}

/// A type whose smallest size must be at least 1.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) ty: Ty,
    pub(super) span: Span,
}

impl Cx {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let lint = diagnostic.code.severity() == Severity::Warning;
        if !lint || !self.is_allowed(diagnostic.code) {
            self.found.push(diagnostic);
        }
    }

    /// Whether a lint is silent at the current place.
    pub(super) fn is_allowed(&self, lint: Code) -> bool {
        self.allowed.contains(&lint)
    }

    /// Enters an item that allows lints; hand the result to [`Cx::leave`].
    pub(super) fn enter(&mut self, allow: &[Code]) -> usize {
        let mark = self.allowed.len();
        self.allowed.extend(allow);
        mark
    }

    pub(super) fn leave(&mut self, mark: usize) {
        self.allowed.truncate(mark);
    }

    /// Enters an item that was read, for what it contains.
    pub(super) fn enter_meta(&mut self, meta: &Meta) -> usize {
        let allow: Vec<Code> = meta.allow.iter().filter_map(|code| Code::from_text(code)).collect();
        self.enter(&allow)
    }
}
