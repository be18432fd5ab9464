//! Rules on a field's value that its type cannot express: `range`, `non_empty`, `lengths`.

use super::constant;
use super::cx::Cx;
use super::keys::{Keys, boolean, list, unsigned};
use super::number::{float, limits};
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{Kind, Node};
use crate::schema::{Constraint, FloatWidth, Int, Ty};

const KEYS: [&str; 3] = ["range", "non_empty", "lengths"];

/// The field's constraint, where it states one that its type can have.
pub(super) fn read(cx: &mut Cx, keys: &Keys<'_>, ty: Option<&Ty>) -> Option<Constraint> {
    // By the keys that are meant: those in the text may have slips.
    let stated: Vec<_> = KEYS.iter().filter_map(|key| Some((*key, keys.entry(key)?))).collect();
    let ((key, first), rest) = stated.split_first()?;
    if let Some((_, second)) = rest.first() {
        cx.report(
            Diagnostic::new(
                Code::TwoConstraints,
                second.key.span,
                "a field has one constraint",
                "a second one",
            )
            .also(first.key.span, "the first one"),
        );
        return None;
    }
    let (ty, value) = (ty?, keys.get(key)?);
    match (*key, ty) {
        ("range", Ty::Int(int)) => int_range(cx, value, *int),
        ("range", Ty::Float(width)) => float_range(cx, value, *width),
        ("non_empty", Ty::Str { .. } | Ty::Bytes { .. } | Ty::List { .. } | Ty::Map { .. }) => {
            boolean(cx, value)?.then_some(Constraint::NonEmpty)
        }
        (
            "lengths",
            Ty::Str { max } | Ty::Bytes { max } | Ty::List { max, .. } | Ty::Map { max, .. },
        ) => lengths(cx, value, *max),
        (key, _) => {
            let on = match key {
                "range" => "an integer or a float",
                _ => "a `Str`, `Bytes`, `List` or `Map`",
            };
            cx.report(
                Diagnostic::new(
                    Code::ConstraintMisplaced,
                    first.key.span,
                    format!("`{key}` is a rule for {on}"),
                    "this field's type is another",
                )
                .maybe_help(keys.get("ty").filter(|_| matches!(ty, Ty::Opt(_))).map(|_| {
                    "a constraint reaches the field's own type, not what an `Opt` or a list holds".into()
                })),
            );
            None
        }
    }
}

/// `(least, most)`.
fn ends<'t>(cx: &mut Cx, node: &'t Node) -> Option<[&'t Node; 2]> {
    match &node.kind {
        Kind::Tuple(None, items) if items.len() == 2 => Some([&items[0], &items[1]]),
        _ => {
            cx.report(
                Diagnostic::new(
                    Code::WrongValue,
                    node.span,
                    format!("expected a range, found {}", node.describe()),
                    "",
                )
                .help("write `range: (0, 10)`; both ends are allowed values"),
            );
            None
        }
    }
}

fn int_range(cx: &mut Cx, node: &Node, int: Int) -> Option<Constraint> {
    let [min_node, max_node] = ends(cx, node)?;
    let (min, max) = (int_end(cx, min_node, int), int_end(cx, max_node, int));
    let (min, max) = (min?, max?);
    if min > max {
        cx.report(empty_range(node));
        return None;
    }
    Some(Constraint::IntRange { min, max })
}

fn int_end(cx: &mut Cx, node: &Node, int: Int) -> Option<i128> {
    let node = &*constant::resolve(cx, node);
    let Kind::Int(number) = &node.kind else {
        super::keys::number(cx, node);
        return None;
    };
    let (least, most) = limits(int);
    let value = number.to_i128().filter(|value| (least..=most).contains(value));
    if value.is_none() {
        let message = match int {
            Int::U128 => format!("an end of a range is a number from 0 to {most}"),
            _ => format!("`{int:?}` holds values from {least} to {most}"),
        };
        cx.report(Diagnostic::new(Code::RangeBeyondType, node.span, message, ""));
    }
    value
}

fn float_range(cx: &mut Cx, node: &Node, width: FloatWidth) -> Option<Constraint> {
    let [min_node, max_node] = ends(cx, node)?;
    let (min, max) = (float_end(cx, min_node, width), float_end(cx, max_node, width));
    let (min, max) = (min?, max?);
    if min.is_nan() || max.is_nan() || min > max {
        cx.report(empty_range(node));
        return None;
    }
    Some(Constraint::FloatRange { min, max })
}

fn float_end(cx: &mut Cx, node: &Node, width: FloatWidth) -> Option<f64> {
    let node = &*constant::resolve(cx, node);
    let value = float(node);
    let Some(value) = value else {
        super::keys::number(cx, node);
        return None;
    };
    if width == FloatWidth::F32 && value.is_finite() && !(value as f32).is_finite() {
        cx.report(Diagnostic::new(
            Code::RangeBeyondType,
            node.span,
            "an `F32` is never that large",
            "",
        ));
        return None;
    }
    // An `F32` is compared with what an `F32` can be.
    Some(if width == FloatWidth::F32 { f64::from(value as f32) } else { value })
}

fn empty_range(node: &Node) -> Diagnostic {
    Diagnostic::new(Code::EmptyRange, node.span, "no value is in this range", "")
        .help("write the smaller end first: `(0, 10)`")
}

fn lengths(cx: &mut Cx, node: &Node, bound: u32) -> Option<Constraint> {
    let nodes = list(cx, node)?;
    let mut lengths: Vec<u32> = Vec::new();
    let mut whole = true;
    for item in nodes {
        let number = constant::resolve(cx, item);
        let Some(length) = unsigned(cx, &number, 0, u32::MAX) else {
            whole = false;
            continue;
        };
        let wrong = if length > bound {
            Some(format!("the bound is {bound}"))
        } else if lengths.last().is_some_and(|last| *last >= length) {
            Some("lengths are listed in ascending order, each once".into())
        } else {
            None
        };
        if let Some(wrong) = wrong {
            cx.report(Diagnostic::new(
                Code::BadLengths,
                item.span,
                format!("{length} cannot be one of the lengths"),
                wrong,
            ));
            whole = false;
        }
        lengths.push(length);
    }
    if nodes.is_empty() {
        cx.report(
            Diagnostic::new(Code::BadLengths, node.span, "no length is allowed", "")
                .help("list the lengths that are: `lengths: [4, 16]`"),
        );
        whole = false;
    }
    whole.then_some(Constraint::Lengths(lengths))
}
