//! Random edits of a spec: harmless ones, careless ones, and all between.

use proto_gen::dynamic::Prng;

use super::model::{Body, Field, Item, Kind, Model, ROLES, Rule, SETS, Ty, pick, rule};

/// Changes something.
pub(crate) fn edit(model: &mut Model, prng: &mut Prng) {
    match prng.below(10) {
        0 => messages(model, prng),
        1 => around(model, prng),
        2 | 3 => types(model, prng),
        _ => {
            // Edits of a body may need fresh names and types, which the model makes.
            let mut scratch = model.clone();
            let bodies: usize = bodies(model).len();
            let at = prng.below(bodies);
            let grows = grows(model, at);
            if let Some(target) = self::bodies(model).into_iter().nth(at) {
                body(target, &mut scratch, prng, grows);
            }
            model.names = scratch.names;
        }
    }
}

/// Every body: of messages, structs and variants.
fn bodies(model: &mut Model) -> Vec<&mut Body> {
    let messages = model.messages.iter_mut().map(|message| &mut message.body);
    let types = model.types.iter_mut().flat_map(|ty| match &mut ty.kind {
        Kind::Struct { body, .. } => vec![body],
        Kind::Union { variants, .. } => variants.iter_mut().map(|(_, _, body)| body).collect(),
        Kind::Enum { .. } | Kind::Flags { .. } => Vec::new(),
    });
    messages.chain(types).collect()
}

/// Whether the n-th body may have a tail.
fn grows(model: &mut Model, at: usize) -> bool {
    let messages = model.messages.iter().map(|_| vec![true]);
    let types = model.types.iter().map(|ty| match &ty.kind {
        Kind::Struct { width, .. } => vec![width.is_some()],
        Kind::Union { variants, .. } => vec![true; variants.len()],
        Kind::Enum { .. } | Kind::Flags { .. } => Vec::new(),
    });
    messages.chain(types).flatten().nth(at).unwrap_or(false)
}

fn messages(model: &mut Model, prng: &mut Prng) {
    let at = prng.below(model.messages.len());
    match prng.below(6) {
        0 => {
            let id = 0x120 + prng.below(8) as u16;
            let mut message = model.message(prng, id);
            if prng.once_in(2) {
                model.version = 2;
                message.item.since = 2;
            }
            model.messages.push(message);
        }
        1 if model.messages.len() > 1 => {
            let gone = model.messages.remove(at);
            if prng.once_in(2) {
                model.reserved.push(gone.id);
                model.reserved_names.push(gone.item.name);
            }
        }
        2 => model.messages[at].id = 0x130 + prng.below(8) as u16,
        3 => model.messages[at].max_len = Some(pick(prng, &[1_000, 10_000, 65_536, 100_000])),
        4 => rename(&mut model.messages[at].item, prng),
        _ => {
            let end = model.messages.len() - 1;
            model.messages.swap(at, end);
        }
    }
}

/// What messages are among each other, and what is no message: sets, calls, roles, constants,
/// reservations, deprecations.
fn around(model: &mut Model, prng: &mut Prng) {
    let at = prng.below(model.messages.len());
    match prng.below(10) {
        0 => model.messages[at].set = prng.below(SETS.len()),
        1 => model.messages[at].from = ROLES.into_iter().filter(|_| prng.once_in(2)).collect(),
        2 => model.roles = !model.roles,
        3 => {
            let other = prng.below(model.messages.len());
            model.calls.push((model.messages[at].key, model.messages[other].key));
        }
        4 => drop(model.calls.pop()),
        5 => {
            let constant = (model.item('C'), prng.below(5) as u32);
            model.constants.push(constant);
        }
        6 if !model.constants.is_empty() => {
            let at = prng.below(model.constants.len());
            match prng.below(3) {
                0 => drop(model.constants.remove(at)),
                1 => rename(&mut model.constants[at].0, prng),
                _ => model.constants[at].1 += 1,
            }
        }
        7 => drop((model.reserved.pop(), model.reserved_names.pop())),
        8 => model.reserved.push(0x120 + prng.below(8) as u16),
        _ => deprecate(model, prng),
    }
}

fn deprecate(model: &mut Model, prng: &mut Prng) {
    let messages = model.messages.iter_mut().flat_map(|message| {
        let fields = message.body.tail.iter_mut().map(|(_, field)| &mut field.item);
        fields.chain([&mut message.item])
    });
    let types = model.types.iter_mut().map(|ty| &mut ty.item);
    let constants = model.constants.iter_mut().map(|(item, _)| item);
    let mut items: Vec<&mut Item> = messages.chain(types).chain(constants).collect();
    let at = prng.below(items.len());
    items[at].deprecated = !items[at].deprecated;
}

fn rename(item: &mut Item, prng: &mut Prng) {
    let old = item.name.clone();
    // A constant stays in capitals.
    item.name.push(if old.starts_with('C') { 'X' } else { 'x' });
    item.was = prng.once_in(2).then_some(old);
}

