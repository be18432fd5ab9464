//! Compares messages: their ids, sets, senders, pairs and lengths, then what they hold.

use std::collections::HashMap;

use super::finding::Mark;
use super::pairing::pair;
use super::rule::Rule;
use super::shape;
use super::walk::{Focus, Owner, Walk, mark, marks};
use super::{body, choice};
use crate::schema::{Message, Meta, Pair, Schema, Set};

/// A message and the set that it belongs to.
type Member<'a> = (&'a Set, &'a Message);

pub(super) fn compare(walk: &mut Walk) {
    let (old, new) = (members(walk.old), members(walk.new));
    let pairing = pair(old.iter().map(|(_, m)| &m.meta), new.iter().map(|(_, m)| &m.meta));
    let gone: Vec<Member<'_>> = pairing.gone.iter().map(|&index| old[index]).collect();
    let fresh: Vec<Member<'_>> = pairing.fresh.iter().map(|&index| new[index]).collect();
    let by_old_id: HashMap<u16, Member<'_>> =
        old.iter().map(|member| (member.1.id, *member)).collect();
    for (o, n) in pairing.both {
        both(walk, old[o], new[n]);
    }
    for &gone in &gone {
        walk.enter_message(Some(gone.1), None);
        let successor = fresh.iter().find(|fresh| fresh.1.id == gone.1.id);
        match successor {
            Some(successor) => replaced(walk, gone, *successor),
            None => removed(walk, gone.1),
        }
    }
    for &fresh in &fresh {
        walk.enter_message(None, Some(fresh.1));
        added(walk, fresh, by_old_id.get(&fresh.1.id).copied(), &gone);
    }
    walk.leave_messages();
}

fn members(schema: &Schema) -> Vec<Member<'_>> {
    schema
        .sets
        .iter()
        .flat_map(|set| set.messages.iter().map(move |message| (set, message)))
        .collect()
}

fn both<'a>(walk: &mut Walk<'a>, old: Member<'a>, new: Member<'a>) {
    let ((old_set, old), (new_set, new)) = (old, new);
    walk.enter_message(Some(old), Some(new));
    let owner = Owner { item: new.meta.name.clone(), old: &old.meta, new: &new.meta };
    let item = owner.item.as_str();
    choice::renamed(walk, &owner, "message");
    if old.id != new.id {
        let rule = if old.id % 2 == new.id % 2 { Rule::MessageId } else { Rule::Parity };
        let message = || format!("message `{item}` has another id");
        walk.report(rule, item, message, ids(old, new), Focus::Body);
    }
    if !same_set(old_set, new_set) {
        let message = || {
            format!(
                "message `{item}` moved from set `{}` to `{}`",
                old_set.meta.name, new_set.meta.name
            )
        };
        let texts = (format!("in `{}`", old_set.meta.name), format!("in `{}`", new_set.meta.name));
        walk.report(
            Rule::SetMembership,
            item,
            message,
            marks(&old.meta, texts.0, &new.meta, texts.1),
            Focus::Body,
        );
    }
    if old.meta.since != new.meta.since {
        let message = || format!("`since` of message `{item}` changed");
        let texts = [&old.meta, &new.meta].map(|meta| format!("since {}", meta.since));
        let [old_text, new_text] = texts;
        walk.note(
            Rule::SinceChanged,
            item,
            message,
            marks(&old.meta, old_text, &new.meta, new_text),
        );
    }
    senders(walk, &owner, old, new);
    choice::max_len(walk, &owner, "message", old.max_len, new.max_len);
    let paired = pairing_changed(walk, &owner, old, new);
    let at = body::At { owner: &owner, frozen: false, skip_call: paired };
    body::compare(walk, &at, &old.body, &new.body);
}

fn ids(old: &Message, new: &Message) -> [Option<Mark>; 2] {
    marks(&old.meta, format!("id {:#06x}", old.id), &new.meta, format!("id {:#06x}", new.id))
}

/// Sets are the same by name: who reads one names it.
fn same_set(old: &Set, new: &Set) -> bool {
    old.meta.name == new.meta.name || new.meta.was.as_ref() == Some(&old.meta.name)
}

/// Which roles may send a message, by name; `None` is anyone.
fn roles(schema: &Schema, message: &Message) -> Option<Vec<u32>> {
    (!message.from.is_empty() && schema.roles.is_some()).then(|| message.from.clone())
}

fn senders<'a>(walk: &mut Walk<'a>, owner: &Owner<'a>, old: &'a Message, new: &'a Message) {
    let (was, is) = (roles(walk.old, old), roles(walk.new, new));
    let allows = |roles: &Option<Vec<u32>>, role: u32| {
        roles.as_ref().is_none_or(|roles| roles.contains(&role))
    };
    let lost = match (&was, &is) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(was), _) => was.iter().any(|&role| !allows(&is, role)),
    };
    let gained = match (&was, &is) {
        (None, _) => false,
        (Some(_), None) => true,
        (_, Some(is)) => is.iter().any(|&role| !allows(&was, role)),
    };
    for (changed, rule, word) in
        [(lost, Rule::SendersNarrowed, "fewer"), (gained, Rule::SendersWidened, "more")]
    {
        if changed {
            let message = || format!("{word} roles may send `{}`", owner.item);
            let texts = marks(owner.old, "from these roles", owner.new, "from these roles now");
            walk.report(rule, &owner.item, message, texts, Focus::Sender);
        }
    }
}

