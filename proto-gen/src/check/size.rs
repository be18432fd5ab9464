//! Sizes on the wire, computed once per type, and what depends on them.
//!
//! A type has one smallest size and three largest ones, because a later version may write more:
//! what the declared fields can take (a stated `max_len` is judged by it), what this version can
//! write (retained and unknown parts included), and what it accepts (all room to grow included).

use super::body::Use;
use super::cx::Cx;
use super::items::{Draft, MAX_LEN};
use super::keys::grouped;
use super::order::Order;
use super::sets::SetDraft;
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Body, FloatWidth, LenWidth, Meta, Size, Span, Ty, TypeKind, UnknownPolicy};

/// Deepest nesting of types.
const DEPTH_MAX: u32 = 32;

/// Bytes before a record's value: id and length.
const RECORD_HEADER: u64 = 6;

/// Sizes of a type in bytes, saturating, and how deep it nests.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    min: u64,
    /// Most that the declared fields take.
    declared: u64,
    /// Most that this version writes.
    writes: u64,
    /// Most that this version accepts.
    accepts: u64,
    depth: u32,
}

impl Measure {
    fn between(min: u64, max: u64) -> Self {
        Self { min, declared: max, writes: max, accepts: max, depth: 1 }
    }

    fn and(self, next: Self) -> Self {
        Self {
            min: self.min.saturating_add(next.min),
            declared: self.declared.saturating_add(next.declared),
            writes: self.writes.saturating_add(next.writes),
            accepts: self.accepts.saturating_add(next.accepts),
            depth: self.depth.max(next.depth),
        }
    }

    /// Between `least` and `most` of it.
    fn times(self, least: u64, most: u64) -> Self {
        Self {
            min: self.min.saturating_mul(least),
            declared: self.declared.saturating_mul(most),
            writes: self.writes.saturating_mul(most),
            accepts: self.accepts.saturating_mul(most),
            depth: self.depth,
        }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), ..self }
    }

    fn size(self) -> Size {
        Size { min: self.min, max: self.accepts }
    }
}

/// The measured types, by declaration; `None` where something is missing in them.
struct Measures {
    types: Vec<Option<Measure>>,
}

impl Measures {
    fn of(&self, ty: &Ty) -> Option<Measure> {
        let fixed = |n| Measure::between(n, n);
        Some(match ty {
            Ty::Bool => fixed(1),
            Ty::Int(int) => fixed(int.bytes()),
            Ty::Float(FloatWidth::F32) => fixed(4),
            Ty::Float(FloatWidth::F64) | Ty::Duration | Ty::Timestamp => fixed(8),
            Ty::Uuid => fixed(16),
            Ty::Ip => Measure::between(5, 17),
            Ty::SocketAddr => Measure::between(7, 19),
            Ty::Str { max } | Ty::Bytes { max } => counted(*max, fixed(1)),
            Ty::List { elem, max } => counted(*max, self.of(elem)?).deeper(),
            Ty::Map { key, value, max } => {
                counted(*max, self.of(key)?.and(self.of(value)?)).deeper()
            }
            Ty::Array { elem, len } => {
                self.of(elem)?.times(u64::from(*len), u64::from(*len)).deeper()
            }
            Ty::Opt(inner) => fixed(1).and(self.of(inner)?.times(0, 1)).deeper(),
            Ty::Named(id) => self.types[id.0]?,
        })
    }

    /// Head and tail, without what other versions may add.
    fn body(&self, body: &Body) -> Option<Measure> {
        let mut total = Measure::default();
        for field in &body.head {
            total = total.and(self.of(&field.ty)?);
        }
        for field in &body.tail {
            let record = Measure::between(RECORD_HEADER, RECORD_HEADER);
            total = total.and(record.and(self.of(&field.field.ty)?).times(0, 1));
        }
        Some(total)
    }
}

/// A length prefix, then up to `max` elements.
fn counted(max: u32, elem: Measure) -> Measure {
    let prefix = LenWidth::for_bound(max).bytes();
    Measure::between(prefix, prefix).and(elem.times(0, u64::from(max)))
}

/// Fills in the sizes of all types and messages, and reports what the sizes forbid.
pub(super) fn measure(cx: &mut Cx, drafts: &mut [Draft], order: &Order, sets: &mut [SetDraft]) {
    let mut measures = Measures { types: vec![None; drafts.len()] };
    for id in &order.order {
        let draft = &mut drafts[id.0];
        if !draft.whole || order.cyclic[id.0] {
            continue;
        }
        let mark = cx.enter_meta(&draft.def.meta);
        let measure = type_measure(cx, &measures, draft);
        cx.leave(mark);
        if let Some(measure) = measure {
            draft.def.size = measure.size();
            measures.types[id.0] = Some(measure);
        }
    }
    elements(cx, &measures);
    for set in sets {
        for (message, draft) in set.set.messages.iter_mut().zip(&set.drafts) {
            let body = measures.body(&message.body).filter(|_| draft.whole);
            let Some(mut body) = body else { continue };
            too_deep(cx, &measures, &draft.uses);
            if message.body.unknown == UnknownPolicy::Retain {
                body.writes = u64::MAX;
            }
            max_len(
                cx,
                &measures,
                &message.meta,
                message.max_len,
                draft.max_len,
                body,
                &draft.uses,
            );
            let max = body.writes.min(u64::from(message.max_len));
            message.size = Size { min: body.min, max };
        }
    }
}