fn types(model: &mut Model, prng: &mut Prng) {
    if model.types.is_empty() {
        return;
    }
    let at = prng.below(model.types.len());
    let mut scratch = model.clone();
    let fresh_body = scratch.message(prng, 0).body;
    let item = scratch.item('V');
    match &mut model.types[at].kind {
        Kind::Struct { width, body } => {
            *width = pick(prng, &[None, Some("U16"), Some("U32")]);
            if width.is_none() {
                body.tail.clear();
                body.retain = false;
                body.reserved.clear();
            }
        }
        Kind::Enum { repr, closed, values, reserved } => match prng.below(6) {
            0 => *repr = pick(prng, &["U8", "U16", "U32"]),
            1 => *closed = !*closed,
            _ => numbers(values, reserved, item, prng),
        },
        Kind::Flags { bits, reserved } => numbers(bits, reserved, item, prng),
        Kind::Union { variants, max_len, reserved } => {
            let at = prng.below(variants.len());
            match prng.below(5) {
                0 => variants.push((8 + prng.below(4) as u16, item, fresh_body)),
                1 if variants.len() > 1 => {
                    let (id, ..) = variants.remove(at);
                    if prng.once_in(2) {
                        reserved.push(id);
                    }
                }
                2 => variants[at].0 = 12 + prng.below(4) as u16,
                3 => *max_len = pick(prng, &[500, 2_000, 65_536]),
                _ => rename(&mut variants[at].1, prng),
            }
        }
    }
    model.names = scratch.names;
}

/// Values of an enum, or bits of flags.
fn numbers(members: &mut Vec<(u32, Item)>, reserved: &mut Vec<u32>, item: Item, prng: &mut Prng) {
    let at = prng.below(members.len());
    match prng.below(4) {
        0 => members.push((3 + prng.below(3) as u32, item)),
        1 if members.len() > 1 => {
            let (number, _) = members.remove(at);
            if prng.once_in(2) {
                reserved.push(number);
            }
        }
        2 => members[at].0 = 6 + prng.below(3) as u32,
        _ => rename(&mut members[at].1, prng),
    }
}

fn body(body: &mut Body, model: &mut Model, prng: &mut Prng, grows: bool) {
    let heads = body.head.len();
    match prng.below(if grows { 12 } else { 6 }) {
        0 => body.head.insert(prng.below(heads + 1), model.field(prng)),
        1 if heads > 0 => drop(body.head.remove(prng.below(heads))),
        2 if heads > 1 => body.head.swap(0, heads - 1),
        3 | 4 if heads > 0 => field(&mut body.head[prng.below(heads)], model, prng, true),
        5 if heads > 0 => rename(&mut body.head[prng.below(heads)].item, prng),
        6 => body.retain = !body.retain,
        7 if heads > 0 && !matches!(body.head[heads - 1].ty, Ty::Opt(_)) => {
            if let Some(last) = body.head.pop() {
                body.tail.push((11, last));
            }
        }
        8 if !body.tail.is_empty() => {
            let at = prng.below(body.tail.len());
            let (id, _) = body.tail.remove(at);
            if prng.once_in(2) {
                body.reserved.push(id);
            }
        }
        9 if !body.tail.is_empty() => {
            let at = prng.below(body.tail.len());
            match prng.below(3) {
                0 => body.tail[at].0 = 7 + prng.below(4) as u16,
                1 => rename(&mut body.tail[at].1.item, prng),
                _ => field(&mut body.tail[at].1, model, prng, false),
            }
        }
        _ if grows => body.tail.push((5 + prng.below(6) as u16, model.tail_field(prng))),
        _ => {}
    }
}

fn field(field: &mut Field, model: &Model, prng: &mut Prng, opt: bool) {
    // Few fields have a rule, so who has one gets another often: slightly different ones are where a
    // comparison goes wrong.
    if field.rule.is_some() && prng.once_in(2) {
        field.rule = rule(prng, &field.ty);
        return;
    }
    match prng.below(4) {
        0 => {
            field.ty = model.ty(prng, 2);
            field.rule = None;
        }
        1 => field.rule = rule(prng, &field.ty),
        2 if opt && !matches!(field.ty, Ty::Opt(_)) => {
            field.ty = Ty::Opt(Box::new(field.ty.clone()));
            field.rule = None;
        }
        _ => {
            bound(&mut field.ty, prng);
            if let Some(Rule::Lengths(_)) = field.rule {
                field.rule = None;
            }
        }
    }
    if !opt && matches!(field.ty, Ty::Opt(_)) {
        field.ty = Ty::Plain("U8");
    }
}

/// A slightly different type.
fn bound(ty: &mut Ty, prng: &mut Prng) {
    match ty {
        Ty::Counted(_, max) | Ty::List(_, max) | Ty::Map(_, _, max) | Ty::Array(_, max)
            if prng.once_in(2) =>
        {
            *max = pick(prng, &[1, 2, 5, 255, 256]);
        }
        Ty::List(inner, _) | Ty::Array(inner, _) | Ty::Map(_, inner, _) | Ty::Opt(inner) => {
            bound(inner, prng)
        }
        Ty::Counted(name, _) => *name = pick(prng, &["Str", "Bytes"]),
        Ty::Plain(name) => *name = pick(prng, &super::model::PLAIN),
        Ty::Named(_) => {}
    }
}