/// Whether the pair of a message changed, and with it the generated field `call`.
fn pairing_changed<'a>(
    walk: &mut Walk<'a>,
    owner: &Owner<'a>,
    old: &'a Message,
    new: &'a Message,
) -> bool {
    let name = |schema: &Schema, id: u16| {
        schema.messages().find(|message| message.id == id).map(|message| message.meta.clone())
    };
    let other = |schema: &Schema, message: &Message| match message.pair {
        None => None,
        Some(Pair::RequestOf(id)) => Some((true, name(schema, id)?)),
        Some(Pair::ResponseTo(id)) => Some((false, name(schema, id)?)),
    };
    let (was, is) = (other(walk.old, old), other(walk.new, new));
    let same = match (&was, &is) {
        (None, None) => true,
        (Some((was_request, was)), Some((is_request, is))) => {
            was_request == is_request && (was.name == is.name || is.was.as_ref() == Some(&was.name))
        }
        _ => false,
    };
    if !same {
        let text = |pair: &Option<(bool, Meta)>| match pair {
            None => "in no pair".to_owned(),
            Some((true, response)) => format!("request, answered by `{}`", response.name),
            Some((false, request)) => format!("response to `{}`", request.name),
        };
        let message = || format!("message `{}` is paired differently", owner.item);
        walk.report(
            Rule::Pairing,
            &owner.item,
            message,
            marks(owner.old, text(&was), owner.new, text(&is)),
            Focus::Body,
        );
    }
    was.is_some() != is.is_some()
}

/// A name is gone, and another message has its id.
fn replaced<'a>(walk: &mut Walk<'a>, old: Member<'a>, new: Member<'a>) {
    let ((old_set, old), (new_set, new)) = (old, new);
    let (was, is) = (&old.meta.name, &new.meta.name);
    let rule = if !same_set(old_set, new_set) {
        Rule::IdAcrossSets
    } else if shape::similar_bodies(walk.old, &old.body, walk.new, &new.body) {
        Rule::RenamedWithoutWas
    } else {
        Rule::MessageIdReused
    };
    let message = || format!("id {:#06x} was message `{was}`, and is `{is}`", old.id);
    walk.enter_message(Some(old), Some(new));
    walk.report(rule, is, message, ids(old, new), Focus::Body);
}

fn removed<'a>(walk: &mut Walk<'a>, old: &'a Message) {
    let item = old.meta.name.as_str();
    let marks = [mark(&old.meta, format!("id {:#06x}", old.id)), None];
    let message = || format!("message `{item}` was removed");
    let reserved = walk.new.reserved_ids.iter().any(|reserved| reserved.value == old.id);
    // An id that another message took is reported with that one.
    let taken = walk.new.messages().any(|message| message.id == old.id);
    if old.id.is_multiple_of(2) {
        walk.report(Rule::EvenRemoved, item, message, marks, Focus::Body);
    } else if !reserved && !taken {
        walk.report(Rule::MessageRemoved, item, message, marks, Focus::Body);
    } else {
        walk.note(Rule::Gone, item, message, marks);
    }
}

fn added<'a>(
    walk: &mut Walk<'a>,
    (_, new): Member<'a>,
    holder: Option<Member<'a>>,
    gone: &[Member<'a>],
) {
    let item = new.meta.name.as_str();
    let text = || format!("id {:#06x}", new.id);
    let replaces_gone = gone.iter().any(|gone| gone.1.id == new.id);
    match holder {
        Some((_, old)) if !replaces_gone => {
            let message =
                || format!("id {:#06x} was message `{}`, and is `{item}`", new.id, old.meta.name);
            walk.enter_message(Some(old), Some(new));
            walk.report(
                Rule::MessageIdReused,
                item,
                message,
                marks(&old.meta, text(), &new.meta, text()),
                Focus::Body,
            );
        }
        Some(_) => {}
        None => {
            let message = || format!("message `{item}` is new");
            // Links do not send a critical message to a peer whose version does not have it.
            if new.id.is_multiple_of(2) && new.meta.since <= walk.old.version {
                let label = format!(
                    "critical, since {}, where {} is released",
                    new.meta.since, walk.old.version
                );
                walk.report(
                    Rule::NewCritical,
                    item,
                    message,
                    [None, mark(&new.meta, label)],
                    Focus::Body,
                );
            }
            if let Some(reserved) =
                walk.old.reserved_ids.iter().find(|reserved| reserved.value == new.id)
            {
                let old = Some(Mark { span: reserved.span, text: "reserved here".to_owned() });
                let message = || format!("message `{item}` has the reserved id {:#06x}", new.id);
                walk.note(
                    Rule::ReservedIdReused,
                    item,
                    message,
                    [old, mark(&new.meta, "used here")],
                );
            }
            walk.note(Rule::NewChoice, item, message, [None, mark(&new.meta, "")]);
        }
    }
}
