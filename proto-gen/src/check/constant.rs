//! Named constants, and the numbers that are given by their names.

use std::borrow::Cow;

use super::cx::{Cx, What};
use super::keys::{Keys, Shape, boolean, number, text};
use super::meta;
use super::names::Style;
use super::number::{INTS, float, limits};
use super::suggest::did_you_mean;
use crate::diagnostics::{Code, Diagnostic};
use crate::parse::{Kind, Node};
use crate::schema::{ConstValue, Constant, FloatWidth, Int};

pub(super) const CONST: Shape = Shape {
    name: "Const",
    keys: &["name", "doc", "ty", "value", "since", "deprecated", "was", "allow"],
};

pub(super) fn read(cx: &mut Cx, node: &Node) -> Option<Constant> {
    let keys = Keys::open(cx, node, &CONST)?;
    let meta = meta::read(cx, &keys, Style::Constant, None);
    let ty = keys.require(cx, "ty", "U32");
    let value = keys.require(cx, "value", "1");
    let (ty, node) = (ty?, value?);
    let value = typed(cx, ty, node)?;
    cx.constants.insert(meta.name.clone(), node.clone());
    Some(Constant { value, meta })
}

/// The node, or where it is the name of a constant, the constant's value as if it stood there.
pub(super) fn resolve<'n>(cx: &mut Cx, node: &'n Node) -> Cow<'n, Node> {
    let Kind::Name(name) = &node.kind else { return Cow::Borrowed(node) };
    let constant = cx.constants.get(name).map(|value| value.kind.clone());
    if constant.is_none() {
        unknown(cx, name, node);
    }
    Cow::Owned(Node { kind: constant.unwrap_or(Kind::Broken), span: node.span })
}

fn unknown(cx: &mut Cx, name: &str, node: &Node) {
    let named = cx.names.get(name).copied();
    let broken = named.is_some_and(|named| named.what == What::Constant);
    if broken || named.is_none() && cx.names_incomplete {
        return;
    }
    let found = Diagnostic::new(
        Code::UnknownConstant,
        node.span,
        format!("there is no constant `{name}`"),
        "",
    );
    let mut constants: Vec<&str> = cx.constants.keys().map(String::as_str).collect();
    constants.sort_unstable();
    let help = did_you_mean(name, constants)
        .unwrap_or_else(|| "write a number, or declare the constant under `constants`".into());
    cx.report(match named {
        Some(named) => found.also(named.span, "this is something else").help(help),
        None => found.help(help),
    });
}

fn typed(cx: &mut Cx, ty: &Node, value: &Node) -> Option<ConstValue> {
    let Kind::Name(name) = &ty.kind else {
        wrong_type(cx, ty);
        return None;
    };
    if let Some((_, int)) = INTS.iter().find(|(known, _)| known == name) {
        return integer(cx, *int, ty, value);
    }
    match name.as_str() {
        "Bool" => boolean(cx, value).map(ConstValue::Bool),
        "Str" => text(cx, value).map(|text| ConstValue::Str(text.to_owned())),
        "F32" => real(cx, FloatWidth::F32, ty, value),
        "F64" => real(cx, FloatWidth::F64, ty, value),
        _ => {
            wrong_type(cx, ty);
            None
        }
    }
}

fn wrong_type(cx: &mut Cx, ty: &Node) {
    let help = match &ty.kind {
        Kind::Tuple(Some(name), _) if name.text == "Str" => {
            "a constant's `Str` has no bound: write `ty: Str`"
        }
        _ => "constants are integers, floats, `Bool` or `Str`",
    };
    cx.report(
        Diagnostic::new(Code::ConstType, ty.span, "a constant cannot have this type", "")
            .help(help),
    );
}

fn integer(cx: &mut Cx, int: Int, ty: &Node, value: &Node) -> Option<ConstValue> {
    let number = number(cx, value)?;
    let (least, most) = limits(int);
    let typed = if int == Int::U128 {
        number.to_unsigned::<u128>().map(|value| ConstValue::Unsigned(int, value))
    } else {
        let value = number.to_i128().filter(|value| (least..=most).contains(value));
        value.map(|value| match u128::try_from(value) {
            Ok(value) if !int.is_signed() => ConstValue::Unsigned(int, value),
            _ => ConstValue::Signed(int, value),
        })
    };
    if typed.is_none() {
        cx.report(
            Diagnostic::new(
                Code::ConstValue,
                value.span,
                format!("this does not fit `{int:?}`"),
                "",
            )
            .also(ty.span, "the type")
            .help(match int {
                Int::U128 => "write another value: it is never negative".to_owned(),
                _ => format!("write a value from {least} to {most}, or a wider type"),
            }),
        );
    }
    typed
}

fn real(cx: &mut Cx, width: FloatWidth, ty: &Node, value: &Node) -> Option<ConstValue> {
    let Some(real) = float(value) else {
        number(cx, value);
        return None;
    };
    let exact = real.is_nan() || f64::from(real as f32) == real;
    if width == FloatWidth::F32 && !exact {
        cx.report(
            Diagnostic::new(Code::ConstValue, value.span, "an `F32` cannot hold exactly this", "")
                .also(ty.span, "the type")
                .help(format!("write `F64`, or the nearest: `{:?}`", f64::from(real as f32))),
        );
        return None;
    }
    Some(ConstValue::Float(width, real))
}
