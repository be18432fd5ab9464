//! Whether a reader understood what a writer wrote: the same values for what both know, and
//! nothing that was never written.

use std::fmt;
use std::mem::discriminant;

use crate::compat::pairing::{Pairing, Slot, fields, pair, pair_fields};
use crate::compat::side::Side;
use crate::compat::{describe, show};
use crate::dynamic::{Body, Choice, ChoiceValue, Value};
use crate::schema::{self, Enum, Field, Flags, Message, Meta, Schema, Ty, TypeKind, Union};

/// Where the reader's understanding parts from the writer's; paths are by the writer's names.
#[derive(Clone, Debug)]
pub(crate) enum Difference {
    /// What was written there, and what was read.
    Other { path: String, wrote: String, read: String },
    /// What was written there, and not read at all.
    Lost { path: String, wrote: String },
    /// What was read there, and never written.
    Invented { path: String, read: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { path, wrote, read } => {
                write!(f, "reads differently: {path} was {wrote}, and is read as {read}")
            }
            Self::Lost { path, wrote } => {
                write!(f, "reads differently: {path} was {wrote}, and is not read")
            }
            Self::Invented { path, read } => {
                write!(f, "reads differently: {path} is read as {read}, and was not written")
            }
        }
    }
}

/// A writer and a reader.
#[derive(Clone, Copy)]
pub(crate) struct Same<'a> {
    /// Which side the writer is.
    pub(crate) side: Side,
    pub(crate) writer: &'a Schema,
    pub(crate) reader: &'a Schema,
}

type Result = std::result::Result<(), Difference>;