fn type_measure(cx: &mut Cx, measures: &Measures, draft: &Draft) -> Option<Measure> {
    let measure = match &draft.def.kind {
        TypeKind::Enum(item) => Measure::between(item.repr.bytes(), item.repr.bytes()),
        TypeKind::Flags(item) => Measure::between(item.repr.bytes(), item.repr.bytes()),
        TypeKind::Struct(item) => {
            let body = measures.body(&item.body)?;
            match item.extensible {
                None => body,
                Some(width) => extensible(cx, &draft.def.meta, width, &item.body, body),
            }
        }
        TypeKind::Union(item) => {
            // An unknown odd variant is kept and written back, with any value up to `max_len`.
            let max_len = u64::from(item.max_len);
            let mut all =
                Measure { min: 0, declared: 0, writes: max_len, accepts: max_len, depth: 0 };
            for variant in &item.variants {
                let body = measures.body(&variant.body)?;
                max_len_of_variant(cx, measures, draft, &variant.meta, body);
                all.declared = all.declared.max(body.declared.min(max_len));
                all.depth = all.depth.max(body.depth);
            }
            all.and(Measure::between(RECORD_HEADER, RECORD_HEADER))
        }
    };
    if measure.min > u64::from(u32::MAX) {
        let meta = &draft.def.meta;
        cx.report(Diagnostic::new(
            Code::BoundTooLarge,
            meta.span,
            format!("no frame can hold `{}`", meta.name),
            "its smallest value is beyond what a length can say",
        ));
        return None;
    }
    too_deep(cx, measures, &draft.uses);
    // Beyond the limit the mistake is reported once, where it happens; what contains it starts anew.
    let measure = measure.deeper();
    Some(if measure.depth > DEPTH_MAX { Measure { depth: 1, ..measure } } else { measure })
}

fn extensible(cx: &mut Cx, meta: &Meta, width: LenWidth, body: &Body, inner: Measure) -> Measure {
    let room = match width {
        LenWidth::U8 => u64::from(u8::MAX),
        LenWidth::U16 => u64::from(u16::MAX),
        LenWidth::U32 => u64::from(u32::MAX),
    };
    if inner.declared > room {
        cx.report(
            Diagnostic::new(
                Code::BeyondWidth,
                meta.span,
                format!(
                    "`{}` can take {} bytes, its length counts up to {}",
                    meta.name,
                    amount(inner.declared),
                    grouped(room)
                ),
                "",
            )
            .help("narrow the bounds, or write `extensible: U32`; the width can never change"),
        );
    }
    let grown = Measure {
        accepts: room,
        writes: if body.unknown == UnknownPolicy::Retain { room } else { inner.writes.min(room) },
        ..inner
    };
    grown.and(Measure::between(width.bytes(), width.bytes()))
}

fn max_len_of_variant(
    cx: &mut Cx,
    measures: &Measures,
    draft: &Draft,
    variant: &Meta,
    body: Measure,
) {
    if let TypeKind::Union(union) = &draft.def.kind {
        max_len(cx, measures, variant, union.max_len, draft.max_len, body, &[]);
    }
}

/// A `max_len` is stated where the fields can take more than the default, and leaves room for the
/// smallest value.
fn max_len(
    cx: &mut Cx,
    measures: &Measures,
    meta: &Meta,
    max_len: u32,
    stated: Option<Span>,
    body: Measure,
    uses: &[Use],
) {
    match stated {
        Some(span) if body.min > u64::from(max_len) => cx.report(
            Diagnostic::new(
                Code::MaxLenTooSmall,
                span,
                format!("no value of `{}` is that small", meta.name),
                format!("the smallest has {} bytes", amount(body.min)),
            )
            .also(meta.span, "stated for this"),
        ),
        None if body.declared > u64::from(MAX_LEN) => {
            let mut diagnostic = Diagnostic::new(
                Code::MaxLenMissing,
                meta.span,
                format!(
                    "`{}` can take {} bytes, more than the {} of an unstated `max_len`",
                    meta.name,
                    amount(body.declared),
                    grouped(MAX_LEN.into())
                ),
                "",
            );
            let largest = uses
                .iter()
                .filter_map(|used| Some((measures.of(&used.ty)?.declared, used.span)))
                .max_by_key(|(declared, _)| *declared);
            if let Some((declared, span)) = largest {
                diagnostic = diagnostic.also(span, format!("up to {} bytes", amount(declared)));
            }
            let fits = u32::try_from(body.declared).unwrap_or(u32::MAX);
            cx.report(diagnostic.help(format!(
                "narrow the bounds, or state how much a reader must be ready for: `max_len: {}`",
                grouped(fits.into())
            )));
        }
        _ => {}
    }
}

/// Reports the fields whose types nest too deep.
fn too_deep(cx: &mut Cx, measures: &Measures, uses: &[Use]) {
    for used in uses {
        let depth = measures.of(&used.ty).map_or(0, |measure| measure.depth);
        if depth > DEPTH_MAX {
            cx.report(Diagnostic::new(
                Code::TooDeep,
                used.span,
                format!("types nest at most {DEPTH_MAX} deep"),
                format!("this one nests {depth} deep"),
            ));
        }
    }
}

/// Reports elements without bytes: a count of them would cost nothing to send.
fn elements(cx: &mut Cx, measures: &Measures) {
    let empty: Vec<Span> = cx
        .elements
        .iter()
        .filter(|element| measures.of(&element.ty).is_some_and(|measure| measure.min == 0))
        .map(|element| element.span)
        .collect();
    for span in empty {
        cx.report(
            Diagnostic::new(Code::EmptyElement, span, "an element has at least one byte", "this type can have none")
                .help("without bytes, a short message could announce any number of elements; send the count as a number"),
        );
    }
}

/// A size for people, where the largest stands for all beyond.
fn amount(bytes: u64) -> String {
    if bytes == u64::MAX { "countless".into() } else { grouped(bytes) }
}
