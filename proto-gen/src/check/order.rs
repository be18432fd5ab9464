//! Sorts types so that each one stands after what it contains, and reports those that contain
//! themselves.

use super::cx::{Cx, Mention};
use super::items::Draft;
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Body, Ty, TypeId, TypeKind};

/// The types' order: `order[new]` is the id in the order of declaration.
pub(super) struct Order {
    pub(super) order: Vec<TypeId>,
    /// Whether the type is on a cycle, so that it has no size; by declaration.
    pub(super) cyclic: Vec<bool>,
}

/// A type whose contents are being walked. The walk keeps its own stack, since a hostile spec may
/// chain as many types as it has bytes.
struct Visit {
    ty: TypeId,
    /// Index of the next of its mentions.
    next: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

pub(super) fn sort(cx: &mut Cx, drafts: &[Draft]) -> Order {
    let mut edges: Vec<Vec<Mention>> = vec![Vec::new(); drafts.len()];
    for mention in &cx.mentions {
        if let Some(owner) = mention.owner {
            edges[owner.0].push(mention.clone());
        }
    }
    let mut states = vec![State::New; drafts.len()];
    let mut result = Order { order: Vec::new(), cyclic: vec![false; drafts.len()] };
    for root in 0..drafts.len() {
        if states[root] != State::New {
            continue;
        }
        states[root] = State::Open;
        let mut stack = vec![Visit { ty: TypeId(root), next: 0 }];
        while let Some(top) = stack.last_mut() {
            let Some(mention) = edges[top.ty.0].get(top.next) else {
                states[top.ty.0] = State::Done;
                result.order.push(top.ty);
                stack.pop();
                continue;
            };
            top.next += 1;
            let target = mention.target;
            match states[target.0] {
                State::New => {
                    states[target.0] = State::Open;
                    stack.push(Visit { ty: target, next: 0 });
                }
                State::Done => {}
                State::Open => cycle(cx, drafts, &edges, &stack, target, &mut result.cyclic),
            }
        }
    }
    result
}

/// Reports the cycle that the top of the stack closes by mentioning `target` again.
fn cycle(
    cx: &mut Cx,
    drafts: &[Draft],
    edges: &[Vec<Mention>],
    stack: &[Visit],
    target: TypeId,
    cyclic: &mut [bool],
) {
    let from = stack.iter().position(|visit| visit.ty == target).unwrap_or(0);
    let path = &stack[from..];
    let known = path.iter().all(|visit| cyclic[visit.ty.0]);
    for visit in path {
        cyclic[visit.ty.0] = true;
    }
    if known {
        // Every type on it is on a cycle that was reported: once is enough.
        return;
    }
    let name = |id: TypeId| drafts[id.0].def.meta.name.as_str();
    let mut steps = path.iter().map(|visit| {
        // `next` was advanced past the mention that led on.
        let mention = &edges[visit.ty.0][visit.next - 1];
        (mention.span, format!("`{}` contains `{}`", name(visit.ty), name(mention.target)))
    });
    let Some((span, label)) = steps.next() else { return };
    let mut diagnostic = Diagnostic::new(
        Code::RecursiveType,
        span,
        format!("`{}` contains itself", name(target)),
        label,
    );
    for (span, label) in steps {
        diagnostic = diagnostic.also(span, label);
    }
    cx.report(diagnostic.help(
        "types do not recurse, so that the spec bounds every value: refer to the other item by an id, or list it flat",
    ));
}

/// Rewrites the ids in a type from the order of declaration to the sorted one.
pub(super) fn renumber(ty: &mut Ty, new: &[TypeId]) {
    match ty {
        Ty::Named(id) => *id = new[id.0],
        Ty::List { elem, .. } | Ty::Array { elem, .. } => renumber(elem, new),
        Ty::Opt(inner) => renumber(inner, new),
        Ty::Map { key, value, .. } => {
            renumber(key, new);
            renumber(value, new);
        }
        _ => {}
    }
}

/// The same for every field of a body.
pub(super) fn renumber_body(body: &mut Body, new: &[TypeId]) {
    for field in &mut body.head {
        renumber(&mut field.ty, new);
    }
    for field in &mut body.tail {
        renumber(&mut field.field.ty, new);
    }
}

/// The same for every field of a type.
pub(super) fn renumber_type(kind: &mut TypeKind, new: &[TypeId]) {
    match kind {
        TypeKind::Struct(item) => renumber_body(&mut item.body, new),
        TypeKind::Union(union) => {
            for variant in &mut union.variants {
                renumber_body(&mut variant.body, new);
            }
        }
        TypeKind::Enum(_) | TypeKind::Flags(_) => {}
    }
}