impl Same<'_> {
    /// Compares a message as it was written and as it was read.
    pub(crate) fn messages(&self, wrote: (&Message, &Body), read: (&Message, &Body)) -> Result {
        let (w, r) = (&wrote.0.meta, &read.0.meta);
        if self.pair(&[w], &[r]).both.is_empty() {
            let text = |meta: &Meta| format!("a `{}`", meta.name);
            let path = w.name.clone();
            return Err(Difference::Other { path, wrote: text(w), read: text(r) });
        }
        self.bodies(&w.name, (&wrote.0.body, wrote.1), (&read.0.body, read.1))
    }

    /// Matches items of the writer with items of the reader.
    fn pair(&self, writer: &[&Meta], reader: &[&Meta]) -> Pairing {
        let (writer, reader) = (writer.iter().copied(), reader.iter().copied());
        match self.side {
            Side::Old => pair(writer, reader),
            Side::New => flip(pair(reader, writer)),
        }
    }

    fn pair_fields(&self, writer: &[(Slot, &Field)], reader: &[(Slot, &Field)]) -> Pairing {
        match self.side {
            Side::Old => pair_fields(writer, reader),
            Side::New => flip(pair_fields(reader, writer)),
        }
    }

    fn bodies(
        &self,
        path: &str,
        wrote: (&schema::Body, &Body),
        read: (&schema::Body, &Body),
    ) -> Result {
        let (writers, readers) = (fields(wrote.0), fields(read.0));
        let pairing = self.pair_fields(&writers, &readers);
        for (w, r) in pairing.both {
            let ((w_slot, w), (r_slot, r)) = (writers[w], readers[r]);
            let path = format!("{path}.{}", w.meta.name);
            match (get(wrote, w_slot), get(read, r_slot)) {
                (None, None) => {}
                (Some(wrote), Some(read)) => self.values(&path, (&w.ty, wrote), (&r.ty, read))?,
                (Some(wrote), None) => {
                    let wrote = show::value(self.writer, &w.ty, wrote);
                    return Err(Difference::Lost { path, wrote });
                }
                (None, Some(read)) => {
                    let read = show::value(self.reader, &r.ty, read);
                    return Err(Difference::Invented { path, read });
                }
            }
        }
        for r in pairing.fresh {
            let (slot, field) = readers[r];
            if let Some(value) = get(read, slot) {
                let path = format!("{path}.{}", field.meta.name);
                let read = show::value(self.reader, &field.ty, value);
                return Err(Difference::Invented { path, read });
            }
        }
        Ok(())
    }

    fn values(
        &self,
        path: &str,
        (w_ty, wrote): (&Ty, &Value),
        (r_ty, read): (&Ty, &Value),
    ) -> Result {
        let differ = || {
            let mut wrote = show::value(self.writer, w_ty, wrote);
            let mut read = show::value(self.reader, r_ty, read);
            if discriminant(w_ty) != discriminant(r_ty) {
                wrote += &format!(" ({})", describe::ty(self.writer, w_ty));
                read += &format!(" ({})", describe::ty(self.reader, r_ty));
            }
            Err(Difference::Other { path: path.to_owned(), wrote, read })
        };
        let hold = |same: bool| if same { Ok(()) } else { differ() };
        match (wrote, read) {
            (Value::Unsigned(_) | Value::Signed(_), Value::Unsigned(_) | Value::Signed(_)) => {
                hold(number(wrote) == number(read))
            }
            (Value::F32(wrote), Value::F64(read)) => {
                hold(f64::from(f32::from_bits(*wrote)) == f64::from_bits(*read))
            }
            (Value::F64(wrote), Value::F32(read)) => {
                hold(f64::from(f32::from_bits(*read)) == f64::from_bits(*wrote))
            }
            (Value::List(wrote), Value::List(read)) => {
                let (Some(w_ty), Some(r_ty)) = (elem(w_ty), elem(r_ty)) else { return differ() };
                if wrote.len() != read.len() {
                    return differ();
                }
                let mut pairs = wrote.iter().zip(read).enumerate();
                pairs.try_for_each(|(index, (wrote, read))| {
                    self.values(&format!("{path}[{index}]"), (w_ty, wrote), (r_ty, read))
                })
            }
            (Value::Map(wrote), Value::Map(read)) => {
                let (
                    Ty::Map { key: w_key, value: w_value, .. },
                    Ty::Map { key: r_key, value: r_value, .. },
                ) = (w_ty, r_ty)
                else {
                    return differ();
                };
                if wrote.len() != read.len() {
                    return differ();
                }
                for (index, (wrote, read)) in wrote.iter().zip(read).enumerate() {
                    self.values(
                        &format!("{path}[{index}].key"),
                        (w_key, &wrote.0),
                        (r_key, &read.0),
                    )?;
                    self.values(
                        &format!("{path}[{index}].value"),
                        (w_value, &wrote.1),
                        (r_value, &read.1),
                    )?;
                }
                Ok(())
            }
            (Value::Opt(None), Value::Opt(None)) => Ok(()),
            (Value::Opt(Some(wrote)), Value::Opt(Some(read))) => match (w_ty, r_ty) {
                (Ty::Opt(w_ty), Ty::Opt(r_ty)) => self.values(path, (w_ty, wrote), (r_ty, read)),
                _ => differ(),
            },
            (Value::Enum(_) | Value::Flags(_) | Value::Struct(_) | Value::Union(_), _) => {
                let (Ty::Named(w_id), Ty::Named(r_id)) = (w_ty, r_ty) else { return differ() };
                let kinds = (&self.writer.type_def(*w_id).kind, &self.reader.type_def(*r_id).kind);
                match (kinds, wrote, read) {
                    (
                        (TypeKind::Enum(w), TypeKind::Enum(r)),
                        Value::Enum(wrote),
                        Value::Enum(read),
                    ) => hold(self.enums((w, *wrote), (r, *read))),
                    (
                        (TypeKind::Flags(w), TypeKind::Flags(r)),
                        Value::Flags(wrote),
                        Value::Flags(read),
                    ) => hold(self.flags((w, *wrote), (r, *read))),
                    (
                        (TypeKind::Struct(w), TypeKind::Struct(r)),
                        Value::Struct(wrote),
                        Value::Struct(read),
                    ) => self.bodies(path, (&w.body, wrote), (&r.body, read)),
                    (
                        (TypeKind::Union(w), TypeKind::Union(r)),
                        Value::Union(wrote),
                        Value::Union(read),
                    ) => self.unions(path, (w, wrote), (r, read)).unwrap_or_else(differ),
                    _ => differ(),
                }
            }
            (wrote, read) => hold(wrote == read),
        }
    }

    /// A name that both know must be read as such; what only the writer knows, as unknown.
    fn enums(&self, (w, wrote): (&Enum, u32), (r, read): (&Enum, u32)) -> bool {
        let Some(index) = w.values.iter().position(|value| value.value == wrote) else {
            // Carried from a newer peer: whoever knows the number knows its name.
            return wrote == read;
        };
        match self.counterpart(
            index,
            &metas(&w.values, |v| &v.meta),
            &metas(&r.values, |v| &v.meta),
        ) {
            Some(index) => r.values[index].value == read,
            None => wrote == read && r.values.iter().all(|value| value.value != read),
        }
    }

    fn flags(&self, (w, wrote): (&Flags, u64), (r, read): (&Flags, u64)) -> bool {
        let is_set = |bits: u64, bit: u8| bits.checked_shr(bit.into()).unwrap_or(0) & 1 == 1;
        let (w_metas, r_metas) = (metas(&w.bits, |bit| &bit.meta), metas(&r.bits, |bit| &bit.meta));
        w.bits.iter().enumerate().all(|(index, bit)| {
            let set = is_set(wrote, bit.bit);
            match self.counterpart(index, &w_metas, &r_metas) {
                Some(index) => set == is_set(read, r.bits[index].bit),
                None => !set || r.bits.iter().all(|known| known.bit != bit.bit),
            }
        })
    }

    /// `None` where another variant was read.
    fn unions(
        &self,
        path: &str,
        (w, wrote): (&Union, &Choice),
        (r, read): (&Union, &Choice),
    ) -> Option<Result> {
        let Some(index) = w.variants.iter().position(|variant| variant.id == wrote.id) else {
            return (wrote.id == read.id).then_some(Ok(()));
        };
        let variant = &w.variants[index];
        let (w_metas, r_metas) = (metas(&w.variants, |v| &v.meta), metas(&r.variants, |v| &v.meta));
        match (self.counterpart(index, &w_metas, &r_metas), &wrote.value, &read.value) {
            (Some(index), ChoiceValue::Known(wrote), ChoiceValue::Known(value)) => {
                let known = &r.variants[index];
                let path = format!("{path}.{}", variant.meta.name);
                (known.id == read.id)
                    .then(|| self.bodies(&path, (&variant.body, wrote), (&known.body, value)))
            }
            (None, _, ChoiceValue::Unknown(_)) => (wrote.id == read.id).then_some(Ok(())),
            _ => None,
        }
    }

    /// The reader's item that is the writer's item at `index`.
    fn counterpart(&self, index: usize, writer: &[&Meta], reader: &[&Meta]) -> Option<usize> {
        let pairing = self.pair(writer, reader);
        pairing.both.into_iter().find(|(w, _)| *w == index).map(|(_, r)| r)
    }
}

fn flip(pairing: Pairing) -> Pairing {
    let both = pairing.both.into_iter().map(|(old, new)| (new, old)).collect();
    Pairing { both, gone: pairing.fresh, fresh: pairing.gone }
}

fn metas<T>(items: &[T], meta: impl Fn(&T) -> &Meta) -> Vec<&Meta> {
    items.iter().map(meta).collect()
}

fn get<'v>((body, value): (&schema::Body, &'v Body), slot: Slot) -> Option<&'v Value> {
    match slot {
        Slot::Head(index) => value.head.get(index),
        Slot::Tail(index) => value.tail_field(body.tail.get(index)?.id),
    }
}

fn elem(ty: &Ty) -> Option<&Ty> {
    match ty {
        Ty::List { elem, .. } | Ty::Array { elem, .. } => Some(elem),
        _ => None,
    }
}

/// A number's sign and magnitude, whatever its type.
fn number(value: &Value) -> Option<(bool, u128)> {
    match value {
        Value::Unsigned(number) => Some((false, *number)),
        Value::Signed(number) => Some((*number < 0, number.unsigned_abs())),
        _ => None,
    }
}
